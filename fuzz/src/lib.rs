//! What every parser of tandem has to hold against any input.
//!
//! Each module is a target: its function `run` feeds some bytes to a parser and panics where a promise is broken. A
//! promise is more than not to panic: what was read and written again is the same, what comes in pieces is read as if
//! it came whole, lengths and memory stay within bounds. Two users share these functions: the fuzzer's binaries in
//! `fuzz_targets/`, which look for inputs that break a promise, and the test `replay`, which runs every input of
//! `corpus/` and `regressions/` as part of the normal tests.
//!
//! | what | targets |
//! |---|---|
//! | from the network, before a tunnel is granted | [`h3_frames`], [`h3_session`], [`qpack`], [`tokens`] |
//! | from a peer that holds a valid key | [`capsules`], [`http_datagrams`], [`split`], [`ip_packets`] |
//! | a whole engine | [`network`]: whoever can touch the packets; [`peer`]: a peer that breaks rules |
//! | from the host | [`config`], [`control_requests`], [`records`], [`journal`], [`ip_packets`] |

pub mod capsules;
pub mod config;
pub mod control_requests;
pub mod h3_frames;
pub mod h3_session;
pub mod http_datagrams;
mod input;
pub mod ip_packets;
pub mod journal;
pub mod network;
mod packet;
pub mod peer;
pub mod qpack;
pub mod records;
pub mod split;
pub mod tokens;

/// What a target does with an input.
pub type Run = fn(&[u8]);

/// Every target by name.
pub const TARGETS: &[(&str, Run)] = &[
    ("capsules", capsules::run),
    ("config", config::run),
    ("control_requests", control_requests::run),
    ("h3_frames", h3_frames::run),
    ("h3_session", h3_session::run),
    ("http_datagrams", http_datagrams::run),
    ("ip_packets", ip_packets::run),
    ("journal", journal::run),
    ("network", network::run),
    ("peer", peer::run),
    ("qpack", qpack::run),
    ("records", records::run),
    ("split", split::run),
    ("tokens", tokens::run),
];

/// Some instant to count virtual time from.
fn start() -> std::time::Instant {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    *START
}
