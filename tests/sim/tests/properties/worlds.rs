//! Random worlds.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use tandem_sim::link::Burst;
use tandem_sim::profile::{Direction, Event, Link, Profile};

use crate::case::{Case, Controller};

/// Nothing happens during these after the flows have begun.
const FIRST_EVENT_MS: u64 = 1500;
/// Between two events there is time to recover.
const EVENT_SPACING_MS: u64 = 2000;

/// What may occur in a random world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    /// Links may lose packets by chance.
    pub(crate) lossy: bool,
    /// Links may be too narrow for the tunnel's packets.
    pub(crate) narrow: bool,
    /// How many events there may be.
    pub(crate) events: usize,
}

/// Links whose behaviour changes while traffic flows.
pub(crate) fn eventful(range: Range) -> impl Strategy<Value = Case> {
    let Range { lossy, narrow, events } = range;
    (1_usize..=4)
        .prop_flat_map(move |count| (vec(link(lossy, narrow), count), vec((0..count, event()), 0..=events)))
        .prop_map(|(links, events)| profile(links, events))
        .prop_flat_map(case)
}

/// Links that stay as they are and lose nothing by chance.
pub(crate) fn calm() -> impl Strategy<Value = Case> {
    vec(link(false, true), 2..=3).prop_map(|links| profile(links, Vec::new())).prop_flat_map(case)
}

fn case(profile: Profile) -> impl Strategy<Value = Case> {
    let controllers = select(vec![Controller::Bbr, Controller::Cubic]);
    (any::<u16>(), controllers, Just(profile)).prop_map(|(seed, controller, profile)| Case {
        seed: u64::from(seed),
        controller,
        profile,
    })
}

fn profile(links: Vec<Direction>, events: Vec<(usize, Event)>) -> Profile {
    let name = |number: usize| format!("link{number}");
    let link = |(number, both)| Link {
        name: name(number),
        both,
        up: Direction::default(),
        down: Direction::default(),
        trace: None,
        address: None,
        tier: None,
    };
    let event = |(order, (number, event)): (usize, (usize, Event))| Event {
        at_ms: FIRST_EVENT_MS + EVENT_SPACING_MS * order as u64,
        link: name(number),
        ..event
    };
    Profile {
        name: "random".to_owned(),
        about: "Made by chance".to_owned(),
        seconds: (FIRST_EVENT_MS + EVENT_SPACING_MS * events.len() as u64).div_ceil(1000),
        link: links.into_iter().enumerate().map(link).collect(),
        shared: None,
        event: events.into_iter().enumerate().map(event).collect(),
    }
}

fn link(lossy: bool, narrow: bool) -> impl Strategy<Value = Direction> {
    let burst = (0.001..0.02_f64, 0.05..0.5_f64, 0.1..0.9_f64).prop_map(|(enter, leave, loss)| Burst {
        enter,
        leave,
        loss,
    });
    let shape = (4_u32..=40, 1_u32..=80, 0_u32..=10, 50_u32..=500);
    let mtu = if narrow { select(vec![1300_usize, 1400, 1500]) } else { select(vec![1500]) };
    (shape, mtu, option::of(0.0..0.05_f64), option::of(burst)).prop_map(
        move |((rate, delay, jitter, queue), mtu, loss, burst)| Direction {
            rate_mbit: Some(f64::from(rate)),
            delay_ms: Some(f64::from(delay)),
            jitter_ms: Some(f64::from(jitter)),
            queue_ms: Some(f64::from(queue)),
            mtu: Some(mtu),
            loss: loss.filter(|_| lossy),
            burst: burst.filter(|_| lossy),
            ..Direction::default()
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    let blackhole = |on| Direction { blackhole: Some(on), ..Direction::default() };
    prop_oneof![
        any::<bool>().prop_map(|on| Event { carrier: Some(on), ..Event::default() }),
        any::<bool>().prop_map(move |on| Event { both: blackhole(on), ..Event::default() }),
        any::<bool>().prop_map(move |on| Event { up: blackhole(on), ..Event::default() }),
        any::<bool>().prop_map(move |on| Event { down: blackhole(on), ..Event::default() }),
        Just(Event { rebind: true, ..Event::default() }),
        Just(Event { readdress: true, ..Event::default() }),
        (4_u32..=40, 1_u32..=80).prop_map(|(rate, delay)| Event {
            both: Direction {
                rate_mbit: Some(f64::from(rate)),
                delay_ms: Some(f64::from(delay)),
                ..Direction::default()
            },
            ..Event::default()
        }),
    ]
}
