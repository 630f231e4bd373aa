//! Events as a person reads them.

use tandem::api::{Event, EventSubject};

use super::table::Cell;
use super::units::moment;

/// `2026-11-30T12:00:00Z  wlan0: up -> suspect (silent)`, and a newline.
pub(crate) fn event(event: &Event) -> String {
    let path = || event.path.map_or_else(|| "path".to_owned(), |path| format!("path {path}"));
    let who = match (event.subject, &event.peer, &event.interface) {
        (EventSubject::Path, None, Some(interface)) => interface.clone(),
        (EventSubject::Path, Some(peer), _) => format!("{peer} {}", path()),
        (EventSubject::Path, None, None) => path(),
        (EventSubject::Peer, Some(peer), _) => peer.clone(),
        (EventSubject::Daemon | EventSubject::Peer | EventSubject::Unknown, ..) => "tandem".to_owned(),
    };
    let change = match (&event.from, &event.to) {
        (Some(from), Some(to)) if from != to => format!("{from} -> {to}"),
        (_, Some(to)) => to.clone(),
        (Some(from), None) => format!("{from} -> gone"),
        (None, None) => "changed".to_owned(),
    };
    let reason = event.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    // Names come from elsewhere.
    let text = Cell::text(format!("{who}: {change}{reason}")).into_text();
    format!("{}  {text}\n", moment(event.at_unix_us))
}
