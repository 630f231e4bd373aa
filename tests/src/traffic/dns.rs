//! A DNS responder over UDP that knows one address for every name, and a client for it (RFC 1035).

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::{Place, any_like};
use crate::netns::Namespace;

const HEADER: usize = 12;

/// Answers every question for an A record with the same address, until it is dropped.
#[derive(Debug)]
pub struct DnsServer {
    addr: SocketAddr,
    stop: Arc<AtomicBool>,
}

impl DnsServer {
    /// Starts on port 53.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn start(at: Place<'_>, answer: Ipv4Addr) -> Result<Self> {
        let addr = SocketAddr::new(at.addr, 53);
        let socket =
            at.namespace.run(|| UdpSocket::bind(addr).with_context(|| format!("cannot listen on {addr}")))?;
        socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        thread::Builder::new().name("dns".into()).spawn(move || {
            let mut buffer = [0_u8; 1500];
            while !stopped.load(Ordering::Acquire) {
                if let Ok((length, from)) = socket.recv_from(&mut buffer)
                    && let Some(reply) = reply_to(&buffer[..length], answer)
                {
                    let _ = socket.send_to(&reply, from);
                }
            }
        })?;
        Ok(Self { addr, stop })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
    }
}

/// End of the first question, behind its name, type and class.
fn question_end(message: &[u8]) -> Option<usize> {
    let mut at = HEADER;
    loop {
        let label = usize::from(*message.get(at)?);
        at += 1 + label;
        if label == 0 {
            break;
        }
    }
    (at + 4 <= message.len()).then_some(at + 4)
}

fn reply_to(query: &[u8], answer: Ipv4Addr) -> Option<Vec<u8>> {
    let end = question_end(query)?;
    let is_a = query[end - 4..end - 2] == [0, 1];
    let mut reply = query[..end].to_vec();
    // A response, recursion desired and available, no error; one question, at most one answer, nothing else.
    reply[2..HEADER].copy_from_slice(&[0x81, 0x80, 0, 1, 0, u8::from(is_a), 0, 0, 0, 0]);
    if is_a {
        // The name by pointer to the question, type A, class IN, 60 s, four bytes.
        reply.extend_from_slice(&[0xc0, HEADER as u8, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        reply.extend_from_slice(&answer.octets());
    }
    Some(reply)
}

/// Asks a server for the A record of a name.
///
/// # Errors
/// When no answer comes within the time, or it has no address.
pub fn resolve(from: &Namespace, server: SocketAddr, name: &str, patience: Duration) -> Result<Ipv4Addr> {
    const ID: [u8; 2] = [0x74, 0x61];
    let mut query = vec![ID[0], ID[1], 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.').filter(|label| !label.is_empty()) {
        ensure!(label.len() < 64, "`{label}` is too long for a label");
        query.push(label.len() as u8);
        query.extend_from_slice(label.as_bytes());
    }
    query.extend_from_slice(&[0, 0, 1, 0, 1]);
    from.run(|| {
        let any = any_like(server);
        let socket = UdpSocket::bind(any)?;
        socket.connect(server).with_context(|| format!("no route to {server}"))?;
        socket.set_read_timeout(Some(patience))?;
        socket.send(&query)?;
        let mut buffer = [0_u8; 1500];
        let length = socket.recv(&mut buffer).with_context(|| format!("no answer from {server}"))?;
        let reply = &buffer[..length];
        ensure!(reply.starts_with(&ID), "the answer is for another question");
        match reply.last_chunk::<4>() {
            Some(octets) if reply.get(7) == Some(&1) => Ok(Ipv4Addr::from(*octets)),
            _ => bail!("the answer has no address"),
        }
    })
}

#[cfg(test)]
mod tests;
