//! What can be seen of the host and the daemon. Nothing is changed by looking.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, ToSocketAddrs};
use std::path::{Path as FilePath, PathBuf};

use tandem::api::{Path, Role, Status};
use tandem::client::{Client, ClientError};

use crate::cmd::{DEFAULT_CONFIG, delegate};
use crate::programs;

/// `ARPHRD_NONE` and `ARPHRD_PPP` of if_arp.h: devices that tunnels have.
const TUNNEL_TYPES: [&str; 2] = ["65534", "512"];

/// Everything that is judged.
pub(super) struct Facts {
    /// Version of the command.
    pub(super) version: String,
    pub(super) daemon: Result<Status, ClientError>,
    pub(super) paths: Vec<Path>,
    /// What is wrong with the configuration.
    pub(super) config: Result<(), String>,
    /// Why the TUN device cannot be used.
    pub(super) tun: Result<(), String>,
    /// The strictest reverse path filter that applies to each interface with a path.
    pub(super) rp_filter: BTreeMap<String, u8>,
    /// Whether IPv4 and IPv6 are forwarded.
    pub(super) forwarding: [Option<bool>; 2],
    pub(super) nft: bool,
    /// Endpoints of the gateway, and why their names do not resolve.
    pub(super) endpoints: BTreeMap<String, Result<Vec<IpAddr>, String>>,
    /// The system's name servers.
    pub(super) resolvers: Vec<IpAddr>,
    /// Whether the clock follows a time server; none where nobody knows.
    pub(super) clock: Option<bool>,
    /// Other tunnels that are up.
    pub(super) other_tunnels: Vec<String>,
}

impl Facts {
    pub(super) async fn gather(client: &Client, config: Option<&FilePath>) -> Self {
        let daemon = client.status().await;
        let paths = client.paths().await.map(|list| list.paths).unwrap_or_default();
        let status = daemon.as_ref().ok();
        let file = config.map(PathBuf::from).or_else(|| status?.config_file.clone().map(PathBuf::from));
        let file = file.unwrap_or_else(|| DEFAULT_CONFIG.into());
        let own = status.and_then(|status| status.tunnel.as_ref()).map(|tunnel| tunnel.name.clone());
        let endpoints =
            status.and_then(|status| status.gateway.as_ref()).map(|gateway| gateway.endpoints.clone());
        let on_client = status.is_none_or(|status| status.role != Role::Gateway);
        let interfaces =
            paths.iter().filter(|path| path.id.is_some()).filter_map(|path| path.interface.clone());
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config: delegate::check(&file),
            tun: fs::File::open("/dev/net/tun").map(drop).map_err(|error| error.to_string()),
            rp_filter: interfaces.filter_map(|name| Some((name.clone(), rp_filter(&name)?))).collect(),
            forwarding: ["ipv4/ip_forward", "ipv6/conf/all/forwarding"]
                .map(|name| sysctl(name).map(|value| value != "0")),
            nft: answer("nft", &["--version"]).is_some(),
            endpoints: endpoints.into_iter().flatten().map(|name| (name.clone(), resolve(&name))).collect(),
            resolvers: resolvers(),
            clock: clock(),
            other_tunnels: if on_client { tunnels(own.as_deref()) } else { Vec::new() },
            daemon,
            paths,
        }
    }
}

fn sysctl(name: &str) -> Option<String> {
    Some(fs::read_to_string(format!("/proc/sys/net/{name}")).ok()?.trim().to_owned())
}

/// The kernel takes the greater of the interface's value and that for all (ip-sysctl).
fn rp_filter(interface: &str) -> Option<u8> {
    let of = |name: &str| sysctl(&format!("ipv4/conf/{name}/rp_filter"))?.parse::<u8>().ok();
    Some(of("all")?.max(of(interface)?))
}

fn resolve(endpoint: &str) -> Result<Vec<IpAddr>, String> {
    let addresses = endpoint.to_socket_addrs().map_err(|error| error.to_string())?;
    Ok(addresses.map(|address| address.ip()).collect())
}

/// Behind systemd-resolved's stub are the ones that count.
fn resolvers() -> Vec<IpAddr> {
    let read = |file: &str| name_servers(&fs::read_to_string(file).unwrap_or_default());
    let first = read("/etc/resolv.conf");
    let behind = read("/run/systemd/resolve/resolv.conf");
    if first.iter().all(IpAddr::is_loopback) && !behind.is_empty() { behind } else { first }
}

/// The name servers of a resolv.conf(5).
pub(super) fn name_servers(text: &str) -> Vec<IpAddr> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    lines.filter_map(|rest| rest.trim().split('%').next()?.parse().ok()).collect()
}

fn clock() -> Option<bool> {
    match answer("timedatectl", &["show", "--property=NTPSynchronized", "--value"])?.trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

fn tunnels(own: Option<&str>) -> Vec<String> {
    let read = |name: &str, file: &str| {
        fs::read_to_string(format!("/sys/class/net/{name}/{file}")).unwrap_or_default()
    };
    let interfaces = fs::read_dir("/sys/class/net").into_iter().flatten().flatten();
    let names = interfaces.filter_map(|entry| entry.file_name().into_string().ok());
    let mut tunnels: Vec<_> = names
        .filter(|name| Some(name.as_str()) != own)
        .filter(|name| {
            TUNNEL_TYPES.contains(&read(name, "type").trim()) && read(name, "operstate").trim() != "down"
        })
        .collect();
    tunnels.sort();
    tunnels
}

/// What a program prints; none where it is not there or fails.
fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = programs::run(program, arguments).ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}
