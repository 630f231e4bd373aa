//! An emulated link: two TAP devices, each in a namespace, and two threads that carry frames between them.
//!
//! The kernel on either side sees an Ethernet card; everything a network does to packets happens between the two,
//! so no queueing discipline of the host is needed. Each direction has a thread that reads its TAP eagerly, so that
//! the emulated queue, and never the device's, is the bottleneck.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, bail};
use rustix::event::{EventfdFlags, eventfd};

use crate::netns::Namespace;
use crate::{netif, sys};

mod config;
mod frame;
mod nat;
mod relay;

pub use config::{LinkConfig, SETTINGS, parse_duration, parse_rate};
pub use nat::NatConfig;
pub use tandem_sim::link::{Burst, Shape};

use nat::Nat;
use relay::{Relay, Way};

/// One end of a link: an interface to be created in a namespace.
#[derive(Debug, Clone, Copy)]
pub struct End<'a> {
    /// Where it appears.
    pub namespace: &'a Namespace,
    /// Its name there.
    pub interface: &'a str,
}

/// What one direction has done since the link was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames delivered.
    pub frames: u64,
    /// Bytes delivered, Ethernet headers included.
    pub bytes: u64,
    /// Frames that found the queue full.
    pub queue_drops: u64,
    /// Frames lost by chance, or with the carrier.
    pub lost: u64,
    /// Frames kept back: blackhole, no carrier, blocked UDP, too large, unknown to the NAT.
    pub filtered: u64,
}

#[derive(Debug, Default)]
struct Counters {
    frames: AtomicU64,
    bytes: AtomicU64,
    queue_drops: AtomicU64,
    lost: AtomicU64,
    filtered: AtomicU64,
}

impl Counters {
    fn read(&self) -> Counts {
        Counts {
            frames: self.frames.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            queue_drops: self.queue_drops.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
            filtered: self.filtered.load(Ordering::Relaxed),
        }
    }
}

/// What the handle and the two relay threads share.
#[derive(Debug)]
struct Shared {
    config: Mutex<LinkConfig>,
    /// Counts changes of `config`, so that the relays look at it only then.
    generation: AtomicU64,
    nat: Option<Mutex<Nat>>,
    stop: AtomicBool,
    counters: [Counters; 2],
}

/// A running link. Dropping it unplugs and removes both interfaces.
#[derive(Debug)]
pub struct Link {
    name: String,
    first_tap: Arc<File>,
    shared: Arc<Shared>,
    wakers: Vec<Arc<OwnedFd>>,
    relays: Vec<JoinHandle<()>>,
}

impl Link {
    /// Creates both interfaces, up and without addresses, and starts to carry frames. A NAT, if any, hides the
    /// first end. The seed decides loss and jitter.
    ///
    /// # Errors
    /// When a TAP device cannot be made: no `/dev/net/tun`, no CAP_NET_ADMIN, or the name is taken.
    pub fn new(
        name: &str,
        ends: [End<'_>; 2],
        config: LinkConfig,
        nat: Option<NatConfig>,
        seed: u64,
    ) -> Result<Self> {
        let taps = [open_end(ends[0])?, open_end(ends[1])?].map(Arc::new);
        let shared = Arc::new(Shared {
            config: Mutex::new(config.clone()),
            generation: AtomicU64::new(1),
            nat: nat.map(|nat| Mutex::new(Nat::new(nat))),
            stop: AtomicBool::new(false),
            counters: Default::default(),
        });
        let mut link = Self {
            name: name.to_owned(),
            first_tap: taps[0].clone(),
            shared,
            wakers: Vec::new(),
            relays: Vec::new(),
        };
        let [first, second] = taps;
        link.start(Way::Up, first.clone(), second.clone(), seed)?;
        link.start(Way::Down, second, first, seed.wrapping_add(0x5bd1_e995))?;
        if !config.carrier {
            sys::set_carrier(&link.first_tap, false).context("cannot set the carrier")?;
        }
        Ok(link)
    }

    fn start(&mut self, way: Way, from: Arc<File>, to: Arc<File>, seed: u64) -> Result<()> {
        let waker = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
        let relay = Relay::new(way, from, to, waker.clone(), self.shared.clone(), seed);
        let name = format!("link-{}-{}", self.name, way.label());
        self.relays.push(thread::Builder::new().name(name).spawn(move || relay.run())?);
        self.wakers.push(waker);
        Ok(())
    }

    /// The link's name, as in scenarios.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The present settings.
    #[must_use]
    pub fn config(&self) -> LinkConfig {
        lock(&self.shared.config).clone()
    }

    /// Changes settings; they hold for the next frame.
    ///
    /// # Errors
    /// When the carrier cannot be changed.
    pub fn change(&self, edit: impl FnOnce(&mut LinkConfig)) -> Result<()> {
        let carrier = {
            let mut config = lock(&self.shared.config);
            let before = config.carrier;
            edit(&mut config);
            (config.carrier != before).then_some(config.carrier)
        };
        self.shared.generation.fetch_add(1, Ordering::Release);
        self.wake();
        if let Some(on) = carrier {
            sys::set_carrier(&self.first_tap, on)
                .with_context(|| format!("cannot set the carrier of {}", self.name))?;
        }
        Ok(())
    }

    /// Changes one setting from text, see [`LinkConfig::set`].
    ///
    /// # Errors
    /// For unknown settings; then nothing changes.
    pub fn set(&self, key: &str, value: &str) -> Result<()> {
        let mut config = self.config();
        config.set(key, value).with_context(|| format!("link {}", self.name))?;
        self.change(|present| *present = config)
    }

    /// Plugs the cable in or out, seen by the kernel of the first end.
    ///
    /// # Errors
    /// When the driver refuses.
    pub fn set_carrier(&self, on: bool) -> Result<()> {
        self.change(|config| config.carrier = on)
    }

    /// Swallows everything in both directions, without a sign to either end.
    ///
    /// # Errors
    /// None in practice; as [`Link::change`].
    pub fn set_blackhole(&self, on: bool) -> Result<()> {
        self.change(|config| {
            config.up.blackhole = on;
            config.down.blackhole = on;
        })
    }

    /// Makes the NAT forget everything and go on from another address and other ports.
    ///
    /// # Errors
    /// When the link has no NAT.
    pub fn rebind(&self) -> Result<()> {
        let Some(nat) = &self.shared.nat else { bail!("link {} has no NAT to rebind", self.name) };
        lock(nat).rebind();
        Ok(())
    }

    /// What the directions have done: away from the first end, and towards it.
    #[must_use]
    pub fn counts(&self) -> [Counts; 2] {
        [self.shared.counters[0].read(), self.shared.counters[1].read()]
    }

    fn wake(&self) {
        for waker in &self.wakers {
            // A full counter means that the relay is about to wake anyway.
            let _ = rustix::io::write(waker, &1u64.to_ne_bytes());
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.wake();
        for relay in self.relays.drain(..) {
            let _ = relay.join();
        }
    }
}

fn open_end(end: End<'_>) -> Result<File> {
    /// The device's queue only has to survive a busy machine, so it is longer than any emulated one.
    const DEVICE_QUEUE: u32 = 8_192;
    end.namespace.run(|| {
        let tap = sys::open_tap(end.interface).with_context(|| {
            format!(
                "cannot create the TAP device {}: this needs CAP_NET_ADMIN and /dev/net/tun (`modprobe tun`; \
                 in a container --device /dev/net/tun)",
                end.interface
            )
        })?;
        netif::set_queue_length(end.interface, DEVICE_QUEUE)?;
        netif::set_up(end.interface)?;
        Ok(tap)
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
