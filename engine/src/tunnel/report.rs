//! What people, scripts and the peer are told of the paths.

use std::time::Instant;

use bytes::BytesMut;

use super::Tunnel;
use crate::masque::datagram;
use crate::path::{Account, Beside, METER_INTERVAL, Outgoing, PathReport, Precedence};
use crate::quic::path_number;
use crate::schedule;

/// What stands before an account in a datagram, at most: two variable-length integers.
const MAX_HEADER: usize = 16;

impl Tunnel {
    /// The paths for people and scripts.
    pub(crate) fn report(&mut self, now: Instant) -> Vec<PathReport> {
        self.meter(now);
        self.look_at_paths(now);
        let candidates = &self.candidates[Precedence::Patient as usize];
        let working = candidates.iter().filter(|path| path.usable);
        let shortest = working.map(|path| path.delay).min().unwrap_or_default();
        let lately = self.paths.iter().map(|path| path.lately(&mut self.conn));
        let (tx, rx) = lately.fold((0, 0), |(tx, rx), bytes| (tx + bytes.tx, rx + bytes.rx));
        let usages = schedule::usage(candidates, self.ingress.bytes() as u64);
        let beside = candidates.iter().zip(usages).map(|(path, usage)| Beside {
            usage,
            delay: path.usable.then(|| path.delay.saturating_sub(shortest)),
            tx,
            rx,
        });
        let paths = self.paths.iter().zip(beside);
        paths.map(|(path, beside)| path.report(now, &mut self.conn, beside)).collect()
    }

    /// Takes down what the paths have carried, so that rates and shares are of the last second or two.
    fn meter(&mut self, now: Instant) {
        if self.metered.is_none_or(|before| now.saturating_duration_since(before) >= METER_INTERVAL) {
            self.metered = Some(now);
            self.paths.iter_mut().for_each(|path| path.meter(now, &mut self.conn));
        }
    }

    /// Tells the peer of the paths, once a second as long as packets flow. One path alone needs no comparison, and an
    /// idle tunnel shall sleep.
    pub(super) fn report_paths(&mut self, now: Instant) {
        self.meter(now);
        let (Some(context), Some(stream)) = (self.contexts.report, self.stream) else { return };
        let packets = self.counters.tx_packets + self.counters.rx_packets;
        let is_due = match self.told {
            Some((at, before)) => now.saturating_duration_since(at) >= METER_INTERVAL && before != packets,
            None => packets > 0,
        };
        if !is_due || self.paths.iter().filter(|path| path.health.is_validated()).count() < 2 {
            return;
        }
        self.told = Some((now, packets));
        for report in self.report(now) {
            let mut buf = BytesMut::with_capacity(Account::MAX_LEN + MAX_HEADER);
            datagram::encode_header(&mut buf, datagram::quarter_stream_id(stream), context);
            report.account().encode(&mut buf);
            self.returned.push_back(Outgoing::Report(buf.freeze()));
        }
    }

    /// The peer tells of a path. Of one that is not known here yet it will tell again.
    pub(super) fn peer_tells(&mut self, now: Instant, account: Account) {
        if let Some(path) = self.paths.iter_mut().find(|path| path_number(path.id) == account.id) {
            path.told = Some((now, account));
        }
    }
}
