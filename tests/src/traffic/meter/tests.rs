use super::*;

#[test]
fn bytes_end_up_in_the_slot_of_their_time_and_in_the_sum() {
    let meter = Meter::new(Duration::from_secs(60));
    meter.add(1000);
    meter.add(500);
    assert_eq!(meter.total(), 1500);
    assert_eq!(meter.samples().iter().sum::<u64>(), 1500);
    let rate = meter.rate_bps(Duration::ZERO, Duration::from_secs(60));
    assert!((rate - 200.0).abs() < 1e-6, "{rate}");
}

#[test]
fn a_silence_between_arrivals_is_a_pause() {
    let meter = Meter::new(Duration::from_secs(60));
    meter.add(1);
    assert_eq!(meter.longest_pause(), Duration::ZERO);
    std::thread::sleep(Duration::from_millis(30));
    meter.add(1);
    assert!(meter.longest_pause() >= Duration::from_millis(30));
}

#[test]
fn arrivals_after_the_end_still_count() {
    let meter = Meter::new(Duration::ZERO);
    std::thread::sleep(Duration::from_millis(12));
    meter.add(7);
    assert_eq!((meter.total(), meter.samples()), (7, vec![7]));
}
