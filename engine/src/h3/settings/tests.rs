use super::*;
use crate::h3::testing::Noise;

fn code_of(payload: &[u8]) -> Code {
    Settings::decode(payload).unwrap_err().code
}

#[test]
fn what_is_encoded_decodes_to_the_same() {
    for role in [Role::Client, Role::Server] {
        let settings = Settings::local(role);
        assert_eq!(Settings::decode(&settings.encode()).unwrap(), settings);
    }
}

#[test]
fn only_a_server_enables_the_connect_protocol() {
    assert!(Settings::local(Role::Server).extended_connect);
    assert!(!Settings::local(Role::Client).extended_connect);
}

#[test]
fn an_empty_frame_means_the_defaults() {
    assert_eq!(Settings::decode(&[]).unwrap(), Settings::default());
}

#[test]
fn unknown_settings_and_grease_are_ignored() {
    let mut payload = vec![0x21, 0x05, ID_H3_DATAGRAM as u8, 1];
    varint::encode(&mut payload, 0x1f * 1_000_000 + 0x21);
    varint::encode(&mut payload, varint::MAX);
    assert_eq!(Settings::decode(&payload).unwrap(), Settings { extended_connect: false, datagrams: true });
}

#[test]
fn a_dynamic_table_that_the_peer_would_allow_us_is_of_no_concern() {
    assert_eq!(Settings::decode(&[0x01, 0x50, 0x00, 0x07, 0x10]).unwrap(), Settings::default());
}

#[test]
fn a_setting_given_twice_is_refused() {
    assert_eq!(code_of(&[0x33, 1, 0x33, 1]), Code::SettingsError);
    assert_eq!(code_of(&[0x21, 1, 0x08, 1, 0x21, 2]), Code::SettingsError);
}

#[test]
fn settings_of_http_2_are_refused() {
    for id in [0, 2, 3, 4, 5] {
        assert_eq!(code_of(&[id, 0]), Code::SettingsError);
    }
}

#[test]
fn a_switch_is_on_or_off() {
    assert_eq!(code_of(&[0x33, 2]), Code::SettingsError);
    assert_eq!(code_of(&[0x08, 2]), Code::SettingsError);
}

#[test]
fn a_payload_cut_short_is_a_frame_error() {
    assert_eq!(code_of(&[0x33]), Code::FrameError);
    assert_eq!(code_of(&[0x33, 0x40]), Code::FrameError);
    assert_eq!(code_of(&[0x40]), Code::FrameError);
}

#[test]
fn any_bytes_at_all_do_not_panic() {
    let mut noise = Noise::new(4);
    for _ in 0..5000 {
        let _ = Settings::decode(&noise.bytes(64));
    }
}
