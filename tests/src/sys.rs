//! System calls for which no safe wrapper exists: the only `unsafe` of the lab.

#![expect(
    unsafe_code,
    reason = "ioctls of the TUN driver, unshare(2) and scheduling policies have no safe wrapper"
)]

use std::fs::{File, OpenOptions};
use std::io;
use std::num::NonZeroU64;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use rustix::ioctl::{Opcode, Setter, ioctl};
use rustix::process::{Signal, set_parent_process_death_signal, setpriority_process};
use rustix::thread::{UnshareFlags, set_current_timer_slack, unshare_unsafe};

// linux/if_tun.h
const TUNSETIFF: Opcode = rustix::ioctl::opcode::write::<libc::c_int>(b'T', 202);
const TUNSETCARRIER: Opcode = rustix::ioctl::opcode::write::<libc::c_int>(b'T', 226);

/// `struct ifreq` as far as TUNSETIFF reads it.
#[repr(C)]
struct InterfaceRequest {
    name: [u8; libc::IFNAMSIZ],
    flags: libc::c_short,
    padding: [u8; 22],
}

/// Creates a TAP device in the network namespace of the calling thread, without any offload, so that the
/// kernel hands over frames as they would be on a wire. It vanishes when the file is closed.
pub(crate) fn open_tap(name: &str) -> io::Result<File> {
    let mut request = InterfaceRequest {
        name: [0; libc::IFNAMSIZ],
        flags: (libc::IFF_TAP | libc::IFF_NO_PI) as libc::c_short,
        padding: [0; 22],
    };
    if name.is_empty() || name.len() >= request.name.len() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "interface names have 1 to 15 bytes"));
    }
    request.name[..name.len()].copy_from_slice(name.as_bytes());
    let file =
        OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open("/dev/net/tun")?;
    // SAFETY: TUNSETIFF reads a `struct ifreq`, of which `InterfaceRequest` has the size and the layout.
    unsafe { ioctl(&file, Setter::<TUNSETIFF, InterfaceRequest>::new(request))? };
    Ok(file)
}

/// Plugs or unplugs the cable of a TAP device.
pub(crate) fn set_carrier(tap: &File, on: bool) -> io::Result<()> {
    // SAFETY: TUNSETCARRIER reads one `int`.
    unsafe { ioctl(tap.as_fd(), Setter::<TUNSETCARRIER, libc::c_int>::new(libc::c_int::from(on)))? };
    Ok(())
}

/// Moves the calling thread into a fresh network namespace.
pub(crate) fn unshare_network() -> io::Result<()> {
    // SAFETY: only CLONE_FILES endangers file descriptors of other threads; it is not passed.
    Ok(unsafe { unshare_unsafe(UnshareFlags::NEWNET) }?)
}

/// Moves the calling thread into a fresh user namespace. Fails in a process with more than one thread.
pub(crate) fn unshare_user() -> io::Result<()> {
    // SAFETY: as in `unshare_network`.
    Ok(unsafe { unshare_unsafe(UnshareFlags::NEWUSER) }?)
}

/// Lets the calling thread keep time on a busy machine: real-time scheduling at its lowest priority where that is
/// permitted, else a nicer one, else nothing. Timers then wake it without the usual slack.
pub(crate) fn keep_time() {
    let lowest = libc::sched_param { sched_priority: 1 };
    let policy = libc::SCHED_RR | libc::SCHED_RESET_ON_FORK;
    // SAFETY: 0 is the calling thread, and the parameter outlives the call.
    let refused = unsafe { libc::sched_setscheduler(0, policy, &lowest) } != 0;
    if refused {
        let _ = setpriority_process(None, -10);
    }
    let _ = set_current_timer_slack(NonZeroU64::new(1));
}

/// CPU time that all threads of a process have taken so far, those that ended included; finer than the clock ticks of
/// `/proc/PID/stat`.
pub(crate) fn process_cpu_time(process: u32) -> io::Result<Duration> {
    let pid = libc::pid_t::try_from(process).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut clock: libc::clockid_t = 0;
    // SAFETY: the call writes one `clockid_t`, to which the pointer is valid.
    let error = unsafe { libc::clock_getcpuclockid(pid, &raw mut clock) };
    if error != 0 {
        return Err(io::Error::from_raw_os_error(error));
    }
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes one `timespec`, to which the pointer is valid.
    if unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32))
}

/// Has the kernel kill the command's process when the thread that starts it ends, for whatever reason.
pub(crate) fn die_with_parent(command: &mut Command) -> &mut Command {
    // SAFETY: between fork and exec only prctl(2) is called, which is async-signal-safe and allocates nothing.
    unsafe {
        command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::KILL))?));
    }
    command
}
