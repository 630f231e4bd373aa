//! One HTTP request and its answer over the socket.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::pin::pin;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use super::ClientError;
use crate::api::ErrorBody;

/// Largest answer that is read: some ten thousand peers.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// Longest line that is read of an answer that goes on.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// A request and its answer.
pub(super) async fn exchange<T: DeserializeOwned>(
    socket: &Path,
    method: Method,
    target: &str,
    body: Option<Vec<u8>>,
) -> Result<T, ClientError> {
    let (mut sender, connection, request) = connect(socket, method, target, body).await?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(|error| broken(socket, error))?;
        let status = answer.status();
        let body = read(socket, answer).await?;
        // Closes the connection, which ends the future beside this one.
        drop(sender);
        Ok((status, body))
    };
    // An error of the connection shows in the answer as well.
    let (answer, _) = tokio::join!(answer, connection);
    let (status, body) = answer?;
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(|error| bad_answer(socket, &error.to_string()));
    }
    Err(refusal(socket, status, &body))
}

/// A request whose answer is a line of JSON whenever there is something to tell. Ends when `tell` has heard enough, or
/// the daemon ends.
pub(super) async fn listen<T: DeserializeOwned>(
    socket: &Path,
    target: &str,
    mut tell: impl FnMut(T) -> ControlFlow<()>,
) -> Result<(), ClientError> {
    let (mut sender, connection, request) = connect(socket, Method::GET, target, None).await?;
    let listening = async {
        let answer = sender.send_request(request).await.map_err(|error| broken(socket, error))?;
        if !answer.status().is_success() {
            let status = answer.status();
            let body = read(socket, answer).await?;
            return Err(refusal(socket, status, &body));
        }
        let (mut body, mut line) = (answer.into_body(), Vec::new());
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| broken(socket, error))?;
            for byte in frame.into_data().unwrap_or_default() {
                if byte != b'\n' {
                    line.push(byte);
                } else if !line.is_empty() {
                    let value = serde_json::from_slice(&line)
                        .map_err(|error| bad_answer(socket, &error.to_string()))?;
                    line.clear();
                    if tell(value).is_break() {
                        return Ok(());
                    }
                }
                if line.len() > MAX_LINE_BYTES {
                    return Err(bad_answer(socket, "a line without an end"));
                }
            }
        }
        Ok(())
    };
    // The connection is over with the daemon at the latest, and what it then says shows in the answer.
    let mut connection = pin!(connection);
    let mut listening = pin!(listening);
    tokio::select! {
        heard = &mut listening => heard,
        _ = &mut connection => listening.await,
    }
}

type Sender = http1::SendRequest<Full<Bytes>>;
type Connection = http1::Connection<TokioIo<UnixStream>, Full<Bytes>>;

async fn connect(
    socket: &Path,
    method: Method,
    target: &str,
    body: Option<Vec<u8>>,
) -> Result<(Sender, Connection, Request<Full<Bytes>>), ClientError> {
    let request = request(method, target, body)
        .map_err(|source| ClientError::Io { socket: socket.to_owned(), source })?;
    let stream = UnixStream::connect(socket)
        .await
        .map_err(|source| ClientError::connecting(socket.to_owned(), source))?;
    let (sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(socket, error))?;
    Ok((sender, connection, request))
}

async fn read(socket: &Path, answer: Response<Incoming>) -> Result<Bytes, ClientError> {
    let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await;
    Ok(body.map_err(|error| bad_answer(socket, &error.to_string()))?.to_bytes())
}

fn broken(socket: &Path, error: hyper::Error) -> ClientError {
    ClientError::Io { socket: socket.to_owned(), source: io::Error::other(error) }
}

fn refusal(socket: &Path, status: StatusCode, body: &[u8]) -> ClientError {
    match serde_json::from_slice::<ErrorBody>(body) {
        Ok(error) => ClientError::Refused(error),
        Err(_) => bad_answer(socket, &format!("HTTP status {status}")),
    }
}

fn request(method: Method, target: &str, body: Option<Vec<u8>>) -> io::Result<Request<Full<Bytes>>> {
    Request::builder()
        .method(method)
        .uri(target)
        .header(HOST, "tandem")
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body.unwrap_or_default())))
        .map_err(io::Error::other)
}

fn bad_answer(socket: &Path, detail: &str) -> ClientError {
    ClientError::BadAnswer { socket: socket.to_owned(), detail: detail.to_owned() }
}
