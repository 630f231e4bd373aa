//! Invitation tokens, and the other short texts that a person carries about: pins, secrets, tiers, prefixes.

use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use tandem_daemon::config::{Endpoint, Prefix, TunName};
use tandem_daemon::token::{Secret, Token, TokenError};
use tandem_engine::identity::Pin;
use tandem_engine::link::Tier;

use crate::input::Input;

/// Tokens of any age are read as of then.
const NOW: SystemTime = UNIX_EPOCH;
/// Longer than any message needs to be: the pasted text is not to be repeated.
const LONGEST_MESSAGE: usize = 200;

/// The first byte says what the rest is: a text, or the inside of a token, which gets its length and checksum here
/// because no fuzzer finds those.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    if input.flag() {
        let body = input.rest();
        let whole = [&(body.len() as u16).to_be_bytes()[..], &checksum(body), body].concat();
        token(&format!("tandem1:{}", BASE64_URL_SAFE_NO_PAD.encode(whole)));
    } else if let Ok(text) = std::str::from_utf8(input.rest()) {
        token(text);
        token(&format!("tandem1:{text}"));
        round_trip::<Endpoint>(text);
        round_trip::<Pin>(text);
        round_trip::<Prefix>(text);
        round_trip::<Tier>(text);
        if let Ok(name) = text.parse::<TunName>() {
            assert!(name.as_str() == text && (1..=15).contains(&text.len()));
        }
        if let Ok(secret) = text.parse::<Secret>() {
            assert_eq!(secret.to_text().as_str(), text);
        }
    }
}

fn checksum(body: &[u8]) -> [u8; 4] {
    let digest = digest::digest(&digest::SHA256, body);
    let mut sum = [0; 4];
    sum.copy_from_slice(&digest.as_ref()[..4]);
    sum
}

fn token(text: &str) {
    match Token::parse(text, NOW) {
        Ok(token) => {
            assert!(!token.endpoints.is_empty());
            let secret = token.secret.to_text();
            assert!(!format!("{token:?}").contains(secret.as_str()), "a token shows its secret");
            if token.endpoints.len() <= 64 {
                assert_eq!(Token::parse(&token.to_text(), NOW), Ok(token.clone()));
            }
            if let Some(too_late) = token.expires.checked_add(Duration::from_secs(1)) {
                assert!(matches!(Token::parse(text, too_late), Err(TokenError::Expired(_))));
            }
        }
        Err(error) => assert!(error.to_string().len() <= LONGEST_MESSAGE, "{error}"),
    }
}

/// What is read and shown is read as the same again.
fn round_trip<T: FromStr + ToString + PartialEq>(text: &str) {
    let Ok(value) = text.parse::<T>() else { return };
    let shown = value.to_string();
    assert!(shown.parse::<T>().is_ok_and(|again| again == value), "{shown:?} from {text:?}");
}
