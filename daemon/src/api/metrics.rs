//! The daemon's figures for Prometheus: `GET /v1/metrics` on the socket, and `/metrics` on an address of its own.
//!
//! In base units, as Prometheus wants them: seconds, bytes, ratios. Names and labels are as stable as the JSON.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tandem::api::{Path, PeerCount, State, Status};

use super::wait::all_paths;
use super::{ApiError, Control};

/// What the answer is (OpenMetrics 1.0).
pub(super) const CONTENT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(String, String)>;
type Number = Gauge<f64, AtomicU64>;
type Gauges = Family<Labels, Number>;
type Counters = Family<Labels, Counter>;
/// A figure of a path: its name, what it is, and its value.
type Of<T> = (&'static str, &'static str, fn(&Path) -> T);

/// All figures as text.
pub(super) async fn metrics(control: &impl Control) -> Result<String, ApiError> {
    let status = control.status().await?;
    let mut registry = Registry::with_prefix("tandem");
    of_daemon(&mut registry, &status);
    of_paths(&mut registry, &all_paths(control, status).await?);
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|error| ApiError::failed(&error))?;
    Ok(text)
}

fn of_daemon(registry: &mut Registry, status: &Status) {
    let role = serde_json::to_value(status.role).ok().and_then(|role| role.as_str().map(str::to_owned));
    let labels = vec![label("version", &status.version), label("role", &role.unwrap_or_default())];
    gauge(registry, "build", "Version and role of the daemon, always 1", [(labels, Some(1.0))]);
    let stands = matches!(status.state, State::Connected | State::Serving);
    let peers = |count: fn(&PeerCount) -> u64| status.peers.as_ref().map(count).map(approximate);
    for (name, help, value) in [
        ("up", "Whether the tunnel, or the service, stands", Some(f64::from(u8::from(stands)))),
        ("uptime_seconds", "Time since the daemon started", seconds(Some(status.uptime_us))),
        ("resident_bytes", "Resident memory of the daemon", status.resident_bytes.map(approximate)),
        ("peers_enrolled", "Peers of a gateway that are enrolled", peers(|peers| peers.enrolled)),
        ("peers_connected", "Peers of a gateway that have a tunnel", peers(|peers| peers.connected)),
    ] {
        if let Some(value) = value {
            let gauge = Number::default();
            gauge.set(value);
            registry.register(name, help, gauge);
        }
    }
}

fn of_paths(registry: &mut Registry, paths: &[Path]) {
    let states = paths.iter().map(|path| {
        let mut labels = who(path);
        labels.extend([label("state", path.state.label()), label("reason", &path.reason)]);
        (labels, Some(1.0))
    });
    gauge(
        registry,
        "path_state",
        "State of a path, or of a link without one, and why; 1 for the present one",
        states,
    );
    let open: Vec<&Path> = paths.iter().filter(|path| path.id.is_some()).collect();
    let gauges: [Of<Option<f64>>; 6] = [
        ("path_rtt_seconds", "Smoothed round trip", |path| seconds(path.rtt_us)),
        ("path_rtt_min_seconds", "Least round trip seen", |path| seconds(path.rtt_min_us)),
        ("path_loss_ratio", "Share of sent packets that is lost, lately", |path| path.loss_ratio),
        ("path_capacity_bits_per_second", "What congestion control believes the path carries", |path| {
            path.estimated_rate_bps.map(approximate)
        }),
        ("path_cwnd_bytes", "Congestion window", |path| path.cwnd_bytes.map(approximate)),
        ("path_mtu_bytes", "Largest UDP payload that passes", |path| path.mtu_bytes.map(f64::from)),
    ];
    for (name, help, value) in gauges {
        gauge(registry, name, help, open.iter().map(|path| (who(path), value(path))));
    }
    let counters: [Of<u64>; 3] = [
        ("path_sent_bytes", "UDP payload sent", |path| path.tx_bytes),
        ("path_received_bytes", "UDP payload received", |path| path.rx_bytes),
        ("path_lost_packets", "Packets declared lost", |path| path.lost_packets),
    ];
    for (name, help, value) in counters {
        let family = Counters::default();
        for path in &open {
            family.get_or_create(&who(path)).inc_by(value(path));
        }
        registry.register(name, help, family);
    }
}

/// A family of gauges; what is not known is left out.
fn gauge(
    registry: &mut Registry,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels, Option<f64>)>,
) {
    let family = Gauges::default();
    for (labels, value) in values {
        if let Some(value) = value {
            family.get_or_create(&labels).set(value);
        }
    }
    registry.register(name, help, family);
}

/// What tells one path from another: its interface on a client, peer and number on a gateway.
fn who(path: &Path) -> Labels {
    match (&path.interface, &path.peer) {
        (Some(interface), _) => vec![label("interface", interface)],
        (None, peer) => {
            let number = path.id.map(|id| id.to_string()).unwrap_or_default();
            vec![label("peer", peer.as_deref().unwrap_or_default()), label("path", &number)]
        }
    }
}

/// The encoder writes values as they are: what would end one is escaped here (OpenMetrics 1.0, "ABNF").
fn label(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn seconds(us: Option<u64>) -> Option<f64> {
    us.map(|us| Duration::from_micros(us).as_secs_f64())
}

/// Exact up to 2^53, nine petabytes.
#[expect(clippy::cast_precision_loss, reason = "Prometheus knows no other numbers")]
fn approximate(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests;
