//! The command as a shell sees it: output, standard error and exit code.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// A directory of the test's own, removed at its end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }

    fn within(parent: &Path) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tandem-command-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = parent.join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// The command with a `tandemd` beside it that runs a shell script.
///
/// Both are links: a file that this process has written cannot be run while another test's fork still holds it
/// open.
struct Installed(Directory);

impl Installed {
    fn new() -> Self {
        let directory = Directory::within(Path::new(env!("CARGO_TARGET_TMPDIR")));
        fs::hard_link(env!("CARGO_BIN_EXE_tandem"), directory.join("tandem")).unwrap();
        let tandemd = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tandemd.sh");
        symlink(tandemd, directory.join("tandemd")).unwrap();
        Self(directory)
    }

    fn tandem(&self, tandemd_script: &str) -> Command {
        let mut command = clean(Command::new(self.0.join("tandem")));
        command.env("TANDEMD_SCRIPT", tandemd_script);
        command
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn clean(mut command: Command) -> Command {
    command.env_remove("TANDEM_SOCKET").env_remove("NO_COLOR").stdin(Stdio::null());
    command
}

fn tandem(socket: &Path, arguments: &[&str]) -> Output {
    let mut command = clean(Command::new(env!("CARGO_BIN_EXE_tandem")));
    command.arg("--socket").arg(socket).args(arguments).output().unwrap()
}

/// Answers requests on a socket one after the other, each with this HTTP status and body, and returns the request
/// lines.
fn serve(socket: &Path, answers: Vec<(u16, Value)>) -> thread::JoinHandle<Vec<String>> {
    let listener = UnixListener::bind(socket).unwrap();
    thread::spawn(move || {
        answers.into_iter().map(|(status, body)| answer_one(&listener, status, &body)).collect()
    })
}

fn answer_one(listener: &UnixListener, status: u16, body: &Value) -> String {
    let (mut stream, _) = listener.accept().unwrap();
    let mut request = [0; 4096];
    let length = stream.read(&mut request).unwrap();
    let body = body.to_string();
    let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes()).unwrap();
    String::from_utf8_lossy(&request[..length]).lines().next().unwrap_or_default().to_owned()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn error_json(output: &Output) -> Value {
    serde_json::from_slice(&output.stderr).unwrap()
}

fn wait_report(ready: bool, usable: u32) -> Value {
    json!({
        "schema": 1, "ready": ready, "state": "connected", "reason": "established", "wanted_paths": 2,
        "usable_paths": usable, "unusable": []
    })
}

#[test]
fn without_a_daemon_the_exit_code_is_3_and_the_socket_is_named() {
    let output = tandem(Path::new("/nonexistent/ctl.sock"), &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    assert!(text(&output.stderr).contains("tandemd is not running"), "{output:?}");
    assert!(text(&output.stderr).contains("/nonexistent/ctl.sock"), "{output:?}");
}

#[test]
fn under_json_an_error_is_one_object_on_standard_error() {
    let output = tandem(Path::new("/nonexistent/ctl.sock"), &["status", "--json"]);
    assert_eq!(output.status.code(), Some(3));
    let error = error_json(&output);
    assert_eq!((&error["code"], &error["type"]), (&json!(3), &json!("not-running")));
    assert!(error["message"].is_string() && error["hint"].is_string());
}

#[test]
fn a_wrong_command_line_is_exit_code_2() {
    for arguments in [&["fly"][..], &["wait", "--paths", "many"], &["invite", "../x"], &["peer", "remove"]] {
        let output = tandem(Path::new("/nonexistent"), arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
    let output = tandem(Path::new("/nonexistent"), &["fly", "--json"]);
    assert_eq!((output.status.code(), &error_json(&output)["type"]), (Some(2), &json!("usage")));
}

#[test]
fn help_and_version_are_no_errors() {
    for argument in ["--help", "--version", "help"] {
        let output = tandem(Path::new("/nonexistent"), &[argument]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("tandem"));
    }
}

#[test]
fn what_the_daemon_refuses_is_exit_code_1_with_its_words() {
    let directory = Directory::new();
    let socket = directory.join("ctl.sock");
    let refusal = json!({"code": 1, "type": "wrong-role", "message": "this is a client", "hint": "go there"});
    let server = serve(&socket, vec![(409, refusal.clone()), (409, refusal.clone())]);
    let output = tandem(&socket, &["peer", "list"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr), "tandem: this is a client\n  hint: go there\n");
    let output = tandem(&socket, &["peer", "list", "--json"]);
    assert_eq!((output.status.code(), error_json(&output)), (Some(1), refusal));
    server.join().unwrap();
}

#[test]
fn an_invitation_prints_the_token_alone() {
    let directory = Directory::new();
    let socket = directory.join("ctl.sock");
    let answer = json!({
        "schema": 1, "name": "laptop", "credential": "key", "token": "tdm_abc", "expires_unix_us": 1
    });
    let server = serve(&socket, vec![(200, answer)]);
    let output = tandem(&socket, &["invite", "laptop", "--expires", "30min"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), "tdm_abc\n");
    assert!(text(&output.stderr).contains("laptop"));
    assert_eq!(server.join().unwrap(), ["POST /v1/invitations HTTP/1.1"]);
}

#[test]
fn a_wait_asks_again_until_it_is_ready() {
    let directory = Directory::new();
    let socket = directory.join("ctl.sock");
    let server = serve(&socket, vec![(200, wait_report(false, 1)), (200, wait_report(true, 2))]);
    let output = tandem(&socket, &["wait", "--paths", "2", "--timeout", "60s"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stdout), "connected, usable paths: 2\n");
    for line in server.join().unwrap() {
        assert!(line.starts_with("GET /v1/wait?paths=2&timeout_us="), "{line}");
    }
}

#[test]
fn a_wait_begins_before_the_daemon_does() {
    let directory = Directory::new();
    let socket = directory.join("ctl.sock");
    let mut command = clean(Command::new(env!("CARGO_BIN_EXE_tandem")));
    let mut child = command
        .arg("--socket")
        .arg(&socket)
        .args(["wait", "--timeout", "60s"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_millis(300));
    let server = serve(&socket, vec![(200, wait_report(true, 1))]);
    assert!(child.wait().unwrap().success());
    server.join().unwrap();
}

#[test]
fn a_wait_in_vain_is_exit_code_4_and_says_why() {
    let output = tandem(Path::new("/nonexistent/ctl.sock"), &["wait", "--timeout", "50ms"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(text(&output.stderr).contains("not ready after 50ms: tandemd is not running"), "{output:?}");

    let directory = Directory::new();
    let socket = directory.join("ctl.sock");
    let server = serve(&socket, vec![(200, wait_report(false, 1))]);
    let output = tandem(&socket, &["wait", "--paths", "2", "--timeout", "0s"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(text(&output.stderr).contains("1 of 2 paths usable"), "{output:?}");
    server.join().unwrap();
}

#[test]
fn the_socket_may_come_from_the_environment() {
    let mut command = clean(Command::new(env!("CARGO_BIN_EXE_tandem")));
    let output = command.env("TANDEM_SOCKET", "/from/environment").output().unwrap();
    assert!(text(&output.stderr).contains("/from/environment"), "{output:?}");
}

#[test]
fn joining_hands_the_token_over_a_pipe_and_not_in_arguments() {
    let installed = Installed::new();
    let arguments =
        ["join", "tdm_secret", "--config", "cl/t.toml", "--state", "cl", "--socket", "cl/s", "--json"];
    let output = installed
        .tandem(r#"printf '%s\n' "$@"; echo "token: $(cat)""#)
        .args(arguments)
        .args(["--route", "10.0.0.0/8", "--route", "::/0", "--force"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let expected = [
        "join",
        "--json",
        "--config=cl/t.toml",
        "--state=cl",
        "--socket=cl/s",
        "--force",
        "--route=10.0.0.0/8",
        "--route=::/0",
        "token: tdm_secret",
        "",
    ];
    assert_eq!(text(&output.stdout), expected.join("\n"));
}

#[test]
fn a_token_is_read_from_standard_input() {
    let installed = Installed::new();
    let mut command = installed.tandem("cat");
    let mut child = command.args(["join", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"  tdm_secret \n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stdout), "tdm_secret\n");
}

#[test]
fn an_empty_token_is_a_usage_error() {
    let installed = Installed::new();
    let output = installed.tandem("exit 0").args(["join", "-"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn a_gateway_is_set_up_with_the_options_that_were_given() {
    let installed = Installed::new();
    let output = installed
        .tandem(r#"printf '%s\n' "$@""#)
        .args(["gateway", "init", "--config", "gw/t.toml", "--state", "gw", "--socket", "gw/ctl.sock"])
        .args(["--listen", "0.0.0.0:443", "--listen", "[::]:443", "--endpoint", "10.99.0.1:443"])
        .args(["--pool", "10.77.0.0/24", "--pool", "fd77::/64", "--no-nat"])
        .output()
        .unwrap();
    let expected = [
        "gateway-init",
        "--config=gw/t.toml",
        "--state=gw",
        "--socket=gw/ctl.sock",
        "--listen=0.0.0.0:443",
        "--listen=[::]:443",
        "--endpoint=10.99.0.1:443",
        "--pool=10.77.0.0/24",
        "--pool=fd77::/64",
        "--no-nat",
        "",
    ];
    assert_eq!(text(&output.stdout), expected.join("\n"));
}

#[test]
fn a_setting_goes_into_the_running_daemons_file_and_then_into_force() {
    let installed = Installed::new();
    let socket = installed.0.join("ctl.sock");
    let status = json!({
        "schema": 1, "version": "0", "role": "client", "config_file": "/x/t.toml", "state": "connected", "reason": "r",
        "since_unix_us": null, "tunnel": null, "gateway": null, "peers": null, "paths": [], "uptime_us": 1,
        "resident_bytes": null, "peer_state_bytes": null
    });
    let report = json!({"schema": 1, "applied": ["link"], "needs_restart": []});
    let server = serve(&socket, vec![(200, status), (200, report)]);
    let output = installed
        .tandem(r#"echo "$@" >&2; cat >&2"#)
        .arg("--socket")
        .arg(&socket)
        .args(["set", "link", "eth0.1", "tier=backup", "metered="])
        .output()
        .unwrap();
    assert_eq!(text(&output.stdout), "applied: link\n", "{output:?}");
    let changes = r#"{"changes":[{"key":{"path":["link","eth0.1","tier"],"value":"backup"}},"#.to_owned()
        + r#"{"key":{"path":["link","eth0.1","metered"],"value":null}}]}"#;
    assert_eq!(text(&output.stderr), format!("set --config=/x/t.toml\n{changes}\n"));
    assert_eq!(server.join().unwrap(), ["GET /v1/status HTTP/1.1", "POST /v1/reload HTTP/1.1"]);
}

#[test]
fn a_setting_for_now_is_in_no_file() {
    let installed = Installed::new();
    let socket = installed.0.join("ctl.sock");
    let report = json!({"schema": 1, "applied": ["rule"], "needs_restart": []});
    let server = serve(&socket, vec![(200, report)]);
    let output = installed
        .tandem("exit 9")
        .arg("--socket")
        .arg(&socket)
        .args(["set", "policy", "none", "protocol=udp", "--runtime"])
        .output()
        .unwrap();
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "applied: rule\n"), "{output:?}");
    assert_eq!(server.join().unwrap(), ["POST /v1/set HTTP/1.1"]);
}

#[test]
fn a_setting_is_saved_although_no_daemon_runs_and_what_is_refused_is_not_applied() {
    let installed = Installed::new();
    let socket = installed.0.join("ctl.sock");
    let set = |script: &str| {
        let mut command = installed.tandem(script);
        command.arg("--socket").arg(&socket).args(["set", "key", "log.level=debug", "--config", "/x/t.toml"]);
        command.output().unwrap()
    };
    let output = set("cat >/dev/null");
    assert_eq!(
        (output.status.code(), text(&output.stdout)),
        (Some(0), "saved in /x/t.toml; tandemd is not running\n")
    );
    let output = set("echo 'no such key' >&2; exit 2");
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
    assert_eq!(text(&output.stderr), "no such key\n");
}

#[test]
fn the_doctor_tells_of_a_daemon_that_does_not_run_and_of_a_bad_configuration() {
    let installed = Installed::new();
    // What is wrong is quoted as a person reads it, in JSON, too.
    let script = "case \"$*\" in *--json*) exit 2;; esac; echo 't.toml:3: colour: unknown key' >&2; exit 2";
    let mut command = installed.tandem(script);
    command.arg("--socket").arg(installed.0.join("none.sock")).args([
        "--json",
        "doctor",
        "--config",
        "/x/t.toml",
    ]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema"], 1);
    let problems: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["verdict"] == "problem")
        .collect();
    let about = |check: &str| problems.iter().find(|finding| finding["check"] == check).unwrap();
    assert!(about("daemon")["advice"].as_str().unwrap().contains("systemctl start tandemd"));
    assert!(about("config")["text"].as_str().unwrap().contains("colour"));
}

#[test]
fn a_bug_report_is_its_owners_alone_and_replaces_nothing() {
    let installed = Installed::new();
    let file = installed.0.join("report.txt");
    let report = || {
        let mut command = installed.tandem("");
        command.arg("--socket").arg(installed.0.join("none.sock")).args(["bugreport", "--output"]).arg(&file);
        command.output().unwrap()
    };
    let output = report();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let written = fs::read_to_string(&file).unwrap();
    for part in ["=== doctor", "is not running", "=== uname -srvm", "Linux"] {
        assert!(written.contains(part), "{part} is missing:\n{written}");
    }
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(&file).unwrap()) & 0o777, 0o600);
    assert_eq!(report().status.code(), Some(1));
    assert_eq!(fs::read_to_string(&file).unwrap(), written);
}

#[test]
fn the_exit_code_and_the_words_of_tandemd_are_passed_on() {
    let installed = Installed::new();
    for (arguments, name) in [(["config", "check"], "check"), (["key", "show"], "key")] {
        let output = installed.tandem(r#"echo "$1 of $2" >&2; exit 2"#).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(text(&output.stderr), format!("{name} of --config=/etc/tandem/tandem.toml\n"));
    }
}

#[test]
fn a_missing_tandemd_is_explained() {
    let installed = Installed::new();
    let mut command = installed.tandem("");
    fs::remove_file(installed.0.join("tandemd")).unwrap();
    let output = command.env("PATH", &installed.0.0).args(["key", "show"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cannot run tandemd"), "{output:?}");
}

#[test]
fn a_reader_that_leaves_ends_the_watch_quietly() {
    let directory = Directory::new();
    let socket = directory.join("ctl.sock");
    let list = json!({"schema": 1, "paths": []});
    let server = serve(&socket, vec![(200, list.clone()), (200, list)]);
    let mut command = clean(Command::new(env!("CARGO_BIN_EXE_tandem")));
    command.arg("--socket").arg(&socket).args(["path", "list", "--watch", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first_line = [0; 24];
    child.stdout.take().unwrap().read_exact(&mut first_line).unwrap();
    assert_eq!(text(&first_line), "{\"schema\":1,\"paths\":[]}\n");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    server.join().unwrap();
}

#[test]
fn man_pages_and_completions_are_made() {
    let directory = Directory::new();
    for what in ["man", "completions"] {
        let output = tandem(Path::new("/nonexistent"), &["generate", what, directory.0.to_str().unwrap()]);
        assert!(output.status.success(), "{output:?}");
    }
    for file in ["tandem.1", "tandem-gateway-init.1", "tandem.bash", "tandem.fish", "_tandem"] {
        assert!(directory.join(file).exists(), "{file}");
    }
    assert!(!directory.join("tandem-generate.1").exists());
}
