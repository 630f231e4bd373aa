//! Runs one traffic of a scenario and puts what it measured into numbers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use super::file::{Flow, FlowKind};
use crate::netns::Namespace;
use crate::traffic::bulk::{Bulk, BulkReport};
use crate::traffic::udp::{Stream, StreamReport};
use crate::traffic::{Connect, Direction, Place};
use crate::world::World;

/// Numbers by name; times in microseconds, rates in bit/s.
pub type Metrics = BTreeMap<String, f64>;

/// Who talks to whom.
pub(super) struct Parties {
    laptop: Arc<Namespace>,
    web: Arc<Namespace>,
    through_tunnel: std::net::IpAddr,
    direct: std::net::IpAddr,
    tandem: bool,
}

impl Parties {
    /// Handles of their own, so that events may change the world meanwhile.
    pub(super) fn of(world: &World, tandem: bool) -> Result<Self> {
        Ok(Self {
            laptop: world.laptop()?.shared_namespace(),
            web: world.web_namespace(),
            through_tunnel: world.web().addr,
            direct: world.web_direct().addr,
            tandem,
        })
    }

    /// Traffic that is bound to an interface cannot mean the tunnel.
    fn server(&self, flow: &Flow) -> Place<'_> {
        let inside = self.tandem && flow.interface.is_none();
        Place { namespace: &self.web, addr: if inside { self.through_tunnel } else { self.direct } }
    }
}

pub(super) fn run(flow: &Flow, parties: &Parties) -> Result<Metrics> {
    let server = parties.server(flow);
    match flow.kind {
        FlowKind::TcpDownload => bulk(flow, Direction::Download).run(&parties.laptop, server).map(of_bulk),
        FlowKind::TcpUpload => bulk(flow, Direction::Upload).run(&parties.laptop, server).map(of_bulk),
        FlowKind::UdpDownload => {
            stream(flow, Direction::Download).run(&parties.laptop, server).map(of_stream)
        }
        FlowKind::UdpUpload => stream(flow, Direction::Upload).run(&parties.laptop, server).map(of_stream),
    }
}

fn bulk(flow: &Flow, direction: Direction) -> Bulk {
    let congestion = flow.congestion.clone().unwrap_or_else(|| "cubic".to_owned());
    let connect =
        Connect { interface: flow.interface.clone(), congestion: Some(congestion), ..Connect::default() };
    Bulk { flows: flow.flows, direction, duration: flow.duration, connect }
}

fn stream(flow: &Flow, direction: Direction) -> Stream {
    Stream {
        direction,
        payload: flow.payload,
        interval: flow.interval,
        duration: flow.duration,
        lead: Duration::ZERO,
        is_call: false,
        interface: flow.interface.clone(),
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn of_bulk(report: BulkReport) -> Metrics {
    let worst = report.flows.iter().map(|flow| flow.longest_pause).max().unwrap_or_default();
    [
        ("bytes", report.bytes as f64),
        ("goodput_bps", report.goodput_bps),
        ("longest_pause_us", micros(report.longest_pause)),
        ("longest_flow_pause_us", micros(worst)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn of_stream(report: StreamReport) -> Metrics {
    let delay = |share| report.delay_quantile(share).map_or(f64::INFINITY, micros);
    [
        ("sent", report.sent as f64),
        ("received", report.received as f64),
        ("loss_ratio", report.loss_ratio()),
        ("duplicates", report.duplicates as f64),
        ("reordered", report.reordered as f64),
        ("delay_p50_us", delay(0.5)),
        ("delay_p99_us", delay(0.99)),
        ("longest_gap_us", micros(report.longest_gap)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
