use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;

use tandem::api::{Role, State};
use tandem::client::ClientError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::fake::{Directory, Fake, Served};
use crate::api::caller::{Caller, groups_in};
use crate::api::serve::{denied, serve_connection};
use crate::api::{ApiServer, BindError};

fn served() -> Served {
    Served::new(Fake::new(Role::Client, State::Connected, vec![]))
}

#[tokio::test]
async fn a_running_daemon_keeps_its_socket() {
    let served = served();
    let error = ApiServer::bind(&served.directory.socket(), None).unwrap_err();
    assert!(matches!(error, BindError::InUse(_)), "{error}");
    assert!(served.client.status().await.is_ok());
}

#[tokio::test]
async fn the_socket_of_a_dead_daemon_is_replaced() {
    let directory = Directory::new();
    drop(UnixListener::bind(directory.socket()).unwrap());
    assert!(directory.socket().exists());
    ApiServer::bind(&directory.socket(), None).unwrap();
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let directory = Directory::new();
    std::fs::write(directory.socket(), "precious").unwrap();
    let error = ApiServer::bind(&directory.socket(), None).unwrap_err();
    assert!(matches!(error, BindError::NotASocket(_)), "{error}");
    assert_eq!(std::fs::read(directory.socket()).unwrap(), b"precious");
}

#[tokio::test]
async fn the_socket_goes_with_the_server_and_leaves_nothing() {
    let served = served();
    let client = served.client.clone();
    let directory = served.stop().await;
    let left = std::fs::read_dir(directory.socket().parent().unwrap()).unwrap().count();
    assert_eq!(left, 0);
    assert!(matches!(client.status().await, Err(ClientError::NotRunning(_))));
}

#[test]
fn a_successors_socket_is_left_alone() {
    let directory = Directory::new();
    let server = ApiServer::bind(&directory.socket(), None).unwrap();
    std::fs::remove_file(directory.socket()).unwrap();
    let _successor = UnixListener::bind(directory.socket()).unwrap();
    drop(server);
    assert!(directory.socket().exists());
}

#[test]
fn only_owner_and_group_may_connect() {
    let directory = Directory::new();
    let own = nix::unistd::Group::from_gid(nix::unistd::getegid()).unwrap().unwrap();
    let server = ApiServer::bind(&directory.socket(), Some(&own.name)).unwrap();
    let metadata = std::fs::metadata(directory.socket()).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o660);
    assert_eq!(server.group, Some(metadata.gid()));
}

#[test]
fn a_group_that_does_not_exist_is_no_error() {
    let directory = Directory::new();
    let server = ApiServer::bind(&directory.socket(), Some("no-such-group-here")).unwrap();
    assert_eq!(server.group, None);
}

#[test]
fn a_missing_directory_is_made_and_a_long_path_is_explained() {
    let directory = Directory::new();
    let below = directory.socket().with_file_name("run").join("ctl.sock");
    ApiServer::bind(&below, None).unwrap();
    let error = ApiServer::bind(&below.with_file_name("x".repeat(120)), None).unwrap_err();
    assert!(error.to_string().starts_with("cannot create the control socket"), "{error}");
}

#[test]
fn supplementary_groups_are_read_from_the_process_status() {
    assert_eq!(groups_in("Name:\tsh\nGroups:\t4 24 27 1000 \nNStgid:\t7\n"), [4, 24, 27, 1000]);
    assert_eq!(groups_in("Name:\tsh\nGroups:\t \n"), [0; 0]);
    assert_eq!(groups_in(""), [0; 0]);
}

#[test]
fn root_and_the_daemons_user_and_its_group_may_control_it_and_nobody_else() {
    let caller = |uid, gid| Caller { uid, gid, pid: None };
    assert!(caller(0, 0).may_control(990, None));
    assert!(caller(990, 990).may_control(990, None));
    assert!(caller(1000, 980).may_control(0, Some(980)));
    assert!(!caller(1000, 1000).may_control(0, Some(980)));
    assert!(!caller(1000, 1000).may_control(0, None));
}

#[test]
fn membership_by_a_supplementary_group_counts() {
    let own = std::process::id().try_into().unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    for group in groups_in(&status) {
        assert!(Caller { uid: 1000, gid: 1000, pid: Some(own) }.may_control(0, Some(group)));
    }
    assert!(!Caller { uid: 1000, gid: 1000, pid: Some(own) }.may_control(0, Some(4_000_000)));
}

#[tokio::test]
async fn a_denied_caller_is_told_so_whatever_it_asks() {
    for line in ["GET /v1/status", "POST /v1/down", "GET /nothing"] {
        let (mut client, server) = UnixStream::pair().unwrap();
        let serving = tokio::spawn(serve_connection(server, denied()));
        let request = format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
        assert!(answer.contains(r#""type":"denied""#), "{answer}");
        serving.await.unwrap();
    }
}
