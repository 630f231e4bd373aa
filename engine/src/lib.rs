//! The engine.

pub mod h3;
pub mod masque;
