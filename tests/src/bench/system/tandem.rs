//! tandem itself, over all links.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::System;
use crate::bench::bed::{Bed, Running, Target};
use crate::bench::peers;
use crate::world::{Binaries, Node};

/// How long it may take until every link has a path.
const PATHS: Duration = Duration::from_secs(20);

pub(super) struct Tandem;

impl System for Tandem {
    fn name(&self) -> &'static str {
        "tandem"
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
        bed.world.start_gateway()?;
        let name = bed.world.laptop()?.name().to_owned();
        let token = bed.world.invite(&name)?;
        let before_join = Instant::now();
        bed.world.laptop()?.join(&token)?;
        let join = before_join.elapsed();
        let started = Instant::now();
        bed.world.start_laptop()?;
        let handshake = bed.first_answer(started)?;
        bed.world.laptop()?.wait_for_paths(links, PATHS)?;
        Ok(Running {
            target: Target::Behind,
            multipath_tcp: false,
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
