//! The API over a real Unix socket, with a daemon that is made up.

pub(super) mod fake;
mod requests;
mod socket;
mod streaming;
mod waiting;
