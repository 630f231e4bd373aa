//! What an acknowledgement tells: of segments, round trips, rate and window. Follows Linux's `tcp_ack`.

use std::time::{Duration, Instant};

use super::super::bbr::Context;
use super::super::rate::Pending;
use super::super::segment::{Header, flag};
use super::{Phase, Transfer};

/// What one acknowledgement brought.
#[derive(Debug, Default)]
pub(super) struct News {
    /// It acknowledges more than any before.
    pub(super) advanced: bool,
    /// Something was newly SACKed.
    pub(super) sacked: bool,
    /// The receiver got something twice.
    pub(super) duplicate: bool,
    /// What it got twice was the tail loss probe.
    pub(super) probe_duplicate: bool,
    /// A segment sent once, from before the present phase, arrived.
    pub(super) original: bool,
    /// The network marked packets.
    pub(super) congestion: bool,
    /// The window opened.
    pub(super) window: bool,
    /// A repetition was lost.
    pub(super) lost_repetition: bool,
    /// The reordering timer runs; nothing else may be set instead.
    pub(super) waits_for_reordering: bool,
    /// Segments newly delivered, and newly found lost.
    pub(super) delivered: u32,
    pub(super) lost: u32,
    /// Echo of this end's clock.
    pub(super) echo: u32,
    repeated_acked: bool,
    /// Lowest byte that arrived after later ones, without having been repeated.
    reordered: Option<u64>,
    /// Send times of the first and last segment newly acknowledged, and newly SACKed.
    acked_at: Option<(Instant, Instant)>,
    sacked_at: Option<(Instant, Instant)>,
}

impl News {
    fn note_reordered(&mut self, start: u64) {
        self.reordered = Some(self.reordered.map_or(start, |low| low.min(start)));
    }
}

fn extend(span: &mut Option<(Instant, Instant)>, at: Instant) {
    *span = Some(span.map_or((at, at), |(first, _)| (first, at)));
}

impl Transfer {
    /// Takes a segment of the receiver, which carries no data.
    pub(super) fn handle(&mut self, now: Instant, header: &Header) {
        let (Some(ack), Some(stamps)) =
            (self.agreed.local.offset(header.ack, self.board.una()), header.options.timestamps)
        else {
            return;
        };
        if !header.has(flag::ACK) || header.has(flag::SYN) || ack > self.board.next() {
            return;
        }
        if stamps.value.wrapping_sub(self.agreed.wire.recent) as i32 > 0 {
            self.agreed.wire.recent = stamps.value;
        }
        let mut news = News {
            advanced: ack > self.board.una(),
            congestion: self.agreed.ecn && header.has(flag::ECE),
            echo: stamps.echo,
            ..News::default()
        };
        let edge = ack + (u64::from(header.window) << self.agreed.peer_scale);
        news.window = edge > self.edge;
        self.edge = self.edge.max(edge);
        self.process(now, header, ack, news);
    }

    fn process(&mut self, now: Instant, header: &Header, ack: u64, mut news: News) {
        let prior_una = self.board.una();
        let prior_highest = self.board.highest_sacked();
        let prior_in_flight = self.board.in_flight();
        let mut pending = Pending::default();
        if news.advanced {
            self.backoff = 0;
        }
        self.take_sack(now, header, ack, prior_una, &mut news, &mut pending);
        self.take_ack(now, ack, prior_highest, &mut news, &mut pending);
        let rtt = self.take_rtt(now, &news);
        let least = self.rtt.least();
        // The sample ends here: recovery below must not change what it is about, but adds to its losses.
        let mut sample = self.rate.sample(now, &pending, news.delivered, least);
        self.rack.adapt(sample.prior_delivered, self.rate.delivered());
        self.take_probe_answer(ack, &news);
        self.alert(now, prior_una, &mut news);
        if news.advanced && !news.waits_for_reordering {
            self.rearm(now);
        }
        if self.board.out() == 0 {
            self.timer = None;
        }
        sample.losses = news.lost;
        sample.prior_in_flight = prior_in_flight;
        sample.rtt = rtt;
        if self.congestion.sets_window() {
            let context = Context {
                now,
                in_flight: self.board.in_flight(),
                sampler: &self.rate,
                smoothed_rtt: self.rtt.smoothed(),
                recovering: self.phase >= Phase::Recovery,
                lossy: self.phase == Phase::Loss,
            };
            self.congestion.on_sample(context, &sample, &mut self.window);
        } else if self.is_reducing() {
            self.reduce(news.delivered, news.advanced && news.lost == 0);
        } else if news.advanced || (news.delivered > 0 && self.rack.expects_reordering()) {
            self.congestion.on_ack(now, news.delivered, &mut self.window);
        }
        self.stats.window.record(now, self.window.segments);
    }

