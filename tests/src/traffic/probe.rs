//! When does a network begin to carry packets? Asked from outside, without knowing how it is made.

use std::net::{SocketAddr, UdpSocket};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::any_like;
use crate::netns::Namespace;

/// Time between two attempts, and so the error of the result.
pub const INTERVAL: Duration = Duration::from_millis(5);
/// Sockets that wait for an answer at once; the oldest gives way.
const SOCKETS: usize = 256;

/// Sends a datagram every 5 ms to a [`super::udp::EchoServer`] until one comes back; when that was. `None` if none did
/// in time.
///
/// Each attempt has a socket of its own, because a socket keeps the source address that it was given when there was
/// no tunnel yet.
///
/// # Errors
/// When no socket can be had.
pub fn first_answer(from: &Namespace, server: SocketAddr, patience: Duration) -> Result<Option<Instant>> {
    from.run(|| {
        let deadline = Instant::now() + patience;
        let mut waiting: Vec<UdpSocket> = Vec::new();
        while Instant::now() < deadline {
            if waiting.len() == SOCKETS {
                waiting.remove(0);
            }
            if let Some(socket) = send_one(server)? {
                waiting.push(socket);
            }
            let next = Instant::now() + INTERVAL;
            while Instant::now() < next {
                if waiting.iter().any(|socket| socket.recv(&mut [0; 16]).is_ok()) {
                    return Ok(Some(Instant::now()));
                }
                sleep(Duration::from_millis(1));
            }
        }
        Ok(None)
    })
}

/// A socket that has sent its datagram; `None` where there is no way at the moment.
fn send_one(server: SocketAddr) -> Result<Option<UdpSocket>> {
    let socket = UdpSocket::bind(any_like(server))?;
    socket.set_nonblocking(true)?;
    let sent = socket.connect(server).and_then(|()| socket.send(b"anybody there?"));
    Ok(sent.is_ok().then_some(socket))
}
