//! The daemon.

pub mod api;
pub mod config;
pub mod host;
pub mod keys;
pub mod setup;
pub mod store;
#[cfg(test)]
mod sys;
pub mod token;
