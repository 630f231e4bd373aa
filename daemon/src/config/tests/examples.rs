//! The sample files that packages install, and what the guide shows: valid, and honest about the defaults.

use std::path::Path;

use super::super::*;

const CLIENT: &str = include_str!("../../../../packaging/examples/client.toml");
const GATEWAY: &str = include_str!("../../../../packaging/examples/gateway.toml");
const GUIDE: [&str; 3] = [
    include_str!("../../../../docs/src/laptop.md"),
    include_str!("../../../../docs/src/policies.md"),
    include_str!("../../../../docs/src/scripting.md"),
];

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

#[test]
fn what_the_guide_shows_of_the_configuration_is_valid() {
    let required = only(CLIENT, &["role", "[client]", "gateway", "pin"]);
    let blocks: Vec<&str> = GUIDE.iter().flat_map(|page| page.split("```toml\n").skip(1)).collect();
    assert!(blocks.len() >= 5, "{} blocks", blocks.len());
    for block in blocks {
        let block = block.split("```").next().unwrap();
        parse(&format!("{required}{block}"));
    }
}
