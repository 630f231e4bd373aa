//! The tunnel's state, and what of the host follows it: addresses and routes.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use ipnet::IpNet;
use tandem::api::{State, reason};
use tandem_engine::client::{ClientEvent, Refusal};
use tandem_engine::error::{CloseReason, code};

use super::Session;
use crate::app::report::Since;
use crate::config::DEFAULT_MARK;
use crate::host::notify;
use crate::host::routes::{self, RouteConfig};
use crate::host::tun;
use crate::token;

/// How long the routes stay while the tunnel is down: a gateway that restarts is no reason to send what was to be
/// tunnelled past the tunnel.
const GRACE: Duration = Duration::from_secs(15);
/// How long a stopping client may take to say goodbye.
const GOODBYE: Duration = Duration::from_millis(300);
/// Between two looks at whether goodbye was said.
const GOODBYE_STEP: Duration = Duration::from_millis(5);

/// State of the tunnel, and why.
#[derive(Debug)]
pub(super) struct Phase {
    pub(super) state: State,
    /// A stable label; where the gateway refused, the one that it gave.
    pub(super) reason: Label,
    pub(super) since: SystemTime,
    /// Why the last attempt failed.
    failure: Option<Label>,
}

type Label = Cow<'static, str>;

impl Phase {
    pub(super) fn starting(now: SystemTime) -> Self {
        Self { state: State::Connecting, reason: reason::STARTING.into(), since: now, failure: None }
    }
}

