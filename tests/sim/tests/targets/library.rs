//! Every profile of the library: never below what the best link alone gives through the tunnel.

use tandem_sim::host::tcp::Algorithm;
use tandem_sim::world::Side;
use tandem_sim::{Profile, profile, trial};

use crate::common::{DOWN, UP, is_worth_it, is_worth_it_mostly, named, options};

/// Part of the goodput over the best link alone.
const FLOOR: f64 = 0.98;

/// Worlds of these profiles differ much from seed to seed.
const DIVERSE: [&str; 2] = ["train", "one-way-link"];

/// Long enough for the first event to happen, and for what follows it.
fn shortened(name: &str) -> Profile {
    let profile = profile::named(name).expect("it is in the library");
    let is_steady = profile.event.is_empty() && profile.link.iter().all(|link| link.trace.is_none());
    named(name, if is_steady { 4 } else { profile.seconds.min(8) })
}

fn is_never_worse(name: &str, from: Side, flows: u16) {
    let profile = shortened(name);
    if DIVERSE.contains(&name) {
        return is_worth_it_mostly(&profile, from, (flows, Algorithm::Cubic), FLOOR);
    }
    let outcome = trial::tcp(&profile, options(1), from, flows);
    println!(
        "{name}, {flows} flow(s) from {from:?}: {:.1} Mbit/s, {:.1} % sent beyond the payload",
        outcome.mbit,
        outcome.extra * 100.0
    );
    is_worth_it(&profile, from, (flows, Algorithm::Cubic), outcome.mbit, FLOOR);
}

macro_rules! rows {
    ($($profile:ident: $name:literal;)*) => {
        $(mod $profile {
            use super::{DOWN, UP, is_never_worse};

            #[test]
            fn one_flow_up_gets_no_less_than_over_the_best_link() { is_never_worse($name, UP, 1); }
            #[test]
            fn one_flow_down_gets_no_less_than_over_the_best_link() { is_never_worse($name, DOWN, 1); }
            #[test]
            fn eight_flows_up_get_no_less_than_over_the_best_link() { is_never_worse($name, UP, 8); }
            #[test]
            fn eight_flows_down_get_no_less_than_over_the_best_link() { is_never_worse($name, DOWN, 8); }
        })*
    };
}

// Of `two-equal-100` and `fast-and-lte` more is promised: see `bulk`.
rows! {
    two_equal: "two-equal";
    two_equal_loss_1: "two-equal-loss-1";
    fibre_and_lte: "fibre-and-lte";
    asymmetric_delay: "asymmetric-delay";
    lossy_wifi_lte: "lossy-wifi-lte";
    bufferbloat_lte_wifi: "bufferbloat-lte-wifi";
    starlink_lte: "starlink-lte";
    three_links: "three-links";
    five_links: "five-links";
    wifi_edge_lte: "wifi-edge-lte";
    one_way_link: "one-way-link";
    train: "train";
    shared_bottleneck: "shared-bottleneck";
    loss_0_1: "loss-0.1";
    loss_1: "loss-1";
    loss_3: "loss-3";
    asymmetric_mtu: "asymmetric-mtu";
    nat_rebinding: "nat-rebinding";
    same_address: "same-address";
    wifi_carrier_off: "wifi-carrier-off";
    wifi_blackhole: "wifi-blackhole";
    asymmetric_rates: "asymmetric-rates";
}
