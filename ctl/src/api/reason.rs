//! Stable labels that say why a path, a link or the daemon is in its state.
//!
//! Reasons are open: a later daemon may send others, so they travel as strings and are shown as they are.

/// The path carries traffic.
pub const IN_USE: &str = "in-use";
/// The link's tier is `backup`, and a better link works.
pub const TIER_BACKUP: &str = "tier-backup";
/// The link's tier is `secondary`, and the links before it have room.
pub const TIER_SECONDARY: &str = "tier-secondary";
/// The path is left out, because packets would arrive so much later than over the fastest one that no receiver waits so
/// long (150 ms; not with tier `always`).
pub const TOO_SLOW: &str = "too-slow";
/// The path is left out, because it loses more than every tenth packet, and another does not (not with tier `always`).
pub const TOO_LOSSY: &str = "too-lossy";
/// The link's tier is `never`.
pub const TIER_NEVER: &str = "tier-never";
/// The interface is administratively down.
pub const DOWN: &str = "down";
/// The interface has no carrier: no cable, no association.
pub const NO_CARRIER: &str = "no-carrier";
/// The interface has no usable address.
pub const NO_ADDRESS: &str = "no-address";
/// The interface has no route to the gateway.
pub const NO_ROUTE: &str = "no-route";
/// The interface is of a kind that is never a link: loopback, bridge, tunnel, container's.
pub const NOT_A_LINK: &str = "not-a-link";
/// The configuration's `links.allow` and `links.deny` leave the interface out.
pub const DENIED: &str = "denied";
/// The gateway has no address of a family that the link has.
pub const NO_COMMON_FAMILY: &str = "no-common-family";
/// The UDP socket of the link could not be opened or used.
pub const SOCKET_FAILED: &str = "socket-failed";
/// The interface is gone.
pub const GONE: &str = "gone";
/// The path is waiting for the tunnel to be set up over another one.
pub const NO_TUNNEL: &str = "no-tunnel";
/// The path is waiting for the other side's answer to the first packet.
pub const VALIDATING: &str = "validating";
/// The path failed, and is left alone for a while before it is tried again.
pub const QUARANTINED: &str = "quarantined";
/// The other side did not answer at all.
pub const UNREACHABLE: &str = "unreachable";
/// Nothing came for longer than expected.
pub const SILENT: &str = "silent";
/// The other side asked not to use the path.
pub const PEER_REQUEST: &str = "peer-request";
/// The other side closed the path.
pub const PEER_CLOSED: &str = "peer-closed";

/// `tandem down` was given.
pub const COMMAND: &str = "command";
/// The daemon started a moment ago.
pub const STARTING: &str = "starting";
/// The daemon is ending.
pub const STOPPING: &str = "stopping";
/// No interface is a link.
pub const NO_LINKS: &str = "no-links";
/// The gateway's name does not resolve.
pub const RESOLVE_FAILED: &str = "resolve-failed";
/// No gateway address answers over any link.
pub const GATEWAY_UNREACHABLE: &str = "gateway-unreachable";
/// What answers does not have the key that is pinned.
pub const WRONG_PIN: &str = "wrong-pin";
/// The gateway does not know this client, or does not know it any more.
pub const REFUSED: &str = "refused";
/// The tunnel stands (client), or peers are accepted (gateway).
pub const ESTABLISHED: &str = "established";
