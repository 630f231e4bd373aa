//! Joining and connecting.

use std::time::Duration;

use super::time;
use crate::bench::bed::Running;
use crate::bench::results::Reading;
use crate::traffic::probe;

pub(super) fn take(running: &Running) -> Vec<Reading> {
    // What has no such step has no figure for it, rather than zero.
    let join = running.join.map(|took| time("join", "joining (keys, enrolment)", Duration::ZERO, Some(took)));
    let handshake = running
        .handshake
        .map(|took| time("handshake", "client start to first answer", probe::INTERVAL, Some(took)));
    join.into_iter().chain(handshake).collect()
}