    fn take_sack(
        &mut self,
        now: Instant,
        header: &Header,
        ack: u64,
        prior_una: u64,
        news: &mut News,
        pending: &mut Pending,
    ) {
        let mut blocks = [(0, 0); super::super::options::MAX_SACK_BLOCKS];
        let mut count = 0;
        for &(start, end) in header.options.sack.as_slice() {
            let edges = [start, end].map(|edge| self.agreed.local.offset(edge, self.board.una()));
            if let [Some(start), Some(end)] = edges
                && start < end
                && end <= self.board.next()
            {
                blocks[count] = (start, end);
                count += 1;
            }
        }
        let mut blocks = &blocks[..count];
        if let [first, rest @ ..] = blocks
            && (first.1 <= ack
                || rest.first().is_some_and(|second| second.0 <= first.0 && first.1 <= second.1))
        {
            self.take_duplicate(*first, prior_una, news);
            blocks = rest;
        }
        let (high, least) = (self.high, self.rtt.least());
        for &block in blocks {
            let highest = self.board.highest_sacked();
            let (rack, rate) = (&mut self.rack, &mut self.rate);
            self.board.sack(block, |sent| {
                rack.on_delivered(now, sent, least);
                if !sent.is_repeated() {
                    if sent.start < highest {
                        news.note_reordered(sent.start);
                    }
                    news.original |= sent.end <= high;
                    extend(&mut news.sacked_at, sent.at);
                }
                news.sacked = true;
                news.delivered += 1;
                rate.count(1);
                rate.on_delivered(pending, sent.at, sent.end, sent.rate);
            });
        }
        if !blocks.is_empty() || news.advanced {
            self.board.remember(blocks.iter().copied());
        }
    }

    /// The receiver has had `block` before (RFC 2883).
    fn take_duplicate(&mut self, block: (u64, u64), prior_una: u64, news: &mut News) {
        let segments = (block.1 - block.0).div_ceil(u64::from(self.agreed.mss)) as u32;
        news.duplicate = true;
        news.probe_duplicate = self.probe.until == Some(block.1) && self.probe.repeated;
        self.stats.spurious += u64::from(segments);
        if self.stats.spurious > self.stats.retransmissions {
            // The network, not this end, has doubled packets.
            return;
        }
        if !news.probe_duplicate {
            self.rack.on_duplicate();
        }
        // Linux counts what came twice as delivered, since it did arrive.
        news.delivered += segments;
        self.rate.count(segments);
        let repeated_since = self.undo.marker.is_some_and(|marker| block.1 > marker);
        if repeated_since && (block.1 <= prior_una || self.board.is_repeated_at(block.0)) {
            self.undo.outstanding = self.undo.outstanding.map(|left| left.saturating_sub(segments));
        }
        self.board.settle_repeat(block.0);
    }

    fn take_ack(
        &mut self,
        now: Instant,
        ack: u64,
        prior_highest: u64,
        news: &mut News,
        pending: &mut Pending,
    ) {
        let (high, least) = (self.high, self.rtt.least());
        let (rack, rate, wire) = (&mut self.rack, &mut self.rate, &self.agreed.wire);
        self.board.acknowledge(ack, |sent| {
            if sent.is_repeated() {
                news.repeated_acked = true;
            } else if !sent.sacked {
                extend(&mut news.acked_at, sent.at);
                news.original |= sent.end <= high;
                if sent.start < prior_highest {
                    news.note_reordered(sent.start);
                }
            }
            if !sent.sacked {
                // The echo is older than the repetition: it was the original that arrived.
                let original = sent.is_repeated() && (news.echo.wrapping_sub(wire.clock(sent.at)) as i32) < 0;
                if !original {
                    rack.on_delivered(now, sent, least);
                }
                rate.count(1);
                rate.on_delivered(pending, sent.at, sent.end, sent.rate);
                news.delivered += 1;
            }
        });
        let mss = u64::from(self.agreed.mss);
        if let Some(low) = news.reordered.filter(|_| self.phase != Phase::Loss || self.undo.marker.is_some())
        {
            self.rack.on_reordering(low, self.board.highest_sacked().max(prior_highest), mss);
        }
    }

    /// Takes round trips, and returns the newest.
    fn take_rtt(&mut self, now: Instant, news: &News) -> Option<Duration> {
        let since = |at: Instant| now.saturating_duration_since(at);
        let acked = news.acked_at.filter(|_| !news.repeated_acked);
        let mut newest = news.sacked_at.or(acked).map(|(_, last)| since(last));
        let mut oldest = acked.or(news.sacked_at).map(|(first, _)| since(first));
        if oldest.is_none() && news.advanced {
            // Only repeated segments: the echoed clock tells which one it was, to a millisecond.
            let elapsed = self.agreed.wire.clock(now).wrapping_sub(news.echo);
            oldest = Some(Duration::from_millis(u64::from(elapsed.max(1))));
            newest = oldest;
        }
        let (oldest, newest) = (oldest?, newest?);
        self.rtt.update_least(now, newest);
        self.rtt.update(oldest, self.board.una(), self.board.next());
        self.congestion.on_rtt(now, newest, self.board.una(), self.board.next(), &mut self.window);
        Some(newest)
    }

    /// Whether a tail loss probe made good a loss, which then counts as congestion (RFC 8985, section 7.4).
    fn take_probe_answer(&mut self, ack: u64, news: &News) {
        let Some(until) = self.probe.until.filter(|&until| ack >= until) else { return };
        let both_arrived =
            news.probe_duplicate || (ack == until && !news.advanced && !news.sacked && !news.window);
        if !self.probe.repeated || both_arrived {
            self.probe.until = None;
        } else if ack > until {
            self.begin_reduction();
            self.phase = Phase::Reducing;
            self.end_reduction();
            self.keep_open();
        }
    }
}
