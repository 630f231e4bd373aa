//! What an event loop drives: the engine's client or gateway, which are driven alike.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use tandem_engine::client::{Client, ClientEvent};
use tandem_engine::gateway::{Gateway, GatewayEvent, Handover};
use tandem_engine::link::{Arrival, Transmit};

/// A sans-I/O engine. The methods are those of the same name of [`Client`] and [`Gateway`].
pub(in crate::app) trait Engine: Send + 'static {
    /// What it tells.
    type Event: Send + 'static;
    /// What it has for another one of its kind; only a gateway's workers have any.
    type Handover: Send + 'static;

    fn handle_udp(&mut self, now: Instant, arrival: &Arrival, data: BytesMut);
    fn handle_packet(&mut self, now: Instant, packet: BytesMut);
    fn handle_timeout(&mut self, now: Instant);
    fn poll_transmit(
        &mut self,
        now: Instant,
        max_segments: NonZeroUsize,
        buf: &mut Vec<u8>,
    ) -> Option<Transmit>;
    fn poll_packet(&mut self) -> Option<Bytes>;
    fn poll_event(&mut self) -> Option<Self::Event>;
    fn poll_timeout(&self) -> Option<Instant>;
    fn poll_handover(&mut self) -> Option<(u8, Self::Handover)>;
    fn take_over(&mut self, now: Instant, from: u8, handover: Self::Handover);
    /// Whether only a packet is lost with it.
    fn may_be_lost(handover: &Self::Handover) -> bool;
}

macro_rules! engine {
    ($engine:ty, $event:ty, { $($handing_over:tt)* }) => {
        impl Engine for $engine {
            type Event = $event;

            fn handle_udp(&mut self, now: Instant, arrival: &Arrival, data: BytesMut) {
                <$engine>::handle_udp(self, now, arrival, data);
            }

            fn handle_packet(&mut self, now: Instant, packet: BytesMut) {
                <$engine>::handle_packet(self, now, packet);
            }

            fn handle_timeout(&mut self, now: Instant) {
                <$engine>::handle_timeout(self, now);
            }

            fn poll_transmit(
                &mut self,
                now: Instant,
                max_segments: NonZeroUsize,
                buf: &mut Vec<u8>,
            ) -> Option<Transmit> {
                <$engine>::poll_transmit(self, now, max_segments, buf)
            }

            fn poll_packet(&mut self) -> Option<Bytes> {
                <$engine>::poll_packet(self)
            }

            fn poll_event(&mut self) -> Option<Self::Event> {
                <$engine>::poll_event(self)
            }

            fn poll_timeout(&self) -> Option<Instant> {
                <$engine>::poll_timeout(self)
            }

            $($handing_over)*
        }
    };
}

engine!(Client, ClientEvent, {
    type Handover = Infallible;

    fn poll_handover(&mut self) -> Option<(u8, Infallible)> {
        None
    }

    fn take_over(&mut self, _: Instant, _: u8, handover: Infallible) {
        match handover {}
    }

    fn may_be_lost(handover: &Infallible) -> bool {
        match *handover {}
    }
});
engine!(Gateway, GatewayEvent, {
    type Handover = Handover;

    fn poll_handover(&mut self) -> Option<(u8, Handover)> {
        Self::poll_handover(self)
    }

    fn take_over(&mut self, now: Instant, from: u8, handover: Handover) {
        Self::take_over(self, now, from, handover);
    }

    fn may_be_lost(handover: &Handover) -> bool {
        matches!(handover, Handover::Datagram(..) | Handover::Packet(_))
    }
});
