//! The receiver's side: passes each packet on once, and those of an ordered lane in order, as far as waiting helps.
//!
//! A packet that is ahead of a gap waits for what is missing: that is still under way on a slower path, or was lost
//! and is being sent again. No packet waits longer than the hold, however many gaps there are before it. What comes
//! after its gap was given up is passed on at once, since late is better than lost, up to a limit: by then an inner
//! transport has sent it again (RFC 6298: after 200 ms at the earliest, in Linux), and whoever plays it has gone on.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::window::Window;
use super::{LANES, Place, ahead, following};

/// Packets that may wait, all lanes together: 100 ms at 400 Mbit/s.
const MAX_HELD: usize = 4096;
/// Times at which gaps of a lane were given up that are remembered...
const MAX_GIVEN_UP: usize = 64;
/// ...where what was given up within this long is remembered as one: when a path dies, as many gaps as packets of the other
/// paths lie between its own are given up at once. Together they reach further back than anything may be late.
const AT_ONCE: Duration = Duration::from_millis(5);
/// Longest distance in a lane between the first gap and the last packet that waits.
const MAX_SPAN: usize = 8192;

/// What became of a packet that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passed {
    /// It was the next one, or order does not matter: it went on, and so did those that waited for it.
    InOrder,
    /// It waits.
    Held,
    /// Its gap was given up before it came: it went on out of order.
    Late,
    /// Its gap was given up so long ago that nobody waits for it any more, and it is gone.
    Stale,
    /// It had come before, and is gone.
    Copy,
}

/// What is known of a number that is not passed on yet.
#[derive(Debug)]
enum Slot {
    Missing,
    /// It will not come: the sender says so.
    Gone,
    Held {
        at: Instant,
        packet: Bytes,
    },
}

impl Slot {
    fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    /// Since when it waits.
    fn held_at(&self) -> Option<Instant> {
        match self {
            Self::Held { at, .. } => Some(*at),
            Self::Missing | Self::Gone => None,
        }
    }
}

/// One lane.
#[derive(Debug)]
struct Lane {
    window: Window,
    /// The number that is to be passed on next.
    next: u32,
    /// What came from `next` on. While anything waits, the first is missing, and the last is not.
    held: VecDeque<Slot>,
    count: usize,
    /// When the packet that waits longest came.
    oldest: Option<Instant>,
    /// Gaps that were given up of late: the number after the last of them, and when.
    given_up: VecDeque<(u32, Instant)>,
}

impl Lane {
    fn new(first: Place) -> Self {
        Self {
            window: Window::new(first.seq),
            next: 0,
            held: VecDeque::new(),
            count: 0,
            oldest: None,
            given_up: VecDeque::new(),
        }
    }

    /// Passes on what stands at the front without a gap.
    fn release(&mut self, now: Instant, out: &mut Vec<Bytes>) {
        let before = self.count;
        while let Some(slot) = self.held.pop_front_if(|front| !front.is_missing()) {
            self.next = following(self.next);
            if let Slot::Held { packet, .. } = slot {
                self.count -= 1;
                out.push(packet);
            } else {
                self.note_given_up(now);
            }
        }
        if self.count != before {
            self.oldest = self.held.iter().filter_map(Slot::held_at).min();
        }
    }

    /// Gives the first gap up.
    fn skip(&mut self, now: Instant, out: &mut Vec<Bytes>) {
        while self.held.pop_front_if(|front| front.is_missing()).is_some() {
            self.next = following(self.next);
        }
        self.note_given_up(now);
        self.release(now, out);
    }

    /// Notes that what is missing before `next` is not waited for any more.
    fn note_given_up(&mut self, now: Instant) {
        let last = self.given_up.back_mut();
        if let Some((after, _)) = last.filter(|(_, at)| now.saturating_duration_since(*at) < AT_ONCE) {
            *after = self.next;
            return;
        }
        if self.given_up.len() == MAX_GIVEN_UP {
            self.given_up.pop_front();
        }
        self.given_up.push_back((self.next, now));
    }

    /// Whether the gap to which `seq` belongs was given up more than `limit` ago.
    fn is_stale(&self, now: Instant, seq: u32, limit: Duration) -> bool {
        let gap = self.given_up.iter().find(|(after, _)| ahead(seq, *after) < 0);
        gap.is_none_or(|(_, at)| now.saturating_duration_since(*at) > limit)
    }

    fn hold(&mut self, now: Instant, distance: usize, packet: &[u8]) {
        if self.held.len() <= distance {
            self.held.resize_with(distance + 1, || Slot::Missing);
        }
        // A copy: the packet's own buffer is a slice of all that arrived together, and would keep that alive.
        self.held[distance] = Slot::Held { at: now, packet: Bytes::copy_from_slice(packet) };
        self.count += 1;
        self.oldest.get_or_insert(now);
    }
}

