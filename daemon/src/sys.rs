//! The daemon's only room for `unsafe` code.

#![expect(unsafe_code, reason = "the one place where it is allowed")]

use std::io;

use rustix::thread::{UnshareFlags, unshare_unsafe};

/// Moves the calling thread into a network namespace of its own.
///
/// # Errors
/// Those of `unshare(2)`; `EPERM` without `CAP_SYS_ADMIN`.
pub(crate) fn unshare_network() -> io::Result<()> {
    // SAFETY: only `CLONE_FILES` can take descriptors away from other threads; it is not among the flags.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET) }?;
    Ok(())
}
