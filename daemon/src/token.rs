//! The invitation token: the one line that a person carries from the gateway to a new client.
//!
//! `tandem1:` and base64url without padding of, all numbers big endian:
//!
//! | bytes | what |
//! |---|---|
//! | 2 | length of everything that follows the checksum |
//! | 4 | checksum: first bytes of SHA-256 over what follows it |
//! | 32 | the gateway's [`Pin`] |
//! | 32 | the [`Secret`] |
//! | 8 | expiry, seconds since 1970 |
//! | 1 | number of endpoints, then for each: 2 port, 1 length, host as UTF-8 |
//!
//! The digit in the prefix is the version. The length stands first so that a cut-off paste is told from a
//! mistyped one.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::config::Endpoint;
use crate::keys::Pin;

mod reply;
mod secret;
#[cfg(test)]
mod tests;

pub use reply::{Enrolled, Refusal};
pub use secret::{Secret, SecretError, SecretHash};

const PREFIX: &str = "tandem1:";
const HEADER: usize = 6;
/// More endpoints than a person would ever list; keeps the token's length within the two bytes that tell it.
const MAX_ENDPOINTS: usize = 64;

/// What an invitation tells a new client.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Where the gateway answers; never empty, all are tried.
    pub endpoints: Vec<Endpoint>,
    /// The gateway's key.
    pub pin: Pin,
    /// Proves to the gateway that the holder was invited.
    pub secret: Secret,
    /// The end of its life, whole seconds.
    pub expires: SystemTime,
}

/// Why a text is not a usable token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nothing was given.
    #[error("the token is empty; paste the line that `tandem invite NAME` printed")]
    Empty,
    /// The text does not begin as a token does.
    #[error(
        "this is not a tandem token: it does not begin with \"tandem1:\"; paste the whole line that `tandem invite NAME` printed"
    )]
    NotAToken,
    /// The token is of another version.
    #[error(
        "the token has version {0}, but this tandem reads version 1; install the version that the gateway runs"
    )]
    Version(String),
    /// The end is missing.
    #[error("the token is cut off: at least {missing} of its characters are missing; paste the whole line")]
    Truncated {
        /// At least so many characters are missing.
        missing: usize,
    },
    /// Something follows the token.
    #[error("the token is too long: something else was pasted after it")]
    TooLong,
    /// A character that no token has.
    #[error("the token holds {0:?}, which no token has; paste it again")]
    Character(char),
    /// Characters were changed.
    #[error("the token's checksum does not match: it was changed on its way; paste it again")]
    Checksum,
    /// The checksum holds but the content does not follow the format.
    #[error("the token is malformed although its checksum matches; make a new one with `tandem invite NAME`")]
    Malformed,
    /// Its time is over.
    #[error("the token expired {} ago by this computer's clock; make a new one with `tandem invite NAME`", humantime::format_duration(*.0))]
    Expired(Duration),
}

