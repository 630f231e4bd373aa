//! The gateway's control thread: clients ask, the store answers.

mod admission;
mod manage;
mod reload;
mod status;
mod workers;

use std::net::IpAddr;
use std::num::NonZeroU8;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, ensure};
use ipnet::IpNet;
use tandem::api::{Role, State, reason};
use tandem_engine::gateway::{Gateway, GatewayConfig, GatewayEvent, Worker};
use tandem_engine::link::LinkId;
use tokio::time::{MissedTickBehavior, interval};

use self::admission::Asker;
use self::workers::{WorkerThreads, Workers};
use super::flows;
use super::report::{self, Since};
use super::request::Request;
use super::signals::Asked;
use super::{Changes, Context, Served, identity, random_seed, transport, watchdog};
use crate::api::ApiServer;
use crate::config;
use crate::host::firewall::{self, FirewallConfig};
use crate::host::notify;
use crate::host::sysctl::Sysctl;
use crate::host::tun::{self, TunConfig, TunDevice, TunError};
use crate::host::udp::BindError;
use crate::store::{Pools, STORE_FILE, Store};
use tandem::api::PathState;

/// How often the store writes down who was heard from.
const SAVE_SEEN: Duration = Duration::from_secs(60);
/// How long a stopping gateway may take to say goodbye to its peers.
const GOODBYE: Duration = Duration::from_millis(100);

/// Everything that the control thread of a gateway knows.
struct Service<'a> {
    context: &'a mut Context,
    settings: config::Gateway,
    data: Workers,
    store: Store,
    own: Vec<IpNet>,
    changes: &'a Changes,
    /// False after `tandem down`.
    accepting: bool,
    since: SystemTime,
    /// Resident memory before the first peer came, in bytes.
    resident_at_first: Option<u64>,
    paths: Since<(String, u64), PathState>,
    started: Instant,
}

/// Runs until told to stop. The caller undoes the journal.
pub(super) async fn serve(
    context: &mut Context,
    settings: config::Gateway,
    api: ApiServer,
) -> anyhow::Result<()> {
    let pools = Pools::new(&settings.pool);
    let own: Result<Vec<IpNet>, _> =
        pools.gateway_addresses().into_iter().map(|(ip, length)| IpNet::new(ip, length)).collect();
    let mut own = own?;
    if !tun::takes_ipv6("default") && own.iter().any(|own| own.addr().is_ipv6()) {
        tracing::warn!("IPv6 is switched off on this host: peers get none either");
        own.retain(|own| own.addr().is_ipv4());
    }
    let workers = settings.workers.unwrap_or_else(workers::default_count);
    let addresses: Vec<IpAddr> = own.iter().map(IpNet::addr).collect();
    let engines = Worker::all(workers)
        .map(|worker| Ok((worker, engine(context, &settings, addresses.clone(), worker)?)));
    let engines = engines.collect::<anyhow::Result<_>>()?;
    let store = Store::open(&context.config.state.join(STORE_FILE), pools)?;
    let tun = TunConfig {
        name: context.config.tun.name.to_string(),
        mtu: context.config.tun.mtu.into(),
        addresses: own.clone(),
        queues: workers,
    };
    let device = TunDevice::create(&context.netlink, &tun).await?;
    let mut data = WorkerThreads::start(engines, queues(device, workers)?)?;
    tracing::debug!(workers, "data threads");
    let mut ended = open(context, &settings, &data.workers).await;
    if ended.is_ok() {
        ended = match Served::start(api, &context.config, Role::Gateway).await {
            Ok(served) => follow(context, settings, &mut data, store, own, served).await,
            Err(error) => Err(error),
        };
    }
    let stopped = data.stop();
    ended.and(stopped)
}

/// One for each worker.
fn queues(device: TunDevice, workers: NonZeroU8) -> Result<Vec<TunDevice>, TunError> {
    let mut queues = vec![device];
    for _ in 1..workers.get() {
        queues.push(queues[0].another_queue()?);
    }
    Ok(queues)
}

