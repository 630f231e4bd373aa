use super::*;

fn path(interface: Option<&str>, id: Option<u64>) -> Subject {
    Subject { kind: EventSubject::Path, peer: None, interface: interface.map(str::to_owned), path: id }
}

fn condition(state: &'static str, reason: &str) -> Condition {
    Condition { state, reason: Some(reason.to_owned()), path: Some(1) }
}

fn told(events: &[Event]) -> Vec<(Option<&str>, Option<&str>, Option<&str>)> {
    events
        .iter()
        .map(|event| (event.interface.as_deref(), event.from.as_deref(), event.to.as_deref()))
        .collect()
}

#[test]
fn what_stays_as_it_is_is_no_event() {
    let states = States::from([(path(Some("wlan0"), None), condition("up", "in-use"))]);
    assert_eq!(differences(&states, &states, 1), []);
    // A new connection gives the same link's path another number.
    let mut renumbered = states.clone();
    renumbered.values_mut().for_each(|condition| condition.path = Some(7));
    assert_eq!(differences(&states, &renumbered, 1), []);
}

#[test]
fn what_changes_comes_and_goes_is_told_with_its_reason() {
    let before = States::from([
        (path(Some("eth0"), None), condition("up", "in-use")),
        (path(Some("wlan0"), None), condition("up", "in-use")),
    ]);
    let after = States::from([
        (path(Some("wlan0"), None), condition("suspect", "silent")),
        (path(Some("wwan0"), None), condition("unused", "no-carrier")),
    ]);
    let events = differences(&before, &after, 5);
    assert_eq!(
        told(&events),
        [
            (Some("eth0"), Some("up"), None),
            (Some("wlan0"), Some("up"), Some("suspect")),
            (Some("wwan0"), None, Some("unused"))
        ]
    );
    assert_eq!((events[0].reason.as_deref(), events[1].reason.as_deref()), (None, Some("silent")));
    assert!(events.iter().all(|event| event.at_unix_us == 5));
}

#[test]
fn another_reason_for_the_same_state_is_an_event() {
    let before = States::from([(path(None, Some(3)), condition("standby", "tier-backup"))]);
    let after = States::from([(path(None, Some(3)), condition("standby", "too-slow"))]);
    assert_eq!(told(&differences(&before, &after, 1)), [(None, Some("standby"), Some("standby"))]);
}
