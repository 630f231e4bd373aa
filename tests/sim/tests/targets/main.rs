//! What tandem promises of speed, calls and failover, case by case, each in both directions.
//!
//! `cargo test -p tandem-sim --test targets -- --nocapture` tells every figure beside its target. Links have a queue of
//! 100 ms that drops from the tail, unless a profile says otherwise.
//!
//! The limit of several links is the sum of their rates, times what one TCP flow gets through the tunnel over one clean
//! link: headers are no fault of multipath.

#![expect(clippy::print_stdout, reason = "how far from its target a figure is")]

mod bbr;
mod bulk;
mod calls;
mod common;
mod library;
mod outage;
mod quic;
