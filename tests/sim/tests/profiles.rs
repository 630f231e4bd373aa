//! Every profile of the library with TCP in both directions: nothing is broken, and tandem is never worse than the
//! best link alone.
//!
//! `cargo test -p tandem-sim --test profiles -- --include-ignored --nocapture` tells how each compares;
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

/// TCP through tandem arrives as it was sent, and `check`s hold all the while.
fn stays_whole(name: &str, from: Side) {
    let outcome = play(&profile::named(name).expect("it is in the library"), from);
    assert!(outcome.mbit > 0.0, "{outcome:?}");
}

/// And it is no slower than over the best link alone. Says by how much with `--nocapture`.
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
    ($($test:ident: $check:ident($name:literal, $from:ident);)*) => {
        $(#[test] fn $test() { $check($name, Side::$from); })*
    };
}

/// What falls short today, with why.
macro_rules! short {
    ($($test:ident: $name:literal, $from:ident, $why:literal;)*) => {
        $(#[test] #[ignore = $why] fn $test() { is_worth_it($name, Side::$from); })*
    };
}

profiles! {
    two_equal_up: is_worth_it("two-equal", Laptop);
    two_equal_down: is_worth_it("two-equal", Server);
    fast_and_lte_up: is_worth_it("fast-and-lte", Laptop);
    fast_and_lte_down: is_worth_it("fast-and-lte", Server);
    asymmetric_delay_up: is_worth_it("asymmetric-delay", Laptop);
    asymmetric_delay_down: is_worth_it("asymmetric-delay", Server);
    wifi_edge_lte_up: is_worth_it("wifi-edge-lte", Laptop);
    wifi_edge_lte_down: is_worth_it("wifi-edge-lte", Server);
    bufferbloat_lte_wifi_up: is_worth_it("bufferbloat-lte-wifi", Laptop);
    bufferbloat_lte_wifi_down: is_worth_it("bufferbloat-lte-wifi", Server);
    starlink_lte_up: is_worth_it("starlink-lte", Laptop);
    starlink_lte_down: is_worth_it("starlink-lte", Server);
    three_links_up: is_worth_it("three-links", Laptop);
    three_links_down: is_worth_it("three-links", Server);
    five_links_up: is_worth_it("five-links", Laptop);
    five_links_down: is_worth_it("five-links", Server);
    train_up: stays_whole("train", Laptop);
    train_down: stays_whole("train", Server);
    loss_0_1_up: is_worth_it("loss-0.1", Laptop);
    loss_0_1_down: is_worth_it("loss-0.1", Server);
    loss_1_up: is_worth_it("loss-1", Laptop);
    loss_1_down: is_worth_it("loss-1", Server);
    loss_3_up: is_worth_it("loss-3", Laptop);
    loss_3_down: is_worth_it("loss-3", Server);
    one_way_link_up: stays_whole("one-way-link", Laptop);
    one_way_link_down: is_worth_it("one-way-link", Server);
    asymmetric_mtu_up: is_worth_it("asymmetric-mtu", Laptop);
    asymmetric_mtu_down: is_worth_it("asymmetric-mtu", Server);
    nat_rebinding_up: is_worth_it("nat-rebinding", Laptop);
    nat_rebinding_down: is_worth_it("nat-rebinding", Server);
    same_address_up: is_worth_it("same-address", Laptop);
    same_address_down: is_worth_it("same-address", Server);
    shared_bottleneck_up: stays_whole("shared-bottleneck", Laptop);
    shared_bottleneck_down: stays_whole("shared-bottleneck", Server);
    wifi_carrier_off_up: is_worth_it("wifi-carrier-off", Laptop);
    wifi_carrier_off_down: is_worth_it("wifi-carrier-off", Server);
    wifi_blackhole_up: is_worth_it("wifi-blackhole", Laptop);
    wifi_blackhole_down: is_worth_it("wifi-blackhole", Server);
    asymmetric_rates_up: is_worth_it("asymmetric-rates", Laptop);
    asymmetric_rates_down: stays_whole("asymmetric-rates", Server);
}

short! {
    asymmetric_rates_down_is_worth_it: "asymmetric-rates", Server, "0.93 to 1.10 over three worlds";
    train_up_is_worth_it: "train", Laptop, "0.87 to 1.20 over three worlds, with pauses of 3 s to 5 s in tunnels";
    train_down_is_worth_it: "train", Server, "0.29 to 0.80 over three worlds: acknowledgements wait on the path that fades, and the other is taken for silent";
    one_way_link_up_is_worth_it: "one-way-link", Laptop, "0.99 to 1.00 over three worlds: one link is left, so there is nothing to gain";
    shared_bottleneck_up_is_worth_it: "shared-bottleneck", Laptop, "0.99 to 1.00 over three worlds: there is nothing to gain";
    shared_bottleneck_down_is_worth_it: "shared-bottleneck", Server, "0.99 over three worlds: there is nothing to gain";
}
