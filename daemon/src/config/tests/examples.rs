//! The sample files that packages install: valid, and honest about the defaults.

use std::path::Path;

use super::super::*;

const CLIENT: &str = include_str!("../../../../packaging/examples/client.toml");
const GATEWAY: &str = include_str!("../../../../packaging/examples/gateway.toml");

fn parse(text: &str) -> Config {
    Config::parse(text, Path::new(DEFAULT_FILE)).unwrap()
}

/// The lines of `text` outside comments that begin with one of `keys`.
fn only(text: &str, keys: &[&str]) -> String {
    let wanted = |line: &&str| keys.iter().any(|key| line.starts_with(key));
    text.lines().filter(wanted).fold(String::new(), |kept, line| kept + line + "\n")
}

#[test]
fn the_sample_client_says_the_defaults() {
    let required = only(CLIENT, &["role", "[client]", "gateway", "pin", "[link.", "tier", "metered ="]);
    assert_eq!(parse(CLIENT), parse(&required));
}

#[test]
fn the_sample_gateway_says_the_defaults() {
    let required = only(GATEWAY, &["role", "[gateway]", "listen", "endpoint", "pool"]);
    assert_eq!(parse(GATEWAY), parse(&required));
}
