//! What a connection is made of, as its two ends are told.

use std::net::SocketAddrV4;
use std::time::Instant;

use super::pattern::Pattern;

/// Which end sends the SYN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// This one, as a client does.
    Active,
    /// The other one; this end answers, as a server does.
    Passive,
}

/// What the sending program has to send.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Source {
    /// More than the network ever takes.
    Unlimited,
    /// So many bytes, at once.
    Bytes(u64),
    /// So many bytes a second, steadily, as a live stream: the network is not what limits it.
    Rate(u64),
}

/// Congestion control of the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RFC 9438 with HyStart, as Linux has it.
    Cubic,
    /// BBR version 1, as Linux has it, with pacing.
    Bbr,
}

/// One end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct TcpConfig {
    /// This end's address.
    pub local: SocketAddrV4,
    /// The other end's address.
    pub remote: SocketAddrV4,
    /// Who opens.
    pub open: Open,
    /// When the SYN leaves, and zero of this end's timestamp clock.
    pub start: Instant,
    /// Largest IP packet of this end's interface, in bytes; the lesser one of both ends counts.
    pub mtu: u16,
    /// The SYN's sequence number.
    pub initial_sequence: u32,
    /// Offer or accept ECN (RFC 3168).
    pub ecn: bool,
    /// Congestion control, of a sender.
    pub algorithm: Algorithm,
    /// What there is to send, for a sender.
    pub source: Source,
    /// Most bytes of memory for what has arrived, for a receiver: `tcp_rmem[2]`, of which half is window.
    pub receive_buffer: u64,
    /// How many bytes a second the receiving program reads; everything at once without.
    pub read_rate: Option<u64>,
}

impl TcpConfig {
    /// A connection as most are: 1500 bytes, Cubic, no ECN, endless data, 6 MiB of buffer, read at once.
    pub fn new(local: SocketAddrV4, remote: SocketAddrV4, open: Open, start: Instant) -> Self {
        Self {
            local,
            remote,
            open,
            start,
            mtu: 1500,
            initial_sequence: u32::from(local.port()).wrapping_mul(0x9e37_79b1),
            ecn: false,
            algorithm: Algorithm::Cubic,
            source: Source::Unlimited,
            // Linux's default.
            receive_buffer: 6 << 20,
            read_rate: None,
        }
    }

    /// The content of the stream from `from` to `to`: both ends know it.
    pub(super) fn pattern(from: SocketAddrV4, to: SocketAddrV4) -> Pattern {
        let half = |end: SocketAddrV4| u64::from(u32::from(*end.ip())) << 16 | u64::from(end.port());
        Pattern::new(half(from).rotate_left(20) ^ half(to))
    }
}
