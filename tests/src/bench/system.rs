//! What is compared: each brings itself up between the laptop and the gateway of a world, and ends with it.

use anyhow::Result;

use super::bed::{Bed, Running};
use super::profile::Profile;

mod certificate;
mod direct;
mod mptcp;
mod openvpn;
mod quincy;
mod tandem;
mod wireguard;

pub(super) use tandem::Tandem;

/// One of the compared.
pub(super) trait System {
    /// Its name in tables and options.
    fn name(&self) -> &'static str;

    /// Which version would be measured.
    ///
    /// # Errors
    /// When it is not installed, with what is missing.
    fn version(&self) -> Result<String>;

    /// The links that it has of a profile.
    fn links_of(&self, profile: &Profile) -> Profile {
        profile.clone()
    }

    /// Starts it, up to the first packet that comes through. What it starts ends when the result and then the bed are
    /// dropped: processes by the handles, devices with the namespaces, files with the world's directory.
    ///
    /// # Errors
    /// When nothing comes through.
    fn bring_up(&self, bed: &mut Bed) -> Result<Running>;
}

/// All systems, tandem first.
pub(super) fn all() -> Vec<Box<dyn System>> {
    vec![
        Box::new(Tandem::ALL_LINKS),
        Box::new(Tandem::BETTER_LINK),
        Box::new(Tandem::ONE_WORKER),
        Box::new(direct::Direct),
        Box::new(mptcp::Mptcp),
        Box::new(wireguard::WireGuard::GO),
        Box::new(wireguard::WireGuard::GOTATUN),
        Box::new(quincy::Quincy),
        Box::new(openvpn::OpenVpn),
    ]
}
