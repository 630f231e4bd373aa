//! One HTTP request and its answer over the socket.

use std::io;
use std::path::Path;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use super::ClientError;
use crate::api::{ErrorBody, InviteRequest};

/// Largest answer that is read: some ten thousand peers.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

pub(super) async fn exchange<T: DeserializeOwned>(
    socket: &Path,
    method: Method,
    target: &str,
    body: Option<&InviteRequest>,
) -> Result<T, ClientError> {
    let io_error = |error| ClientError::Io {
        socket: socket.to_owned(),
        source: io::Error::other::<hyper::Error>(error),
    };
    let request = request(method, target, body)
        .map_err(|source| ClientError::Io { socket: socket.to_owned(), source })?;
    let stream = UnixStream::connect(socket)
        .await
        .map_err(|source| ClientError::connecting(socket.to_owned(), source))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io_error)?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(io_error)?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await;
        let body = body.map_err(|error| bad_answer(socket, &error.to_string()))?;
        // Closes the connection, which ends the future beside this one.
        drop(sender);
        Ok((status, body.to_bytes()))
    };
    // An error of the connection shows in the answer as well.
    let (answer, _) = tokio::join!(answer, connection);
    let (status, body) = answer?;
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(|error| bad_answer(socket, &error.to_string()));
    }
    match serde_json::from_slice::<ErrorBody>(&body) {
        Ok(error) => Err(ClientError::Refused(error)),
        Err(_) => Err(bad_answer(socket, &format!("HTTP status {status}"))),
    }
}

fn request(method: Method, target: &str, body: Option<&InviteRequest>) -> io::Result<Request<Full<Bytes>>> {
    let body = body.map(serde_json::to_vec).transpose()?.unwrap_or_default();
    Request::builder()
        .method(method)
        .uri(target)
        .header(HOST, "tandem")
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(io::Error::other)
}

fn bad_answer(socket: &Path, detail: &str) -> ClientError {
    ClientError::BadAnswer { socket: socket.to_owned(), detail: detail.to_owned() }
}
