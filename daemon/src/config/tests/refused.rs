use std::path::Path;

use super::super::*;

const PIN: &str = "sha256:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";

/// The report on `text`, one line per problem, without the file's name.
fn report(text: &str) -> Vec<String> {
    let error = Config::parse(text, Path::new("/t.toml")).unwrap_err();
    error.to_string().lines().map(|line| line.strip_prefix("/t.toml:").unwrap().to_owned()).collect()
}

/// A client file that is right but for the lines added at its top, in `[client]`, and at its end.
fn client(top: &str, inside: &str, end: &str) -> String {
    format!("role = \"client\"\n{top}\n[client]\ngateway = [\"a:1\"]\npin = \"{PIN}\"\n{inside}\n{end}\n")
}

fn gateway(inside: &str) -> String {
    format!("role = \"gateway\"\n[gateway]\nlisten = [\"0.0.0.0:443\"]\n{inside}\n")
}

#[test]
fn a_mistyped_key_is_reported_with_the_likely_one() {
    assert_eq!(
        report(&client("", "", "[tun]\nnmae = \"x\"")),
        ["8: tun.nmae: unknown key; did you mean \"name\"?"]
    );
    assert_eq!(
        report(&client("", "", "[lnks]\nallow = []")),
        ["7: lnks: unknown key; did you mean \"links\"?"]
    );
    assert_eq!(
        report(&client("", "", "[link.wwan0]\nteir = \"auto\"")),
        ["8: link.wwan0.teir: unknown key; did you mean \"tier\"?"]
    );
}

#[test]
fn a_key_like_no_other_is_reported_with_those_allowed() {
    assert_eq!(
        report(&client("", "", "[tun]\ncolour = 1")),
        ["8: tun.colour: unknown key; allowed: name, mtu"]
    );
    assert_eq!(
        report(&client("colour = 1", "", "")),
        [
            "2: colour: unknown key; allowed: role, state, socket, log, tun, client, links, link, duplicate, metrics, path, rule"
        ]
    );
}

#[test]
fn a_key_in_the_wrong_section_is_told_where_it_belongs() {
    assert_eq!(report(&client("", "mtu = 1400", "")), ["6: client.mtu: unknown key; it belongs into [tun]"]);
    assert_eq!(
        report(&client("", "state = \"x\"", "")),
        ["6: client.state: unknown key; it belongs at the top, before the first section"]
    );
}

#[test]
fn keys_of_the_other_role_say_so() {
    assert_eq!(
        report(&client("", "", "[gateway]\nlisten = [\"x\"]")),
        ["7: gateway: this section is for role = \"gateway\", but this file has role = \"client\""]
    );
    assert_eq!(
        report(&client("", "pool = []", "")),
        ["6: client.pool: unknown key; it belongs to role = \"gateway\""]
    );
    assert_eq!(
        report(&gateway("endpoint = ['a:1']\npool = ['10.0.0.0/24']\n[links]\nallow = []")),
        ["6: links: this section is for role = \"client\", but this file has role = \"gateway\""]
    );
}

#[test]
fn missing_keys_are_reported_with_what_to_write() {
    assert_eq!(
        report("role = \"client\"\n"),
        [
            "1: client.gateway: is missing; write an array of \"host:port\"",
            "1: client.pin: is missing; write the gateway's pin, as `tandem key show` prints it there",
        ]
    );
    assert_eq!(
        report(&gateway("")),
        [
            "2: gateway.endpoint: is missing; write an array of \"host:port\" under which clients reach this gateway",
            "2: gateway.pool: is missing; write an array of prefixes, such as [\"10.77.0.0/24\", \"fd77::/64\"]",
        ]
    );
    assert_eq!(report(""), ["1: role: is missing; write role = \"client\" or role = \"gateway\""]);
}

#[test]
fn a_wrong_role_does_not_hide_the_other_mistakes() {
    assert_eq!(
        report(
            "role = \"server\"\n[gateway]\nlisten = [\"x\"]\nendpoint = [\"a:1\"]\npool = [\"10.0.0.0/8\"]"
        ),
        [
            "1: role: \"server\" is not known; allowed: \"client\", \"gateway\"",
            "3: gateway.listen: \"x\" is not an address and port; write \"0.0.0.0:443\", or \"[::]:443\" for IPv6",
        ]
    );
}

