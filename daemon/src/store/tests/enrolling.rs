use super::*;

#[test]
fn an_invited_client_becomes_a_peer_that_a_restart_remembers() {
    let fixture = Fixture::new(both());
    let peer = fixture.join("laptop", 1);
    assert_eq!(peer.name, "laptop");
    assert_eq!(addresses(&peer), "10.77.0.2 fd77::2");
    assert_eq!(peer.enrolled().addresses, peer.addresses());
    let fixture = fixture.reopen(both());
    assert_eq!(fixture.store.peer_by_pin(&pin(1)), Some(peer.clone()));
    assert_eq!(fixture.store.peer("laptop"), Some(peer.clone()));
    assert_eq!(fixture.store.peers(), [peer]);
    assert_eq!(fixture.store.peer_by_pin(&pin(2)), None);
}

#[test]
fn an_invitation_is_good_for_one_client() {
    let fixture = Fixture::new(both());
    let secret = fixture.invite("laptop");
    fixture.store.enroll(&secret, pin(1), now()).unwrap();
    let error = fixture.store.enroll(&secret, pin(2), now()).unwrap_err();
    assert!(matches!(error, EnrollError::Used));
    assert_eq!((error.label(), error.status()), ("token-used", 403));
    let fixture = fixture.reopen(both());
    assert!(matches!(fixture.store.enroll(&secret, pin(2), now()), Err(EnrollError::Used)));
}

#[test]
fn of_many_enrolments_at_once_with_one_invitation_one_succeeds() {
    let fixture = Fixture::new(both());
    let secret = fixture.invite("laptop");
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|n| {
                let (store, secret) = (fixture.store.clone(), secret.clone());
                scope.spawn(move || store.enroll(&secret, pin(n), now()))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Err(EnrollError::Used))).count(), 7);
    assert_eq!(fixture.store.peers().len(), 1);
}

#[test]
fn a_client_whose_answer_was_lost_gets_it_again() {
    let fixture = Fixture::new(both());
    let secret = fixture.invite("laptop");
    let first = fixture.store.enroll(&secret, pin(1), now()).unwrap();
    assert_eq!(fixture.store.enroll(&secret, pin(1), now() + 2 * DAY).unwrap(), first);
    let fixture = fixture.reopen(both());
    assert_eq!(fixture.store.enroll(&secret, pin(1), now()).unwrap(), first);
}

#[test]
fn a_removed_client_cannot_come_back_with_its_old_invitation() {
    let fixture = Fixture::new(both());
    let secret = fixture.invite("laptop");
    let peer = fixture.store.enroll(&secret, pin(1), now()).unwrap();
    assert_eq!(fixture.store.remove_peer("laptop").unwrap(), Removed::Peer(peer));
    assert_eq!(fixture.store.peer_by_pin(&pin(1)), None);
    assert!(matches!(fixture.store.enroll(&secret, pin(1), now()), Err(EnrollError::Used)));
    assert_eq!(fixture.store.remove_peer("laptop").unwrap(), Removed::Nothing);
    assert!(fixture.reopen(both()).store.peers().is_empty());
}

#[test]
fn an_invitation_ends_when_its_time_is_over() {
    let fixture = Fixture::new(both());
    let secret = fixture.invite("laptop");
    let error = fixture.store.enroll(&secret, pin(1), now() + DAY).unwrap_err();
    assert_eq!((error.label(), error.status()), ("token-expired", 403));
    fixture.store.enroll(&secret, pin(1), now() + DAY - Duration::from_secs(1)).unwrap();
}

#[test]
fn a_secret_that_nobody_was_given_is_unknown() {
    let fixture = Fixture::new(both());
    let error = fixture.store.enroll(&Secret::generate().unwrap(), pin(1), now()).unwrap_err();
    assert_eq!((error.label(), error.status()), ("token-unknown", 403));
}

#[test]
fn a_new_invitation_withdraws_the_unused_one_of_that_name() {
    let fixture = Fixture::new(both());
    let old = fixture.invite("laptop");
    let new = fixture.invite("laptop");
    assert!(matches!(fixture.store.enroll(&old, pin(1), now()), Err(EnrollError::Unknown)));
    assert_eq!(fixture.store.invitations(now()).len(), 1);
    fixture.store.enroll(&new, pin(1), now()).unwrap();
    assert!(fixture.store.invitations(now()).is_empty());
}

