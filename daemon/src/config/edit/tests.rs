use super::*;

fn key(path: &[&str], value: Option<&str>) -> Setting {
    Setting::Key {
        path: path.iter().map(|part| (*part).to_owned()).collect(),
        value: value.map(str::to_owned),
    }
}

fn rule(class: Option<&str>, flows: &[(&str, &str)]) -> Setting {
    let flows = flows.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Setting::Rule { class: class.map(str::to_owned), flows }
}

const FILE: &str = "\
# Mine.
role = \"client\" # not a gateway

[link.\"wwan*\"]
tier = \"secondary\"  # the phone
metered = true

# At last, [duplicate] and what comes with it.
[duplicate]
# Twice.
realtime = true
";

#[test]
fn a_value_is_replaced_where_it_stands_and_its_comment_stays() {
    let changed = apply(FILE, &[key(&["link", "wwan*", "tier"], Some("backup"))]).unwrap();
    assert_eq!(changed, FILE.replace("\"secondary\"", "\"backup\""));
    let changed = apply(FILE, &[key(&["duplicate", "realtime"], Some("false"))]).unwrap();
    assert_eq!(changed, FILE.replace("realtime = true", "realtime = false"));
}

#[test]
fn no_change_changes_nothing() {
    assert_eq!(apply(FILE, &[]).unwrap(), FILE);
    assert_eq!(apply(FILE, &[key(&["link", "eth0", "tier"], None)]).unwrap(), FILE);
}

#[test]
fn a_link_that_gets_a_section_keeps_what_its_pattern_said() {
    let changed = apply(FILE, &[key(&["link", "wwan0", "tier"], Some("backup"))]).unwrap();
    let document: DocumentMut = changed.parse().unwrap();
    assert_eq!(document["link"]["wwan0"]["tier"].as_str(), Some("backup"));
    assert_eq!(document["link"]["wwan0"]["metered"].as_bool(), Some(true));
    assert_eq!(document["link"]["wwan*"]["tier"].as_str(), Some("secondary"));
    assert!(changed.starts_with(FILE.split("[link").next().unwrap()), "{changed}");
}

#[test]
fn a_links_section_goes_with_its_last_key() {
    let with = apply(FILE, &[key(&["link", "eth0.100", "tier"], Some("never"))]).unwrap();
    assert!(with.contains("[link.\"eth0.100\"]\ntier = \"never\"\n"), "{with}");
    let without = apply(&with, &[key(&["link", "eth0.100", "tier"], None)]).unwrap();
    assert!(!without.contains("eth0"), "{without}");
    assert!(without.contains("[link.\"wwan*\"]"), "{without}");
}

#[test]
fn sections_are_made_where_there_are_none() {
    let changed = apply("role = \"client\"\n", &[key(&["path", "keepalive"], Some("15s"))]).unwrap();
    assert_eq!(changed, "role = \"client\"\n\n[path]\nkeepalive = \"15s\"\n");
}

#[test]
fn rules_come_change_and_go() {
    let call = [("protocol", "udp"), ("remote_port", "5060")];
    let added = apply(FILE, &[rule(Some("realtime"), &call)]).unwrap();
    assert!(
        added.contains("[[rule]]\nclass = \"realtime\"\nprotocol = \"udp\"\nremote_port = 5060\n"),
        "{added}"
    );
    let quoted = added.replace("5060", "\"5060\"");
    let changed = apply(&quoted, &[rule(Some("bulk"), &call)]).unwrap();
    assert_eq!(changed, quoted.replace("\"realtime\"", "\"bulk\""));
    let gone = apply(&changed, &[rule(None, &call)]).unwrap();
    assert!(!gone.contains("5060"), "{gone}");
    assert_eq!(apply(&gone, &[rule(None, &call)]), Err(EditError::NoSuchRule));
}

#[test]
fn what_cannot_be_done_is_said() {
    assert!(matches!(apply("role =", &[]), Err(EditError::NotToml(_))));
    assert_eq!(apply(FILE, &[key(&[], Some("1"))]), Err(EditError::NoKey));
    let inside = key(&["role", "tier"], Some("1"));
    assert_eq!(apply(FILE, &[inside]), Err(EditError::NotASection("role".to_owned())));
    assert_eq!(
        apply("rule = 1\n", &[rule(Some("bulk"), &[])]),
        Err(EditError::NotASection("rule".to_owned()))
    );
}
