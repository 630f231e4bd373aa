//! Values that are valid by construction.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use ipnet::IpNet;

/// A text that is not a value of the wanted type; says what is wrong and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidValue(pub(super) String);

fn invalid<T>(message: impl Into<String>) -> Result<T, InvalidValue> {
    Err(InvalidValue(message.into()))
}

/// An address block in CIDR notation, with no bits set in its host part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(IpNet);

impl Prefix {
    /// The lowest address.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.0.addr()
    }

    /// Number of leading bits that are fixed.
    #[must_use]
    pub fn length(&self) -> u8 {
        self.0.prefix_len()
    }

    /// Whether `address` lies in the block.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// Whether this is an IPv4 block.
    #[must_use]
    pub fn is_ipv4(&self) -> bool {
        self.0.addr().is_ipv4()
    }
}

impl FromStr for Prefix {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let Ok(net) = text.parse::<IpNet>() else {
            let example = if text.parse::<IpAddr>().is_ok() {
                let length = if text.contains(':') { 128 } else { 32 };
                format!("the length is missing; for this one address write \"{text}/{length}\"")
            } else {
                "write an address and a length, such as \"10.77.0.0/24\" or \"fd77::/64\"".to_owned()
            };
            return invalid(format!("{text:?} is not a prefix; {example}"));
        };
        if net.addr() != net.network() {
            return invalid(format!("{text:?} has host bits set; write \"{}\"", net.trunc()));
        }
        Ok(Self(net))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A host name or address, and a UDP port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    host: String,
    port: u16,
}

impl Endpoint {
    /// An endpoint at `host`, a name or an address without brackets.
    ///
    /// # Errors
    /// [`InvalidValue`] when the host is neither, or the port is 0.
    pub fn new(host: &str, port: u16) -> Result<Self, InvalidValue> {
        if port == 0 {
            return invalid("port 0 cannot be reached; write a port from 1 to 65535");
        }
        if host.parse::<IpAddr>().is_err() && !is_host_name(host) {
            return invalid(format!("{host:?} is neither a host name nor an address"));
        }
        Ok(Self { host: host.to_owned(), port })
    }

    /// The name or address, without brackets; at most 253 bytes.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The UDP port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Endpoint {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let form = "write \"host:port\", such as \"vps.example:443\" or \"[2001:db8::1]:443\"";
        if text.parse::<Ipv6Addr>().is_ok() {
            return invalid(format!("{text:?} lacks brackets and a port; write \"[{text}]:443\""));
        }
        let Some((host, port)) = text.rsplit_once(':') else {
            return invalid(format!("{text:?} has no port; {form}"));
        };
        let Ok(port) = port.parse::<u16>() else {
            return invalid(format!("{text:?} is not an endpoint; {form}"));
        };
        let host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(inner) if inner.parse::<Ipv6Addr>().is_ok() => inner,
            Some(_) => return invalid(format!("{text:?} has no IPv6 address between its brackets; {form}")),
            None if host.contains(':') => return invalid(format!("{text:?} is not an endpoint; {form}")),
            None => host,
        };
        Self::new(host, port)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// RFC 1123, section 2.1, with the underscore that is met in practice. A last label of digits only would be a
/// mistyped IPv4 address.
fn is_host_name(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let last_is_number = name
        .rsplit('.')
        .next()
        .is_some_and(|last| !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()));
    text.len() <= 253 && name.split('.').all(label) && !last_is_number
}

/// A shell pattern over interface names: `*`, `?` and `[…]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(glob::Pattern);

impl Glob {
    /// Whether `name` fits the pattern.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.0.matches(name)
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether the pattern is a plain name that fits only itself.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.0.as_str().contains(['*', '?', '['])
    }
}

impl FromStr for Glob {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if text.is_empty() {
            return invalid("is empty; write an interface name or a pattern, such as \"wlan0\" or \"en*\"");
        }
        glob::Pattern::new(text)
            .map(Self)
            .map_err(|error| InvalidValue(format!("{text:?} is not a pattern: {}", error.msg)))
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of a TUN device, as the kernel accepts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TunName(String);

impl TunName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TunName {
    fn default() -> Self {
        Self("tandem0".to_owned())
    }
}

impl FromStr for TunName {
    type Err = InvalidValue;

    /// The kernel's rule is `dev_valid_name()`; a `%` would make it choose a number.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let valid = (1..=15).contains(&text.len())
            && text != "."
            && text != ".."
            && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'/' | b':' | b'%'));
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            invalid(format!(
                "{text:?} is not an interface name; write 1 to 15 letters, digits or signs other than '/', ':' and '%'"
            ))
        }
    }
}

impl fmt::Display for TunName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Defines an enum whose values have one stable label each.
macro_rules! labelled {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $label:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_meta])* $variant),+ }

        impl $name {
            /// The word that stands for it in the configuration and in reports.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }
        }

        impl FromStr for $name {
            type Err = InvalidValue;

            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                match text {
                    $($label => Ok(Self::$variant),)+
                    _ => {
                        let allowed = [$(concat!("\"", $label, "\"")),+].join(", ");
                        invalid(format!("{text:?} is not known; allowed: {allowed}"))
                    }
                }
            }
        }
    };
}

labelled! {
    /// When a link carries traffic.
    Tier {
        /// tandem decides.
        Auto = "auto",
        /// Whenever it works.
        Always = "always",
        /// When the better links are not enough.
        Secondary = "secondary",
        /// When nothing better works.
        Backup = "backup",
        /// At no time.
        Never = "never",
    }
}

labelled! {
    /// Congestion control of a path.
    Congestion {
        /// BBRv3: keeps queues short.
        Bbr = "bbr",
        /// CUBIC (RFC 9438): fills queues.
        Cubic = "cubic",
        /// BALIA: paths behind one bottleneck take together what one flow would.
        Balia = "balia",
    }
}

labelled! {
    /// How urgent traffic is.
    Class {
        /// Calls and games.
        Realtime = "realtime",
        /// Somebody waits for it.
        Interactive = "interactive",
        /// Transfers.
        Bulk = "bulk",
        /// Whatever is left will do.
        Background = "background",
    }
}
