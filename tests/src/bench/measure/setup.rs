//! Joining and connecting.

use super::time;
use crate::bench::bed::Running;
use crate::bench::results::Reading;

pub(super) fn take(running: &Running) -> Vec<Reading> {
    // What has no such step has no figure for it, rather than zero.
    let join = running.join.map(|join| time("join", "joining (keys, enrolment)", Some(join)));
    let handshake =
        running.handshake.map(|handshake| time("handshake", "client start to first answer", Some(handshake)));
    join.into_iter().chain(handshake).collect()
}