#[test]
fn a_value_of_the_wrong_type_is_named() {
    assert_eq!(
        report(&client("", "routes = \"::/0\"\ntable = \"x\"", "[log]\nlevel = 3\n[tun]\nmtu = 1.5")),
        [
            "6: client.routes: must be an array of strings, not a string",
            "7: client.table: must be a whole number, not a string",
            "9: log.level: must be a string, not an integer",
            "11: tun.mtu: must be a whole number, not a float",
        ]
    );
    assert_eq!(
        report(&gateway("endpoint = ['a:1']\npool = ['10.0.0.0/24']\nnat = \"yes\"")),
        ["6: gateway.nat: must be true or false, not a string"]
    );
    assert_eq!(report(&client("log = 3", "", "")), ["2: log: must be a section; write \"[log]\""]);
    assert_eq!(
        report(&client("", "", "[link]\neth0 = 3")),
        ["8: link.eth0: must be a section; write \"[link.eth0]\""]
    );
    assert_eq!(report(&client("[state]", "", "")), ["2: state: must be a value, not a section"]);
}

#[test]
fn numbers_out_of_range_are_reported_with_the_range() {
    assert_eq!(
        report(&client("", "fwmark = 0\ntable = 254", "[tun]\nmtu = 1279\n[path]\nkeepalive = \"1h\"")),
        [
            "6: client.fwmark: 0 is out of range; allowed: 1 to 4294967295",
            "7: client.table: 254 is one of the kernel's own tables (253 to 255); write another number",
            "9: tun.mtu: 1279 is out of range; allowed: 1280 to 9000",
            "11: path.keepalive: \"1h\" is out of range; allowed: \"1s\" to \"10m\"",
        ]
    );
    assert_eq!(
        report(&client("", "", "[tun]\nmtu = -1")),
        ["8: tun.mtu: -1 is out of range; allowed: 1280 to 9000"]
    );
}

#[test]
fn bad_words_are_reported_with_those_allowed() {
    assert_eq!(
        report(&client(
            "",
            "",
            "[path]\ncongestion = \"reno\"\nkeepalive = \"20\"\n[link.a]\ntier = \"high\""
        )),
        [
            "8: path.congestion: \"reno\" is not known; allowed: \"bbr\", \"cubic\", \"balia\"",
            "9: path.keepalive: \"20\" is not a duration; write a number and a unit, such as \"20s\" or \"2m\"",
            "11: link.a.tier: \"high\" is not known; allowed: \"auto\", \"always\", \"secondary\", \"backup\", \"never\"",
        ]
    );
}

#[test]
fn bad_prefixes_are_reported_one_by_one_on_their_lines() {
    assert_eq!(
        report(&client(
            "",
            "routes = [\n\"10.0.0.1/8\",\n\"::/0\",\n\"10.0.0.1\",\n\"x\",\n\"10.0.0.0/33\",\n7]",
            ""
        )),
        [
            "7: client.routes: \"10.0.0.1/8\" has host bits set; write \"10.0.0.0/8\"",
            "9: client.routes: \"10.0.0.1\" is not a prefix; the length is missing; for this one address write \"10.0.0.1/32\"",
            "10: client.routes: \"x\" is not a prefix; write an address and a length, such as \"10.77.0.0/24\" or \"fd77::/64\"",
            "11: client.routes: \"10.0.0.0/33\" is not a prefix; write an address and a length, such as \"10.77.0.0/24\" or \"fd77::/64\"",
            "12: client.routes: must be a string, not an integer",
        ]
    );
    assert_eq!(
        report(&client("", "routes = [\"::/0\", \"::/0\"]", "")),
        ["6: client.routes: names \"::/0\" twice"]
    );
}

#[test]
fn pools_that_cannot_serve_are_refused() {
    let pool = |pool: &str| report(&gateway(&format!("endpoint = [\"a:1\"]\npool = [{pool}]")));
    assert_eq!(
        pool("'10.0.0.0/31', 'fd00::/127'"),
        [
            "5: gateway.pool: \"10.0.0.0/31\" has a length that a pool cannot have; allowed: /8 to /30",
            "5: gateway.pool: \"fd00::/127\" has a length that a pool cannot have; allowed: /16 to /126",
        ]
    );
    assert_eq!(
        pool("'10.0.0.0/24', '10.1.0.0/24'"),
        ["5: gateway.pool: names two prefixes of one family; allowed: one IPv4 prefix and one IPv6 prefix"]
    );
    assert_eq!(
        pool("'224.0.0.0/8'"),
        ["5: gateway.pool: \"224.0.0.0/8\" holds no addresses that a peer could have"]
    );
    assert_eq!(
        pool(""),
        ["5: gateway.pool: is empty; write an array of prefixes, such as [\"10.77.0.0/24\", \"fd77::/64\"]"]
    );
}