#[test]
fn an_unused_invitation_can_be_withdrawn_by_name() {
    let fixture = Fixture::new(both());
    let secret = fixture.invite("laptop");
    assert_eq!(fixture.store.remove_peer("laptop").unwrap(), Removed::Invitation);
    assert!(matches!(fixture.store.enroll(&secret, pin(1), now()), Err(EnrollError::Unknown)));
}

#[test]
fn names_and_keys_are_unique() {
    let fixture = Fixture::new(both());
    let secret = fixture.invite("phone");
    fixture.join("laptop", 1);
    let taken = fixture.store.create_invitation("laptop", DAY, now()).unwrap_err();
    assert_eq!(
        taken.to_string(),
        "there is a peer called \"laptop\"; choose another name, or remove it with `tandem peer remove laptop`"
    );
    let error = fixture.store.enroll(&secret, pin(1), now()).unwrap_err();
    assert_eq!((error.label(), error.status()), ("key-taken", 409));
    fixture.store.create_bearer("phone", now()).unwrap();
    let error = fixture.store.enroll(&secret, pin(2), now()).unwrap_err();
    assert_eq!((error.label(), error.status()), ("name-taken", 409));
}

#[test]
fn names_are_kept_plain() {
    let fixture = Fixture::new(both());
    for bad in ["", "-a", ".a", "a b", "a/b", "ä", "a\n", &"x".repeat(64)] {
        let error = fixture.store.create_invitation(bad, DAY, now()).unwrap_err();
        assert!(matches!(error, InviteError::BadName(_)), "{bad:?}");
        assert!(matches!(fixture.store.create_bearer(bad, now()), Err(InviteError::BadName(_))));
    }
    fixture.invite(&format!("9a-_.{}", "x".repeat(58)));
    let endless = fixture.store.create_invitation("a", Duration::MAX, now());
    assert!(matches!(endless, Err(InviteError::Lifetime)));
}

#[test]
fn a_foreign_client_is_found_by_its_secret() {
    let fixture = Fixture::new(both());
    let (secret, peer) = fixture.store.create_bearer("browser", now()).unwrap();
    assert_eq!(addresses(&peer), "10.77.0.2 fd77::2");
    let fixture = fixture.reopen(both());
    assert_eq!(fixture.store.peer_by_bearer(&secret), Some(peer.clone()));
    assert_eq!(fixture.store.peer_by_bearer(&Secret::generate().unwrap()), None);
    assert_eq!(fixture.store.remove_peer("browser").unwrap(), Removed::Peer(peer));
    assert_eq!(fixture.store.peer_by_bearer(&secret), None);
}

#[test]
fn old_invitations_are_forgotten_in_the_end() {
    let fixture = Fixture::new(both());
    let old = fixture.invite("old");
    fixture.store.create_invitation("new", DAY, now() + 20 * DAY).unwrap();
    assert!(matches!(fixture.store.enroll(&old, pin(1), now() + 20 * DAY), Err(EnrollError::Expired)));
    fixture.store.create_invitation("newer", DAY, now() + 32 * DAY).unwrap();
    assert!(matches!(fixture.store.enroll(&old, pin(1), now() + 32 * DAY), Err(EnrollError::Unknown)));
}

#[test]
fn when_a_peer_was_seen_is_written_only_when_asked() {
    let fixture = Fixture::new(both());
    fixture.join("laptop", 1);
    fixture.store.mark_seen("laptop", now() + DAY);
    fixture.store.mark_seen("nobody", now() + DAY);
    assert_eq!(fixture.store.peer("laptop").unwrap().last_seen, Some(now() + DAY));
    let fixture = fixture.reopen(both());
    assert_eq!(fixture.store.peer("laptop").unwrap().last_seen, None);
    fixture.store.mark_seen("laptop", now() + DAY);
    fixture.store.save_seen().unwrap();
    let fixture = fixture.reopen(both());
    assert_eq!(fixture.store.peer("laptop").unwrap().last_seen, Some(now() + DAY));
}

#[test]
fn the_file_holds_no_secret() {
    let fixture = Fixture::new(both());
    let invited = fixture.invite("laptop");
    let (bearer, _) = fixture.store.create_bearer("browser", now()).unwrap();
    let path = fixture.path();
    drop(fixture.store);
    let bytes = std::fs::read(path).unwrap();
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(holds(invited.hash().as_bytes()));
    for secret in [invited, bearer] {
        assert!(!holds(secret.to_text().as_bytes()));
        let raw =
            base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, &*secret.to_text()).unwrap();
        assert!(!holds(&raw));
    }
}
