//! Worlds in virtual time: a laptop and a gateway that run the real engine, links between them, and hosts behind
//! them that speak UDP and TCP to each other.
//!
//! One seed decides everything that happens in a [`World`]: the same seed, profile and traffic give the same
//! [`trace`](World::trace), a hash of what every packet met with and when. Time jumps from one event to the next, so
//! that a world runs as fast as the processor lets it, and no test waits for a clock or depends on one.
//!
//! - [`profile`]: what links do, as data; a library of them in `profiles/`.
//! - [`link`]: queue, transmitter and loss of one direction, shared with the emulated links of the lab.
//! - [`host`]: inner traffic.
//! - [`world`]: all of it together, and the same without tandem: directly over one link.

pub mod host;
pub mod link;
pub mod profile;
mod trace;
pub mod trial;
pub mod world;

pub use self::profile::Profile;
pub use self::world::{Route, World, WorldOptions};
