//! Enrolment: one request to the gateway over QUIC, before there is a configuration, a tunnel or a link.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use tandem_engine::TransportOptions;
use tandem_engine::client::{Client, ClientConfig, ClientEvent};
use tandem_engine::error::CloseReason;
use tandem_engine::gateway::{ENROL_PATH, Worker};
use tandem_engine::identity::Identity;
use tandem_engine::link::{Link, LinkId, Tier};
use tandem_engine::tunnel::DEFAULT_MTU;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::data::EventLoop;
use super::random_seed;
use super::resolve::{Resolution, resolve};
use crate::keys::NodeKey;
use crate::setup::EnrolFailure;
use crate::token::{Enrolled, Refusal, Token};

/// Longest wait for the gateway's answer: a race over all addresses, and the answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// The one link: whatever way the host's routes lead.
const LINK: LinkId = LinkId(0);
const NO_CONTENT: &[u8] = b"{}";

/// Shows the token's secret to the gateway, and makes this node with its new key one of its peers. Needs no
/// rights: the sockets are ordinary ones.
///
/// # Errors
/// [`EnrolFailure`]
pub fn enrol(token: &Token, key: &NodeKey) -> Result<Enrolled, EnrolFailure> {
    let failed = |error: anyhow::Error| EnrolFailure::Failed(format!("{error:#}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start a runtime")
        .map_err(failed)?;
    let enrolled = runtime.block_on(async {
        let resolution = resolve(&token.endpoints).await;
        let remotes = reachable(resolution)?;
        let client = client(token, key).map_err(failed)?;
        ask(client, token, remotes).await
    });
    runtime.shutdown_background();
    enrolled
}

fn reachable(resolution: Resolution) -> Result<Vec<SocketAddr>, EnrolFailure> {
    match resolution.failed.first() {
        Some((endpoint, why)) if resolution.addresses.is_empty() => Err(EnrolFailure::Failed(format!(
            "the gateway's name {} does not resolve: {why}",
            endpoint.host()
        ))),
        Some(_) | None => Ok(resolution.addresses),
    }
}

fn client(token: &Token, key: &NodeKey) -> anyhow::Result<Client> {
    let authority = token.endpoints.first().context("the token names no gateway")?.to_string();
    Ok(Client::new(ClientConfig {
        identity: Identity::from_pkcs8_der(key.pkcs8_der())?,
        gateway: token.pin,
        authority,
        mtu: DEFAULT_MTU,
        transport: TransportOptions::default(),
        seed: random_seed()?,
    })?)
}

async fn ask(client: Client, token: &Token, remotes: Vec<SocketAddr>) -> Result<Enrolled, EnrolFailure> {
    let failed = |error: &dyn std::fmt::Display| EnrolFailure::Failed(error.to_string());
    let (jobs, waiting) = mpsc::unbounded_channel();
    let (told, mut events) = mpsc::unbounded_channel();
    let mut data = EventLoop::new(client, None, waiting, told).map_err(|error| failed(&error))?;
    let v4 = data.ports.listen(LINK, SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), Worker::ALONE);
    let v6 = data.ports.listen(LINK, SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)), Worker::ALONE);
    if let (Err(error), Err(_)) = (&v4, &v6) {
        return Err(failed(error));
    }
    let link = Link {
        id: LINK,
        name: "any".into(),
        tier: Tier::Auto,
        metered: false,
        ipv4: v4.is_ok(),
        ipv6: v6.is_ok(),
    };
    let secret = token.secret.to_text();
    let ask = move |data: &mut EventLoop<Client>, now| {
        data.engine.set_remotes(now, remotes);
        data.engine.link_up(now, link);
        data.engine.post(now, ENROL_PATH, &secret, Bytes::from_static(NO_CONTENT));
    };
    // The loop runs this before anything else.
    let _ = jobs.send(Box::new(ask));
    let answer = timeout(PATIENCE, async {
        tokio::select! {
            ended = data.run() => Err(match ended {
                Ok(()) => EnrolFailure::Failed("the connection ended".to_owned()),
                Err(error) => failed(&error),
            }),
            answer = answer(&mut events) => answer,
        }
    });
    let nobody = || EnrolFailure::Timeout(format!("no answer within {} s", PATIENCE.as_secs()));
    answer.await.unwrap_or_else(|_| Err(nobody()))
}

async fn answer(events: &mut mpsc::UnboundedReceiver<ClientEvent>) -> Result<Enrolled, EnrolFailure> {
    while let Some(event) = events.recv().await {
        match event {
            ClientEvent::Answered { status: 200, body } => {
                return serde_json::from_slice(&body)
                    .map_err(|_| EnrolFailure::Failed("the gateway's answer makes no sense".to_owned()));
            }
            ClientEvent::Answered { status, body } => {
                return Err(match serde_json::from_slice::<Refusal>(&body) {
                    Ok(refusal) => EnrolFailure::Refused(refusal),
                    Err(_) => EnrolFailure::Failed(format!("the gateway answered with HTTP status {status}")),
                });
            }
            ClientEvent::Down { reason: CloseReason::TimedOut } => {
                let text = "nothing came back from any of its addresses";
                return Err(EnrolFailure::Timeout(text.to_owned()));
            }
            ClientEvent::Down { reason } => return Err(EnrolFailure::Failed(reason.to_string())),
            ClientEvent::Up { .. } | ClientEvent::Refused(_) | ClientEvent::PathsChanged => {}
        }
    }
    Err(EnrolFailure::Failed("the connection ended".to_owned()))
}
