//! tandem itself, over all links; over the better one alone, to tell what the others add; with one worker on the gateway,
//! to tell what several do.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::System;
use crate::bench::bed::{Bed, Running, Target};
use crate::bench::peers;
use crate::bench::profile::Profile;
use crate::world::{Binaries, Node};

/// How long it may take until every link has a path.
const PATHS: Duration = Duration::from_secs(20);

pub(in crate::bench) struct Tandem {
    name: &'static str,
    links: fn(&Profile) -> Profile,
    /// Workers of the gateway, if not as many as it likes.
    workers: Option<u8>,
}

impl Tandem {
    pub(in crate::bench) const ALL_LINKS: Self =
        Self { name: "tandem", links: Profile::clone, workers: None };
    pub(in crate::bench) const BETTER_LINK: Self =
        Self { name: "tandem-one-link", links: Profile::better_link, workers: None };
    pub(in crate::bench) const ONE_WORKER: Self =
        Self { name: "tandem-one-worker", links: Profile::clone, workers: Some(1) };

    fn start_gateway(&self, bed: &mut Bed) -> Result<()> {
        bed.world.start_gateway()?;
        let Some(workers) = self.workers else { return Ok(()) };
        let file = bed.world.gateway_node().config();
        let config = std::fs::read_to_string(file)?;
        let (before, after) =
            config.split_once("[gateway]\n").context("no [gateway] in its configuration")?;
        std::fs::write(file, format!("{before}[gateway]\nworkers = {workers}\n{after}"))?;
        bed.world.restart_gateway()
    }
}

impl System for Tandem {
    fn name(&self) -> &'static str {
        self.name
    }

    fn links_of(&self, profile: &Profile) -> Profile {
        (self.links)(profile)
    }

    fn version(&self) -> Result<String> {
        let tandemd = Binaries::find()?.tandemd;
        let version = peers::version_of(&tandemd, &["--version"])?;
        let profile = if cfg!(debug_assertions) { ", debug build" } else { "" };
        let commit = peers::commit().map(|commit| format!(", {commit}")).unwrap_or_default();
        Ok(format!("{version}{commit}{profile}"))
    }

    fn bring_up(&self, bed: &mut Bed) -> Result<Running> {
        let links = bed.profile.links.len();
        self.start_gateway(bed)?;
        let name = bed.world.laptop()?.name().to_owned();
        let token = bed.world.invite(&name)?;
        let before_join = Instant::now();
        bed.world.laptop()?.join(&token)?;
        let join = before_join.elapsed();
        let started = Instant::now();
        bed.world.start_laptop()?;
        let handshake = bed.first_answer(started)?;
        bed.world.laptop()?.wait_for_paths(links, PATHS)?;
        let laptops = bed.world.laptops().len();
        (1..laptops).try_for_each(|laptop| bed.world.connect(laptop, links))?;
        Ok(Running {
            target: Target::Behind,
            multipath_tcp: false,
            laptops,
            client: vec![id(bed.world.laptop_mut()?.node_mut())?],
            gateway: vec![id(bed.world.gateway_node_mut())?],
            join: Some(join),
            handshake: Some(handshake),
            // The world ends its daemons itself.
            processes: Vec::new(),
            leftovers: Vec::new(),
        })
    }
}

fn id(node: &mut Node) -> Result<u32> {
    Ok(node.daemon().context("tandemd does not run")?.id())
}
