//! One QUIC-like UDP flow over unequal links: what overtakes it counts as lost, and still it gets no less than over the
//! better link alone.

use tandem_sim::host::quic::PACKET_LEN;
use tandem_sim::trial::{self, ENCAPSULATION};
use tandem_sim::world::Side;

use crate::common::{DOWN, UP, at_least, ms, named, options, rates};

/// The flow gets no less than all that the faster link could carry of it, were it alone.
fn gets_no_less_than_over_the_fibre(name: &str, from: Side) {
    let profile = named(name, 0);
    let outcome = trial::quic(&profile, options(1), from, true, (ms(2000), ms(3000)));
    let fibre =
        rates(&profile, from).fold(0.0, f64::max) * PACKET_LEN as f64 / (PACKET_LEN + ENCAPSULATION) as f64;
    println!("{name}, a QUIC-like flow from {from:?}: {outcome:.1?}");
    at_least(
        &format!("{name}, a QUIC-like flow from {from:?}, of all that fits the fibre"),
        outcome.mbit / fibre,
        1.0,
    );
}

#[test]
fn a_quic_like_flow_up_over_fibre_and_lte_gets_no_less_than_over_the_fibre() {
    gets_no_less_than_over_the_fibre("fibre-and-lte", UP);
}

#[test]
fn a_quic_like_flow_down_over_fibre_and_lte_gets_no_less_than_over_the_fibre() {
    gets_no_less_than_over_the_fibre("fibre-and-lte", DOWN);
}

#[test]
fn a_quic_like_flow_up_over_fibre_and_a_slower_link_gets_no_less_than_over_the_fibre() {
    gets_no_less_than_over_the_fibre("fast-and-lte", UP);
}

#[test]
fn a_quic_like_flow_down_over_fibre_and_a_slower_link_gets_no_less_than_over_the_fibre() {
    gets_no_less_than_over_the_fibre("fast-and-lte", DOWN);
}
