//! The gate: a congestion controller around the real one, through which a path is opened and closed, and
//! through which the fate of each packet is learned.
//!
//! - A closed gate reports a window of 0, so that noq sends no datagram on its path. `metrics()` still
//!   passes, because noq's pacer takes a window of 0 for nonsense.
//! - What blocks a closed gate is our choice and not the network: `on_cwnd_limited` is held back, and
//!   `app_limited` is replaced by what the tunnel knows of its own queue.
//! - noq's pacer is switched off (a rate without bound): the tunnel paces, so that it always knows before
//!   it hands over a datagram that noq will send it.
//! - Packet numbers that were sent, acknowledged or lost are logged until the tunnel collects them.

#[cfg(feature = "fuzzing")]
pub(crate) mod doors;
mod inner;
mod times;

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use noq_proto::RttEstimator;
use noq_proto::congestion::{Controller, ControllerFactory, ControllerMetrics, CubicConfig};

use self::inner::Inner;
use self::times::{AnswerTime, RoundTrip};
use super::Congestion;
use crate::congestion::{Balia, Bbr, Coupling, INITIAL_WINDOW};

/// A pacing rate (bytes/s) that never delays: 1 Tbit/s.
const UNPACED: u64 = 125_000_000_000;

/// An MTU probe that was not answered after this long is lost.
const MTU_PROBE_TIME: Duration = Duration::from_secs(1);

/// A packet as it left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Packet number, in the path's number space.
    pub(crate) pn: u64,
    /// Bytes of the QUIC packet.
    pub(crate) bytes: u16,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The peer has it.
    Acked { pn: u64, sent: Instant },
    /// noq declared it lost (RFC 9002 §6.1).
    Lost { pn: u64 },
}

#[derive(Debug)]
struct State {
    open: bool,
    /// Whether the tunnel has more for this path than the window lets out.
    backlogged: bool,
    /// Whether a probe may leave although the window is full.
    probing: bool,
    /// Whether the batch that is leaving may go beyond the window.
    beyond: bool,
    /// MTU probes that are under way, and when they left.
    mtu_probes: Vec<(Sent, Instant)>,
    /// Largest packet that is no such probe.
    mtu: u16,
    /// Set when the window, and nothing else, held the backlog; handed to the controller at its next call.
    cwnd_limited: bool,
    /// Set when all round trips changed, and likewise handed over.
    forget_rtt: bool,
    /// Whether calls go over the path; likewise.
    carries_calls: bool,
    /// Whether a packet that asks for an answer left since the tunnel last looked.
    asked: bool,
    in_flight: u64,
    /// noq held back what there was room for.
    refused: bool,
    window: u64,
    pacing_rate: Option<u64>,
    bandwidth: Option<u64>,
    /// How the tunnel's paths stand, if the controller has to know.
    coupling: Option<Coupling>,
    answer: AnswerTime,
    rtt: RoundTrip,
    /// When the newest packet left that the acknowledgement being processed is about.
    newest: Option<Instant>,
    sent: Vec<Sent>,
    fates: Vec<Fate>,
}

/// The tunnel's handle on one path's gate.
#[derive(Debug, Clone)]
pub(crate) struct Gate(Arc<Mutex<State>>);

