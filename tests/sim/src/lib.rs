//! A world in virtual time around two real engines.

pub mod host;
