//! What a world consists of, as data.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::link::LinkConfig;

/// A link of a laptop to the internet.
#[derive(Debug, Clone)]
pub struct LinkSpec {
    /// Its name in scenarios and commands, such as `wifi`.
    pub name: String,
    /// The laptop's interface, such as `wlan0`.
    pub interface: String,
    /// What it does to packets at first.
    pub config: LinkConfig,
    /// Metric of its default routes.
    pub metric: u32,
    /// Whether it has IPv4.
    pub ipv4: bool,
    /// Whether it has IPv6.
    pub ipv6: bool,
    /// Whether a NAT stands between it and the internet (IPv4), and how soon that forgets.
    pub nat_timeout: Option<Duration>,
    /// The first three bytes of its IPv4 subnet, if two links shall have the same; this needs a NAT.
    pub subnet: Option<[u8; 3]>,
    /// MTU of the interfaces at both ends, known to the kernels.
    pub device_mtu: u32,
    /// Whether the interface exists from the beginning.
    pub present: bool,
}

impl LinkSpec {
    /// A link with both IP versions, no NAT and an MTU of 1500.
    #[must_use]
    pub fn new(name: &str, interface: &str, config: LinkConfig, metric: u32) -> Self {
        Self {
            name: name.to_owned(),
            interface: interface.to_owned(),
            config,
            metric,
            ipv4: true,
            ipv6: true,
            nat_timeout: None,
            subnet: None,
            device_mtu: 1500,
            present: true,
        }
    }

    /// Wi-Fi as in the demonstration: 50 Mbit/s, 15 ms round trip.
    #[must_use]
    pub fn wifi() -> Self {
        Self::new("wifi", "wlan0", LinkConfig::symmetric(50_000_000, Duration::from_micros(7_500)), 600)
    }

    /// Cellular as in the demonstration: 20 Mbit/s, 60 ms round trip, behind the carrier's NAT.
    #[must_use]
    pub fn cellular() -> Self {
        let config = LinkConfig::symmetric(20_000_000, Duration::from_millis(30));
        Self::new("cellular", "wwan0", config, 700).behind_nat(Duration::from_secs(60))
    }

    /// Puts a NAT before the link.
    #[must_use]
    pub fn behind_nat(mut self, timeout: Duration) -> Self {
        self.nat_timeout = Some(timeout);
        self
    }

    /// Lets the interface appear only when [`super::Laptop::attach`] is called.
    #[must_use]
    pub fn absent(mut self) -> Self {
        self.present = false;
        self
    }
}

/// A laptop and its links.
#[derive(Debug, Clone)]
pub struct LaptopSpec {
    /// Its name, which is also the peer's name on the gateway.
    pub name: String,
    /// Its links.
    pub links: Vec<LinkSpec>,
}

/// The whole world.
#[derive(Debug, Clone)]
pub struct WorldSpec {
    /// The laptops; the first is the one that most helpers mean.
    pub laptops: Vec<LaptopSpec>,
    /// The laptops' rp_filter: 0 off, 1 strict, 2 loose.
    pub rp_filter: u8,
    /// Whether the gateway translates the laptops' addresses (needs nftables); otherwise the web server has a
    /// route back.
    pub gateway_nat: bool,
    /// What the gateway writes into invitations.
    pub endpoints: Vec<String>,
    /// Decides loss and jitter.
    pub seed: u64,
}

impl WorldSpec {
    /// One laptop with these links.
    #[must_use]
    pub fn with_links(links: Vec<LinkSpec>) -> Self {
        Self {
            laptops: vec![LaptopSpec { name: "laptop".to_owned(), links }],
            rp_filter: 0,
            gateway_nat: false,
            endpoints: vec![format!("{}:443", super::GATEWAY)],
            seed: 1,
        }
    }
}

impl Default for WorldSpec {
    /// One laptop with Wi-Fi and cellular.
    fn default() -> Self {
        Self::with_links(vec![LinkSpec::wifi(), LinkSpec::cellular()])
    }
}

/// The external addresses of the NAT of link number `number`.
pub(super) fn external_addresses(number: u8) -> Vec<Ipv4Addr> {
    (1..=6).map(|host| Ipv4Addr::new(198, 18, number, host)).collect()
}
