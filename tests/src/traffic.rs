//! Traffic made and measured by the lab itself, bounded in time, both ends in one process so that clocks agree.

use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::netns::Namespace;

pub mod bulk;
pub mod dns;
pub mod flood;
pub mod http;
pub mod meter;
pub mod ping;
pub mod probe;
pub mod quic;
pub mod udp;

/// Where one end of a conversation lives.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Its namespace.
    pub namespace: &'a Namespace,
    /// Its address there.
    pub addr: std::net::IpAddr,
}

/// Which end sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The server sends.
    Download,
    /// The client sends.
    Upload,
}

/// How a TCP client connects.
#[derive(Debug, Clone, Default)]
pub struct Connect {
    /// Bind to this interface, past the routing table (SO_BINDTODEVICE).
    pub interface: Option<String>,
    /// Congestion control, such as `cubic` or `bbr`; the host's default if absent.
    pub congestion: Option<String>,
    /// Multipath TCP (RFC 8684) instead of plain TCP; the server listens for the same.
    pub multipath: bool,
}

/// Longest wait for a TCP connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

impl Connect {
    pub(crate) fn open(&self, to: SocketAddr) -> Result<Socket> {
        let socket = self.socket(to)?;
        if let Some(interface) = &self.interface {
            socket
                .bind_device(Some(interface.as_bytes()))
                .with_context(|| format!("cannot bind to the interface {interface}"))?;
        }
        set_congestion(&socket, self.congestion.as_deref())?;
        socket
            .connect_timeout(&SockAddr::from(to), CONNECT_TIMEOUT)
            .with_context(|| format!("cannot connect to {to}"))?;
        Ok(socket)
    }

    /// A server's socket of the same kind, on a free port.
    pub(crate) fn listen(&self, at: std::net::IpAddr) -> Result<TcpListener> {
        const BACKLOG: i32 = 128;
        let addr = SocketAddr::new(at, 0);
        let socket = self.socket(addr)?;
        socket
            .bind(&SockAddr::from(addr))
            .and_then(|()| socket.listen(BACKLOG))
            .with_context(|| format!("cannot listen on {at}"))?;
        Ok(socket.into())
    }

    fn socket(&self, family_of: SocketAddr) -> Result<Socket> {
        let protocol = if self.multipath { Protocol::MPTCP } else { Protocol::TCP };
        Socket::new(Domain::for_address(family_of), Type::STREAM, Some(protocol)).context(if self.multipath {
            "the kernel has no MPTCP"
        } else {
            "no TCP socket"
        })
    }
}

fn set_congestion(socket: &Socket, name: Option<&str>) -> Result<()> {
    if let Some(name) = name {
        socket
            .set_tcp_congestion(name.as_bytes())
            .with_context(|| format!("the kernel has no congestion control `{name}`"))?;
    }
    Ok(())
}

/// The wildcard address of the family of `like`, with any port.
fn any_like(like: SocketAddr) -> SocketAddr {
    if like.is_ipv4() { SocketAddr::from(([0; 4], 0)) } else { SocketAddr::from(([0_u16; 8], 0)) }
}

/// The result of a traffic thread; a panic there becomes an error here.
fn join<T>(thread: JoinHandle<Result<T>>) -> Result<T> {
    thread.join().map_err(|_| anyhow!("a traffic thread panicked"))?
}
