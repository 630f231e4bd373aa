//! How many simulated seconds of a 100 Mbit/s world pass in a second of the clock.
//!
//!     cargo run --release -p tandem-sim --example speed

#![expect(clippy::print_stdout, reason = "a program for people")]

use std::time::Instant;

use tandem_sim::world::{Route, Side};
use tandem_sim::{WorldOptions, profile, trial};

fn main() {
    let profile = profile::named("two-equal").expect("it is in the library");
    let direct = Route::Direct { link: 0, overhead: 0 };
    for (name, route) in [("tunnel over 2 x 50 Mbit/s", Route::Tunnel), ("directly over 50 Mbit/s", direct)] {
        let began = Instant::now();
        let outcome =
            trial::tcp(&profile, WorldOptions { route, ..WorldOptions::default() }, Side::Server, 4);
        let speed = profile.seconds as f64 / began.elapsed().as_secs_f64();
        println!("{name}: {speed:.1} simulated seconds per second, at {:.1} Mbit/s of TCP", outcome.mbit);
    }
}
