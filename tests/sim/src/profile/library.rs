//! The profiles that every multipath promise is tried on.

use super::Profile;

/// Embeds the files of `profiles/`, so that programs carry them along.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/profiles/", $name, ".toml")))),*]
    };
}

const FILES: [(&str, &str); 24] = files![
    "two-equal",
    "two-equal-100",
    "two-equal-loss-1",
    "fast-and-lte",
    "fibre-and-lte",
    "asymmetric-delay",
    "wifi-edge-lte",
    "lossy-wifi-lte",
    "bufferbloat-lte-wifi",
    "starlink-lte",
    "three-links",
    "five-links",
    "train",
    "loss-0.1",
    "loss-1",
    "loss-3",
    "one-way-link",
    "asymmetric-mtu",
    "nat-rebinding",
    "same-address",
    "shared-bottleneck",
    "wifi-carrier-off",
    "wifi-blackhole",
    "asymmetric-rates",
];

/// Every profile.
///
/// # Panics
/// If a file that was built in is no profile; a test reads them all.
pub fn library() -> Vec<Profile> {
    FILES
        .iter()
        .map(|(_, text)| Profile::parse(text).expect("the profiles that are built in are right"))
        .collect()
}

/// The profile of that name.
pub fn named(name: &str) -> Option<Profile> {
    let (_, text) = FILES.iter().find(|(known, _)| *known == name)?;
    Profile::parse(text).ok()
}
