//! The engine.

pub mod h3;

