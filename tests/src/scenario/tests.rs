use std::time::Duration;

use super::*;

const SMALL: &str = r#"
name = "small"
tandem = false
[link.wifi]
interface = "wlan0"
rate = "10mbit"
"down.loss" = "1%"
nat = "30s"
[[traffic]]
name = "call"
kind = "udp-upload"
duration = "2s"
[[event]]
at = "1s"
link = "wifi"
set = { carrier = "off" }
[[expect]]
traffic = "call"
metric = "loss_ratio"
at_most = 0.6
"#;

fn error_of(text: &str) -> String {
    format!("{:#}", Scenario::parse(text).unwrap_err())
}

#[test]
fn a_scenario_is_read_with_its_defaults() {
    let scenario = Scenario::parse(SMALL).unwrap();
    let spec = scenario.world().unwrap();
    let link = &spec.laptops[0].links[0];
    assert_eq!((link.name.as_str(), link.interface.as_str()), ("wifi", "wlan0"));
    assert_eq!(link.config.up.rate_bps, Some(10_000_000));
    assert_eq!((link.config.up.loss, link.config.down.loss), (0.0, 0.01));
    assert_eq!(link.nat_timeout, Some(Duration::from_secs(30)));
    assert_eq!(scenario.traffic[0].interval, Duration::from_millis(20));
}

#[test]
fn mistakes_are_found_before_anything_runs() {
    let cases = [
        ("link = \"wifi\"", "link = \"wired\"", "unknown link `wired`"),
        ("traffic = \"call\"", "traffic = \"calls\"", "unknown traffic `calls`"),
        ("rate = ", "speed = ", "unknown setting `speed`"),
        ("carrier = \"off\"", "carrier = \"gone\"", "neither on nor off"),
        ("at_most = 0.6", "", "neither at_least nor at_most"),
        ("kind = \"udp-upload\"", "kind = \"carrier-pigeon\"", "carrier-pigeon"),
        ("at = \"1s\"", "at = \"1\"", "unit of time"),
    ];
    for (from, to, expected) in cases {
        let message = error_of(&SMALL.replacen(from, to, 1));
        assert!(message.contains(expected), "{to}: {message}");
    }
}

#[test]
fn an_expectation_is_judged_by_its_limits() {
    let metrics = BTreeMap::from([("call".to_owned(), Metrics::from([("loss_ratio".to_owned(), 0.5)]))]);
    let expect = |at_least, at_most| Expectation {
        traffic: "call".to_owned(),
        metric: "loss_ratio".to_owned(),
        at_least,
        at_most,
    };
    assert!(judge(&expect(None, Some(0.6)), &metrics).unwrap().met);
    assert!(!judge(&expect(None, Some(0.4)), &metrics).unwrap().met);
    assert!(!judge(&expect(Some(0.6), None), &metrics).unwrap().met);
    let unknown = Expectation { metric: "speed".to_owned(), ..expect(None, Some(1.0)) };
    let message = format!("{:#}", judge(&unknown, &metrics).unwrap_err());
    assert!(message.contains("loss_ratio"), "{message}");
}

#[test]
fn the_scenarios_of_this_repository_are_well_formed() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut seen = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        Scenario::parse(&text).unwrap_or_else(|error| panic!("{}: {error:#}", path.display()));
        seen += 1;
    }
    assert!(seen >= 3);
}
