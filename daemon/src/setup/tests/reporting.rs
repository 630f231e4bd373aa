use super::*;

fn printed(outcome: Result<Box<dyn Outcome>, SetupError>, json: bool) -> (u8, String, String) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let code = report(outcome, json, &mut stdout, &mut stderr);
    (code, String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn file_args(path: &Path) -> FileArgs {
    FileArgs { config: path.to_owned(), json: false }
}

#[test]
fn what_a_gateway_needs_next_is_printed_with_its_pin() {
    let folder = tempfile::tempdir().unwrap();
    let made = gateway_init(&gateway_args(folder.path(), GATEWAY)).unwrap();
    let pin = made.pin().to_string();
    let (code, stdout, stderr) = printed(Ok(Box::new(made)), false);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let folder = folder.path().display();
    for part in [
        format!("pin            {pin}\n"),
        format!("tandemd --config {folder}/gw/tandem.toml\n"),
        format!("tandem --socket {folder}/gw/ctl.sock invite NAME\n"),
    ] {
        assert!(stdout.contains(&part), "{stdout}");
    }
}

#[test]
fn json_names_everything_that_was_made() {
    let folder = tempfile::tempdir().unwrap();
    let made = gateway_init(&gateway_args(folder.path(), GATEWAY)).unwrap();
    let pin = made.pin().to_string();
    let (_, stdout, _) = printed(Ok(Box::new(made)), true);
    let shown: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let at = |name: &str| folder.path().join(name);
    assert_eq!(
        shown,
        serde_json::json!({
            "schema": 1, "config": at("gw/tandem.toml"), "state": at("gw"), "socket": at("gw/ctl.sock"),
            "key": at("gw/key.pem"), "key_kept": false, "store": at("gw/peers.redb"), "pin": pin,
            "tun": "tandem0", "listen": ["0.0.0.0:443", "[::]:443"], "endpoint": ["10.99.0.1:443"],
            "pool": ["10.77.0.0/24", "fd77::/64"], "nat": true, "firewall": [], "running": false, "invited": null,
            "token": null,
        })
    );
}

#[test]
fn check_and_key_show_what_the_file_leads_to() {
    let folder = tempfile::tempdir().unwrap();
    let made = gateway_init(&gateway_args(folder.path(), GATEWAY)).unwrap();
    let args = file_args(&made.config().file);
    assert_eq!(
        check(&args).unwrap().text(),
        format!("{}: a valid configuration of a gateway", made.config().file.display())
    );
    assert_eq!(show_key(&args).unwrap().text(), made.pin().to_string());
    assert_eq!(show_key(&args).unwrap().json()["pin"], made.pin().to_string());
    std::fs::remove_file(made.config().key_file()).unwrap();
    assert_eq!(show_key(&args).unwrap_err().exit_code(), 1);
}

#[test]
fn a_bad_configuration_is_reported_whole_with_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.toml");
    std::fs::write(&file, "role = \"gateway\"\n[tun]\nmtu = 1\n[gatway]\n").unwrap();
    let failed = || check(&file_args(&file)).map(boxed);
    let (code, stdout, stderr) = printed(failed(), false);
    assert_eq!((code, stdout.as_str()), (2, ""));
    let file = file.display();
    assert!(
        stderr.contains(&format!("{file}:3: tun.mtu: 1 is out of range; allowed: 1280 to 9000\n")),
        "{stderr}"
    );
    assert!(
        stderr.contains(&format!("{file}:4: gatway: unknown key; did you mean \"gateway\"?")),
        "{stderr}"
    );

    let (_, _, stderr) = printed(failed(), true);
    let shown: serde_json::Value = serde_json::from_str(&stderr).unwrap();
    assert_eq!(shown["code"], 2);
    assert_eq!(shown["type"], "bad-config");
    assert_eq!(shown["hint"], serde_json::Value::Null);
    assert_eq!(shown["problems"][3]["line"], 3);
    assert_eq!(shown["problems"][3]["key"], "tun.mtu");
}

#[test]
fn the_token_is_read_from_standard_input_alone() {
    assert_eq!(*read_token("abc\n".as_bytes()).unwrap(), "abc\n");
    let endless = read_token(io::repeat(b'a')).unwrap();
    assert_eq!(endless.len() as u64, MAX_TOKEN_INPUT);
    let error = read_token([0xff_u8].as_slice()).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    Cli::try_parse_from(["tandemd", "join", "tandem1:AAAA"]).unwrap_err();
}

#[test]
fn without_a_subcommand_the_daemon_is_meant() {
    let cli = Cli::try_parse_from(["tandemd", "--config", "/x"]).unwrap();
    assert!(cli.command.is_none());
    assert_eq!(cli.config, Path::new("/x"));
    Cli::try_parse_from(["tandemd", "--config", "/x", "check"]).unwrap_err();
}
