//! From a parsed document to a [`Config`].

use std::net::SocketAddr;
use std::num::NonZeroU8;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml_edit::{Document, Table, Value};

use super::error::Problem;
use super::links::{LinkRule, Links};
use super::types::{Congestion, Endpoint, Glob, InvalidValue, Prefix, Tier};
use super::value::{Reader, Section, boolean, integer, parsed, string, thousandths};
use super::{
    Client, Config, DEFAULT_MARK, DEFAULT_MTU, DEFAULT_SOCKET, DEFAULT_STATE, Duplicate, Gateway,
    PathSettings, Role, Tun, rules, schema,
};

/// Length of `sun_path` without its closing zero (unix(7)).
const MAX_SOCKET_PATH: usize = 107;
/// The kernel's own tables, from /etc/iproute2/rt_tables: default, main, local.
const RESERVED_TABLES: std::ops::RangeInclusive<u32> = 253..=255;

pub(super) fn config(text: &str, file: &Path) -> Result<Config, Vec<Problem>> {
    let mut reader = Reader::new(text);
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let message = format!("not valid TOML: {}", error.message().replace('\n', ", "));
            reader.problem(error.span(), String::new(), message);
            return Err(reader.finish());
        }
    };
    let config = read(document.as_table(), file, &mut reader);
    let problems = reader.finish();
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        Some(_) | None => Err(problems),
    }
}

fn read(table: &Table, file: &Path, reader: &mut Reader<'_>) -> Option<Config> {
    let root = Section::root(table);
    let stated = root.require(reader, "role", "write role = \"client\" or role = \"gateway\"", role);
    // With the role mistyped, the section that is there tells which mistakes are worth reporting.
    let assumed = stated.or_else(|| ["client", "gateway"].into_iter().find(|role| table.contains_key(role)));
    schema::check(table, stated, reader);

    let folder = file.parent().unwrap_or(Path::new(""));
    let state = root.get(reader, "state", |value| path(value, folder));
    let socket = root.get(reader, "socket", |value| socket_path(value, folder));
    let log_level = root.section("log").get(reader, "level", log_filter);
    let tun = tun(&root.section("tun"), reader);
    let metrics = root.section("metrics").get(reader, "listen", |value| listen_address(string(value)?));
    let path = path_settings(&root.section("path"), reader);
    let rules = rules::rules(&root, reader);
    let role = match assumed {
        Some("client") => Role::Client(client(&root, reader)?),
        Some(_) => Role::Gateway(gateway(&root.section("gateway"), reader)?),
        None => return None,
    };
    Some(Config {
        file: file.to_owned(),
        state: state.unwrap_or_else(|| DEFAULT_STATE.into()),
        socket: socket.unwrap_or_else(|| DEFAULT_SOCKET.into()),
        log_level: log_level.unwrap_or_else(|| "info".to_owned()),
        tun,
        metrics,
        path,
        rules,
        role,
    })
}

fn tun(section: &Section<'_>, reader: &mut Reader<'_>) -> Tun {
    let mtu = section.get(reader, "mtu", integer(1280..=9000));
    Tun {
        name: section.get(reader, "name", parsed).unwrap_or_default(),
        mtu: mtu.and_then(|mtu| u16::try_from(mtu).ok()).unwrap_or(DEFAULT_MTU),
    }
}

fn path_settings(section: &Section<'_>, reader: &mut Reader<'_>) -> PathSettings {
    PathSettings {
        congestion: section.get(reader, "congestion", parsed).unwrap_or(Congestion::Bbr),
        keepalive: section.get(reader, "keepalive", keepalive).unwrap_or(Duration::from_secs(20)),
    }
}

fn client(root: &Section<'_>, reader: &mut Reader<'_>) -> Option<Client> {
    let section = root.section("client");
    let gateway =
        non_empty(&section, reader, "gateway", "write an array of \"host:port\"", str::parse::<Endpoint>);
    let pin = section.require(
        reader,
        "pin",
        "write the gateway's pin, as `tandem key show` prints it there",
        parsed,
    );
    let routes = section.list(reader, "routes", str::parse::<Prefix>);
    if let Some(routes) = &routes {
        no_repeats(&section, reader, "routes", routes);
    }
    let fwmark = section.get(reader, "fwmark", integer(1..=u32::MAX));
    let table = section.get(reader, "table", routing_table);
    let links = links(root, reader);
    let duplicate = duplicate(&root.section("duplicate"), reader);
    Some(Client {
        gateway: gateway?,
        pin: pin?,
        routes: routes.unwrap_or_else(everything),
        fwmark: fwmark.unwrap_or(DEFAULT_MARK),
        table: table.unwrap_or(DEFAULT_MARK),
        links,
        duplicate,
    })
}

