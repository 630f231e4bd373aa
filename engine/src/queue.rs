//! Where inner packets wait for a path: fair between flows, and never for long.
//!
//! The TUN driver drops from the tail when its ring is full, and a queueing discipline on it cannot work,
//! because the device never pushes back. So the tunnel drains it eagerly into a queue of its own, *before* a
//! path is chosen: [`ClassQueue`], an [`FqCodel`] for each class of traffic. A packet that leaves here is on its
//! way, and what it waits for afterwards (the skew between paths) is intended and not measured as congestion.

mod classes;
mod codel;
mod fq_codel;
#[cfg(test)]
mod simulation;
mod store;

pub use classes::ClassQueue;
pub use fq_codel::{Config, FqCodel, Stats};
pub use store::Queued;
