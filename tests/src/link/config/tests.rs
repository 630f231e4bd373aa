use super::*;

#[test]
fn a_setting_without_direction_changes_both() {
    let mut config = LinkConfig::default();
    config.set("rate", "12.5mbit").unwrap();
    config.set("delay", "7.5ms").unwrap();
    assert_eq!(config.up.rate_bps, Some(12_500_000));
    assert_eq!(config.down.rate_bps, Some(12_500_000));
    assert_eq!(config.down.delay, Duration::from_micros(7_500));
}

#[test]
fn a_setting_with_direction_leaves_the_other_alone() {
    let mut config = LinkConfig::default();
    config.set("down.loss", "1%").unwrap();
    config.set("up.blackhole", "on").unwrap();
    assert!((config.down.loss - 0.01).abs() < 1e-9);
    assert_eq!(config.up.loss, 0.0);
    assert!(config.up.blackhole && !config.down.blackhole);
}

#[test]
fn switches_of_the_whole_link_are_understood() {
    let mut config = LinkConfig::default();
    config.set("carrier", "off").unwrap();
    config.set("udp", "blocked").unwrap();
    assert!(!config.carrier && config.udp_blocked);
}

#[test]
fn burst_loss_has_three_probabilities() {
    let mut config = LinkConfig::default();
    config.set("burst", "1%/20%/0.8").unwrap();
    assert_eq!(config.up.burst, Some(Burst { enter: 0.01, leave: 0.2, loss: 0.8 }));
    config.set("burst", "off").unwrap();
    assert_eq!(config.up.burst, None);
    assert!(config.set("burst", "1%").is_err());
}

#[test]
fn nonsense_is_refused_with_what_is_allowed() {
    let mut config = LinkConfig::default();
    for (key, value) in [
        ("rate", "10"),
        ("rate", "0mbit"),
        ("delay", "5"),
        ("loss", "150%"),
        ("carrier", "maybe"),
        ("speed", "1"),
    ] {
        assert!(config.set(key, value).is_err(), "{key}={value}");
    }
    let message = format!("{:#}", config.set("speed", "1").unwrap_err());
    assert!(message.contains("blackhole"), "{message}");
    assert_eq!(config, LinkConfig::default());
}
