//! The gateway's addresses, from its configured names.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::config::Endpoint;

/// After this long names are looked up again: a gateway that moves is found while its old address still answers.
const REFRESH: Duration = Duration::from_secs(300);
/// The same while a name does not resolve: first and longest interval.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(30);
/// The system's resolver may take this long before the answer counts as missing.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is known of the gateway's addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Resolution {
    /// In the order of the configuration, without repetition.
    pub(super) addresses: Vec<SocketAddr>,
    /// What does not resolve, and what the resolver says.
    pub(super) failed: Vec<(Endpoint, String)>,
}

/// Looks names up, again and again. Ends when dropped.
#[derive(Debug)]
pub(super) struct Resolver {
    /// What is known, and each change of it.
    pub(super) found: watch::Receiver<Resolution>,
    hurry: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Resolver {
    /// Begins to look up `endpoints`. Those that are addresses already are known at once. To be called within a
    /// tokio runtime.
    pub(super) fn start(endpoints: &[Endpoint]) -> Self {
        let names = Names::new(endpoints);
        let (told, found) = watch::channel(names.resolution());
        let hurry = Arc::new(Notify::new());
        let task = tokio::spawn(names.follow(told, hurry.clone()));
        Self { found, hurry, task }
    }

    /// Looks up once more soon: the tunnel was lost, or there is a new link.
    pub(super) fn hurry(&self) {
        self.hurry.notify_one();
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Looks up `endpoints` once.
pub(super) async fn resolve(endpoints: &[Endpoint]) -> Resolution {
    let mut names = Names::new(endpoints);
    names.look_up().await;
    names.resolution()
}

struct Names {
    endpoints: Vec<Endpoint>,
    /// The last answer for each name. One that fails later keeps its old addresses.
    known: BTreeMap<Endpoint, Vec<SocketAddr>>,
    failed: BTreeMap<Endpoint, String>,
}

impl Names {
    fn new(endpoints: &[Endpoint]) -> Self {
        let numeric = |endpoint: &Endpoint| {
            let address: IpAddr = endpoint.host().parse().ok()?;
            Some((endpoint.clone(), vec![SocketAddr::new(address, endpoint.port())]))
        };
        Self {
            endpoints: endpoints.to_vec(),
            known: endpoints.iter().filter_map(numeric).collect(),
            failed: BTreeMap::new(),
        }
    }

    fn are_all_numeric(&self) -> bool {
        self.endpoints.iter().all(|endpoint| endpoint.host().parse::<IpAddr>().is_ok())
    }

    async fn look_up(&mut self) {
        let names =
            self.endpoints.iter().filter(|endpoint| endpoint.host().parse::<IpAddr>().is_err()).cloned();
        for (endpoint, answer) in join_all(names.map(ask)).await {
            match answer {
                Ok(addresses) => {
                    self.failed.remove(&endpoint);
                    self.known.insert(endpoint, addresses);
                }
                Err(why) => {
                    self.failed.insert(endpoint, why);
                }
            }
        }
    }

    fn resolution(&self) -> Resolution {
        let mut addresses: Vec<SocketAddr> = Vec::new();
        for address in self.endpoints.iter().filter_map(|endpoint| self.known.get(endpoint)).flatten() {
            if !addresses.contains(address) {
                addresses.push(*address);
            }
        }
        Resolution { addresses, failed: self.failed.clone().into_iter().collect() }
    }

    async fn follow(mut self, told: watch::Sender<Resolution>, hurry: Arc<Notify>) {
        if self.are_all_numeric() {
            return told.closed().await;
        }
        let mut retry = RETRY_FIRST;
        loop {
            let earliest = tokio::time::Instant::now() + RETRY_FIRST;
            self.look_up().await;
            let resolution = self.resolution();
            let pause = if resolution.failed.is_empty() {
                retry = RETRY_FIRST;
                REFRESH
            } else {
                let pause = retry;
                retry = (retry * 2).min(RETRY_MAX);
                pause
            };
            told.send_if_modified(|before| {
                let changed = *before != resolution;
                *before = resolution;
                changed
            });
            let _ = timeout(pause, hurry.notified()).await;
            // Whoever is in a hurry may be so often.
            tokio::time::sleep_until(earliest).await;
        }
    }
}

async fn ask(endpoint: Endpoint) -> (Endpoint, Result<Vec<SocketAddr>, String>) {
    let answer = match timeout(PATIENCE, tokio::net::lookup_host((endpoint.host(), endpoint.port()))).await {
        Ok(Ok(addresses)) => Ok(addresses.collect::<Vec<_>>()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    };
    let answer = answer.and_then(|addresses| match addresses.is_empty() {
        true => Err("the name has no address".to_owned()),
        false => Ok(addresses),
    });
    (endpoint, answer)
}

#[cfg(test)]
mod tests;
