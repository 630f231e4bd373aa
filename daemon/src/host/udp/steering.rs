//! Which of several sockets on one port gets a datagram: the one whose worker has its connection.

use std::io;
use std::num::NonZeroU8;
use std::os::fd::AsFd;

use crate::sys::{self, Instruction};

// linux/bpf_common.h: class, size, mode and operation make an instruction.
const LOAD_BYTE: u16 = (libc::BPF_LD | libc::BPF_B | libc::BPF_ABS) as u16;
const JUMP_IF_SET: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;
const JUMP: u16 = (libc::BPF_JMP | libc::BPF_JA) as u16;
const MODULO: u16 = (libc::BPF_ALU | libc::BPF_MOD | libc::BPF_K) as u16;
const RETURN_IT: u16 = (libc::BPF_RET | libc::BPF_A) as u16;

/// Where a long header's destination connection id begins, behind form, version and its length (RFC 9000 §17.2); that of
/// a short header follows the form.
const LONG_ID: u32 = 6;
const SHORT_ID: u32 = 1;
/// The bit of a header's first byte that makes it a long one.
const LONG_FORM: u32 = 0x80;

/// Lets the kernel choose among the sockets that share `socket`'s port, as the workers do by themselves:
/// the first byte of the destination's connection id, modulo their number, is the number of the socket in the order in
/// which they were bound. A datagram that is too short for that goes to any of them.
///
/// # Errors
/// Where the kernel does not take the program.
pub(super) fn attach(socket: &impl AsFd, workers: NonZeroU8) -> io::Result<()> {
    sys::steer_shared_port(socket.as_fd(), &program(workers))
}

/// Offsets count from the UDP payload.
fn program(workers: NonZeroU8) -> [Instruction; 7] {
    let plain = |code, k| Instruction { code, jt: 0, jf: 0, k };
    [
        plain(LOAD_BYTE, 0),
        Instruction { code: JUMP_IF_SET, jt: 0, jf: 2, k: LONG_FORM },
        plain(LOAD_BYTE, LONG_ID),
        plain(JUMP, 1),
        plain(LOAD_BYTE, SHORT_ID),
        plain(MODULO, workers.get().into()),
        plain(RETURN_IT, 0),
    ]
}