impl Gate {
    fn new(controller: &Inner, mtu: u16) -> Self {
        Self(Arc::new(Mutex::new(State {
            open: true,
            backlogged: false,
            probing: false,
            beyond: false,
            mtu_probes: Vec::new(),
            mtu,
            cwnd_limited: false,
            forget_rtt: false,
            carries_calls: false,
            asked: false,
            in_flight: 0,
            refused: false,
            window: controller.window(),
            pacing_rate: controller.pacing_rate(),
            bandwidth: controller.bandwidth(),
            coupling: controller.is_coupled().then(Coupling::default),
            answer: AnswerTime::default(),
            rtt: RoundTrip::default(),
            newest: None,
            sent: Vec::new(),
            fates: Vec::new(),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The lock is never held across a call that can panic; a poisoned one is still whole.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whether both are handles on one gate.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Lets noq send datagrams on this path, or not, and those beyond the window, or not.
    pub(crate) fn set_open(&self, open: bool, beyond: bool) {
        let mut state = self.lock();
        (state.open, state.beyond) = (open, beyond);
    }

    /// Says whether packets wait for this path, and whether it is the window that they wait for.
    pub(crate) fn set_backlog(&self, backlogged: bool, cwnd_limited: bool) {
        let mut state = self.lock();
        state.backlogged = backlogged;
        state.cwnd_limited |= cwnd_limited;
    }

    /// Says that the way of the acknowledgements changed, and with it every round trip.
    pub(crate) fn forget_rtt(&self) {
        self.lock().forget_rtt = true;
    }

    /// Says whether calls go over the path, for which its queue is to be short.
    pub(crate) fn set_calls(&self, carries_calls: bool) {
        self.lock().carries_calls = carries_calls;
    }

    /// Says that the path moved to another address: nothing is under way to it, and noq tells of no packet's fate from
    /// before.
    pub(crate) fn moved(&self) {
        let mut state = self.lock();
        state.in_flight = 0;
        state.mtu_probes.clear();
    }

    /// Bytes that the window still lets out.
    pub(crate) fn room(&self) -> u64 {
        let state = self.lock();
        if state.refused { 0 } else { state.window.saturating_sub(state.in_flight) }
    }

    /// Bytes sent and neither acknowledged nor lost.
    pub(crate) fn in_flight(&self) -> u64 {
        self.lock().in_flight
    }

    /// At least so many packets are in flight to which an answer is due: not an MTU probe, whose loss only says that it was too large
    /// (RFC 8899 §3).
    pub(crate) fn answers_due(&self, now: Instant) -> u32 {
        let mut state = self.lock();
        state.mtu_probes.retain(|(_, at)| now.saturating_duration_since(*at) < MTU_PROBE_TIME);
        let probes: u64 = state.mtu_probes.iter().map(|(probe, _)| u64::from(probe.bytes)).sum();
        let packets = state.in_flight.saturating_sub(probes).div_ceil(u64::from(state.mtu.max(1)));
        u32::try_from(packets).unwrap_or(u32::MAX)
    }

    /// Whether a packet that asks for an answer left since the last call. noq tells of no others.
    pub(crate) fn asked(&self) -> bool {
        std::mem::take(&mut self.lock().asked)
    }

    /// Lets probes leave although the window is full, or no longer.
    pub(crate) fn set_probing(&self, probing: bool) {
        self.lock().probing = probing;
    }

    /// noq held back what [`room`](Self::room) promised: it knows of more in flight than we do, or has yet to validate
    /// the path's new address. Until something happens on the connection there is no room; not for longer, as with
    /// nothing in flight no acknowledgement would ever tell of any.
    pub(crate) fn set_refused(&self, refused: bool) {
        self.lock().refused = refused;
    }

    /// Congestion window, bytes.
    pub(crate) fn window(&self) -> u64 {
        self.lock().window
    }

    /// The controller's own pacing rate in bytes/s, if it has one.
    pub(crate) fn pacing_rate(&self) -> Option<u64> {
        self.lock().pacing_rate
    }

    /// The controller's estimate of what the path carries, bytes/s.
    pub(crate) fn bandwidth(&self) -> Option<u64> {
        self.lock().bandwidth
    }

    /// Whether the controller has to know of the tunnel's other paths.
    pub(crate) fn is_coupled(&self) -> bool {
        self.lock().coupling.is_some()
    }

    /// Tells the controller how the tunnel's paths stand.
    pub(crate) fn couple(&self, coupling: Coupling) {
        self.lock().coupling = Some(coupling);
    }

    /// By when an answer can be expected: smoothed time plus four times its variation (RFC 6298).
    pub(crate) fn answer_time(&self) -> Option<Duration> {
        self.lock().answer.bound()
    }

    /// Smallest RTT seen.
    pub(crate) fn rtt_min(&self) -> Option<Duration> {
        self.lock().rtt.least
    }

    /// Smoothed RTT of late.
    pub(crate) fn rtt(&self) -> Option<Duration> {
        self.lock().rtt.smoothed
    }

    /// Moves the log of sent packets to the end of `into`.
    pub(crate) fn take_sent(&self, into: &mut Vec<Sent>) {
        into.append(&mut self.lock().sent);
    }

    /// Moves the log of fates to the end of `into`.
    pub(crate) fn take_fates(&self, into: &mut Vec<Fate>) {
        into.append(&mut self.lock().fates);
    }
}

/// The real controller behind a gate.
pub(crate) struct Gated {
    inner: Inner,
    gate: Gate,
}

impl Gated {
    /// The gate of the path whose controller this is.
    pub(crate) fn gate_of(controller: &dyn Controller) -> Option<Gate> {
        Some(controller.clone_box().into_any().downcast::<Self>().ok()?.gate)
    }

    fn refresh(&mut self) {
        let mut state = self.gate.lock();
        state.window = self.inner.window();
        state.pacing_rate = self.inner.pacing_rate();
        state.bandwidth = self.inner.bandwidth();
    }

    fn app_limited(&mut self) -> bool {
        let mut state = self.gate.lock();
        let app_limited = !state.backlogged;
        if std::mem::take(&mut state.cwnd_limited) {
            drop(state);
            self.inner.on_cwnd_limited();
        }
        app_limited
    }
}

impl fmt::Debug for Gated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gated").field("gate", &self.gate).finish_non_exhaustive()
    }
}

impl Controller for Gated {
    fn on_sent(&mut self, now: Instant, bytes: u64, largest_pn: u64) {
        self.inner.on_sent(now, bytes, largest_pn);
    }

    fn on_packet_sent(&mut self, now: Instant, bytes: u16, pn: u64) {
        {
            let mut state = self.gate.lock();
            if bytes > state.mtu {
                state.mtu_probes.push((Sent { pn, bytes }, now));
            } else {
                state.asked = true;
            }
            state.in_flight += u64::from(bytes);
            state.sent.push(Sent { pn, bytes });
        }
        self.inner.on_packet_sent(now, bytes, pn);
        self.refresh();
    }

    fn on_cwnd_limited(&mut self) {
        // What noq sees is our gate; the tunnel reports the real limit through `set_backlog`.
    }

    fn on_ack(&mut self, now: Instant, sent: Instant, bytes: u64, pn: u64, _: bool, rtt: &RttEstimator) {
        let (in_flight, coupling) = {
            let mut state = self.gate.lock();
            let in_flight = state.in_flight;
            state.mtu_probes.retain(|(probe, _)| probe.pn != pn);
            state.in_flight = state.in_flight.saturating_sub(bytes);
            state.answer.sample(now.saturating_duration_since(sent));
            state.newest = state.newest.max(Some(sent));
            state.fates.push(Fate::Acked { pn, sent });
            (in_flight, state.coupling)
        };
        if let Some(coupling) = coupling {
            self.inner.couple(coupling);
        }
        let app_limited = self.app_limited() || self.inner.is_underused(in_flight);
        self.inner.on_ack(now, sent, bytes, pn, app_limited, rtt);
    }

    fn on_end_acks(&mut self, now: Instant, in_flight: u64, _: bool, largest_pn: Option<u64>) {
        let app_limited = self.app_limited();
        let (forget_rtt, carries_calls) = {
            let mut state = self.gate.lock();
            (std::mem::take(&mut state.forget_rtt), state.carries_calls)
        };
        self.inner.set_calls(carries_calls);
        self.inner.on_end_acks(now, in_flight, app_limited, largest_pn);
        if forget_rtt {
            self.inner.forget_rtt(now);
        }
        {
            let mut state = self.gate.lock();
            if let Some(sent) = state.newest.take() {
                state.rtt.sample(now, now.saturating_duration_since(sent));
            }
            // Lost MTU probes and discarded packets leave noq's count without a call: take over its figure.
            state.in_flight = in_flight;
        }
        self.refresh();
    }

    fn on_congestion_event(
        &mut self,
        now: Instant,
        sent: Instant,
        is_persistent_congestion: bool,
        is_ecn: bool,
        lost_bytes: u64,
        largest_lost_pn: u64,
    ) {
        self.inner.on_congestion_event(
            now,
            sent,
            is_persistent_congestion,
            is_ecn,
            lost_bytes,
            largest_lost_pn,
        );
        self.refresh();
    }

    fn on_packet_lost(&mut self, lost_bytes: u16, pn: u64, now: Instant) {
        {
            let mut state = self.gate.lock();
            state.in_flight = state.in_flight.saturating_sub(u64::from(lost_bytes));
            state.fates.push(Fate::Lost { pn });
        }
        self.inner.on_packet_lost(lost_bytes, pn, now);
        self.refresh();
    }

    fn on_spurious_congestion_event(&mut self) {
        self.inner.on_spurious_congestion_event();
        self.refresh();
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.gate.lock().mtu = new_mtu;
        self.inner.on_mtu_update(new_mtu);
        self.refresh();
    }

    fn window(&self) -> u64 {
        let state = self.gate.lock();
        match (state.open, state.probing || state.beyond) {
            (false, _) => 0,
            (true, false) => self.inner.window(),
            // noq may count more in flight than we do: packets that are padded, but ask for no answer. Datagrams do
            // not slip through, as the tunnel hands over no more than there is room for, or than calls may send beyond it.
            (true, true) => u64::MAX,
        }
    }

    fn metrics(&self) -> ControllerMetrics {
        let mut metrics = self.inner.metrics();
        metrics.pacing_rate = Some(UNPACED);
        metrics.send_quantum = None;
        metrics
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(Self { inner: self.inner.clone(), gate: self.gate.clone() })
    }

    fn initial_window(&self) -> u64 {
        self.inner.initial_window()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// Builds gated controllers, and counts them: a new one means that some path's gate was replaced.
pub(crate) struct GatedFactory {
    congestion: Congestion,
    /// What each controller chooses at random comes from this and the count.
    seed: u64,
    built: Arc<AtomicU64>,
}

impl GatedFactory {
    pub(crate) fn new(congestion: Congestion, seed: u64, built: Arc<AtomicU64>) -> Self {
        Self { congestion, seed, built }
    }
}

impl ControllerFactory for GatedFactory {
    fn build(self: Arc<Self>, now: Instant, current_mtu: u16) -> Box<dyn Controller> {
        let count = self.built.fetch_add(1, Ordering::Relaxed);
        let inner = match self.congestion {
            Congestion::Bbr => {
                Inner::Bbr(Box::new(Bbr::new(now, current_mtu, self.seed.wrapping_add(count))))
            }
            Congestion::Balia => Inner::Balia(Box::new(Balia::new(current_mtu))),
            Congestion::Cubic => {
                let mut config = CubicConfig::default();
                config.initial_window(INITIAL_WINDOW * u64::from(current_mtu));
                Inner::Noq(Arc::new(config).build(now, current_mtu))
            }
        };
        let gate = Gate::new(&inner, current_mtu);
        Box::new(Gated { inner, gate })
    }
}

#[cfg(test)]
mod tests;
