use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

use super::*;
use crate::api::kind;
use crate::exit::Exit;

/// A socket's path in a directory of the test's own.
fn socket(test: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("tandem-client-{}-{test}", std::process::id()));
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory).unwrap();
    directory.join("ctl.sock")
}

/// What a client makes of a server that answers a request for the status with `answer`.
async fn answered(test: &str, answer: &'static str) -> ClientError {
    let path = socket(test);
    let listener = UnixListener::bind(&path).unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    let error = Client::new(&path).status().await.unwrap_err();
    server.await.unwrap();
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    error
}

#[tokio::test]
async fn no_socket_means_not_running() {
    let error = Client::new("/nonexistent/ctl.sock").status().await.unwrap_err();
    assert!(error.to_string().contains("/nonexistent/ctl.sock"), "{error}");
    assert_eq!((error.body().code, error.body().kind.as_str()), (Exit::NotRunning.code(), kind::NOT_RUNNING));
}

#[tokio::test]
async fn a_socket_that_nobody_listens_on_means_not_running() {
    let path = socket("dead");
    drop(UnixListener::bind(&path).unwrap());
    assert!(matches!(Client::new(&path).status().await, Err(ClientError::NotRunning(_))));
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn a_socket_that_may_not_be_used_says_which_group_may() {
    let source = std::io::ErrorKind::PermissionDenied.into();
    let error = ClientError::connecting("/run/tandem/ctl.sock".into(), source);
    assert!(error.body().hint.unwrap().contains("usermod -aG tandem"));
}

#[tokio::test]
async fn an_error_of_the_daemon_is_passed_on_whole() {
    let answer = "HTTP/1.1 409 Conflict\r\n\r\n\
                  {\"code\":1,\"type\":\"wrong-role\",\"message\":\"a\",\"hint\":null,\"a_later_field\":1}";
    let error = answered("refused", answer).await;
    let ClientError::Refused(body) = error else { panic!("{error:?}") };
    assert_eq!((body.code, body.kind.as_str(), body.hint), (1, kind::WRONG_ROLE, None));
}

#[tokio::test]
async fn something_else_on_the_socket_is_a_bad_answer() {
    for (test, answer) in [
        ("html", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"),
        ("error", "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"),
    ] {
        let error = answered(test, answer).await;
        assert!(matches!(error, ClientError::BadAnswer { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_not_waited_for() {
    let error = answered("broken", "").await;
    assert!(matches!(error, ClientError::Io { .. }), "{error:?}");
}
