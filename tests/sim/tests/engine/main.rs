//! The engine between two hosts: what a user relies on, link by link, and who gets a tunnel.

mod classes;
mod common;
mod coupled;
mod defects;
mod duplication;
mod recovery;
mod reports;
mod returning;
mod session;
mod tunnel;
