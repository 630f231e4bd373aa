use super::*;

const MTU: u64 = 1400;

fn paced(start: Instant, rate: u64) -> Pacer {
    let mut pacer = Pacer::new(start);
    pacer.set_rate(start, rate, MTU);
    pacer
}

/// Sends packets whenever allowed, for a second; the bytes sent.
fn run(rate: u64, lateness: Duration) -> u64 {
    let start = crate::testing::start();
    let mut pacer = paced(start, rate);
    let (mut now, mut bytes) = (start, 0);
    while now < start + Duration::from_secs(1) {
        while pacer.credit(now) >= MTU {
            pacer.sent(MTU);
            bytes += MTU;
        }
        now = now.max(pacer.ready_at().unwrap()) + lateness;
    }
    bytes
}

#[test]
fn the_rate_is_kept_within_a_burst() {
    for rate in [200_000, 2_500_000, 60_000_000] {
        let bytes = run(rate, Duration::ZERO.max(Duration::from_nanos(1)));
        let burst = bytes_in(rate, BURST).max(MIN_BURST_PACKETS * MTU);
        assert!(bytes >= rate - burst && bytes <= rate + burst + MTU, "{rate}: {bytes}");
    }
}

#[test]
fn a_timer_that_fires_two_milliseconds_late_costs_no_rate() {
    let rate = 6_250_000;
    let bytes = run(rate, Duration::from_millis(2));
    assert!(bytes >= rate * 99 / 100, "{bytes}");
}

#[test]
fn a_rate_of_zero_never_becomes_ready() {
    let start = crate::testing::start();
    let mut pacer = paced(start, 0);
    let credit = pacer.credit(start);
    pacer.sent(credit);
    assert_eq!(pacer.ready_at(), None);
    assert_eq!(pacer.credit(start + Duration::from_secs(9)), 0);
}
