//! Carrying packets: from hosts to engines, from engines to links, and back.

use bytes::BytesMut;
use tandem_engine::gateway::{GatewayEvent, RequestKind};
use tandem_engine::ip::Header;
use tandem_engine::link::{Arrival, Transmit};

use super::ends::{GATEWAY_LINK, gateway_address};
use super::hosts::{Got, Side};
use super::ledger::fingerprint;
use super::network::{Parcel, UDP_OVERHEAD};
use super::{MAX_SEGMENTS, Route, World};
use crate::profile::Way;
use crate::trace::Fate;

/// More of the same would say nothing new.
const MAX_VIOLATIONS: usize = 3;

impl World {
    /// Lets hosts and engines send until none has anything more to do at this instant.
    pub fn settle(&mut self) {
        loop {
            while let Some((side, packet)) = self.hosts.poll_packet(self.now) {
                self.offer(side, packet);
            }
            if std::mem::take(&mut self.client_touched) {
                self.client_transmits();
            } else if std::mem::take(&mut self.gateway_touched) {
                self.gateway_transmits();
                self.answer_requests();
            } else {
                return;
            }
        }
    }

    /// Takes a packet from a host.
    pub(super) fn offer(&mut self, side: Side, packet: BytesMut) {
        let fingerprint = fingerprint(&packet);
        self.ledger.sent(fingerprint);
        self.trace.note(self.now - self.start, Fate::Offered, packet.len(), fingerprint);
        match (self.route_of(&packet), side) {
            (Route::Tunnel, Side::Laptop) => {
                self.client.handle_packet(self.client_now(), packet);
                self.client_touched = true;
            }
            (Route::Tunnel, Side::Server) => {
                self.gateway.handle_packet(self.now, packet);
                self.gateway_touched = true;
            }
            (Route::Direct { link, overhead }, _) => {
                let way = Way::of(side);
                let remote = gateway_address();
                self.send(way, Parcel { data: packet, overhead, remote, ecn: None, link, direct: true });
            }
        }
    }

    /// How a host's packet travels.
    fn route_of(&self, packet: &[u8]) -> Route {
        if self.beside.is_empty() {
            return self.options.route;
        }
        let ports = Header::parse(packet).ok().and_then(|header| header.ports);
        let link =
            ports.and_then(|ports| self.beside.get(&ports.src).or_else(|| self.beside.get(&ports.dst)));
        link.map_or(self.options.route, |link| Route::Direct { link: *link, overhead: 0 })
    }

    fn send(&mut self, way: Way, parcel: Parcel) {
        let (link, len) = (parcel.link, parcel.data.len());
        let sent = self.network.send(self.now, way, parcel);
        let fate = if sent { Fate::Sent(link) } else { Fate::Dropped(link) };
        self.trace.note(self.now - self.start, fate, len, 0);
    }

    fn client_transmits(&mut self) {
        if self.is_asleep {
            return;
        }
        let now = self.client_now();
        let mut buf = std::mem::take(&mut self.buf);
        while let Some(transmit) = self.client.poll_transmit(now, MAX_SEGMENTS, &mut buf) {
            let Some(link) = self.network.links.iter().position(|link| link.id == transmit.link) else {
                continue;
            };
            let remote = self.network.links[link].public;
            for data in datagrams(&transmit, &buf) {
                let ecn = transmit.ecn;
                let parcel = Parcel { data, overhead: UDP_OVERHEAD, remote, ecn, link, direct: false };
                self.send(Way::Up, parcel);
            }
        }
        self.buf = buf;
        while let Some(packet) = self.client.poll_packet() {
            self.deliver(Side::Laptop, packet);
        }
        while let Some(event) = self.client.poll_event() {
            self.client_events.push(event);
        }
    }

