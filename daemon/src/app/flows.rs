//! Rules and flows between the configuration, the engine and the control API.

use std::sync::Arc;

use tandem::api::{DEFAULT_FLOW_LIMIT, Flow, FlowBasis, FlowClass, FlowList, FlowRequest, SCHEMA};
use tandem_engine::class::{Basis, Class, FlowReport, Rule};
use tandem_engine::masque::connect_ip::Prefix;

use super::report::span_us;
use crate::config;

/// The configuration's rules in the engine's words.
pub(super) fn rules(rules: &[config::Rule]) -> Arc<[Rule]> {
    rules.iter().map(rule).collect()
}

fn rule(rule: &config::Rule) -> Rule {
    let flows = &rule.flows;
    let ports = |ports: &Option<config::Ports>| ports.as_ref().map(config::Ports::range);
    let prefix = |prefix: Option<config::Prefix>| {
        prefix.and_then(|prefix| Prefix::new(prefix.address(), prefix.length()))
    };
    Rule {
        class: match rule.class {
            config::Class::Realtime => Class::Realtime,
            config::Class::Interactive => Class::Interactive,
            config::Class::Bulk => Class::Bulk,
            config::Class::Background => Class::Background,
        },
        protocol: flows.protocol,
        local_port: ports(&flows.local_port),
        remote_port: ports(&flows.remote_port),
        local: prefix(flows.local),
        remote: prefix(flows.remote),
    }
}

/// As many flows as were asked for, each with its peer's name, if that has one: the fastest first.
pub(super) fn list(request: &FlowRequest, mut flows: Vec<(Option<Arc<str>>, FlowReport)>) -> FlowList {
    let limit = usize::try_from(request.limit.unwrap_or(DEFAULT_FLOW_LIMIT)).unwrap_or(usize::MAX);
    let total = flows.len() as u64;
    let rate = |flow: &FlowReport| flow.tx_rate.saturating_add(flow.rx_rate);
    // Of those that are silent now, the one with the latest packet.
    flows.sort_by(|(_, a), (_, b)| rate(b).cmp(&rate(a)).then(a.idle.cmp(&b.idle)));
    flows.truncate(limit);
    FlowList { schema: SCHEMA, flows: flows.iter().map(|(peer, report)| flow(peer, report)).collect(), total }
}

fn flow(peer: &Option<Arc<str>>, report: &FlowReport) -> Flow {
    let (decided_by, rule) = match report.basis {
        Basis::Rule(index) => (FlowBasis::Rule, Some(u32::from(index) + 1)),
        Basis::Dscp => (FlowBasis::Dscp, None),
        Basis::Call => (FlowBasis::Call, None),
        Basis::Bulk => (FlowBasis::Bulk, None),
        Basis::Default => (FlowBasis::Default, None),
        Basis::Peer => (FlowBasis::Peer, None),
    };
    Flow {
        peer: peer.as_deref().map(str::to_owned),
        protocol: config::protocol_name(report.protocol),
        local: report.local,
        local_port: report.local_port,
        remote: report.remote,
        remote_port: report.remote_port,
        class: match report.class {
            Class::Realtime => FlowClass::Realtime,
            Class::Interactive => FlowClass::Interactive,
            Class::Bulk => FlowClass::Bulk,
            Class::Background => FlowClass::Background,
        },
        decided_by,
        rule,
        tx_packets: report.tx_packets,
        tx_bytes: report.tx_bytes,
        rx_packets: report.rx_packets,
        rx_bytes: report.rx_bytes,
        tx_rate_bps: report.tx_rate.saturating_mul(8),
        rx_rate_bps: report.rx_rate.saturating_mul(8),
        age_us: span_us(report.age),
        idle_us: span_us(report.idle),
    }
}

#[cfg(test)]
mod tests;
