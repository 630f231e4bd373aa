//! The control API of tandem, as a library: [`api`] holds the types that cross the daemon's Unix socket,
//! [`client`] asks a daemon, [`exit`] names the exit codes. [`qr`] draws what a camera reads.
//!
//! The daemon serves these types and the command `tandem` reads them, so there is one definition of the
//! contract. The crate depends on no other crate of the workspace, which keeps that contract free of the
//! daemon's and the engine's internals.

pub mod api;
pub mod client;
pub mod exit;
pub mod qr;
