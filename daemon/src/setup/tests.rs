mod gateway;
mod joining;
pub(super) mod programs;
mod reporting;
mod setting;

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, UNIX_EPOCH};

use clap::Parser;

use super::cli::{Cli, FileArgs, GatewayInitArgs, JoinArgs};
use super::*;
use crate::config::{Config, Role};
use crate::store::{Pools, STORE_FILE, Store};

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000_000)
}

/// Parses a command line in which `@` stands for `folder`.
fn command(folder: &Path, line: &str) -> Command {
    let folder = folder.to_str().unwrap();
    let words = line.split(' ').map(|word| word.replace('@', folder));
    Cli::try_parse_from(std::iter::once("tandemd".to_owned()).chain(words)).unwrap().command.unwrap()
}

fn gateway_args(folder: &Path, line: &str) -> GatewayInitArgs {
    let Command::GatewayInit(args) = command(folder, &format!("gateway-init {line}")) else {
        panic!("{line}")
    };
    args
}

fn join_args(folder: &Path, line: &str) -> JoinArgs {
    let Command::Join(args) = command(folder, &format!("join {line}")) else { panic!("{line}") };
    args
}

const GATEWAY: &str = "--config @/gw/tandem.toml --state @/gw --socket @/gw/ctl.sock --listen 0.0.0.0:443 \
    --listen [::]:443 --endpoint 10.99.0.1:443 --pool 10.77.0.0/24 --pool fd77::/64";
const CLIENT: &str = "--config @/cl/tandem.toml --state @/cl --socket @/cl/ctl.sock";

/// Every file and folder below `folder`, with its permission bits.
fn tree(folder: &Path) -> BTreeMap<String, u32> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let metadata = std::fs::symlink_metadata(&path).unwrap();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            found.insert(name, metadata.mode() & 0o777);
            if metadata.is_dir() {
                open.push(path);
            }
        }
    }
    found
}

fn expected(entries: &[(&str, u32)]) -> BTreeMap<String, u32> {
    entries.iter().map(|(name, mode)| ((*name).to_owned(), *mode)).collect()
}
