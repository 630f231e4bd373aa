use std::path::Path;

use super::super::*;

const PIN: &str = "sha256:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";

fn parse(text: &str) -> Config {
    Config::parse(text, Path::new("/etc/tandem/tandem.toml")).unwrap()
}

#[test]
fn a_client_file_with_every_key_is_read() {
    let config = parse(&format!(
        r#"
role = "client"
state = "state"
socket = "/run/other.sock"
[log]
level = "info,tandem_engine=debug"
[tun]
name = "tun7"
mtu = 1280
[client]
gateway = ["vps.example:443", "10.99.0.1:443", "[2001:db8::1]:8443"]
pin = "{PIN}"
routes = ["10.0.0.0/8", "fd00::/8"]
fwmark = 7
table = 8
[links]
allow = ["wl*", "en*", "wwan0"]
deny = ["enp9s0"]
[link."wwan*"]
tier = "backup"
[link.wwan0]
tier = "secondary"
metered = true
[duplicate]
realtime = false
secondary = true
share = 1
metered_share = 0.012
lost_share = 0
[path]
congestion = "cubic"
keepalive = "1m 5s"
"#
    ));
    assert_eq!(config.state, Path::new("/etc/tandem/state"));
    assert_eq!(config.key_file(), Path::new("/etc/tandem/state/key.pem"));
    assert_eq!(config.socket, Path::new("/run/other.sock"));
    assert_eq!(config.log_level, "info,tandem_engine=debug");
    assert_eq!((config.tun.name.as_str(), config.tun.mtu), ("tun7", 1280));
    assert_eq!(config.path.congestion, Congestion::Cubic);
    assert_eq!(config.path.keepalive, Duration::from_secs(65));
    let Role::Client(client) = config.role else { panic!("not a client") };
    let hosts: Vec<_> = client.gateway.iter().map(|e| (e.host(), e.port())).collect();
    assert_eq!(hosts, [("vps.example", 443), ("10.99.0.1", 443), ("2001:db8::1", 8443)]);
    assert_eq!(client.gateway[2].to_string(), "[2001:db8::1]:8443");
    assert_eq!(client.pin.to_string(), PIN);
    assert_eq!(client.routes, ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
    assert_eq!((client.fwmark, client.table), (7, 8));
    assert!(client.links.allows("wlan0") && client.links.allows("enp1s0") && client.links.allows("wwan0"));
    assert!(!client.links.allows("enp9s0") && !client.links.allows("usb0"));
    assert_eq!(client.links.tier("wwan0"), Tier::Secondary);
    assert_eq!(client.links.tier("wwan1"), Tier::Backup);
    assert_eq!(client.links.tier("wlan0"), Tier::Auto);
    assert!(client.links.is_metered("wwan0") && !client.links.is_metered("wwan1"));
    let duplicate =
        Duplicate { realtime: false, secondary: true, share: 1000, metered_share: 12, lost_share: 0 };
    assert_eq!(client.duplicate, duplicate);
}

#[test]
fn what_a_client_file_leaves_out_has_a_default() {
    let config = parse(&format!("role = 'client'\n[client]\ngateway = ['a:1']\npin = '{PIN}'"));
    assert_eq!(config.state, Path::new(DEFAULT_STATE));
    assert_eq!(config.socket, Path::new(DEFAULT_SOCKET));
    assert_eq!(config.log_level, "info");
    assert_eq!((config.tun.name.as_str(), config.tun.mtu), ("tandem0", 1420));
    assert_eq!(config.path.congestion, Congestion::Bbr);
    assert_eq!(config.path.keepalive, Duration::from_secs(20));
    let Role::Client(client) = config.role else { panic!("not a client") };
    assert_eq!(client.routes, ["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()]);
    assert_eq!((client.fwmark, client.table), (29793, 29793));
    assert!(client.links.allows("anything") && !client.links.is_metered("anything"));
    let duplicate =
        Duplicate { realtime: true, secondary: false, share: 250, metered_share: 50, lost_share: 100 };
    assert_eq!(client.duplicate, duplicate);
}

#[test]
fn a_gateway_file_with_every_key_is_read() {
    let config = parse(
        r#"
role = "gateway"
[gateway]
listen = ["0.0.0.0:443", "[::]:443"]
endpoint = ["vps.example:443"]
pool = ["10.77.0.0/24", "fd77::/64"]
nat = false
forward = false
peer_to_peer = true
workers = 4
"#,
    );
    assert_eq!(config.role.label(), "gateway");
    let Role::Gateway(gateway) = config.role else { panic!("not a gateway") };
    assert_eq!(gateway.listen, ["0.0.0.0:443".parse().unwrap(), "[::]:443".parse().unwrap()]);
    assert_eq!(gateway.endpoint[0].to_string(), "vps.example:443");
    assert_eq!(gateway.pool[1].to_string(), "fd77::/64");
    assert!(!gateway.nat && !gateway.forward && gateway.peer_to_peer);
    assert_eq!(gateway.workers.map(u8::from), Some(4));
}

#[test]
fn what_a_gateway_file_leaves_out_has_a_default() {
    let config =
        parse("role='gateway'\ngateway={listen=['0.0.0.0:443'],endpoint=['a:443'],pool=['10.77.0.0/24']}");
    let Role::Gateway(gateway) = config.role else { panic!("not a gateway") };
    assert!(gateway.nat && gateway.forward && !gateway.peer_to_peer && gateway.workers.is_none());
}

#[test]
fn a_relative_file_is_made_absolute_and_so_are_its_paths() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.toml");
    let text = format!("role='client'\nstate='.'\nsocket='c.sock'\nclient={{gateway=['a:1'],pin='{PIN}'}}");
    std::fs::write(&file, text).unwrap();
    let config = Config::load(&file).unwrap();
    assert_eq!(config.key_file(), folder.path().join("./key.pem"));
    assert_eq!(config.socket, folder.path().join("c.sock"));
}

#[test]
fn rules_are_read_in_their_order() {
    let config = parse(&format!(
        r#"
role = "client"
client = {{ gateway = ["a:1"], pin = "{PIN}" }}
[[rule]]
class = "realtime"
protocol = "udp"
local_port = 5060
remote_port = "5000-5010"
[[rule]]
class = "background"
protocol = 47
remote = "2001:db8::/32"
local = "fd77::/64"
[[rule]]
class = "bulk"
"#
    ));
    let [first, second, third] = &config.rules[..] else { panic!("{:?}", config.rules) };
    assert_eq!((first.class, first.flows.protocol), (Class::Realtime, Some(17)));
    let range = |ports: &Option<Ports>| ports.as_ref().map(Ports::range);
    assert_eq!(range(&first.flows.local_port), Some(5060..=5060));
    assert_eq!(range(&first.flows.remote_port), Some(5000..=5010));
    assert_eq!((second.class, second.flows.protocol), (Class::Background, Some(47)));
    assert_eq!(second.flows.remote.unwrap().to_string(), "2001:db8::/32");
    assert_eq!(second.flows.local.unwrap().to_string(), "fd77::/64");
    let all = Condition { protocol: None, local_port: None, remote_port: None, local: None, remote: None };
    assert_eq!(third, &Rule { class: Class::Bulk, flows: all });
}

#[test]
fn a_gateway_has_rules_too() {
    let text = "role='gateway'\ngateway={listen=['0.0.0.0:443'],endpoint=['a:443'],pool=['10.77.0.0/24']}";
    assert_eq!(parse(text).rules, []);
    let config = parse(&format!("{text}\n[[rule]]\nclass = 'interactive'\nprotocol = 'tcp'"));
    assert_eq!(config.rules[0].class, Class::Interactive);
}
