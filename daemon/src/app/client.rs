//! The client's control thread: links come and go, the tunnel follows.

mod links;
mod reload;
mod status;
mod tunnel;

use std::num::NonZeroU8;
use std::time::{Instant, SystemTime};

use anyhow::Context as _;
use tandem::api::{PathState, Role};
use tandem_engine::client::{Client, ClientConfig};
use tandem_engine::duplication::Duplication;
use tokio::sync::watch;
use tokio::time::sleep_until;

use self::links::Links;
use self::tunnel::Phase;
use super::data::{DataThread, Handle};
use super::flows;
use super::report::Since;
use super::request::Request;
use super::resolve::Resolver;
use super::signals::Asked;
use super::{Changes, Context, Served, identity, random_seed, transport, watchdog};
use crate::api::ApiServer;
use crate::config::{self, Config};
use crate::host::links::{LinkFilter, LinkWatcher};
use crate::host::notify;
use crate::host::tun::{TunConfig, TunDevice};

/// Everything that the control thread of a client knows.
struct Session<'a> {
    context: &'a mut Context,
    settings: config::Client,
    data: Handle<Client>,
    tun: u32,
    links: Links,
    filter: watch::Sender<LinkFilter>,
    resolver: Resolver,
    changes: &'a Changes,
    /// False after `tandem down`.
    wanted: bool,
    phase: Phase,
    /// Whether the routes into the tunnel are set.
    routed: bool,
    /// When they are to go, since the tunnel has been down for too long.
    grace: Option<Instant>,
    addresses: Vec<ipnet::IpNet>,
    paths: Since<u64, PathState>,
    started: Instant,
}

/// Runs until told to stop. The caller undoes the journal.
pub(super) async fn serve(
    context: &mut Context,
    settings: config::Client,
    api: ApiServer,
) -> anyhow::Result<()> {
    let engine = engine(&context.config, &settings)?;
    let tun = TunConfig {
        name: context.config.tun.name.to_string(),
        mtu: context.config.tun.mtu.into(),
        addresses: Vec::new(),
        queues: NonZeroU8::MIN,
    };
    let device = TunDevice::create(&context.netlink, &tun).await?;
    let tun = device.ifindex();
    let mut data = DataThread::start(engine, device)?;
    let ended = match Served::start(api, &context.config, Role::Client).await {
        Ok(mut served) => follow(context, settings, &mut data, tun, &mut served).await,
        Err(error) => Err(error),
    };
    let stopped = data.stop();
    ended.and(stopped)
}

/// A new engine for these settings.
fn engine(config: &Config, settings: &config::Client) -> anyhow::Result<Client> {
    let authority = settings.gateway.first().context("client.gateway is empty")?.to_string();
    let mut engine = Client::new(ClientConfig {
        identity: identity(config)?,
        gateway: settings.pin,
        authority,
        mtu: config.tun.mtu,
        transport: transport(&config.path),
        seed: random_seed()?,
    })?;
    engine.set_rules(flows::rules(&config.rules));
    engine.set_duplication(duplication(settings.duplicate));
    Ok(engine)
}

/// What is sent twice, in the engine's words.
fn duplication(duplicate: config::Duplicate) -> Duplication {
    let config::Duplicate { realtime, secondary, share, metered_share, lost_share } = duplicate;
    Duplication { realtime, secondary, share, metered_share, lost_share }
}

/// The filter of interfaces that these settings make.
fn filter(config: &Config, settings: &config::Client) -> anyhow::Result<LinkFilter> {
    let globs = |globs: &[config::Glob]| globs.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (allow, deny) = (globs(&settings.links.allow), globs(&settings.links.deny));
    Ok(LinkFilter::new(&allow, &deny, config.tun.name.as_str())?)
}

async fn follow(
    context: &mut Context,
    settings: config::Client,
    data: &mut DataThread<Client>,
    tun: u32,
    served: &mut Served,
) -> anyhow::Result<()> {
    let (filter, filters) = watch::channel(filter(&context.config, &settings)?);
    let (watcher, mut link_events) = LinkWatcher::new(filters);
    let mut watcher = tokio::spawn(watcher.run());
    let handle = data.handle.clone();
    let watchdog = watchdog::watch(async move || handle.ask(|_, _| ()).await.is_ok());
    let mut watchdog = std::pin::pin!(watchdog);
    let mut session = Session {
        resolver: Resolver::start(&settings.gateway),
        context,
        settings,
        data: data.handle.clone(),
        tun,
        links: Links::default(),
        filter,
        changes: &served.changes,
        wanted: true,
        phase: Phase::starting(SystemTime::now()),
        routed: false,
        grace: None,
        addresses: Vec::new(),
        paths: Since::new(),
        started: Instant::now(),
    };
    session.take_resolution();
    session.data.tell(|data, now| data.engine.connect(now));
    notify::ready("connecting");
    let ended = loop {
        let grace = session.grace;
        let step = tokio::select! {
            asked = session.context.signals.next() => match asked {
                Asked::Stop => break Ok(()),
                Asked::Reload => { session.reload_on_signal().await }
            },
            ended = &mut watcher => break ended.context("the link watcher panicked").and_then(|ended| Ok(ended?)),
            Some(event) = link_events.recv() => session.handle_link(event).await,
            event = data.events.recv() => match event {
                Some(event) => session.handle_event(event).await,
                // Why is told by the thread's own result.
                None => break Ok(()),
            },
            Some(request) = served.requests.recv() => session.handle_request(request).await,
            Ok(()) = session.resolver.found.changed() => { session.take_resolution(); Ok(()) }
            () = sleep_until(grace.unwrap_or_else(Instant::now).into()), if grace.is_some() => {
                session.give_up_routes().await
            }
            () = &mut watchdog => Ok(()),
        };
        if let Err(error) = step {
            break Err(error);
        }
    };
    notify::stopping();
    watcher.abort();
    session.stop().await;
    ended
}

impl Session<'_> {
    async fn handle_request(&mut self, request: Request) -> anyhow::Result<()> {
        // Who asked may have given up, which is no failure of the daemon's.
        match request {
            Request::Status(reply) => {
                let status = self.status().await?;
                let _ = reply.send(Ok(status));
            }
            Request::Flows(request, reply) => {
                let reports = self.data.ask(|data, now| data.engine.flows(now)).await?;
                let flows = reports.into_iter().map(|report| (None, report)).collect();
                let _ = reply.send(Ok(flows::list(&request, flows)));
            }
            Request::Up(reply) => {
                self.bring_up();
                let _ = reply.send(Ok(()));
            }
            Request::Down(reply) => {
                self.bring_down().await?;
                let _ = reply.send(Ok(()));
            }
            Request::Reload(reply) => {
                let report = self.reload().await?;
                let _ = reply.send(report);
            }
            Request::Set(request, reply) => {
                let report = self.set(request.changes).await?;
                let _ = reply.send(report);
            }
            // Answered before they come here: a client has no peers.
            Request::Peers(_) | Request::RemovePeer(..) | Request::Invite(..) => {}
        }
        Ok(())
    }
}
