//! What the store's file holds, and the answers to an enrolment: all of it JSON.

use tandem_daemon::store::doors;
use tandem_daemon::token::{Enrolled, Refusal};

use crate::input::Input;

/// The first byte says what the rest is.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.byte() % 4 {
        0 => {
            let Some(peer) = doors::decode_peer("laptop", input.rest()) else { return };
            let record = doors::encode_peer(&peer).expect("a peer has a record");
            assert!(peer.addresses().len() <= 2);
            assert_eq!(doors::decode_peer("laptop", &record), Some(peer));
        }
        1 => {
            let Some(invitation) = doors::decode_invitation(input.rest()) else { return };
            let record = doors::encode_invitation(&invitation).expect("an invitation has a record");
            assert!(invitation.used_at().is_none() || !invitation.is_open(invitation.expires));
            assert_eq!(doors::decode_invitation(&record), Some(invitation));
        }
        2 => round_trip::<Enrolled>(input.rest()),
        _ => round_trip::<Refusal>(input.rest()),
    }
}

fn round_trip<T>(json: &[u8])
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let Ok(value) = serde_json::from_slice::<T>(json) else { return };
    let written = serde_json::to_vec(&value).expect("what was read can be written");
    assert_eq!(serde_json::from_slice::<T>(&written).ok(), Some(value));
}
