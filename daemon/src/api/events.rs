//! The stream `GET /v1/events`: what changes its state, a line of JSON each, as long as the caller listens.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use futures_util::stream;
use tandem::api::{Event, EventSubject, Path, Role, SCHEMA};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::{ApiError, Control};

/// States also change by themselves, without anybody counting it: a path that is too slow beside another.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// An empty line this often shows who has stopped listening.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// What an event can be about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Subject {
    kind: EventSubject,
    peer: Option<String>,
    interface: Option<String>,
    /// Where no interface tells a path from the others.
    path: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    state: &'static str,
    reason: Option<String>,
    path: Option<u64>,
}

type States = BTreeMap<Subject, Condition>;

/// The events from now on. The first ones tell how things are.
pub(super) async fn events(control: impl Control) -> Result<Body, ApiError> {
    let mut changes = control.changes();
    changes.mark_unchanged();
    // Asked before the answer begins, so that a failure can still be told as one.
    let states = states(&control).await?;
    let first = differences(&States::new(), &states, now_us());
    let listener = Listener { control, changes, states, waiting: first.into(), told: Instant::now() };
    Ok(Body::from_stream(stream::unfold(listener, Listener::next)))
}

struct Listener<C> {
    control: C,
    changes: watch::Receiver<u64>,
    states: States,
    waiting: VecDeque<Event>,
    told: Instant,
}

impl<C: Control> Listener<C> {
    /// The next line; none once the daemon stops.
    async fn next(mut self) -> Option<(io::Result<Bytes>, Self)> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                self.told = Instant::now();
                let line = serde_json::to_string(&event).map(|text| Bytes::from(text + "\n"));
                return Some((line.map_err(io::Error::from), self));
            }
            if self.told.elapsed() >= SIGN_OF_LIFE {
                self.told = Instant::now();
                return Some((Ok(Bytes::from_static(b"\n")), self));
            }
            if let Ok(Err(_)) = timeout_at(Instant::now() + LOOK_EVERY, self.changes.changed()).await {
                return None;
            }
            let states = states(&self.control).await.ok()?;
            self.waiting = differences(&self.states, &states, now_us()).into();
            self.states = states;
        }
    }
}

async fn states(control: &impl Control) -> Result<States, ApiError> {
    let status = control.status().await?;
    let daemon = Subject { kind: EventSubject::Daemon, peer: None, interface: None, path: None };
    let condition =
        Condition { state: status.state.label(), reason: Some(status.reason.clone()), path: None };
    let mut states = States::from([(daemon, condition)]);
    if status.role != Role::Gateway {
        states.extend(status.paths.into_iter().map(|path| of_path(None, path)));
        return Ok(states);
    }
    for peer in control.peers().await? {
        let name = Some(peer.name);
        let subject = Subject { kind: EventSubject::Peer, peer: name.clone(), interface: None, path: None };
        states.insert(subject, Condition { state: peer.state.label(), reason: None, path: None });
        states.extend(peer.paths.into_iter().map(|path| of_path(name.clone(), path)));
    }
    Ok(states)
}

fn of_path(peer: Option<String>, path: Path) -> (Subject, Condition) {
    let number = if path.interface.is_some() { None } else { path.id };
    let subject = Subject { kind: EventSubject::Path, peer, interface: path.interface, path: number };
    (subject, Condition { state: path.state.label(), reason: Some(path.reason), path: path.id })
}

/// What differs, in an order that does not depend on chance.
fn differences(before: &States, after: &States, at_unix_us: u64) -> Vec<Event> {
    let event = |subject: &Subject, from: Option<&Condition>, to: Option<&Condition>| Event {
        schema: SCHEMA,
        at_unix_us,
        subject: subject.kind,
        peer: subject.peer.clone(),
        interface: subject.interface.clone(),
        path: to.or(from).and_then(|condition| condition.path),
        from: from.map(|condition| condition.state.to_owned()),
        to: to.map(|condition| condition.state.to_owned()),
        reason: to.and_then(|condition| condition.reason.clone()),
    };
    let same = |from: &Condition, to: &Condition| from.state == to.state && from.reason == to.reason;
    let gone = before.iter().filter(|(subject, _)| !after.contains_key(subject));
    let gone = gone.map(|(subject, from)| event(subject, Some(from), None));
    let changed = after.iter().filter_map(|(subject, to)| match before.get(subject) {
        Some(from) if same(from, to) => None,
        from => Some(event(subject, from, Some(to))),
    });
    gone.chain(changed).collect()
}

fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
