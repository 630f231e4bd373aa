//! A web server and a client, just large enough for downloads (HTTP/1.1, one request per connection).

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use socket2::SockRef;

use super::meter::Meter;
use super::{Connect, Place, set_congestion};
use crate::netns::Namespace;

/// How long either side waits for the other before it gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the server's TCP is controlled by, whatever the host's default: downloads are to be the same on all machines.
const CONGESTION: &str = "cubic";

/// Serves `/` as a small page and `/bytes/N` as N bytes, until it is dropped.
#[derive(Debug)]
pub struct WebServer {
    addr: SocketAddr,
    stop: Arc<AtomicBool>,
}

impl WebServer {
    /// Starts on the given port, or on a free one for port 0.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn start(at: Place<'_>, port: u16) -> Result<Self> {
        let wanted = SocketAddr::new(at.addr, port);
        let listener = at
            .namespace
            .run(|| TcpListener::bind(wanted).with_context(|| format!("cannot listen on {wanted}")))?;
        // Connections have it from their listener.
        set_congestion(&SockRef::from(&listener), Some(CONGESTION))?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        thread::Builder::new().name("web".into()).spawn(move || accept_all(&listener, &stopped))?;
        Ok(Self { addr, stop })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
    }
}

fn accept_all(listener: &TcpListener, stop: &AtomicBool) {
    while !stop.load(Ordering::Acquire) {
        match listener.accept() {
            Ok((stream, _)) => {
                let started = thread::Builder::new().name("web-client".into()).spawn(move || {
                    // A client that goes away in mid-download is its own business.
                    let _ = answer(stream);
                });
                if started.is_err() {
                    thread::sleep(Duration::from_millis(10));
                }
            }
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn answer(stream: TcpStream) -> Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new((&stream).take(16 * 1024));
    let mut request = String::new();
    reader.read_line(&mut request)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
    }
    let mut out = &stream;
    let path = request.split_whitespace().nth(1).unwrap_or("/");
    if path == "/" {
        let page = "<!doctype html><title>lab</title><p>The web server of the lab.\n";
        write!(
            out,
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
            page.len()
        )?;
        return Ok(());
    }
    let Some(length) = path.strip_prefix("/bytes/").and_then(|n| n.parse::<u64>().ok()) else {
        write!(out, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
        return Ok(());
    };
    write!(
        out,
        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    std::io::copy(&mut std::io::repeat(b'.').take(length), &mut out)?;
    Ok(())
}

/// Downloads `/bytes/N` and notes every arrival in the meter; returns early when told to stop.
///
/// # Errors
/// When the server cannot be reached, answers otherwise than 200, or the connection breaks or falls silent for 20 s.
pub fn download(
    from: &Namespace,
    server: SocketAddr,
    connect: &Connect,
    bytes: u64,
    meter: &Meter,
    stop: &AtomicBool,
) -> Result<u64> {
    let socket = from.run(|| connect.open(server))?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
    write!(&stream, "GET /bytes/{bytes} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n")?;
    let mut reader = Patient { stream: &stream, stop };
    read_head(&mut reader, bytes)?;
    let mut buffer = vec![0_u8; 256 * 1024];
    let mut received = 0;
    while received < bytes {
        match reader.read(&mut buffer) {
            Ok(0) => bail!("the download ended after {received} of {bytes} bytes"),
            Ok(length) => {
                received += length as u64;
                meter.add(length);
            }
            Err(_) if stop.load(Ordering::Acquire) => break,
            Err(error) => return Err(error).context("the download broke"),
        }
        if stop.load(Ordering::Acquire) {
            break;
        }
    }
    Ok(received)
}

fn read_head(reader: &mut impl Read, bytes: u64) -> Result<()> {
    let mut head = Vec::new();
    let mut byte = [0_u8];
    while !head.ends_with(b"\r\n\r\n") {
        ensure!(head.len() < 16 * 1024, "the web server's header does not end");
        ensure!(reader.read(&mut byte)? == 1, "the web server closed the connection");
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head);
    ensure!(
        head.starts_with("HTTP/1.1 200"),
        "the web server refused: {}",
        head.lines().next().unwrap_or("")
    );
    ensure!(head.contains(&format!("Content-Length: {bytes}\r\n")), "the web server sends another length");
    Ok(())
}

/// Reads with short timeouts, so that a stop is seen, but gives up only after [`PATIENCE`].
struct Patient<'a> {
    stream: &'a TcpStream,
    stop: &'a AtomicBool,
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let started = Instant::now();
        loop {
            match self.stream.read(buffer) {
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) && started.elapsed() < PATIENCE
                        && !self.stop.load(Ordering::Acquire) => {}
                outcome => return outcome,
            }
        }
    }
}