fn engine(
    context: &Context,
    settings: &config::Gateway,
    addresses: Vec<IpAddr>,
    worker: Worker,
) -> anyhow::Result<Gateway> {
    let mut engine = Gateway::new(GatewayConfig {
        identity: identity(&context.config)?,
        addresses,
        mtu: context.config.tun.mtu,
        peer_to_peer: settings.peer_to_peer,
        transport: transport(&context.config.path),
        seed: random_seed()?,
        worker,
    })?;
    engine.set_rules(flows::rules(&context.config.rules));
    Ok(engine)
}

/// Opens the sockets, and lets the host forward.
async fn open(context: &mut Context, settings: &config::Gateway, data: &Workers) -> anyhow::Result<()> {
    let mut sockets = 0;
    for (link, address) in (0..).map(LinkId).zip(settings.listen.clone()) {
        match data.listen(link, address).await? {
            Ok(()) => sockets += 1,
            // The default is to listen everywhere, by both families; one may be missing.
            Err(error @ BindError::NoSuchFamily { .. }) if address.ip().is_unspecified() => {
                tracing::warn!("{error}");
            }
            Err(error) => return Err(error).context("cannot listen"),
        }
    }
    ensure!(sockets > 0, "cannot listen on any address under gateway.listen");
    if settings.forward {
        Sysctl::default().enable_forwarding(&mut context.journal)?;
    }
    install_firewall(context, settings)
}

/// Puts the firewall's table in place. Where neither NAT nor isolation is asked for, there is none to put.
fn install_firewall(context: &mut Context, settings: &config::Gateway) -> anyhow::Result<()> {
    if !settings.nat && !settings.forward {
        return Ok(());
    }
    let tun = context.config.tun.name.to_string();
    let pools: Result<Vec<IpNet>, _> =
        settings.pool.iter().map(|pool| IpNet::new(pool.address(), pool.length())).collect();
    let config = FirewallConfig {
        table: table(&tun),
        tun,
        pools: pools?,
        masquerade: settings.nat,
        peer_to_peer: settings.peer_to_peer,
    };
    match firewall::install(&mut context.journal, &config) {
        // The engine keeps peers apart by itself; a gateway without NAT can do without the table.
        Err(firewall::FirewallError::NoProgram) if !settings.nat => {
            tracing::info!("no firewall table: the program `nft` is not installed");
            Ok(())
        }
        installed => Ok(installed?),
    }
}

/// The firewall table's name: two daemons on one host have two devices, and so two tables.
fn table(tun: &str) -> String {
    let plain: String = tun.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if tun == config::TunName::default().as_str() { "tandem".to_owned() } else { format!("tandem_{plain}") }
}

async fn follow(
    context: &mut Context,
    settings: config::Gateway,
    data: &mut WorkerThreads,
    store: Store,
    own: Vec<IpNet>,
    mut served: Served,
) -> anyhow::Result<()> {
    let mut watchdog = std::pin::pin!(watchdog::watch({
        let workers = data.workers.clone();
        async move || workers.ask_all(|_, _| ()).await.is_ok()
    }));
    let mut save = interval(SAVE_SEEN);
    save.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut service = Service {
        context,
        settings,
        data: data.workers.clone(),
        store,
        own,
        changes: &served.changes,
        accepting: true,
        since: SystemTime::now(),
        resident_at_first: report::resident_bytes(),
        paths: Since::new(),
        started: Instant::now(),
    };
    tracing::info!(state = State::Serving.label(), reason = reason::ESTABLISHED, "gateway");
    notify::ready(State::Serving.label());
    let ended = loop {
        let step = tokio::select! {
            asked = service.context.signals.next() => match asked {
                Asked::Stop => break Ok(()),
                Asked::Reload => service.reload_on_signal(),
            },
            event = data.next_event() => match event {
                Some((worker, event)) => service.handle_event(worker, event),
                // Why is told by the thread's own result.
                None => break Ok(()),
            },
            Some(request) = served.requests.recv() => service.handle_request(request).await,
            _ = save.tick() => service.save_seen().await,
            () = &mut watchdog => Ok(()),
        };
        if let Err(error) = step {
            break Err(error);
        }
    };
    notify::stopping();
    service.stop().await;
    ended
}

