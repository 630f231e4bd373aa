use super::*;
use crate::masque::connect_ip::Prefix;

fn rule(class: Class) -> Rule {
    Rule { class, protocol: None, local_port: None, remote_port: None, local: None, remote: None }
}

fn class_of(rules: &[Rule], packet: &[u8]) -> (Class, Basis) {
    decided(&mut classifier(Side::Client, rules), start(), packet)
}

#[test]
fn the_first_rule_that_fits_wins() {
    let rules = [
        Rule { protocol: Some(protocol::TCP), ..rule(Class::Background) },
        Rule { remote_port: Some(22..=22), ..rule(Class::Realtime) },
        rule(Class::Bulk),
    ];
    let decided = |protocol, port| class_of(&rules, &packet(protocol, port, true, 10, 0));
    assert_eq!(decided(protocol::TCP, 22), (Class::Background, Basis::Rule(0)));
    assert_eq!(decided(protocol::UDP, 22), (Class::Realtime, Basis::Rule(1)));
    assert_eq!(decided(protocol::UDP, 23), (Class::Bulk, Basis::Rule(2)));
}

#[test]
fn every_condition_of_a_rule_has_to_fit() {
    let prefix = |address: [u8; 4], length| Prefix::new(address.into(), length);
    let fits = |rule| class_of(&[rule], &packet(protocol::UDP, 700, true, 10, 0)).1 == Basis::Rule(0);
    let all = Rule {
        protocol: Some(protocol::UDP),
        local_port: Some(4000..=5000),
        remote_port: Some(700..=800),
        local: prefix([10, 77, 0, 0], 24),
        remote: prefix(SERVER, 32),
        ..rule(Class::Bulk)
    };
    assert!(fits(all.clone()));
    assert!(!fits(Rule { protocol: Some(protocol::TCP), ..all.clone() }));
    assert!(!fits(Rule { local_port: Some(5001..=6000), ..all.clone() }));
    assert!(!fits(Rule { remote_port: Some(1..=699), ..all.clone() }));
    assert!(!fits(Rule { local: prefix([10, 78, 0, 0], 24), ..all.clone() }));
    assert!(!fits(Rule { remote: prefix([198, 51, 100, 2], 32), ..all }));
}

#[test]
fn local_is_the_clients_end_at_a_gateway_too() {
    let rules = [Rule { local_port: Some(5000..=5000), ..rule(Class::Background) }];
    let mut gateway = classifier(Side::Gateway, &rules);
    let answer = packet(protocol::TCP, 443, false, 900, 0);
    assert_eq!(decided(&mut gateway, start(), &answer), (Class::Background, Basis::Rule(0)));
    gateway.inbound(start(), &sample(&packet(protocol::TCP, 443, true, 10, 0)), Some(Class::Bulk));
    assert_eq!(
        decided(&mut gateway, start(), &answer),
        (Class::Bulk, Basis::Peer),
        "the client's word binds"
    );
}

#[test]
fn a_rule_beats_what_the_sender_says() {
    let mut packet = packet(protocol::UDP, 9, true, 100, 0);
    packet[1] = 46 << 2;
    assert_eq!(class_of(&[rule(Class::Background)], &packet), (Class::Background, Basis::Rule(0)));
}

#[test]
fn new_rules_apply_to_flows_that_are_there() {
    let now = start();
    let packet = packet(protocol::TCP, 443, true, 10, 0);
    let mut client = classifier(Side::Client, &[rule(Class::Background)]);
    assert_eq!(decided(&mut client, now, &packet).0, Class::Background);
    client.set_rules([rule(Class::Realtime)].into());
    assert_eq!(decided(&mut client, now, &packet).0, Class::Realtime);
    client.set_rules(Arc::default());
    assert_eq!(decided(&mut client, now, &packet), (Class::Interactive, Basis::Default));
}

#[test]
fn a_rule_with_ports_fits_nothing_without() {
    let rules = [Rule { local_port: Some(1..=65535), ..rule(Class::Bulk) }];
    let ping = packet(protocol::ICMP, 0, true, 56, 0);
    assert_eq!(class_of(&rules, &ping).1, Basis::Default);
}