/// All lanes of a tunnel.
#[derive(Debug)]
pub(crate) struct Resequencer {
    /// Empty until the first packet.
    lanes: Vec<Option<Box<Lane>>>,
    /// Lanes in which packets wait.
    waiting: Vec<u8>,
    /// Packets that wait.
    held: usize,
    hold: Duration,
    /// How much later than what follows it a packet may be passed on.
    limit: Duration,
}

impl Resequencer {
    /// Without packets. `hold` is the longest that one may wait, and how late one may be at most.
    pub(crate) fn new(hold: Duration) -> Self {
        Self { lanes: Vec::new(), waiting: Vec::new(), held: 0, hold, limit: hold }
    }

    /// Gives back the room for packets that wait, where none does.
    pub(crate) fn release_memory(&mut self) {
        for lane in self.lanes.iter_mut().flatten().filter(|lane| lane.held.is_empty()) {
            lane.held = VecDeque::new();
        }
    }

    /// From now on no packet waits longer than `hold`.
    pub(crate) fn set_hold(&mut self, hold: Duration) {
        self.hold = hold;
    }

    /// Whether a later packet of its lane came before one that has this place (reordering as of RFC 4737 §3.3).
    pub(crate) fn is_overtaken(&self, place: Place) -> bool {
        let lane = self.lanes.get(usize::from(place.lane)).and_then(Option::as_ref);
        lane.is_some_and(|lane| lane.window.is_behind(place.seq))
    }

    /// Takes in a packet, and appends to `out` what is to be passed on.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        place: Place,
        packet: Bytes,
        out: &mut Vec<Bytes>,
    ) -> Passed {
        if self.lanes.is_empty() {
            self.lanes.resize_with(LANES, || None);
        }
        let slot = &mut self.lanes[usize::from(place.lane)];
        let is_new = slot.is_none();
        let lane = slot.get_or_insert_with(|| Box::new(Lane::new(place)));
        if !is_new && !lane.window.is_first(place.seq) {
            return Passed::Copy;
        }
        if !place.is_ordered() {
            out.push(packet);
            return Passed::InOrder;
        }
        let before = lane.count;
        let passed = match usize::try_from(ahead(place.seq, lane.next)) {
            Err(_) if lane.is_stale(now, place.seq, self.limit) => Passed::Stale,
            Err(_) => {
                out.push(packet);
                Passed::Late
            }
            Ok(0) => {
                out.push(packet);
                lane.next = following(lane.next);
                lane.held.pop_front();
                lane.release(now, out);
                Passed::InOrder
            }
            Ok(distance) if distance < MAX_SPAN => {
                lane.hold(now, distance, &packet);
                Passed::Held
            }
            Ok(_) => {
                while lane.count > 0 {
                    lane.skip(now, out);
                }
                lane.next = place.seq;
                lane.note_given_up(now);
                out.push(packet);
                lane.next = following(place.seq);
                Passed::InOrder
            }
        };
        while self.held - before + lane.count > MAX_HELD && lane.count > 0 {
            lane.skip(now, out);
        }
        let after = lane.count;
        self.note(place.lane, before, after);
        passed
    }

    /// The sender says that a packet will not come: nothing waits for it any more, and what did is appended to `out`.
    pub(crate) fn give_up(&mut self, now: Instant, place: Place, out: &mut Vec<Bytes>) {
        let lane = self.lanes.get_mut(usize::from(place.lane)).and_then(Option::as_mut);
        let Some(lane) = lane.filter(|_| place.is_ordered()) else { return };
        let distance = usize::try_from(ahead(place.seq, lane.next));
        // Beyond what came, nothing waits for it.
        let slot = distance.ok().and_then(|distance| lane.held.get_mut(distance));
        let Some(slot) = slot.filter(|slot| slot.is_missing()) else { return };
        *slot = Slot::Gone;
        let before = lane.count;
        lane.release(now, out);
        let after = lane.count;
        self.note(place.lane, before, after);
    }

    /// Keeps count after a lane that held `before` packets holds `after`.
    fn note(&mut self, lane: u8, before: usize, after: usize) {
        self.held = self.held - before + after;
        if before == 0 && after > 0 {
            self.waiting.push(lane);
        } else if before > 0 && after == 0 {
            self.waiting.retain(|other| *other != lane);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let lanes = self.waiting.iter().filter_map(|lane| self.lanes[usize::from(*lane)].as_ref());
        lanes.filter_map(|lane| lane.oldest).min().map(|oldest| oldest + self.hold)
    }

    /// Appends to `out` what has waited long enough, with all that stands before it.
    pub(crate) fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Bytes>) {
        let mut index = 0;
        while let Some(&number) = self.waiting.get(index) {
            let Some(lane) = self.lanes[usize::from(number)].as_mut() else { return };
            let before = lane.count;
            while lane.oldest.is_some_and(|oldest| oldest + self.hold <= now) {
                lane.skip(now, out);
            }
            let after = lane.count;
            self.note(number, before, after);
            index += usize::from(after > 0);
        }
    }
}

#[cfg(test)]
mod tests;
