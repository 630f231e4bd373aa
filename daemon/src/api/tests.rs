//! The API over a real Unix socket, with a daemon that is made up.

mod fake;
mod requests;
mod socket;
mod waiting;