fn duplicate(section: &Section<'_>, reader: &mut Reader<'_>) -> Duplicate {
    let default = Duplicate::default();
    Duplicate {
        realtime: section.get(reader, "realtime", boolean).unwrap_or(default.realtime),
        secondary: section.get(reader, "secondary", boolean).unwrap_or(default.secondary),
        share: section.get(reader, "share", thousandths).unwrap_or(default.share),
        metered_share: section.get(reader, "metered_share", thousandths).unwrap_or(default.metered_share),
        lost_share: section.get(reader, "lost_share", thousandths).unwrap_or(default.lost_share),
    }
}

fn links(root: &Section<'_>, reader: &mut Reader<'_>) -> Links {
    let section = root.section("links");
    let allow = section.list(reader, "allow", str::parse::<Glob>);
    let deny = section.list(reader, "deny", str::parse::<Glob>);
    let named = root.section("link");
    let mut rules = Vec::new();
    for name in named.keys() {
        match name.parse() {
            Ok(pattern) => {
                let section = named.section(name);
                let tier = section.get(reader, "tier", parsed).unwrap_or(Tier::Auto);
                let metered = section.get(reader, "metered", boolean).unwrap_or(false);
                rules.push(LinkRule { pattern, tier, metered });
            }
            Err(InvalidValue(message)) => named.problem(reader, name, message),
        }
    }
    Links {
        allow: allow.unwrap_or_else(|| "*".parse().into_iter().collect()),
        deny: deny.unwrap_or_default(),
        rules,
    }
}

fn gateway(section: &Section<'_>, reader: &mut Reader<'_>) -> Option<Gateway> {
    let listen = non_empty(section, reader, "listen", "write an array of \"address:port\"", listen_address);
    let endpoint = non_empty(
        section,
        reader,
        "endpoint",
        "write an array of \"host:port\" under which clients reach this gateway",
        str::parse::<Endpoint>,
    );
    let pool = non_empty(
        section,
        reader,
        "pool",
        "write an array of prefixes, such as [\"10.77.0.0/24\", \"fd77::/64\"]",
        pool_prefix,
    );
    if let Some(pool) = &pool
        && (pool.iter().filter(|prefix| prefix.is_ipv4()).count() > 1
            || pool.iter().filter(|prefix| !prefix.is_ipv4()).count() > 1)
    {
        let message = "names two prefixes of one family; allowed: one IPv4 prefix and one IPv6 prefix";
        section.problem(reader, "pool", message.to_owned());
    }
    let nat = section.get(reader, "nat", boolean);
    let forward = section.get(reader, "forward", boolean);
    let peer_to_peer = section.get(reader, "peer_to_peer", boolean);
    let workers = section.get(reader, "workers", integer(1..=64));
    Some(Gateway {
        listen: listen?,
        endpoint: endpoint?,
        pool: pool?,
        nat: nat.unwrap_or(true),
        forward: forward.unwrap_or(true),
        peer_to_peer: peer_to_peer.unwrap_or(false),
        workers: workers.and_then(|workers| u8::try_from(workers).ok()).and_then(NonZeroU8::new),
    })
}

/// A list that must be there, with at least one element and none twice.
fn non_empty<T: PartialEq + ToString>(
    section: &Section<'_>,
    reader: &mut Reader<'_>,
    key: &str,
    expected: &str,
    parse: impl Fn(&str) -> Result<T, InvalidValue>,
) -> Option<Vec<T>> {
    if !section.contains(key) {
        section.problem(reader, key, format!("is missing; {expected}"));
        return None;
    }
    let list = section.list(reader, key, parse)?;
    if list.is_empty() {
        section.problem(reader, key, format!("is empty; {expected}"));
        return None;
    }
    no_repeats(section, reader, key, &list);
    Some(list)
}

