use tandem_engine::link::LinkId;
use tandem_engine::path::Account;

use super::*;

fn account(usage: Usage) -> Account {
    Account {
        id: 1,
        usage,
        rate: 1000,
        estimated_rate: 2000,
        rtt: Duration::from_millis(30),
        rtt_min: Duration::from_millis(20),
        delay_difference: Some(Duration::from_millis(10)),
        loss: 0.125,
        queued: 1400,
        lost_packets: 1,
        retransmitted: 2,
        duplicated: 3,
        reordered: 4,
        held: 5,
    }
}

fn report(state: path::PathState, usage: Usage) -> PathReport {
    PathReport {
        id: 1,
        link: LinkId(7),
        remote: ([192, 0, 2, 1], 443).into(),
        tier: link::Tier::Auto,
        state,
        usage,
        rtt: Duration::from_millis(40),
        rtt_min: Duration::from_millis(35),
        delay_difference: None,
        loss: 0.5,
        tx_bytes: 100,
        rx_bytes: 200,
        tx_rate: 300,
        rx_rate: 400,
        tx_share: Some(0.25),
        rx_share: None,
        estimated_rate: 500,
        cwnd: 600,
        in_flight: 700,
        queued: 800,
        mtu: 1400,
        sent_packets: 20,
        lost_packets: 10,
        retransmitted: 11,
        duplicated: 12,
        reordered: 13,
        held: 14,
        told: None,
    }
}

fn shown(report: &PathReport) -> (PathState, String) {
    let path = paths(std::slice::from_ref(report)).remove(0);
    (path.state, path.reason)
}

#[test]
fn each_direction_has_the_figures_of_its_sender_and_its_receiver() {
    let told = Told { age: Duration::from_millis(900), account: account(Usage::TooSlow) };
    let report = PathReport { told: Some(told), ..report(path::PathState::Up, Usage::InUse) };
    let path = paths(&[report]).remove(0);
    assert_eq!(path.told_age_us, Some(900_000));
    let (tx, rx) = (path.tx.unwrap(), path.rx.unwrap());
    assert_eq!(
        (tx.rate_bps, tx.share_ratio, tx.queue_bytes, tx.rtt_us),
        (2400, Some(0.25), Some(800), Some(40_000))
    );
    assert_eq!(
        (tx.lost_packets, tx.retransmitted_packets, tx.duplicated_packets),
        (Some(10), Some(11), Some(12))
    );
    assert_eq!((tx.reordered_packets, tx.held_packets), (Some(4), Some(5)), "the receiver saw that");
    assert_eq!(
        (rx.rate_bps, rx.share_ratio, rx.queue_bytes, rx.rtt_us),
        (3200, None, Some(1400), Some(30_000))
    );
    assert_eq!(
        (rx.lost_packets, rx.retransmitted_packets, rx.duplicated_packets),
        (Some(1), Some(2), Some(3))
    );
    assert_eq!((rx.reordered_packets, rx.held_packets), (Some(13), Some(14)), "this end saw that");
    assert_eq!((tx.delay_difference_us, rx.delay_difference_us), (None, Some(10_000)));
    assert_eq!((rx.estimated_rate_bps, rx.loss_ratio), (Some(16_000), Some(0.125)));
    assert_eq!((tx.reason.as_deref(), rx.reason.as_deref()), (Some("in-use"), Some("too-slow")));
}

#[test]
fn what_was_true_for_a_moment_is_not_shown_later() {
    let told = Told { age: Duration::from_secs(60), account: account(Usage::InUse) };
    let report = PathReport { told: Some(told), ..report(path::PathState::Up, Usage::TooLossy) };
    assert_eq!(shown(&report), (PathState::Standby, reason::TOO_LOSSY.to_owned()));
    let rx = paths(&[report]).remove(0).rx.unwrap();
    assert_eq!((rx.state, rx.reason, rx.queue_bytes, rx.loss_ratio), (None, None, None, None));
    assert_eq!((rx.rtt_us, rx.lost_packets), (Some(30_000), Some(1)));
}

#[test]
fn a_path_that_either_end_uses_is_in_use() {
    let told = Some(Told { age: Duration::ZERO, account: account(Usage::InUse) });
    for usage in [Usage::Standby, Usage::TooSlow, Usage::TooLossy] {
        let report = PathReport { told, ..report(path::PathState::Up, usage) };
        assert_eq!(shown(&report), (PathState::Up, reason::IN_USE.to_owned()));
    }
    let report = PathReport { told, ..report(path::PathState::Suspect, Usage::Unusable) };
    assert_eq!(shown(&report), (PathState::Suspect, reason::SILENT.to_owned()));
}

#[test]
fn every_way_of_leaving_a_path_out_has_its_reason() {
    let tiered = |tier, usage| PathReport { tier, ..report(path::PathState::Up, usage) };
    for (tier, usage, why) in [
        (link::Tier::Backup, Usage::Standby, reason::TIER_BACKUP),
        (link::Tier::Secondary, Usage::Standby, reason::TIER_SECONDARY),
        (link::Tier::Auto, Usage::TooSlow, reason::TOO_SLOW),
        (link::Tier::Auto, Usage::TooLossy, reason::TOO_LOSSY),
        (link::Tier::Never, Usage::Unusable, reason::TIER_NEVER),
    ] {
        assert_eq!(shown(&tiered(tier, usage)), (PathState::Standby, why.to_owned()));
    }
    for (state, label, why) in [
        (path::PathState::Validating, PathState::Probing, reason::VALIDATING),
        (path::PathState::Suspect, PathState::Suspect, reason::SILENT),
        (path::PathState::Demoted, PathState::Suspect, reason::PEER_REQUEST),
    ] {
        assert_eq!(shown(&report(state, Usage::Unusable)), (label, why.to_owned()));
    }
}
