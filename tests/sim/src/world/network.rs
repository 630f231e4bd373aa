//! The links between laptop and gateway, and what they are behind.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

use bytes::BytesMut;
use tandem_engine::link::{Ecn, LinkId, Tier};

use crate::link::{Load, Shape, Shaper, ShaperCounts};
use crate::profile::{self, Profile, Way};

/// What IPv4 and UDP add to a UDP payload, bytes.
pub const UDP_OVERHEAD: usize = 28;

/// A packet on a link.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) data: BytesMut,
    /// Headers that are not in `data`, bytes.
    pub(crate) overhead: usize,
    /// Who sent it, as the receiver sees it.
    pub(crate) remote: SocketAddr,
    pub(crate) ecn: Option<Ecn>,
    pub(crate) link: usize,
    /// Whether it is a host's own packet, and no datagram of the tunnel's.
    pub(crate) direct: bool,
}

impl Load for Parcel {
    fn wire_len(&self) -> usize {
        self.data.len() + self.overhead
    }
}

/// One direction of a link, with counters.
#[derive(Debug)]
pub struct Pipe {
    shaper: Shaper<Parcel>,
    lost: Vec<Parcel>,
    /// Packets that were put on it, whatever became of them.
    pub packets: u64,
    /// Bytes of these IP packets.
    pub offered: u64,
    /// Bytes of IP packets that came out at its end.
    pub passed: u64,
    /// Packets that it swallowed without a queue's or chance's doing: blackhole, too long.
    pub swallowed: u64,
}

impl Pipe {
    fn new(shape: Shape, seed: u64, now: Instant) -> Self {
        Self {
            shaper: Shaper::new(shape, seed, now),
            lost: Vec::new(),
            packets: 0,
            offered: 0,
            passed: 0,
            swallowed: 0,
        }
    }

    /// What it does to packets.
    pub fn shape(&self) -> &Shape {
        self.shaper.shape()
    }

    /// Changes what it does to packets.
    pub fn reshape(&mut self, now: Instant, edit: impl FnOnce(&mut Shape)) {
        let mut shape = self.shaper.shape().clone();
        edit(&mut shape);
        self.shaper.reshape(now, shape, &mut self.lost);
        self.lost.clear();
    }

    /// Bytes that wait, as of the last packet.
    pub fn queued(&self) -> usize {
        self.shaper.queued_bytes()
    }

    /// What it lost.
    pub fn counts(&self) -> ShaperCounts {
        self.shaper.counts()
    }

    /// True if the packet is on its way.
    fn push(&mut self, now: Instant, parcel: Parcel) -> bool {
        self.packets += 1;
        self.offered += parcel.wire_len() as u64;
        let shape = self.shaper.shape();
        if shape.blackhole || parcel.wire_len() > shape.mtu {
            self.swallowed += 1;
            return false;
        }
        self.shaper.advance(now, &mut self.lost);
        self.lost.clear();
        self.shaper.push(parcel, now).is_ok()
    }

    fn pop(&mut self, now: Instant) -> Option<Parcel> {
        self.shaper.advance(now, &mut self.lost);
        self.lost.clear();
        let parcel = self.shaper.pop(now)?;
        self.passed += parcel.wire_len() as u64;
        Some(parcel)
    }

    fn clear(&mut self) {
        self.shaper.clear(&mut self.lost);
        self.lost.clear();
    }
}

/// A link of the laptop.
#[derive(Debug)]
pub struct SimLink {
    /// Its name in the profile.
    pub name: String,
    /// The laptop's name for it.
    pub id: LinkId,
    /// How willingly it is used.
    pub tier: Tier,
    /// Whether its bytes are paid for.
    pub metered: bool,
    /// The laptop's own address on it, if that is to be known.
    pub local: Option<IpAddr>,
    /// As the gateway sees it: changes when a NAT forgets.
    pub public: SocketAddr,
    /// Whether the cable is in.
    pub carrier: bool,
    /// From the laptop to the gateway.
    pub up: Pipe,
    /// From the gateway to the laptop.
    pub down: Pipe,
}

