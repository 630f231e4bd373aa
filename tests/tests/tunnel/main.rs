//! The real daemons in made-up networks: what tandem promises, measured.
//!
//! Each test builds its own world, starts gateway and laptop, and talks to a web server behind the gateway. The tests
//! wait for each other, see [`tandem_lab::exclusive`].

#![expect(clippy::unwrap_used, reason = "a helper that fails has failed the test")]

mod apps;
mod cleanup;
mod common;
mod control;
mod failover;
mod failures;
mod flows;
mod idle;
mod peers;
mod programs;
mod start;
mod sum;