fn no_repeats<T: PartialEq + ToString>(
    section: &Section<'_>,
    reader: &mut Reader<'_>,
    key: &str,
    list: &[T],
) {
    for (i, element) in list.iter().enumerate() {
        if list[..i].contains(element) {
            section.problem(reader, key, format!("names {:?} twice", element.to_string()));
        }
    }
}

fn role(value: &Value) -> Result<&'static str, InvalidValue> {
    match string(value)? {
        "client" => Ok("client"),
        "gateway" => Ok("gateway"),
        other => Err(InvalidValue(format!("{other:?} is not known; allowed: \"client\", \"gateway\""))),
    }
}

fn path(value: &Value, folder: &Path) -> Result<PathBuf, InvalidValue> {
    match string(value)? {
        "" => Err(InvalidValue("is empty; write a path".to_owned())),
        text if text.contains('\0') => Err(InvalidValue("holds a zero byte, which no path has".to_owned())),
        text => Ok(folder.join(text)),
    }
}

fn socket_path(value: &Value, folder: &Path) -> Result<PathBuf, InvalidValue> {
    let path = path(value, folder)?;
    let length = path.as_os_str().len();
    if length > MAX_SOCKET_PATH {
        return Err(InvalidValue(format!(
            "the path {:?} has {length} bytes; a socket's path may have {MAX_SOCKET_PATH}",
            path.display().to_string()
        )));
    }
    Ok(path)
}

fn log_filter(value: &Value) -> Result<String, InvalidValue> {
    let text = string(value)?;
    match tracing_subscriber::EnvFilter::builder().parse(text) {
        Ok(_) if !text.trim().is_empty() => Ok(text.to_owned()),
        Ok(_) | Err(_) => Err(InvalidValue(format!(
            "{text:?} is not a log filter; write \"error\", \"warn\", \"info\", \"debug\" or \"trace\", \
             or \"info,tandem_engine=debug\" for parts"
        ))),
    }
}

fn keepalive(value: &Value) -> Result<Duration, InvalidValue> {
    let text = string(value)?;
    let duration = humantime::parse_duration(text).map_err(|_| {
        InvalidValue(format!(
            "{text:?} is not a duration; write a number and a unit, such as \"20s\" or \"2m\""
        ))
    })?;
    if (Duration::from_secs(1)..=Duration::from_secs(600)).contains(&duration) {
        Ok(duration)
    } else {
        Err(InvalidValue(format!("{text:?} is out of range; allowed: \"1s\" to \"10m\"")))
    }
}

fn routing_table(value: &Value) -> Result<u32, InvalidValue> {
    let table = integer(1..=u32::MAX)(value)?;
    if RESERVED_TABLES.contains(&table) {
        return Err(InvalidValue(format!(
            "{table} is one of the kernel's own tables (253 to 255); write another number"
        )));
    }
    Ok(table)
}

fn listen_address(text: &str) -> Result<SocketAddr, InvalidValue> {
    match text.parse::<SocketAddr>() {
        Ok(address) if address.port() == 0 => {
            Err(InvalidValue("port 0 would change at every start; write a port from 1 to 65535".to_owned()))
        }
        Ok(address) => Ok(address),
        Err(_) => Err(InvalidValue(format!(
            "{text:?} is not an address and port; write \"0.0.0.0:443\", or \"[::]:443\" for IPv6"
        ))),
    }
}

/// The lower bound leaves a lease beside the gateway's own address; the upper one is far beyond what is of
/// use.
fn pool_prefix(text: &str) -> Result<Prefix, InvalidValue> {
    let prefix: Prefix = text.parse()?;
    let allowed = if prefix.is_ipv4() { 8..=30 } else { 16..=126 };
    if !allowed.contains(&prefix.length()) {
        return Err(InvalidValue(format!(
            "{text:?} has a length that a pool cannot have; allowed: /{} to /{}",
            allowed.start(),
            allowed.end()
        )));
    }
    let address = prefix.address();
    if address.is_multicast() || address.is_loopback() || address.is_unspecified() {
        return Err(InvalidValue(format!("{text:?} holds no addresses that a peer could have")));
    }
    Ok(prefix)
}

/// Both default routes.
fn everything() -> Vec<Prefix> {
    ["0.0.0.0/0", "::/0"].iter().flat_map(|text| text.parse()).collect()
}
