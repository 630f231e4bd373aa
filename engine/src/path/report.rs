//! Figures of a path for people and scripts, and those of them that its two ends tell each other.
//!
//! Each end measures the direction in which it sends, and counts what comes out of order in the other. So once a
//! second, while packets flow over several paths, each tells the other, in a datagram per path.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::BufMut;

use super::PathState;
use crate::h3::varint;
use crate::link::{LinkId, Tier};
pub use crate::schedule::Usage;

/// What the peer told is of the present for this long: two reports in a row may be lost on the way.
const FRESH: Duration = Duration::from_secs(3);

/// Figures of a path for people and scripts.
#[derive(Debug, Clone, PartialEq)]
pub struct PathReport {
    /// noq's path id, unique within the connection.
    pub id: u32,
    /// The link it runs over.
    pub link: LinkId,
    /// The peer's address on it.
    pub remote: SocketAddr,
    /// How willingly it is used.
    pub tier: Tier,
    /// What it can be used for.
    pub state: PathState,
    /// How it is used for what this end sends; one that stands by is in use for two seconds after it helped.
    pub usage: Usage,
    /// Smoothed round-trip time.
    pub rtt: Duration,
    /// Smallest round-trip time seen.
    pub rtt_min: Duration,
    /// How much longer than the fastest path it takes from here to the peer, where it works. All acknowledgements
    /// return over one path, so round trips differ by the ways there.
    pub delay_difference: Option<Duration>,
    /// Share of recent packets lost, 0 to 1.
    pub loss: f64,
    /// Bytes of UDP payload sent.
    pub tx_bytes: u64,
    /// Bytes of UDP payload received.
    pub rx_bytes: u64,
    /// Bytes/s sent, over the last second or two.
    pub tx_rate: u64,
    /// Bytes/s received, likewise.
    pub rx_rate: u64,
    /// Share of what all paths sent in that time, 0 to 1; `None` if that is nothing.
    pub tx_share: Option<f64>,
    /// Share of what came on all paths, likewise.
    pub rx_share: Option<f64>,
    /// Bytes/s that the path is believed to carry.
    pub estimated_rate: u64,
    /// Congestion window, bytes.
    pub cwnd: u64,
    /// Bytes in flight.
    pub in_flight: u64,
    /// Bytes queued for it.
    pub queued: u64,
    /// Largest UDP payload that it is known to carry.
    pub mtu: u64,
    /// Packets sent.
    pub sent_packets: u64,
    /// Packets lost.
    pub lost_packets: u64,
    /// Datagrams sent on it once more, because they were lost, here or on another path.
    pub retransmitted: u64,
    /// Datagrams sent on it beside another path.
    pub duplicated: u64,
    /// Packets that came on it after a later one of their lane.
    pub reordered: u64,
    /// Packets that came on it and had to wait for an earlier one of their lane.
    pub held: u64,
    /// What the peer told of the path, if it did.
    pub told: Option<Told>,
}

/// What the peer told, and how long ago.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Told {
    /// How long ago.
    pub age: Duration,
    /// What.
    pub account: Account,
}

impl Told {
    /// What the peer told, if that was a moment ago: what changes from one moment to the next is worth nothing later.
    pub fn fresh(&self) -> Option<&Account> {
        (self.age <= FRESH).then_some(&self.account)
    }
}

/// One end's account of a path, as it tells the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Account {
    /// noq's path id.
    pub id: u32,
    /// How the path is used for what that end sends.
    pub usage: Usage,
    /// Bytes/s that it sends on it.
    pub rate: u64,
    /// Bytes/s that it believes the path to carry from there.
    pub estimated_rate: u64,
    /// Round-trip time as that end measures it, in whole microseconds.
    pub rtt: Duration,
    /// The smallest that it has seen.
    pub rtt_min: Duration,
    /// How much longer than the fastest path it takes from there to here, where it works.
    pub delay_difference: Option<Duration>,
    /// Share of recent packets lost, in whole thousandths, 0 to 1.
    pub loss: f64,
    /// Bytes queued for the path.
    pub queued: u64,
    /// Packets lost on it.
    pub lost_packets: u64,
    /// Datagrams that it sent on it once more.
    pub retransmitted: u64,
    /// Datagrams that it sent on it beside another path.
    pub duplicated: u64,
    /// Packets that it received on the path after a later one of their lane.
    pub reordered: u64,
    /// Packets that it received on the path, and that had to wait for an earlier one of their lane.
    pub held: u64,
}

/// Numbers in an account on the wire.
const FIELDS: usize = 14;

impl Account {
    /// Bytes that [`encode`](Self::encode) writes at most.
    pub const MAX_LEN: usize = FIELDS * 8;

    /// Writes the account as a datagram's payload: variable-length integers in the order of the fields; times in
    /// microseconds, an unknown one 0 and others one more; shares in thousandths.
    pub fn encode(&self, buf: &mut impl BufMut) {
        let fields: [u64; FIELDS] = [
            self.id.into(),
            self.usage.code().into(),
            self.rate,
            self.estimated_rate,
            micros(self.rtt),
            micros(self.rtt_min),
            self.delay_difference.map_or(0, |time| micros(time).saturating_add(1)),
            (self.loss * 1000.0).round() as u64,
            self.queued,
            self.lost_packets,
            self.retransmitted,
            self.duplicated,
            self.reordered,
            self.held,
        ];
        fields.into_iter().for_each(|field| varint::encode(buf, field.min(varint::MAX)));
    }

    /// Reads a datagram's payload; `None` if it is none. What follows the fields comes from a later version, and is
    /// passed over.
    #[must_use]
    pub fn decode(mut payload: &[u8]) -> Option<Self> {
        let mut fields = [0; FIELDS];
        for field in &mut fields {
            *field = varint::decode(&mut payload)?;
        }
        let [id, usage, rate, estimated_rate, rtt, rtt_min, difference, loss, queued, counts @ ..] = fields;
        let [lost_packets, retransmitted, duplicated, reordered, held] = counts;
        Some(Self {
            id: u32::try_from(id).ok()?,
            usage: Usage::from_code(usage)?,
            rate,
            estimated_rate,
            rtt: Duration::from_micros(rtt),
            rtt_min: Duration::from_micros(rtt_min),
            delay_difference: difference.checked_sub(1).map(Duration::from_micros),
            loss: (loss <= 1000).then_some(loss as f64 / 1000.0)?,
            queued,
            lost_packets,
            retransmitted,
            duplicated,
            reordered,
            held,
        })
    }
}

impl PathReport {
    /// What of it the peer is told.
    pub(crate) fn account(&self) -> Account {
        Account {
            id: self.id,
            usage: self.usage,
            rate: self.tx_rate,
            estimated_rate: self.estimated_rate,
            rtt: self.rtt,
            rtt_min: self.rtt_min,
            delay_difference: self.delay_difference,
            loss: self.loss,
            queued: self.queued,
            lost_packets: self.lost_packets,
            retransmitted: self.retransmitted,
            duplicated: self.duplicated,
            reordered: self.reordered,
            held: self.held,
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
