use super::*;

#[test]
fn a_pin_survives_being_printed_and_read() {
    let pin = Identity::generate().unwrap().pin();
    assert_eq!(pin.to_string().parse::<Pin>().unwrap(), pin);
    assert_eq!(pin.to_string().len(), "sha256:".len() + 43);
}

#[test]
fn a_text_that_is_no_pin_is_refused() {
    for text in
        ["", "sha256:", "md5:AAAA", "sha256:AAAA", "sha256:!!!", &format!("sha256:{}", "A".repeat(44))]
    {
        assert_eq!(text.parse::<Pin>(), Err(PinError), "{text}");
    }
}

#[test]
fn a_key_read_back_has_the_same_pin_and_secrets() {
    let first = Identity::generate().unwrap();
    let second = Identity::from_pkcs8_der(&first.to_pkcs8_der()).unwrap();
    assert_eq!(first.pin(), second.pin());
    assert_eq!(first.derived_secret(b"a"), second.derived_secret(b"a"));
    assert_ne!(first.derived_secret(b"a"), first.derived_secret(b"b"));
}

#[test]
fn bytes_that_are_no_key_are_refused() {
    assert!(matches!(Identity::from_pkcs8_der(b"nonsense"), Err(IdentityError::Key(_))));
}

#[test]
fn debug_output_shows_no_key() {
    let identity = Identity::generate().unwrap();
    let text = format!("{identity:?}");
    assert!(text.len() < 120 && text.contains("sha256:"), "{text}");
}
