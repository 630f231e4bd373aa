//! Every profile of the library with TCP in both directions: nothing is broken, and tandem is never worse than the
//! best link alone.
//!
//! `cargo test -p tandem-sim --test profiles -- --nocapture` tells how each compares;
//! `TANDEM_SIM_SEED` makes other worlds of the same profiles.

#![expect(clippy::print_stdout, reason = "how far from its bound a profile is")]

use tandem_sim::trial::{self, TcpOutcome};
use tandem_sim::world::Side;
use tandem_sim::{Profile, WorldOptions, profile};

/// TCP connections at once.
const CONNECTIONS: u16 = 4;
/// Part of the best single link's goodput that tandem must reach at least.
const FLOOR: f64 = 0.95;

/// The number in `TANDEM_SIM_SEED`, or 1: decides what chance decides in a world.
fn seed() -> u64 {
    std::env::var("TANDEM_SIM_SEED").ok().and_then(|value| value.parse().ok()).unwrap_or(1)
}

fn play(profile: &Profile, from: Side) -> TcpOutcome {
    let options = WorldOptions { seed: seed(), ..WorldOptions::default() };
    let outcome = trial::tcp(profile, options, from, CONNECTIONS);
    assert_eq!(outcome.corrupt, 0);
    outcome
}

/// TCP through tandem arrives as it was sent, `check`s hold all the while, and it is no slower than over the best link
/// alone. Says by how much with `--nocapture`.
fn is_worth_it(name: &str, from: Side) {
    let profile = profile::named(name).expect("it is in the library");
    let best = trial::best_single_tcp(&profile, seed(), from, CONNECTIONS);
    let outcome = play(&profile, from);
    let (got, pause) = (outcome.mbit, outcome.longest_pause);
    let result = format!(
        "{name} from {from:?}: {:.2} of the best link alone, {got:.1} of {best:.1} Mbit/s, longest pause {pause:.1?}",
        got / best
    );
    println!("{result}");
    assert!(got >= best * FLOOR, "{result}: {outcome:?}");
}

macro_rules! profiles {
    ($($test:ident: $name:literal, $from:ident;)*) => {
        $(#[test] fn $test() { is_worth_it($name, Side::$from); })*
    };
}

profiles! {
    two_equal_up: "two-equal", Laptop;
    two_equal_down: "two-equal", Server;
    fast_and_lte_up: "fast-and-lte", Laptop;
    fast_and_lte_down: "fast-and-lte", Server;
    asymmetric_delay_up: "asymmetric-delay", Laptop;
    asymmetric_delay_down: "asymmetric-delay", Server;
    wifi_edge_lte_up: "wifi-edge-lte", Laptop;
    wifi_edge_lte_down: "wifi-edge-lte", Server;
    bufferbloat_lte_wifi_up: "bufferbloat-lte-wifi", Laptop;
    bufferbloat_lte_wifi_down: "bufferbloat-lte-wifi", Server;
    starlink_lte_up: "starlink-lte", Laptop;
    starlink_lte_down: "starlink-lte", Server;
    three_links_up: "three-links", Laptop;
    three_links_down: "three-links", Server;
    five_links_up: "five-links", Laptop;
    five_links_down: "five-links", Server;
    train_up: "train", Laptop;
    train_down: "train", Server;
    loss_0_1_up: "loss-0.1", Laptop;
    loss_0_1_down: "loss-0.1", Server;
    loss_1_up: "loss-1", Laptop;
    loss_1_down: "loss-1", Server;
    loss_3_up: "loss-3", Laptop;
    loss_3_down: "loss-3", Server;
    one_way_link_up: "one-way-link", Laptop;
    one_way_link_down: "one-way-link", Server;
    asymmetric_mtu_up: "asymmetric-mtu", Laptop;
    asymmetric_mtu_down: "asymmetric-mtu", Server;
    nat_rebinding_up: "nat-rebinding", Laptop;
    nat_rebinding_down: "nat-rebinding", Server;
    same_address_up: "same-address", Laptop;
    same_address_down: "same-address", Server;
    shared_bottleneck_up: "shared-bottleneck", Laptop;
    shared_bottleneck_down: "shared-bottleneck", Server;
    wifi_carrier_off_up: "wifi-carrier-off", Laptop;
    wifi_carrier_off_down: "wifi-carrier-off", Server;
    wifi_blackhole_up: "wifi-blackhole", Laptop;
    wifi_blackhole_down: "wifi-blackhole", Server;
    asymmetric_rates_up: "asymmetric-rates", Laptop;
    asymmetric_rates_down: "asymmetric-rates", Server;
    two_equal_100_up: "two-equal-100", Laptop;
    two_equal_100_down: "two-equal-100", Server;
    two_equal_loss_1_up: "two-equal-loss-1", Laptop;
    two_equal_loss_1_down: "two-equal-loss-1", Server;
    lossy_wifi_lte_up: "lossy-wifi-lte", Laptop;
    lossy_wifi_lte_down: "lossy-wifi-lte", Server;
    fibre_and_lte_up: "fibre-and-lte", Laptop;
    fibre_and_lte_down: "fibre-and-lte", Server;
}
