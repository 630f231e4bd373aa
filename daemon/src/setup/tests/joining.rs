use super::*;
use crate::config::Endpoint;
use crate::keys::{NodeKey, Pin};
use crate::token::{Refusal, Secret};

fn token() -> Token {
    Token {
        endpoints: vec!["10.99.0.1:443".parse().unwrap(), "[2001:db8::1]:443".parse().unwrap()],
        pin: Pin::from_bytes([3; 32]),
        secret: Secret::generate().unwrap(),
        expires: now() + Duration::from_secs(60),
    }
}

fn enrolled() -> Enrolled {
    Enrolled {
        name: "laptop".to_owned(),
        addresses: vec!["10.77.0.2".parse().unwrap(), "fd77::2".parse().unwrap()],
    }
}

fn join_with(folder: &Path, line: &str) -> Result<Joined, SetupError> {
    join(&join_args(folder, line), &token().to_text(), now(), |_, _| Ok(enrolled()))
}

#[test]
fn a_gateway_and_a_client_find_together_through_one_line_of_text() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = gateway_init(&gateway_args(folder.path(), GATEWAY)).unwrap();
    let Role::Gateway(settings) = &gateway.config().role else { panic!("not a gateway") };
    let store = Store::open(&gateway.config().state.join(STORE_FILE), Pools::new(&settings.pool)).unwrap();
    let (secret, invitation) = store.create_invitation("laptop", Duration::from_secs(60), now()).unwrap();
    let endpoints = settings.endpoint.clone();
    let text = Token { endpoints, pin: gateway.pin(), secret, expires: invitation.expires }.to_text();

    let joined = join(&join_args(folder.path(), CLIENT), &text, now(), |token, key| {
        store
            .enroll(&token.secret, key.pin(), now())
            .map(|peer| peer.enrolled())
            .map_err(|error| EnrolFailure::Failed(error.to_string()))
    })
    .unwrap();
    let key = NodeKey::load(&joined.config().key_file()).unwrap();
    assert_eq!(store.peer_by_pin(&key.pin()).unwrap().name, "laptop");
    let config = Config::load(&folder.path().join("cl/tandem.toml")).unwrap();
    assert_eq!(&config, joined.config());
    let Role::Client(client) = config.role else { panic!("not a client") };
    assert_eq!(client.pin, gateway.pin());
    assert_eq!(client.gateway, settings.endpoint);
    assert_eq!(client.routes, ["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()]);
    assert!(client.links.allows("anything"));
}

#[test]
fn joining_writes_key_and_configuration_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!("{CLIENT} --route 10.0.0.0/8 --link-allow wl* --link-allow eth0 --tun tun9");
    let joined = join_with(folder.path(), &line).unwrap();
    assert_eq!(
        tree(folder.path()),
        expected(&[("cl", 0o700), ("cl/key.pem", 0o600), ("cl/tandem.toml", 0o640)])
    );
    let Role::Client(client) = &joined.config().role else { panic!("not a client") };
    assert_eq!(client.gateway[1], Endpoint::new("2001:db8::1", 443).unwrap());
    assert_eq!(client.routes, ["10.0.0.0/8".parse().unwrap()]);
    assert!(client.links.allows("wlan0") && client.links.allows("eth0") && !client.links.allows("eth1"));
    assert_eq!(joined.config().tun.name.as_str(), "tun9");
}

#[test]
fn a_refused_enrolment_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let refusal =
        Refusal { kind: "token-used".to_owned(), message: "this invitation has been used".to_owned() };
    let error = join(&join_args(folder.path(), CLIENT), &token().to_text(), now(), |_, _| {
        assert_eq!(
            tree(folder.path()).len(),
            3,
            "what can fail on this side is done before the token is spent"
        );
        Err(EnrolFailure::Refused(refusal))
    })
    .unwrap_err();
    assert_eq!(error.to_string(), "the gateway refused: this invitation has been used");
    assert_eq!((error.exit_code(), error.label()), (1, "token-used"));
    assert_eq!(tree(folder.path()), BTreeMap::new());
}

#[test]
fn a_gateway_that_does_not_answer_is_a_timeout_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let error = join(&join_args(folder.path(), CLIENT), &token().to_text(), now(), |_, _| {
        Err(EnrolFailure::Timeout("10.99.0.1:443: no answer within 10 s".to_owned()))
    })
    .unwrap_err();
    assert_eq!((error.exit_code(), error.label()), (4, "timeout"));
    assert!(error.text().ends_with("the token stays good"), "{}", error.text());
    assert_eq!(tree(folder.path()), BTreeMap::new());
}

#[test]
fn a_bad_token_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("", now(), (2, "bad-token")),
        ("tandem1:AAAA", now(), (2, "bad-token")),
        (&*token().to_text(), now() + Duration::from_secs(60), (1, "token-expired")),
    ];
    for (text, late, expected) in cases {
        let error = join(&join_args(folder.path(), CLIENT), text, late, |_, _| panic!("must not enroll"))
            .unwrap_err();
        assert_eq!((error.exit_code(), error.label()), expected);
    }
    assert_eq!(tree(folder.path()), BTreeMap::new());
}

#[test]
fn an_identity_that_is_there_is_replaced_only_under_force_and_only_on_success() {
    let folder = tempfile::tempdir().unwrap();
    let first = join_with(folder.path(), CLIENT).unwrap();
    let pin = || NodeKey::load(&first.config().key_file()).unwrap().pin();
    let old = pin();
    assert!(matches!(join_with(folder.path(), CLIENT), Err(SetupError::Exists(_))));
    let forced = format!("{CLIENT} --force --tun new0");
    let failed = join(&join_args(folder.path(), &forced), &token().to_text(), now(), |_, _| {
        Err(EnrolFailure::Failed("no route".to_owned()))
    });
    assert!(failed.is_err());
    assert_eq!(pin(), old);
    assert_eq!(&Config::load(&first.config().file).unwrap(), first.config());

    let second = join_with(folder.path(), &forced).unwrap();
    assert_ne!(pin(), old);
    assert_eq!(Config::load(&first.config().file).unwrap(), *second.config());
    assert_eq!(tree(folder.path()).len(), 3);
}

#[test]
fn a_key_without_a_configuration_is_not_replaced_unasked_either() {
    let folder = tempfile::tempdir().unwrap();
    let joined = join_with(folder.path(), CLIENT).unwrap();
    std::fs::remove_file(&joined.config().file).unwrap();
    let error = join_with(folder.path(), CLIENT).unwrap_err();
    assert!(matches!(error, SetupError::Exists(path) if path == joined.config().key_file()));
}

#[test]
fn a_gateways_state_folder_is_never_taken_for_a_client() {
    let folder = tempfile::tempdir().unwrap();
    gateway_init(&gateway_args(folder.path(), GATEWAY)).unwrap();
    let before = tree(folder.path());
    let line = CLIENT.replace("@/cl ", "@/gw ").replace("@/cl/", "@/other/") + " --force";
    let error = join_with(folder.path(), &line).unwrap_err();
    assert!(matches!(error, SetupError::GatewayState(_)), "{error:?}");
    assert_eq!(tree(folder.path()), before);
}