impl SimLink {
    fn new(index: usize, profile: &profile::Link, seed: u64, now: Instant) -> Self {
        let number = index as u64;
        Self {
            name: profile.name.clone(),
            id: LinkId(index as u32 + 1),
            tier: profile.tier(),
            metered: false,
            local: profile.address,
            public: SocketAddr::from((Ipv4Addr::new(192, 0, 2, index as u8 + 1), 4000 + index as u16)),
            carrier: true,
            up: Pipe::new(profile.shape(Way::Up), seed.wrapping_add(number * 2), now),
            down: Pipe::new(profile.shape(Way::Down), seed.wrapping_add(number * 2 + 1), now),
        }
    }

    /// Whether packets pass in both directions.
    pub fn passes(&self) -> bool {
        let open = |shape: &Shape| !shape.blackhole && shape.rate_bps != Some(0);
        self.carrier && open(self.up.shape()) && open(self.down.shape())
    }

    /// One direction.
    pub fn pipe(&self, way: Way) -> &Pipe {
        match way {
            Way::Up => &self.up,
            Way::Down => &self.down,
        }
    }

    /// One direction, to change it.
    pub fn pipe_mut(&mut self, way: Way) -> &mut Pipe {
        match way {
            Way::Up => &mut self.up,
            Way::Down => &mut self.down,
        }
    }

    /// Another address towards the internet, at which nothing that is under way arrives.
    pub(crate) fn rebind(&mut self) {
        self.public.set_port(self.public.port().wrapping_add(101));
    }
}

/// All links, and the bottleneck that they may share.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) links: Vec<SimLink>,
    shared: Option<(Pipe, Pipe)>,
}

impl Network {
    pub(crate) fn new(profile: &Profile, seed: u64, now: Instant) -> Self {
        // Far apart, so that no two directions draw the same numbers.
        let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let links = profile.link.iter().enumerate();
        let shared = profile.shared.as_ref().map(|shared| {
            let [up, down] = [&shared.up, &shared.down].map(|direction| {
                let mut shape = Shape::default();
                direction.apply(&mut shape);
                shape
            });
            (Pipe::new(up, seed ^ 0x5a5a, now), Pipe::new(down, seed ^ 0xa5a5, now))
        });
        Self { links: links.map(|(index, link)| SimLink::new(index, link, seed, now)).collect(), shared }
    }

    /// Puts a packet on a link. False if it goes no further.
    pub(crate) fn send(&mut self, now: Instant, way: Way, parcel: Parcel) -> bool {
        let Some(link) = self.links.get_mut(parcel.link).filter(|link| link.carrier) else { return false };
        match (way, &mut self.shared) {
            (Way::Down, Some((_, down))) => down.push(now, parcel),
            (Way::Down, None) => link.down.push(now, parcel),
            (Way::Up, _) => link.up.push(now, parcel),
        }
    }

    /// The next packet that has come out at the gateway.
    pub(crate) fn pop_up(&mut self, now: Instant) -> Option<Parcel> {
        for link in &mut self.links {
            while let Some(parcel) = link.up.pop(now) {
                match &mut self.shared {
                    Some((up, _)) => {
                        // A drop at the bottleneck counts there.
                        let _queued = up.push(now, parcel);
                    }
                    None => return Some(parcel),
                }
            }
        }
        self.shared.as_mut()?.0.pop(now)
    }

    /// The next packet that has come out at the laptop.
    pub(crate) fn pop_down(&mut self, now: Instant) -> Option<Parcel> {
        if let Some((_, down)) = &mut self.shared {
            while let Some(parcel) = down.pop(now) {
                if let Some(link) = self.links.get_mut(parcel.link).filter(|link| link.carrier) {
                    // A drop on the link counts there.
                    let _queued = link.down.push(now, parcel);
                }
            }
        }
        self.links.iter_mut().find_map(|link| link.down.pop(now))
    }

    /// Pulls the cable, or puts it in. What is on the link is lost.
    pub(crate) fn set_carrier(&mut self, index: usize, on: bool) {
        let link = &mut self.links[index];
        link.carrier = on;
        if !on {
            link.up.clear();
            link.down.clear();
        }
    }

    /// The link with that address towards the internet.
    pub(crate) fn position(&self, public: SocketAddr) -> Option<usize> {
        self.links.iter().position(|link| link.public == public)
    }

    /// When something comes out next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let own = self.links.iter().flat_map(|link| [&link.up, &link.down]);
        let shared = self.shared.iter().flat_map(|(up, down)| [up, down]);
        own.chain(shared).filter_map(|pipe| pipe.shaper.deadline()).min()
    }
}
