use std::time::Duration;

use super::*;

fn report(rate: u64, idle: u64) -> FlowReport {
    FlowReport {
        protocol: 17,
        local: [10, 77, 0, 2].into(),
        local_port: Some(5000),
        remote: [192, 0, 2, 1].into(),
        remote_port: Some(443),
        class: Class::Realtime,
        basis: Basis::Rule(2),
        tx_packets: 1,
        tx_bytes: 2,
        rx_packets: 3,
        rx_bytes: 4,
        tx_rate: rate,
        rx_rate: 0,
        age: Duration::from_secs(9),
        idle: Duration::from_secs(idle),
    }
}

#[test]
fn the_fastest_flows_come_first_and_no_more_than_were_asked_for() {
    let reports = [(0, 5), (1000, 0), (0, 1), (4000, 0)].map(|(rate, idle)| (None, report(rate, idle)));
    let list = list(&FlowRequest { peer: None, limit: Some(3) }, reports.into());
    assert_eq!(list.total, 4);
    let shown: Vec<_> = list.flows.iter().map(|flow| (flow.tx_rate_bps, flow.idle_us)).collect();
    assert_eq!(shown, [(32_000, 0), (8_000, 0), (0, 1_000_000)]);
}

#[test]
fn a_rule_is_counted_from_one_as_people_count() {
    let list = list(&FlowRequest::default(), vec![(Some("laptop".into()), report(1, 0))]);
    let flow = &list.flows[0];
    assert_eq!((flow.decided_by, flow.rule), (FlowBasis::Rule, Some(3)));
    assert_eq!((flow.peer.as_deref(), flow.protocol.as_str()), (Some("laptop"), "udp"));
    assert_eq!((flow.class, flow.age_us), (FlowClass::Realtime, 9_000_000));
}