#[test]
fn bad_endpoints_are_refused_with_an_example() {
    let endpoint = |text: &str| text.parse::<Endpoint>().unwrap_err().to_string();
    let form = "write \"host:port\", such as \"vps.example:443\" or \"[2001:db8::1]:443\"";
    assert_eq!(endpoint("vps.example"), format!("\"vps.example\" has no port; {form}"));
    assert_eq!(endpoint("vps.example:http"), format!("\"vps.example:http\" is not an endpoint; {form}"));
    assert_eq!(
        endpoint("2001:db8::1"),
        "\"2001:db8::1\" lacks brackets and a port; write \"[2001:db8::1]:443\""
    );
    assert_eq!(
        endpoint("[10.0.0.1]:443"),
        format!("\"[10.0.0.1]:443\" has no IPv6 address between its brackets; {form}")
    );
    assert_eq!(endpoint("a:0"), "port 0 cannot be reached; write a port from 1 to 65535");
    for bad in [":443", "a b:443", "-a:443", "a..b:443", "10.0.0.256:443", "https://a:443"] {
        endpoint(bad);
    }
}

#[test]
fn bad_names_and_paths_are_refused() {
    assert_eq!(
        report(&client(
            "state = \"\"\nsocket = 7",
            "",
            "[tun]\nname = \"much-too-long-name\"\n[links]\nallow = [\"\", \"a[\"]"
        )),
        [
            "2: state: is empty; write a path",
            "3: socket: must be a string, not an integer",
            "9: tun.name: \"much-too-long-name\" is not an interface name; write 1 to 15 letters, digits or signs other than '/', ':' and '%'",
            "11: links.allow: is empty; write an interface name or a pattern, such as \"wlan0\" or \"en*\"",
            "11: links.allow: \"a[\" is not a pattern: invalid range pattern",
        ]
    );
    let long = format!("/{}", "x".repeat(107));
    assert_eq!(
        report(&client(&format!("socket = \"{long}\""), "", "")),
        [format!("2: socket: the path \"{long}\" has 108 bytes; a socket's path may have 107")]
    );
}

#[test]
fn a_bad_pin_or_log_filter_says_what_one_looks_like() {
    assert_eq!(
        report("role='client'\nlog={level='loud=please'}\nclient={gateway=['a:1'],pin='abc'}"),
        [
            "2: log.level: \"loud=please\" is not a log filter; write \"error\", \"warn\", \"info\", \"debug\" or \"trace\", or \"info,tandem_engine=debug\" for parts",
            "3: client.pin: a pin is \"sha256:\" and 43 characters of base64url, as `tandem key show` prints it",
        ]
    );
}

#[test]
fn broken_toml_is_reported_with_its_line() {
    let lines = report("role = \"client\"\n[client\npin = 3\n");
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("2: not valid TOML: "), "{lines:?}");
    let lines = report("role = \"client\"\nrole = \"client\"\n");
    assert!(lines[0].starts_with("2: not valid TOML: duplicate key"), "{lines:?}");
}

#[test]
fn a_file_that_is_not_text_or_not_there_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.toml");
    std::fs::write(&file, b"role = 1\n\xff").unwrap();
    assert_eq!(Config::load(&file).unwrap_err().to_string(), format!("{}:2: not UTF-8 text", file.display()));
    assert_eq!(
        Config::load(Path::new("/nonexistent/t.toml")).unwrap_err().to_string(),
        "/nonexistent/t.toml: cannot read the configuration: No such file or directory (os error 2)"
    );
}