impl Token {
    /// Reads a token; white space anywhere in it, as pasting adds it, is passed over.
    ///
    /// # Errors
    /// [`TokenError`] says what is wrong with the text, or that the token expired before `now`.
    pub fn parse(text: &str, now: SystemTime) -> Result<Self, TokenError> {
        let text: Zeroizing<String> = Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).collect());
        let body = decode(strip_prefix(&text)?)?;
        let token = Self::decode_body(&body).ok_or(TokenError::Malformed)?;
        match now.duration_since(token.expires) {
            Ok(late) => Err(TokenError::Expired(Duration::from_secs(late.as_secs()))),
            Err(_) => Ok(token),
        }
    }

    /// The token as the one line to hand over. It holds the secret: print it, never log it.
    ///
    /// Endpoints beyond the 64th are left out.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut body = Zeroizing::new(Vec::with_capacity(128));
        body.extend_from_slice(self.pin.as_bytes());
        body.extend_from_slice(self.secret.as_bytes());
        let expires = self.expires.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        body.extend_from_slice(&expires.to_be_bytes());
        let endpoints = &self.endpoints[..self.endpoints.len().min(MAX_ENDPOINTS)];
        body.push(endpoints.len() as u8);
        for endpoint in endpoints {
            body.extend_from_slice(&endpoint.port().to_be_bytes());
            body.push(endpoint.host().len() as u8);
            body.extend_from_slice(endpoint.host().as_bytes());
        }
        let mut whole = Zeroizing::new(Vec::with_capacity(HEADER + body.len()));
        whole.extend_from_slice(&(body.len() as u16).to_be_bytes());
        whole.extend_from_slice(&checksum(&body));
        whole.extend_from_slice(&body);
        Zeroizing::new(format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(&*whole)))
    }

    fn decode_body(body: &[u8]) -> Option<Self> {
        let (pin, rest) = body.split_first_chunk::<32>()?;
        let (secret, rest) = rest.split_first_chunk::<32>()?;
        let (expires, rest) = rest.split_first_chunk::<8>()?;
        let (&count, mut rest) = rest.split_first()?;
        let mut endpoints = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let (port, after) = rest.split_first_chunk::<2>()?;
            let (&length, after) = after.split_first()?;
            let (host, after) = after.split_at_checked(usize::from(length))?;
            let host = std::str::from_utf8(host).ok()?;
            endpoints.push(Endpoint::new(host, u16::from_be_bytes(*port)).ok()?);
            rest = after;
        }
        if !rest.is_empty() || endpoints.is_empty() {
            return None;
        }
        Some(Self {
            endpoints,
            pin: Pin::from_bytes(*pin),
            secret: Secret::from_bytes(*secret),
            expires: UNIX_EPOCH.checked_add(Duration::from_secs(u64::from_be_bytes(*expires)))?,
        })
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("endpoints", &self.endpoints)
            .field("pin", &self.pin)
            .field("secret", &self.secret)
            .field("expires", &self.expires)
            .finish()
    }
}

fn strip_prefix(text: &str) -> Result<&str, TokenError> {
    if text.is_empty() {
        return Err(TokenError::Empty);
    }
    if let Some(encoded) = text.strip_prefix(PREFIX) {
        return Ok(encoded);
    }
    let version =
        text.strip_prefix("tandem").and_then(|rest| rest.split_once(':')).map(|(version, _)| version);
    match version {
        Some(version)
            if !version.is_empty() && version.len() <= 3 && version.bytes().all(|b| b.is_ascii_digit()) =>
        {
            Err(TokenError::Version(version.to_owned()))
        }
        Some(_) | None => Err(TokenError::NotAToken),
    }
}

/// Undoes the text form and checks length and checksum.
fn decode(encoded: &str) -> Result<Zeroizing<Vec<u8>>, TokenError> {
    if let Some(bad) = encoded.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))) {
        return Err(TokenError::Character(bad));
    }
    // The whole groups tell the length even when the paste ended inside a group.
    let whole_groups = &encoded[..encoded.len() / 4 * 4];
    let start =
        Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(whole_groups).map_err(|_| TokenError::Checksum)?);
    let Some((length, _)) = start.split_first_chunk::<2>() else {
        return Err(TokenError::Truncated { missing: 4 - encoded.len() });
    };
    let bytes = HEADER + usize::from(u16::from_be_bytes(*length));
    let characters = (bytes * 8).div_ceil(6);
    if encoded.len() < characters {
        return Err(TokenError::Truncated { missing: characters - encoded.len() });
    }
    if encoded.len() > characters {
        return Err(TokenError::TooLong);
    }
    let mut whole = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(encoded).map_err(|_| TokenError::Checksum)?);
    if whole[2..HEADER] != checksum(&whole[HEADER..]) {
        return Err(TokenError::Checksum);
    }
    whole.drain(..HEADER);
    Ok(whole)
}

fn checksum(body: &[u8]) -> [u8; 4] {
    let mut sum = [0; 4];
    sum.copy_from_slice(&digest::digest(&digest::SHA256, body).as_ref()[..4]);
    sum
}
