//! One flow: its ends, what went through it, and its class.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::habit::{Habit, Sample, Way};
use super::rule::{self, Rule};
use super::{Basis, Class, dscp};
use crate::ip::{FlowKey, FlowSeed, Header};

/// Where a flow begins and ends. Both directions have the same ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) protocol: u8,
    /// 0 without ports, and in fragments, of which only the first has any: all of them between two hosts are one flow.
    pub(super) local_port: u16,
    pub(super) remote_port: u16,
    /// The client's end.
    pub(super) local: IpAddr,
    pub(super) remote: IpAddr,
}

impl Ends {
    /// The ends of a packet that comes from the client's end, or goes there.
    pub(super) fn of(header: &Header, from_local: bool) -> Self {
        let ports = header.ports.filter(|_| header.fragment.is_none());
        let (src_port, dst_port) = ports.map_or((0, 0), |ports| (ports.src, ports.dst));
        let (src, dst) = ((header.src, src_port), (header.dst, dst_port));
        let (local, remote) = if from_local { (src, dst) } else { (dst, src) };
        Self {
            protocol: header.protocol,
            local_port: local.1,
            remote_port: remote.1,
            local: local.0,
            remote: remote.0,
        }
    }

    pub(super) fn hash(&self, seed: &FlowSeed) -> u32 {
        let (local, remote) = ((self.local, self.local_port), (self.remote, self.remote_port));
        FlowKey::transport(self.protocol, local, remote).hash(seed)
    }
}

/// Packets and bytes of IP packets.
#[derive(Debug, Clone, Copy, Default)]
struct Total {
    packets: u64,
    bytes: u64,
}

/// What is known of a flow.
#[derive(Debug, Clone)]
pub(crate) struct Flow {
    pub(super) hash: u32,
    pub(super) ends: Ends,
    /// When a packet was last seen.
    pub(super) seen: Instant,
    first: Instant,
    rule: Option<(u16, Class)>,
    /// What the last packet's DSCP said.
    dscp: Option<Class>,
    /// In which class the client sent the last packet.
    told: Option<Class>,
    habit: Habit,
    /// The queue in which the last packet was put.
    pub(crate) queue: Class,
    out: Total,
    into: Total,
}

impl Flow {
    pub(super) fn new(now: Instant, hash: u32, ends: Ends, rules: &[Rule]) -> Self {
        let mut flow = Self {
            hash,
            ends,
            seen: now,
            first: now,
            rule: None,
            dscp: None,
            told: None,
            habit: Habit::new(now),
            queue: Class::default(),
            out: Total::default(),
            into: Total::default(),
        };
        flow.apply(rules);
        flow
    }

    /// Looks up which rule fits, since they are new, or the flow is.
    pub(super) fn apply(&mut self, rules: &[Rule]) {
        let index = rule::first_of(rules, &self.ends);
        self.rule = index.map(|index| (index, rules[usize::from(index)].class));
    }

    /// Notes a packet on its way into the tunnel.
    pub(super) fn note_out(&mut self, now: Instant, sample: &Sample) {
        self.seen = now;
        self.out.packets += 1;
        self.out.bytes += u64::from(sample.len);
        self.dscp = dscp::class_of(sample.header.dscp);
        self.habit.note(now, Way::Out, sample);
    }

    /// Notes one that came out of it, in the class that binds here, if any.
    pub(super) fn note_in(&mut self, now: Instant, sample: &Sample, told: Option<Class>) {
        self.seen = now;
        self.into.packets += 1;
        self.into.bytes += u64::from(sample.len);
        self.told = told.or(self.told);
        self.habit.note(now, Way::In, sample);
    }

    /// Its class now, and what decides it.
    pub(crate) fn class(&self, now: Instant) -> (Class, Basis) {
        if let Some(class) = self.told {
            (class, Basis::Peer)
        } else if let Some((index, class)) = self.rule {
            (class, Basis::Rule(index))
        } else if let Some(class) = self.dscp {
            (class, Basis::Dscp)
        } else if self.habit.is_call(now) {
            (Class::Realtime, Basis::Call)
        } else if self.habit.is_bulk(now) {
            (Class::Bulk, Basis::Bulk)
        } else {
            (Class::Interactive, Basis::Default)
        }
    }

    /// Its hash, the same for both directions.
    pub(crate) fn hash(&self) -> u32 {
        self.hash
    }

    pub(super) fn report(&self, now: Instant) -> FlowReport {
        let (class, basis) = self.class(now);
        let (tx_rate, rx_rate) = self.habit.rates(now);
        let port = |port: u16| (port != 0).then_some(port);
        FlowReport {
            protocol: self.ends.protocol,
            local: self.ends.local,
            local_port: port(self.ends.local_port),
            remote: self.ends.remote,
            remote_port: port(self.ends.remote_port),
            class,
            basis,
            tx_packets: self.out.packets,
            tx_bytes: self.out.bytes,
            rx_packets: self.into.packets,
            rx_bytes: self.into.bytes,
            tx_rate,
            rx_rate,
            age: now.saturating_duration_since(self.first),
            idle: now.saturating_duration_since(self.seen),
        }
    }
}

/// A flow, for people and scripts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowReport {
    /// Upper-layer protocol, by its number.
    pub protocol: u8,
    /// The client's end.
    pub local: IpAddr,
    /// Its port, if the packets have any. Fragments do not.
    pub local_port: Option<u16>,
    /// The other end.
    pub remote: IpAddr,
    /// Its port.
    pub remote_port: Option<u16>,
    /// Its class.
    pub class: Class,
    /// What that was decided by.
    pub basis: Basis,
    /// IP packets sent into the tunnel.
    pub tx_packets: u64,
    /// Bytes of these.
    pub tx_bytes: u64,
    /// IP packets that came out of it.
    pub rx_packets: u64,
    /// Bytes of these.
    pub rx_bytes: u64,
    /// Bytes/s into the tunnel, lately.
    pub tx_rate: u64,
    /// Bytes/s out of it, lately.
    pub rx_rate: u64,
    /// Time since the first packet.
    pub age: Duration,
    /// Time since the last.
    pub idle: Duration,
}