#[test]
fn no_input_makes_the_parser_panic() {
    let base = format!(
        "{}[links]\nallow=['a*']\n[link.'b?']\ntier='auto'\n[path]\nkeepalive='20s'\n",
        client("state = 's'", "routes = ['::/0']", "")
    );
    let mut seed = 1_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    for _ in 0..5_000 {
        let mut bytes = base.clone().into_bytes();
        for _ in 0..=random() % 6 {
            let at = random() % bytes.len();
            match random() % 4 {
                0 => bytes[at] = random() as u8,
                1 => bytes.insert(at, b"[]{}=.'\"\n#,"[random() % 11]),
                2 => drop(bytes.drain(at..(at + random() % 20).min(bytes.len()))),
                _ => bytes.truncate(at.max(1)),
            }
            if bytes.is_empty() {
                bytes.push(b'=');
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Err(error) = Config::parse(&text, Path::new("/t.toml")) {
            assert!(!error.to_string().is_empty());
        }
    }
}

#[test]
fn every_mistake_in_rules_is_reported_on_its_line() {
    let rules = r#"[[rule]]
class = "urgent"
protocol = "upd"
[[rule]]
protocol = "icmp"
local_port = 7
[[rule]]
class = "bulk"
local = "10.0.0.0/8"
remote = "fd00::/8"
local_port = "9-8"
remote_port = 0
[[rule]]
class = "bulk"
protocl = "udp"
remote_port = ["1"]"#;
    assert_eq!(
        report(&client("", "", rules)),
        [
            "8: rule[1].class: \"urgent\" is not known; allowed: \"realtime\", \"interactive\", \"bulk\", \"background\"",
            "9: rule[1].protocol: \"upd\" is not known; allowed: \"tcp\", \"udp\", \"sctp\", \"dccp\", \"icmp\", \"icmpv6\", \"gre\", \"esp\", or a number from 0 to 255",
            "10: rule[2].class: is missing; write class = \"realtime\", \"interactive\", \"bulk\" or \"background\"",
            "12: rule[2].local_port: fits nothing: packets of this protocol have no ports",
            "16: rule[3].remote: fits nothing: one of local and remote is IPv4, and the other IPv6",
            "17: rule[3].local_port: \"9-8\" ends before it begins; write \"8-9\"",
            "18: rule[3].remote_port: 0 is out of range; allowed: 1 to 65535",
            "21: rule[4].protocl: unknown key; did you mean \"protocol\"?",
            "22: rule[4].remote_port: must be a port, or a range such as \"5000-5010\", not an array",
        ]
    );
}

#[test]
fn a_share_is_a_number_from_0_to_1() {
    let lines =
        "[duplicate]\nshare = 1.5\nmetered_share = \"5 %\"\nsecondary = 1\n[link.wwan0]\nmetered = \"yes\"";
    assert_eq!(
        report(&client("", "", lines)),
        [
            "8: duplicate.share: 1.5 is out of range; allowed: 0 to 1",
            "9: duplicate.metered_share: must be a number from 0 to 1, not a string",
            "10: duplicate.secondary: must be true or false, not an integer",
            "12: link.wwan0.metered: must be true or false, not a string",
        ]
    );
}

#[test]
fn what_is_sent_twice_is_the_clients_matter() {
    assert_eq!(
        report(&gateway("endpoint = ['a:1']\npool = ['10.0.0.0/24']\n[duplicate]\nrealtime = true")),
        ["6: duplicate: this section is for role = \"client\", but this file has role = \"gateway\""]
    );
}

#[test]
fn a_rule_that_could_never_apply_is_a_mistake() {
    let rules =
        "[[rule]]\nclass = \"bulk\"\nremote_port = 80\n[[rule]]\nclass = \"realtime\"\nremote_port = \"80\"";
    assert_eq!(
        report(&client("", "", rules)),
        ["11: rule[2].class: is never applied: rule[1] is about the same flows"]
    );
}

#[test]
fn rules_are_written_as_sections_and_not_without_end() {
    let message = "must be a section that can come several times; write \"[[rule]]\"";
    assert_eq!(report(&client("", "", "[rule]\nclass = \"bulk\"")), [format!("7: rule: {message}")]);
    assert_eq!(report(&client("rule = 3", "", "")), [format!("2: rule: {message}")]);
    assert_eq!(
        report(&client("", "", "[tun]\nremote_port = 3")),
        ["8: tun.remote_port: unknown key; it belongs into [[rule]]"]
    );
    let rules: String =
        (1..=257).map(|port| format!("[[rule]]\nclass = \"bulk\"\nremote_port = {port}\n")).collect();
    let expected =
        format!("{}: rule[257].class: is the class of one rule too many; allowed: 256", 8 + 256 * 3);
    assert_eq!(report(&client("", "", &rules)), [expected]);
}
