use std::time::Duration;

use tandem::api::{Path, PathState, Role, State, WaitRequest, reason};

use super::fake::{Fake, Served};

fn path(state: PathState, reason: &str) -> Path {
    Path { state, reason: reason.into(), ..Path::default() }
}

fn request(paths: u32, timeout: Duration) -> WaitRequest {
    WaitRequest { paths: Some(paths), timeout_us: Some(timeout.as_micros().try_into().unwrap()) }
}

#[tokio::test]
async fn a_wait_ends_when_the_second_path_comes_up() {
    let first = path(PathState::Up, reason::IN_USE);
    let fake = Fake::new(Role::Client, State::Connected, vec![first]);
    let served = Served::new(fake.clone());
    let client = served.client.clone();
    let waiting = tokio::spawn(async move { client.wait(request(2, Duration::from_secs(25))).await });
    tokio::task::yield_now().await;
    fake.change(|status| status.paths.push(path(PathState::Standby, reason::TIER_BACKUP)));
    let report = waiting.await.unwrap().unwrap();
    assert!(report.ready);
    assert_eq!(report.usable_paths, 2);
}

#[tokio::test]
async fn a_wait_that_is_over_says_what_is_missing() {
    let paths = vec![
        path(PathState::Up, reason::IN_USE),
        path(PathState::Unused, reason::NO_CARRIER),
        path(PathState::Unused, reason::NOT_A_LINK),
    ];
    let served = Served::new(Fake::new(Role::Client, State::Connected, paths));
    let report = served.client.wait(request(2, Duration::from_millis(1))).await.unwrap();
    assert!(!report.ready);
    assert_eq!((report.wanted_paths, report.usable_paths), (2, 1));
    let reasons: Vec<_> = report.unusable.iter().map(|path| path.reason.as_str()).collect();
    assert_eq!(reasons, [reason::NO_CARRIER]);
}

#[tokio::test]
async fn paths_are_not_enough_while_the_tunnel_does_not_stand() {
    let paths = vec![path(PathState::Up, reason::IN_USE)];
    let served = Served::new(Fake::new(Role::Client, State::Connecting, paths));
    assert!(!served.client.wait(request(1, Duration::ZERO)).await.unwrap().ready);
}

#[tokio::test]
async fn a_gateway_is_ready_before_its_first_peer() {
    let served = Served::new(Fake::new(Role::Gateway, State::Serving, vec![]));
    assert!(served.client.wait(WaitRequest::default()).await.unwrap().ready);
    assert!(!served.client.wait(request(1, Duration::ZERO)).await.unwrap().ready);
}
