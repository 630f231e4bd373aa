//! A link that dies costs a pause, never a connection; one that comes is used.

use std::thread::sleep;
use std::time::Duration;

use tandem_lab::link::{Link, LinkConfig};
use tandem_lab::traffic::Direction;
use tandem_lab::traffic::bulk::{Bulk, BulkReport, Transfer};
use tandem_lab::wait_until;
use tandem_lab::world::{LinkSpec, World, WorldSpec};

use crate::common::{SECOND, fail, sure, tunnel};

/// Longest pause allowed when a link dies.
const PAUSE: Duration = SECOND;
/// Time within which a link that comes must carry traffic.
const COMES: Duration = Duration::from_secs(2);

#[derive(Clone, Copy)]
enum Death {
    Carrier,
    Blackhole,
}

impl Death {
    fn strike(self, link: &Link, dead: bool) {
        match self {
            Self::Carrier => link.set_carrier(!dead).unwrap(),
            Self::Blackhole => link.set_blackhole(dead).unwrap(),
        }
    }
}

/// Payload-sized traffic on a link since the numbers were taken.
fn carries(link: &Link, since: u64) -> bool {
    let [up, down] = link.counts();
    up.bytes + down.bytes > since + 200_000
}

/// The longest pause of any flow.
fn longest_pause(report: &BulkReport) -> Duration {
    report.flows.iter().map(|flow| flow.longest_pause).max().unwrap_or_default()
}

fn carried(link: &Link) -> u64 {
    let [up, down] = link.counts();
    up.bytes + down.bytes
}

fn start(world: &World, direction: Direction, length: Duration) -> Transfer {
    let bulk = Bulk { direction, ..Bulk::download(4, length) };
    sure(world, bulk.start(world.laptop().unwrap().namespace(), world.web()))
}

/// Wi-Fi so slow that cellular is needed however little the machine can push.
fn slow_wifi() -> LinkSpec {
    let config = LinkConfig::symmetric(15_000_000, Duration::from_micros(7_500));
    LinkSpec { config, ..LinkSpec::wifi() }
}

/// Kills a link in mid-transfer, brings it back, and checks pause and return.
fn survives(victim: &str, death: Death, direction: Direction) {
    let wifi = if victim == "wifi" { LinkSpec::wifi() } else { slow_wifi() };
    let Some(world) = tunnel(WorldSpec::with_links(vec![wifi, LinkSpec::cellular()])) else { return };
    let link = world.laptop().unwrap().link(victim).unwrap();
    let transfer = start(&world, direction, 12 * SECOND);
    sleep(3 * SECOND);
    death.strike(link, true);
    sleep(4 * SECOND);
    death.strike(link, false);
    let before = carried(link);
    let returned = wait_until(COMES, || carries(link, before));
    let report = sure(&world, transfer.finish());
    let pause = longest_pause(&report);
    println!("{victim} died: longest pause {pause:?}, {:.1} Mbit/s", report.mbps());
    if pause >= PAUSE {
        fail(&world, &format!("{victim} died and the transfer paused for {pause:?}"));
    }
    if !returned {
        fail(&world, &format!("{victim} came back and was not used within {COMES:?}"));
    }
}

#[test]
fn a_download_survives_wifi_losing_its_carrier() {
    survives("wifi", Death::Carrier, Direction::Download);
}

#[test]
fn a_download_survives_cellular_losing_its_carrier() {
    survives("cellular", Death::Carrier, Direction::Download);
}

#[test]
fn a_download_survives_wifi_going_silent() {
    survives("wifi", Death::Blackhole, Direction::Download);
}

#[test]
fn a_download_survives_cellular_going_silent() {
    survives("cellular", Death::Blackhole, Direction::Download);
}

#[test]
fn an_upload_survives_wifi_losing_its_carrier() {
    survives("wifi", Death::Carrier, Direction::Upload);
}

#[test]
fn an_upload_survives_wifi_going_silent() {
    survives("wifi", Death::Blackhole, Direction::Upload);
}

#[test]
fn an_upload_survives_cellular_going_silent() {
    survives("cellular", Death::Blackhole, Direction::Upload);
}

#[test]
fn an_interface_that_appears_for_the_first_time_is_used() {
    let spec = WorldSpec::with_links(vec![slow_wifi(), LinkSpec::cellular().absent()]);
    let Some(mut world) = tunnel(spec) else { return };
    let transfer = start(&world, Direction::Download, 8 * SECOND);
    sleep(2 * SECOND);
    world.attach("cellular").unwrap();
    let link = world.laptop().unwrap().link("cellular").unwrap();
    if !wait_until(COMES, || carries(link, 0)) {
        fail(&world, &format!("the new interface was not used within {COMES:?}"));
    }
    sure(&world, transfer.finish());
}

#[test]
fn an_interface_that_is_pulled_out_costs_a_pause_only() {
    let Some(mut world) = tunnel(WorldSpec::default()) else { return };
    let transfer = start(&world, Direction::Download, 8 * SECOND);
    sleep(3 * SECOND);
    world.detach("wifi").unwrap();
    let report = sure(&world, transfer.finish());
    let pause = longest_pause(&report);
    if pause >= PAUSE {
        fail(&world, &format!("Wi-Fi was pulled out and the transfer paused for {pause:?}"));
    }
}

#[test]
fn a_nat_that_forgets_breaks_no_connection() {
    let wifi = LinkSpec::wifi().behind_nat(Duration::from_secs(60));
    let Some(world) = tunnel(WorldSpec::with_links(vec![wifi, LinkSpec::cellular()])) else { return };
    let transfer = start(&world, Direction::Upload, 8 * SECOND);
    sleep(3 * SECOND);
    for link in world.laptop().unwrap().links() {
        link.rebind().unwrap();
    }
    let report = sure(&world, transfer.finish());
    let pause = longest_pause(&report);
    println!("both NATs forgot: longest pause {pause:?}");
    if pause >= 3 * SECOND {
        fail(&world, &format!("both NATs forgot and the transfer paused for {pause:?}"));
    }
}
