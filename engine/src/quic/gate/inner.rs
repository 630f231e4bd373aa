//! The real controller behind a gate: our BBR, our BALIA, or one of noq's.

use std::time::Instant;

use noq_proto::RttEstimator;
use noq_proto::congestion::{Controller, ControllerMetrics};

use crate::congestion::{Balia, Bbr, Coupling};

pub(super) enum Inner {
    Bbr(Box<Bbr>),
    Balia(Box<Balia>),
    Noq(Box<dyn Controller>),
}

impl Clone for Inner {
    fn clone(&self) -> Self {
        match self {
            Self::Bbr(bbr) => Self::Bbr(bbr.clone()),
            Self::Balia(balia) => Self::Balia(balia.clone()),
            Self::Noq(controller) => Self::Noq(controller.clone_box()),
        }
    }
}

impl Inner {
    pub(super) fn window(&self) -> u64 {
        match self {
            Self::Bbr(bbr) => bbr.window(),
            Self::Balia(balia) => balia.window(),
            Self::Noq(controller) => controller.window(),
        }
    }

    pub(super) fn initial_window(&self) -> u64 {
        match self {
            Self::Bbr(bbr) => bbr.initial_window(),
            Self::Balia(balia) => balia.initial_window(),
            Self::Noq(controller) => controller.initial_window(),
        }
    }

    /// Bytes/s at which it wants packets to leave, if it has a wish.
    pub(super) fn pacing_rate(&self) -> Option<u64> {
        match self {
            Self::Bbr(bbr) => Some(bbr.pacing_rate()),
            Self::Balia(_) => None,
            Self::Noq(controller) => controller.metrics().pacing_rate,
        }
    }

    /// Bytes/s that it believes the path to carry.
    pub(super) fn bandwidth(&self) -> Option<u64> {
        match self {
            Self::Bbr(bbr) => bbr.bandwidth(),
            Self::Balia(_) => None,
            Self::Noq(controller) => controller.metrics().bandwidth_estimate.map(|bits| bits / 8),
        }
    }

    pub(super) fn metrics(&self) -> ControllerMetrics {
        if let Self::Noq(controller) = self {
            return controller.metrics();
        }
        let mut metrics = ControllerMetrics::default();
        metrics.congestion_window = self.window();
        metrics.bandwidth_estimate = self.bandwidth().map(|bytes| bytes * 8);
        metrics
    }

    pub(super) fn on_sent(&mut self, now: Instant, bytes: u64, largest_pn: u64) {
        if let Self::Noq(controller) = self {
            controller.on_sent(now, bytes, largest_pn);
        }
    }

    pub(super) fn on_packet_sent(&mut self, now: Instant, bytes: u16, pn: u64) {
        match self {
            Self::Bbr(bbr) => bbr.on_sent(now, pn, u64::from(bytes)),
            Self::Balia(_) => {}
            Self::Noq(controller) => controller.on_packet_sent(now, bytes, pn),
        }
    }

    pub(super) fn on_cwnd_limited(&mut self) {
        if let Self::Noq(controller) = self {
            controller.on_cwnd_limited();
        }
    }

    /// Whether much less is in flight than the window allows, so that it has no reason to grow (RFC 9002 §7.8): what waits
    /// may wait for its pace. BBR learns that from rates.
    pub(super) fn is_underused(&self, in_flight: u64) -> bool {
        match self {
            Self::Bbr(_) => false,
            Self::Balia(_) | Self::Noq(_) => in_flight.saturating_mul(2) < self.window(),
        }
    }

    pub(super) fn on_ack(
        &mut self,
        now: Instant,
        sent: Instant,
        bytes: u64,
        pn: u64,
        app_limited: bool,
        rtt: &RttEstimator,
    ) {
        match self {
            Self::Bbr(bbr) => bbr.on_acked(now, pn, sent, bytes),
            Self::Balia(balia) => balia.on_acked(sent, bytes, app_limited, (rtt.get(), rtt.min())),
            Self::Noq(controller) => controller.on_ack(now, sent, bytes, pn, app_limited, rtt),
        }
    }

    pub(super) fn on_end_acks(
        &mut self,
        now: Instant,
        in_flight: u64,
        app_limited: bool,
        largest_pn: Option<u64>,
    ) {
        match self {
            Self::Bbr(bbr) => {
                bbr.on_ack_end(now, in_flight);
                if app_limited {
                    bbr.on_app_limited();
                }
            }
            Self::Balia(_) => {}
            Self::Noq(controller) => controller.on_end_acks(now, in_flight, app_limited, largest_pn),
        }
    }

    pub(super) fn on_congestion_event(
        &mut self,
        now: Instant,
        sent: Instant,
        is_persistent: bool,
        is_ecn: bool,
        lost_bytes: u64,
        largest_lost_pn: u64,
    ) {
        match self {
            Self::Bbr(bbr) => {
                if is_ecn {
                    bbr.on_marked();
                }
                if is_persistent {
                    bbr.on_persistent_congestion();
                }
            }
            Self::Balia(balia) => {
                balia.on_congestion(now, sent);
                if is_persistent {
                    balia.on_persistent_congestion();
                }
            }
            Self::Noq(controller) => {
                controller.on_congestion_event(now, sent, is_persistent, is_ecn, lost_bytes, largest_lost_pn);
            }
        }
    }

    pub(super) fn on_packet_lost(&mut self, lost_bytes: u16, pn: u64, now: Instant) {
        match self {
            Self::Bbr(bbr) => bbr.on_lost(now, pn, u64::from(lost_bytes)),
            Self::Balia(_) => {}
            Self::Noq(controller) => controller.on_packet_lost(lost_bytes, pn, now),
        }
    }

    pub(super) fn on_spurious_congestion_event(&mut self) {
        match self {
            Self::Bbr(bbr) => bbr.on_spurious_loss(),
            Self::Balia(balia) => balia.on_spurious_loss(),
            Self::Noq(controller) => controller.on_spurious_congestion_event(),
        }
    }

    pub(super) fn on_mtu_update(&mut self, new_mtu: u16) {
        match self {
            Self::Bbr(bbr) => bbr.set_mtu(new_mtu),
            Self::Balia(balia) => balia.set_mtu(new_mtu),
            Self::Noq(controller) => controller.on_mtu_update(new_mtu),
        }
    }

    /// Whether it has to know of the tunnel's other paths.
    pub(super) fn is_coupled(&self) -> bool {
        matches!(self, Self::Balia(_))
    }

    pub(super) fn couple(&mut self, coupling: Coupling) {
        if let Self::Balia(balia) = self {
            balia.couple(coupling);
        }
    }

    pub(super) fn set_calls(&mut self, carries_calls: bool) {
        if let Self::Bbr(bbr) = self {
            bbr.set_calls(carries_calls);
        }
    }

    pub(super) fn forget_rtt(&mut self, now: Instant) {
        if let Self::Bbr(bbr) = self {
            bbr.forget_rtt(now);
        }
    }
}
