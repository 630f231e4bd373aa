//! Profiles, what they could give at most, and how a figure is compared with its target.

use std::sync::OnceLock;
use std::time::Duration;

use tandem_engine::tunnel::DEFAULT_MTU;
use tandem_sim::host::tcp::Algorithm;
use tandem_sim::profile::{self, Way};
use tandem_sim::trial::{self, ENCAPSULATION};
use tandem_sim::world::Side;
use tandem_sim::{Profile, WorldOptions};

pub(crate) const UP: Side = Side::Laptop;
pub(crate) const DOWN: Side = Side::Server;

pub(crate) const fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

/// A profile of the library, to be played for so many seconds.
pub(crate) fn named(name: &str, seconds: u64) -> Profile {
    let profile = profile::named(name).expect("it is in the library");
    Profile { seconds, ..profile }
}

/// A profile with only one of its links.
pub(crate) fn only(profile: &Profile, index: usize) -> Profile {
    let link = profile.link[index].clone();
    let event = profile.event.iter().filter(|event| event.link == link.name).cloned().collect();
    Profile { link: vec![link], event, ..profile.clone() }
}

pub(crate) fn options(seed: u64) -> WorldOptions {
    WorldOptions { seed, ..WorldOptions::default() }
}

/// Mbit/s on the wire of each link.
pub(crate) fn rates(profile: &Profile, from: Side) -> impl Iterator<Item = f64> {
    let rate =
        move |link: &profile::Link| link.shape(Way::of(from)).rate_bps.map_or(0.0, |bits| bits as f64 / 1e6);
    profile.link.iter().map(rate)
}

/// Mbit/s of payload that `wire` Mbit/s of links could give: as much of them as one TCP flow gets through the tunnel over
/// one clean link.
fn payload_of(wire: f64, from: Side, algorithm: Algorithm) -> f64 {
    static SHARES: [OnceLock<f64>; 4] = [const { OnceLock::new() }; 4];
    let index = usize::from(from == UP) * 2 + usize::from(algorithm == Algorithm::Cubic);
    let share = SHARES[index].get_or_init(|| {
        let link = only(&named("two-equal-100", 6), 0);
        let share = trial::tcp_with(&link, options(1), from, 1, algorithm).mbit / 100.0;
        println!(
            "one {algorithm:?} flow from {from:?} over one clean link: {:.1} % of the wire",
            share * 100.0
        );
        share
    });
    wire * share
}

/// The limit of all links of a profile together, Mbit/s of payload.
pub(crate) fn limit(profile: &Profile, from: Side, algorithm: Algorithm) -> f64 {
    payload_of(rates(profile, from).sum(), from, algorithm)
}

/// Part of a link's rate that can be payload of TCP in a tunnel, at most: segments are full, with timestamps.
fn most_payload() -> f64 {
    let mtu = usize::from(DEFAULT_MTU);
    (mtu - 52) as f64 / (mtu + ENCAPSULATION) as f64
}

/// Goodput of two worlds is compared to this part of it: what is in flight when the counting begins and ends is worth as
/// much.
pub(crate) const EQUAL: f64 = 0.995;

/// Connections of `algorithm` that get `mbit` Mbit/s are no worse off than over any one link of the profile through the
/// tunnel: `floor` is the part of the best one's goodput that they get at least.
pub(crate) fn is_worth_it(
    profile: &Profile,
    from: Side,
    (connections, algorithm): (u16, Algorithm),
    mbit: f64,
    floor: f64,
) {
    let what = beside_best(profile, from, connections, algorithm);
    let most = rates(profile, from).fold(0.0, f64::max) * most_payload();
    // No link gives more than its rate, and it need not be played to know that.
    if profile.link.iter().all(|link| link.trace.is_none()) && mbit >= most * floor {
        println!("{what}: more than {:.3}, target at least {floor:.3}", mbit / most);
        return;
    }
    at_least(&what, mbit / best_alone(profile, from, (connections, algorithm), 1), floor);
}

/// The same where one world differs much from the next: the median of five decides.
pub(crate) fn is_worth_it_mostly(
    profile: &Profile,
    from: Side,
    (connections, algorithm): (u16, Algorithm),
    floor: f64,
) {
    let share = |seed| {
        let mbit = trial::tcp_with(profile, options(seed), from, connections, algorithm).mbit;
        mbit / best_alone(profile, from, (connections, algorithm), seed)
    };
    at_least(&beside_best(profile, from, connections, algorithm), median((1..=5).map(share)), floor);
}

fn beside_best(profile: &Profile, from: Side, connections: u16, algorithm: Algorithm) -> String {
    format!("{}, {connections} {algorithm:?} flow(s) from {from:?}, of the best link alone", profile.name)
}

/// What the best of the profile's links gives alone, through the tunnel, Mbit/s.
fn best_alone(profile: &Profile, from: Side, (flows, algorithm): (u16, Algorithm), seed: u64) -> f64 {
    let alone = |link| trial::tcp_with(&only(profile, link), options(seed), from, flows, algorithm).mbit;
    (0..profile.link.len()).map(alone).fold(0.0, f64::max)
}

/// The middle one of an odd number of figures.
pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = figures.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Tells a figure, and that it is to be at least its target.
pub(crate) fn at_least(what: &str, figure: f64, target: f64) {
    println!("{what}: {figure:.3}, target at least {target:.3}");
    assert!(figure >= target, "{what}: {figure:.3}, where {target:.3} is promised");
}

/// Tells a figure, and that it is to be at most its target.
pub(crate) fn at_most(what: &str, figure: f64, target: f64) {
    println!("{what}: {figure:.3}, target at most {target:.3}");
    assert!(figure <= target, "{what}: {figure:.3}, where {target:.3} is promised");
}
