//! The engine.

pub mod ip;
pub mod queue;
