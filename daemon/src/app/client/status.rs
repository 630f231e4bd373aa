//! The client as `tandem status` shows it.

use std::time::{Instant, SystemTime};

use tandem::api::{Gateway, Path, PathState, Role, SCHEMA, Status, Tunnel, reason};
use tandem_engine::client::LinkReport;
use tandem_engine::path::PathReport;

use super::Session;
use crate::app::report;

impl Session<'_> {
    pub(super) async fn status(&mut self) -> anyhow::Result<Status> {
        let (open, idle) =
            self.data.ask(|data, now| (data.engine.paths(now), data.engine.idle_links())).await?;
        let tun = &self.context.config.tun;
        Ok(Status {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            role: Role::Client,
            config_file: Some(self.context.config.file.display().to_string()),
            state: self.phase.state,
            reason: self.phase.reason.to_string(),
            since_unix_us: Some(report::unix_us(self.phase.since)),
            tunnel: Some(Tunnel {
                name: tun.name.to_string(),
                mtu_bytes: tun.mtu.into(),
                addresses: self.addresses.iter().map(ToString::to_string).collect(),
            }),
            gateway: Some(Gateway {
                endpoints: self.settings.gateway.iter().map(ToString::to_string).collect(),
                pin: self.settings.pin.to_string(),
            }),
            peers: None,
            paths: self.paths(&open, &idle),
            uptime_us: report::span_us(Instant::now() - self.started),
            resident_bytes: report::resident_bytes(),
            peer_state_bytes: None,
        })
    }

    /// Open paths, then links without one, then interfaces that are no links.
    fn paths(&mut self, open: &[PathReport], idle: &[LinkReport]) -> Vec<Path> {
        let mut paths = self.open_paths(open);
        let since =
            self.paths.note(SystemTime::now(), paths.iter().filter_map(|path| Some((path.id?, path.state))));
        for (path, (since, _)) in paths.iter_mut().zip(since) {
            path.since_unix_us = Some(since);
        }
        paths.extend(idle.iter().map(|report| self.idle_link(report)));
        let unopened = self.links.iter().filter(|known| !known.has_socket());
        paths.extend(unopened.map(|known| unused(&known.link.name, reason::SOCKET_FAILED)));
        paths.extend(self.links.ignored().map(|(name, why)| unused(name, why)));
        paths
    }

    fn open_paths(&self, open: &[PathReport]) -> Vec<Path> {
        let named = report::paths(open).into_iter().zip(open).map(|(path, open)| {
            let known = self.links.get(open.link);
            Path {
                link: Some(open.link.0.into()),
                interface: known.map(|known| known.link.name.clone()),
                local: known.and_then(|known| known.local(open.remote)),
                ..path
            }
        });
        named.collect()
    }

    fn idle_link(&self, idle: &LinkReport) -> Path {
        let (state, reason) = match idle.reason {
            "tier-never" => (PathState::Unused, reason::TIER_NEVER),
            "no-gateway-address" => (PathState::Unused, reason::NO_COMMON_FAMILY),
            "disconnected" => (PathState::Unused, reason::NO_TUNNEL),
            "connecting" => (PathState::Probing, reason::NO_TUNNEL),
            "unreachable" => (PathState::Down, reason::UNREACHABLE),
            "validating" => (PathState::Probing, reason::VALIDATING),
            other => (PathState::Unused, other),
        };
        Path {
            link: Some(idle.link.0.into()),
            interface: Some(idle.name.to_string()),
            tier: report::tier(idle.tier),
            state,
            reason: reason.to_owned(),
            ..Path::default()
        }
    }

    /// Paths appeared, went, or changed their states: logs which.
    pub(super) async fn note_paths(&mut self) -> anyhow::Result<()> {
        let open = self.data.ask(|data, now| data.engine.paths(now)).await?;
        let paths = self.open_paths(&open);
        let states = paths.iter().filter_map(|path| Some((path.id?, path.state)));
        let noted = self.paths.note(SystemTime::now(), states);
        for (path, (_, is_news)) in paths.iter().zip(noted) {
            if is_news {
                let (interface, state) = (path.interface.as_deref(), path.state.label());
                tracing::info!(interface, state, reason = path.reason, "path");
            }
        }
        self.changes.tick();
        Ok(())
    }
}

fn unused(interface: &str, reason: &str) -> Path {
    Path { interface: Some(interface.to_owned()), reason: reason.to_owned(), ..Path::default() }
}
