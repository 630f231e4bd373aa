//! The engine.

pub mod ip;
pub mod queue;
pub mod split;