    fn gateway_transmits(&mut self) {
        let mut buf = std::mem::take(&mut self.buf);
        while let Some(transmit) = self.gateway.poll_transmit(self.now, MAX_SEGMENTS, &mut buf) {
            // What goes to an address that a NAT has forgotten arrives nowhere.
            let Some(link) = self.network.position(transmit.destination) else { continue };
            for data in datagrams(&transmit, &buf) {
                let parcel = Parcel {
                    data,
                    overhead: UDP_OVERHEAD,
                    remote: gateway_address(),
                    ecn: transmit.ecn,
                    link,
                    direct: false,
                };
                self.send(Way::Down, parcel);
            }
        }
        self.buf = buf;
        while let Some(packet) = self.gateway.poll_packet() {
            self.deliver(Side::Server, packet);
        }
    }

    /// Takes packets off the links.
    pub(super) fn arrive(&mut self) {
        while let Some(parcel) = self.network.pop_up(self.now) {
            self.note_arrival(&parcel);
            if parcel.direct {
                self.deliver(Side::Server, parcel.data.freeze());
                continue;
            }
            let local = Some(gateway_address().ip());
            let arrival = Arrival { link: GATEWAY_LINK, remote: parcel.remote, local, ecn: parcel.ecn };
            self.gateway.handle_udp(self.now, &arrival, parcel.data);
            self.gateway_touched = true;
        }
        while let Some(parcel) = self.network.pop_down(self.now) {
            self.note_arrival(&parcel);
            if self.is_asleep {
                continue;
            }
            if parcel.direct {
                self.deliver(Side::Laptop, parcel.data.freeze());
                continue;
            }
            let link = &self.network.links[parcel.link];
            let arrival =
                Arrival { link: link.id, remote: parcel.remote, local: link.local, ecn: parcel.ecn };
            self.client.handle_udp(self.client_now(), &arrival, parcel.data);
            self.client_touched = true;
        }
    }

    fn note_arrival(&mut self, parcel: &Parcel) {
        self.trace.note(self.now - self.start, Fate::Arrived(parcel.link), parcel.data.len(), 0);
    }

    /// Gives a packet to a host.
    fn deliver(&mut self, side: Side, packet: bytes::Bytes) {
        let fingerprint = fingerprint(&packet);
        self.trace.note(self.now - self.start, Fate::Delivered, packet.len(), fingerprint);
        self.delivered += 1;
        if !self.ledger.delivered(fingerprint, &packet) && self.violations.len() < MAX_VIOLATIONS {
            let (at, len) = (self.age(), packet.len());
            self.violations.push(format!("at {at:?}, {side:?}: {len} bytes that were not sent, or twice"));
        }
        if !self.hosts.deliver(self.now, side, &packet) {
            let got = Got { at: self.now, packet };
            match side {
                Side::Laptop => self.laptop_got.push(got),
                Side::Server => self.server_got.push(got),
            }
        }
    }

    fn answer_requests(&mut self) {
        while let Some(event) = self.gateway.poll_event() {
            match event {
                GatewayEvent::Request { id, kind: RequestKind::Tunnel, pin, .. } => {
                    let lease = self.welcome.iter().find(|(known, _)| Some(*known) == pin);
                    match lease.map(|(_, lease)| lease.clone()) {
                        Some(lease) => self.gateway.grant(self.now, id, lease),
                        None => self.gateway.respond(id, 403, br#"{"type":"unknown-peer"}"#),
                    }
                    self.gateway_touched = true;
                }
                GatewayEvent::Request { id, kind: RequestKind::Enrolment { body }, bearer, .. } => {
                    self.gateway_log.push(format!("enrolment {bearer:?} {body:?}"));
                    self.gateway.respond(id, 200, br#"{"ok":true}"#);
                    self.gateway_touched = true;
                }
                GatewayEvent::PeerUp { lease, .. } => self.gateway_log.push(format!("up {}", lease.name)),
                GatewayEvent::PeerDown { name, reason } => {
                    self.gateway_log.push(format!("down {name} {}", reason.label()));
                }
            }
        }
    }
}

/// The datagrams of a transmit, each with bytes of its own.
fn datagrams<'a>(transmit: &Transmit, buf: &'a [u8]) -> impl Iterator<Item = BytesMut> + 'a {
    let size = transmit.segment_size.unwrap_or(transmit.size).max(1);
    buf[..transmit.size].chunks(size).map(BytesMut::from)
}