impl Service<'_> {
    fn handle_event(&mut self, worker: usize, event: GatewayEvent) -> anyhow::Result<()> {
        match event {
            GatewayEvent::Request { id, kind, pin, bearer, remote } => {
                tracing::debug!(%remote, ?kind, "request");
                self.admit(Asker { worker, id }, kind, pin, bearer);
            }
            GatewayEvent::PeerUp { lease, remote } => {
                tracing::info!(peer = &*lease.name, "peer connected");
                tracing::debug!(peer = &*lease.name, %remote, "peer's address");
                self.store.mark_seen(&lease.name, SystemTime::now());
                self.changes.tick();
            }
            GatewayEvent::PeerDown { name, reason } => {
                tracing::info!(peer = &*name, reason = reason.label(), "peer disconnected");
                self.store.mark_seen(&name, SystemTime::now());
                self.changes.tick();
            }
        }
        Ok(())
    }

    async fn handle_request(&mut self, request: Request) -> anyhow::Result<()> {
        // Who asked may have given up, which is no failure of the daemon's.
        match request {
            Request::Status(reply) => {
                let status = self.status().await?;
                let _ = reply.send(Ok(status));
            }
            Request::Peers(reply) => {
                let peers = self.peers().await?;
                let _ = reply.send(Ok(peers));
            }
            Request::Flows(request, reply) => {
                let flows = self.flows(request).await?;
                let _ = reply.send(flows);
            }
            Request::RemovePeer(name, reply) => self.remove_peer(name, reply),
            Request::Invite(request, reply) => self.invite(request, reply),
            Request::Up(reply) => {
                self.set_accepting(true);
                let _ = reply.send(Ok(()));
            }
            Request::Down(reply) => {
                self.set_accepting(false);
                let _ = reply.send(Ok(()));
            }
            Request::Reload(reply) => {
                let report = self.reload()?;
                let _ = reply.send(report);
            }
            Request::Set(request, reply) => {
                let report = self.set(request.changes)?;
                let _ = reply.send(report);
            }
        }
        Ok(())
    }

    fn set_accepting(&mut self, accepting: bool) {
        if self.accepting == accepting {
            return;
        }
        self.accepting = accepting;
        self.since = SystemTime::now();
        if !accepting {
            self.data.tell_all(|data, now| data.engine.shut_down(now));
        }
        let (state, reason) = self.state();
        tracing::info!(state = state.label(), reason, "gateway");
        notify::status(state.label());
        self.changes.tick();
    }

    /// Writes down who was heard from lately: everybody who is connected.
    async fn save_seen(&mut self) -> anyhow::Result<()> {
        let connected = self.data.ask_all(|data, now| data.engine.peers(now)).await?;
        let now = SystemTime::now();
        for peer in connected.into_iter().flatten() {
            self.store.mark_seen(&peer.lease.name, now);
        }
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = store.save_seen() {
                tracing::warn!("cannot write down which peers were seen: {error}");
            }
        });
        Ok(())
    }

    async fn stop(&mut self) {
        self.data.tell_all(|data, now| data.engine.shut_down(now));
        let deadline = Instant::now() + GOODBYE;
        // The goodbyes leave with the turn that the job above began; a second one finds them gone.
        while Instant::now() < deadline
            && self
                .data
                .ask_all(|data, _| data.engine.connections())
                .await
                .is_ok_and(|left| left.into_iter().sum::<usize>() > 0)
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let store = self.store.clone();
        let saved = tokio::task::spawn_blocking(move || store.save_seen()).await;
        if let Ok(Err(error)) = saved {
            tracing::warn!("cannot write down which peers were seen: {error}");
        }
    }
}
