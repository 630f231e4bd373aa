//! The gateway as `tandem status` and `tandem peer list` show it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Instant, SystemTime};

use tandem::api::{
    self, FlowList, FlowRequest, Path, PeerCount, PeerState, Role, SCHEMA, State, Status, Tunnel, reason,
};
use tandem_engine::gateway::PeerReport;

use super::Service;
use crate::api::ApiError;
use crate::app::{flows, report};
use crate::store::{Credential, Peer};

impl Service<'_> {
    /// State of the service, and why.
    pub(super) fn state(&self) -> (State, &'static str) {
        if self.accepting {
            (State::Serving, reason::ESTABLISHED)
        } else {
            (State::Disconnected, reason::COMMAND)
        }
    }

    pub(super) async fn status(&mut self) -> anyhow::Result<Status> {
        let connected = self.data.ask_all(|data, now| data.engine.peers(now).len()).await?;
        let connected = u64::try_from(connected.into_iter().sum::<usize>())?;
        let enrolled = u64::try_from(self.store.peers().len())?;
        let resident = report::resident_bytes();
        let (state, reason) = self.state();
        let tun = &self.context.config.tun;
        Ok(Status {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            role: Role::Gateway,
            config_file: Some(self.context.config.file.display().to_string()),
            state,
            reason: reason.to_owned(),
            since_unix_us: Some(report::unix_us(self.since)),
            tunnel: Some(Tunnel {
                name: tun.name.to_string(),
                mtu_bytes: tun.mtu.into(),
                addresses: self.own.iter().map(ToString::to_string).collect(),
            }),
            gateway: None,
            peers: Some(PeerCount { enrolled, connected }),
            paths: Vec::new(),
            uptime_us: report::span_us(Instant::now() - self.started),
            resident_bytes: resident,
            peer_state_bytes: self.peer_state_bytes(resident, connected),
        })
    }

    /// Measured, not counted: what the process has grown by since it began to serve, per connected peer. It
    /// errs upwards, since memory that a busy moment took stays with the process.
    fn peer_state_bytes(&self, resident: Option<u64>, connected: u64) -> Option<u64> {
        resident?.saturating_sub(self.resident_at_first?).checked_div(connected)
    }

    pub(super) async fn peers(&mut self) -> anyhow::Result<Vec<api::Peer>> {
        let reports = self.data.ask_all(|data, now| data.engine.peers(now)).await?;
        let connected: BTreeMap<String, PeerReport> =
            reports.into_iter().flatten().map(|report| (report.lease.name.to_string(), report)).collect();
        let mut paths_of: BTreeMap<&str, Vec<Path>> =
            connected.iter().map(|(name, peer)| (name.as_str(), report::paths(&peer.paths))).collect();
        let states = paths_of.iter().flat_map(|(name, paths)| {
            paths.iter().filter_map(|path| Some((((*name).to_owned(), path.id?), path.state)))
        });
        let since = self.paths.note(SystemTime::now(), states);
        for (path, (since, _)) in paths_of.values_mut().flatten().zip(since) {
            path.since_unix_us = Some(since);
        }
        let peers = self.store.peers();
        Ok(peers
            .iter()
            .map(|peer| {
                let paths = paths_of.remove(peer.name.as_str()).unwrap_or_default();
                describe(peer, connected.get(&peer.name), paths)
            })
            .collect())
    }

    /// The inner error is for whoever asked, the outer one ends the daemon.
    pub(super) async fn flows(&mut self, request: FlowRequest) -> anyhow::Result<Result<FlowList, ApiError>> {
        let of = request.peer.clone();
        if let Some(name) = &of
            && !self.store.peers().iter().any(|peer| peer.name == *name)
        {
            return Ok(Err(ApiError::unknown_peer(name)));
        }
        let reports = self.data.ask_all(move |data, now| data.engine.flows(now, of.as_deref())).await?;
        let named = reports
            .into_iter()
            .flatten()
            .flat_map(|(name, reports)| reports.into_iter().map(move |report| (Some(name.clone()), report)));
        Ok(Ok(flows::list(&request, named.collect())))
    }
}

fn describe(peer: &Peer, connected: Option<&PeerReport>, paths: Vec<Path>) -> api::Peer {
    let (credential, pin) = match &peer.credential {
        Credential::Pin(pin) => (api::Credential::Key, Some(pin.to_string())),
        Credential::Bearer(_) => (api::Credential::Bearer, None),
    };
    let since = connected.map(|connected| SystemTime::now() - connected.since.elapsed());
    let seen = if connected.is_some() { Some(SystemTime::now()) } else { peer.last_seen };
    let counters = connected.map(|connected| connected.counters).unwrap_or_default();
    api::Peer {
        name: peer.name.clone(),
        credential,
        pin,
        addresses: peer.addresses().into_iter().map(host_prefix).collect(),
        state: if connected.is_some() { PeerState::Connected } else { PeerState::Disconnected },
        connected_unix_us: since.map(report::unix_us),
        last_seen_unix_us: seen.map(report::unix_us),
        tx_bytes: counters.tx_bytes,
        rx_bytes: counters.rx_bytes,
        paths,
    }
}

fn host_prefix(address: IpAddr) -> String {
    format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 })
}
