//! The tunnel's daemon: the only place where the engine meets the host.
//!
//! [`app`] is the running daemon, [`setup`] the subcommands that run once and end. Both stand on rooms that know
//! nothing of each other: [`config`], [`keys`], [`token`], [`store`], [`api`] and [`host`].

pub mod api;
pub mod app;
pub mod config;
pub mod host;
pub mod keys;
pub mod setup;
pub mod store;
mod sys;
pub mod token;
