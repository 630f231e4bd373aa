//! The engine.

pub mod h3;
pub mod ip;
pub mod masque;
pub mod queue;
pub mod split;
