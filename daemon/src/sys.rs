//! The daemon's only room for `unsafe` code.

#![expect(unsafe_code, reason = "the one place where it is allowed")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

#[cfg(test)]
use rustix::thread::{UnshareFlags, unshare_unsafe};
use tokio::io::unix::AsyncFd;

/// Lets the runtime watch a descriptor. To be called within a tokio runtime.
///
/// # Errors
/// Where the kernel cannot watch that kind of descriptor.
pub(crate) fn watch(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is open for as long as it lives, and gives the same descriptor each time it is asked.
    Ok(unsafe { AsyncFd::register(descriptor) }?)
}

/// An instruction of a classic BPF program.
pub(crate) use libc::sock_filter as Instruction;

/// Gives the sockets that share a port with `socket` a program that returns which of them gets a datagram.
///
/// # Errors
/// Those of `setsockopt(2)`; `EINVAL` where the program is none.
pub(crate) fn steer_shared_port(socket: BorrowedFd<'_>, program: &[Instruction]) -> io::Result<()> {
    let length = u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let program = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
    // SAFETY: the kernel reads one `sock_fprog`, whose size it is told, and `length` instructions behind its pointer, which
    // live until this returns; it writes to neither.
    let set = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_REUSEPORT_CBPF,
            (&raw const program).cast(),
            size_of_val(&program) as libc::socklen_t,
        )
    };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Moves the calling thread into a network namespace of its own.
///
/// # Errors
/// Those of `unshare(2)`; `EPERM` without `CAP_SYS_ADMIN`.
#[cfg(test)]
pub(crate) fn unshare_network() -> io::Result<()> {
    // SAFETY: only `CLONE_FILES` can take descriptors away from other threads; it is not among the flags.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET) }?;
    Ok(())
}
