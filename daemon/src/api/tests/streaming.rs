use std::ops::ControlFlow;

use tandem::api::{Event, EventSubject, Path, PathState, Role, State, reason};

use super::fake::{Fake, Served};

fn wlan0(state: PathState) -> Path {
    Path {
        id: Some(1),
        interface: Some("wlan0".into()),
        state,
        reason: reason::IN_USE.into(),
        ..Path::default()
    }
}

#[tokio::test]
async fn a_listener_is_told_how_things_are_and_then_what_changes() {
    let fake = Fake::new(Role::Client, State::Connected, vec![wlan0(PathState::Up)]);
    let served = Served::new(fake.clone());
    let mut events: Vec<Event> = Vec::new();
    let listened = served.client.events(|event| {
        events.push(event);
        match events.len() {
            2 => fake.change(|status| status.paths = vec![wlan0(PathState::Suspect)]),
            3 => return ControlFlow::Break(()),
            _ => {}
        }
        ControlFlow::Continue(())
    });
    listened.await.unwrap();
    let told: Vec<_> =
        events.iter().map(|event| (event.subject, event.from.as_deref(), event.to.as_deref())).collect();
    assert_eq!(
        told,
        [
            (EventSubject::Daemon, None, Some("connected")),
            (EventSubject::Path, None, Some("up")),
            (EventSubject::Path, Some("up"), Some("suspect"))
        ]
    );
}

#[tokio::test]
async fn a_gateway_tells_of_its_peers() {
    let served = Served::new(Fake::new(Role::Gateway, State::Serving, vec![]));
    let mut last = None;
    let listened = served.client.events(|event| {
        let is_peer = event.subject == EventSubject::Peer;
        last = Some(event);
        if is_peer { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    listened.await.unwrap();
    let last = last.unwrap();
    assert_eq!((last.peer.as_deref(), last.to.as_deref()), (Some("laptop"), Some("connected")));
}
