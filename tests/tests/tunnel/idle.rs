//! What a daemon costs that has nothing to do.

use std::time::Duration;

use tandem_lab::world::WorldSpec;

use crate::common::{SECOND, fail, sure, tunnel};

/// Voluntary context switches of all threads of a process: each is a sleep that ended, so a wake-up.
fn wake_ups(pid: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let statuses = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("status")).ok());
    statuses
        .filter_map(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            line.trim().parse::<u64>().ok()
        })
        .sum()
}

#[test]
fn an_idle_laptop_wakes_up_once_a_second_at_most_and_stays_small() {
    const WATCHED: Duration = Duration::from_secs(30);
    let Some(mut world) = tunnel(WorldSpec::default()) else { return };
    // The first seconds belong to path MTU discovery and the like.
    std::thread::sleep(15 * SECOND);
    let pid = world.laptop_mut().unwrap().node_mut().daemon().unwrap().id();
    let before = wake_ups(pid);
    std::thread::sleep(WATCHED);
    let woken = wake_ups(pid) - before;
    let status = sure(&world, world.laptop().unwrap().status());
    let resident = status["resident_bytes"].as_u64().unwrap();
    println!("{woken} wake-ups in {WATCHED:?}, {resident} bytes resident");
    if woken > WATCHED.as_secs() || resident >= 20 << 20 {
        fail(&world, &format!("{woken} wake-ups in {WATCHED:?}, {resident} bytes resident"));
    }
}

#[test]
fn a_gateway_reports_what_an_idle_peer_costs() {
    let Some(world) = tunnel(WorldSpec::default()) else { return };
    let status = sure(&world, world.gateway_node().status(world.gateway()));
    println!("{} bytes per idle peer", status["peer_state_bytes"]);
    assert_eq!(status["peers"]["connected"].as_u64(), Some(1), "{status}");
    // Measured as the process's growth, which pages and buffers round up generously.
    assert!(status["peer_state_bytes"].as_u64().is_some_and(|bytes| bytes < 20 << 20), "{status}");
}
