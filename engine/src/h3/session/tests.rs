#![expect(clippy::wildcard_enum_match_arm, reason = "a test names the one variant that it wants")]

mod foreign;
mod requests;
mod streams;

use super::*;
use crate::h3::frame::{DATA, HEADERS, SETTINGS};
use crate::h3::testing::{Noise, pieces};

/// The client's control stream, and its others.
const CLIENT_CONTROL: u64 = 2;
const CLIENT_ENCODER: u64 = 6;
const CLIENT_DECODER: u64 = 10;
const SERVER_CONTROL: u64 = 3;

fn get() -> Headers {
    Headers::request("GET", "https", "gw.example", "/")
}

fn connect_ip() -> Headers {
    Headers::request("CONNECT", "https", "gw.example", "/masque").with(":protocol", "connect-ip")
}

fn headers_frame(headers: &Headers) -> Bytes {
    frame::encode(HEADERS, &qpack::encode(headers))
}

fn events(session: &mut Session) -> Vec<Event> {
    std::iter::from_fn(|| session.poll_event()).collect()
}

fn outputs(session: &mut Session) -> Vec<Output> {
    std::iter::from_fn(|| session.poll_output()).collect()
}

/// A session whose own opening is out of the way.
fn quiet(role: Role) -> Session {
    let mut session = Session::new(role);
    outputs(&mut session);
    session
}

/// Carries what one session has put out to the other, in random pieces.
fn deliver(noise: &mut Noise, from: &mut Session, to: &mut Session) -> Result<(), Error> {
    for output in outputs(from) {
        match output {
            Output::Write { stream, data, fin } => {
                for piece in pieces(noise, &data) {
                    to.receive(stream, piece, false)?;
                }
                if fin {
                    to.receive(stream, &[], true)?;
                }
            }
            Output::Reset { stream, code } => to.reset_received(stream, code)?,
            Output::StopSending { stream, code } => to.stop_received(stream, code)?,
        }
    }
    Ok(())
}

/// The error that bytes on one stream lead to.
fn error_of(role: Role, stream: u64, data: &[u8]) -> Code {
    quiet(role).receive(stream, data, false).unwrap_err().code
}

/// A client that waits for the response to a request on stream 0.
fn waiting_client(request: &Headers) -> Session {
    let mut client = quiet(Role::Client);
    assert_eq!(client.request(request, false), 0);
    outputs(&mut client);
    client
}
