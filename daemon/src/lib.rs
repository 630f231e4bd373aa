//! The daemon.

pub mod config;
pub mod keys;
pub mod setup;
pub mod store;
pub mod token;
pub mod api;