impl Session<'_> {
    pub(super) async fn handle_event(&mut self, event: ClientEvent) -> anyhow::Result<()> {
        match event {
            // It may have been on its way when the tunnel was taken down.
            ClientEvent::Up { addresses } if self.wanted => self.tunnel_up(&addresses).await?,
            ClientEvent::Down { reason } => self.tunnel_down(&reason),
            ClientEvent::Refused(refusal) => self.refused(&refusal),
            ClientEvent::PathsChanged => self.note_paths().await?,
            ClientEvent::Up { .. } | ClientEvent::Answered { .. } => {}
        }
        Ok(())
    }

    async fn tunnel_up(&mut self, addresses: &[(std::net::IpAddr, u8)]) -> anyhow::Result<()> {
        self.grace = None;
        let leased: Result<Vec<IpNet>, _> =
            addresses.iter().map(|(ip, length)| IpNet::new(*ip, *length)).collect();
        self.addresses = self.usable(leased?);
        tun::set_addresses(&self.context.netlink, self.tun, &self.addresses).await?;
        if !self.routed {
            self.set_routes().await?;
        }
        self.phase.failure = None;
        self.settle_phase(State::Connected, reason::ESTABLISHED);
        self.note_paths().await
    }

    /// Leads the configured prefixes into the tunnel.
    pub(super) async fn set_routes(&mut self) -> anyhow::Result<()> {
        let prefix = |prefix: &crate::config::Prefix| IpNet::new(prefix.address(), prefix.length());
        let prefixes: Result<Vec<IpNet>, _> = self.settings.routes.iter().map(prefix).collect();
        let config = RouteConfig {
            table: self.settings.table,
            mark: self.settings.fwmark,
            priority: DEFAULT_MARK,
            tun: self.tun,
            prefixes: self.usable(prefixes?),
        };
        routes::install(&self.context.netlink, &mut self.context.journal, &config).await?;
        self.routed = true;
        Ok(())
    }

    /// Those that this host can have: a host without IPv6 sends none past the tunnel either.
    fn usable(&self, mut nets: Vec<IpNet>) -> Vec<IpNet> {
        let takes_ipv6 = tun::takes_ipv6(self.context.config.tun.name.as_str());
        nets.retain(|net| net.addr().is_ipv4() || takes_ipv6);
        nets
    }

    fn tunnel_down(&mut self, why: &CloseReason) {
        let (label, needs_a_person) = match why {
            CloseReason::WrongPin(_) => (reason::WRONG_PIN, true),
            CloseReason::ByPeer { code: code::PEER_REMOVED, .. } => (why.label(), true),
            CloseReason::ByPeer { .. }
            | CloseReason::Reset
            | CloseReason::TimedOut
            | CloseReason::Local
            | CloseReason::Protocol(_) => (reason::GATEWAY_UNREACHABLE, false),
        };
        self.failed(label.into(), needs_a_person, &why.to_string());
    }

    fn refused(&mut self, refusal: &Refusal) {
        let said = serde_json::from_slice::<token::Refusal>(&refusal.body);
        let (label, text) = match said {
            Ok(said) => (said.kind.into(), said.message),
            Err(_) => (reason::REFUSED.into(), format!("HTTP status {}", refusal.status)),
        };
        self.failed(label, true, &text);
    }

    /// The tunnel, or an attempt at one, failed. The engine tries again by itself.
    fn failed(&mut self, label: Label, needs_a_person: bool, text: &str) {
        if !self.wanted {
            return;
        }
        if self.phase.failure.as_ref() == Some(&label) {
            tracing::debug!(reason = &*label, "no tunnel: {text}");
        } else if needs_a_person {
            tracing::warn!(reason = &*label, "no tunnel: {text}");
        } else {
            tracing::info!(reason = &*label, "no tunnel: {text}");
        }
        if self.routed && self.grace.is_none() {
            self.grace = Some(Instant::now() + GRACE);
        }
        self.phase.failure = Some(label);
        // The next connection's paths begin anew, though their numbers may be the same.
        self.paths = Since::new();
        self.resolver.hurry();
        self.explain();
    }

    /// Why there is no tunnel, as far as there is none.
    pub(super) fn explain(&mut self) {
        if !self.wanted {
            return self.settle_phase(State::Disconnected, reason::COMMAND);
        }
        if self.phase.state == State::Connected && self.phase.failure.is_none() {
            return;
        }
        let unresolved = {
            let resolution = self.resolver.found.borrow();
            resolution.addresses.is_empty() && !resolution.failed.is_empty()
        };
        let label = if self.links.is_empty() {
            reason::NO_LINKS.into()
        } else if unresolved {
            reason::RESOLVE_FAILED.into()
        } else {
            self.phase.failure.clone().unwrap_or(reason::STARTING.into())
        };
        self.settle_phase(State::Connecting, label);
    }

    fn settle_phase(&mut self, state: State, reason: impl Into<Label>) {
        let reason = reason.into();
        if self.phase.state == state && self.phase.reason == reason {
            return;
        }
        if self.phase.state != state {
            self.phase.since = SystemTime::now();
        }
        tracing::info!(state = state.label(), reason = &*reason, "tunnel");
        notify::status(&format!("{} ({reason})", state.label()));
        (self.phase.state, self.phase.reason) = (state, reason);
        self.changes.tick();
    }

    /// The names were looked up: tells the engine, and the watcher of routes, where the gateway is.
    pub(super) fn take_resolution(&mut self) {
        let resolution = self.resolver.found.borrow_and_update().clone();
        for (endpoint, why) in &resolution.failed {
            tracing::info!(host = endpoint.host(), "the gateway's name does not resolve: {why}");
        }
        let remotes = resolution.addresses;
        let hosts = remotes.iter().map(SocketAddr::ip).collect();
        self.filter.send_modify(|filter| *filter = filter.clone().with_gateways(hosts));
        self.data.tell(move |data, now| data.engine.set_remotes(now, remotes));
        self.explain();
    }

    /// Tries to have a tunnel from now on.
    pub(super) fn bring_up(&mut self) {
        if self.wanted {
            return;
        }
        self.wanted = true;
        self.phase.failure = None;
        self.resolver.hurry();
        self.data.tell(|data, now| data.engine.connect(now));
        self.explain();
    }

    /// Takes the tunnel down, and everything that leads into it.
    pub(super) async fn bring_down(&mut self) -> anyhow::Result<()> {
        self.wanted = false;
        self.data.tell(|data, now| data.engine.disconnect(now));
        self.explain();
        self.withdraw().await
    }

    /// The tunnel has been down for too long: the host gets its own routes back.
    pub(super) async fn give_up_routes(&mut self) -> anyhow::Result<()> {
        tracing::info!("the tunnel stays down: its routes are removed until it is back");
        self.withdraw().await
    }

    async fn withdraw(&mut self) -> anyhow::Result<()> {
        self.grace = None;
        self.routed = false;
        self.addresses.clear();
        routes::remove(&self.context.netlink, &mut self.context.journal).await?;
        tun::set_addresses(&self.context.netlink, self.tun, &[]).await?;
        Ok(())
    }

    /// Says goodbye to the gateway, which would otherwise wait for us; not for long.
    pub(super) async fn stop(&mut self) {
        self.settle_phase(State::Stopping, reason::STOPPING);
        self.data.tell(|data, now| data.engine.disconnect(now));
        let deadline = Instant::now() + GOODBYE;
        while Instant::now() < deadline {
            match self.data.ask(|data, _| data.engine.is_drained()).await {
                Ok(false) => tokio::time::sleep(GOODBYE_STEP).await,
                Ok(true) | Err(_) => return,
            }
        }
    }
}
