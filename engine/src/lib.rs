//! The engine.

pub mod ip;
