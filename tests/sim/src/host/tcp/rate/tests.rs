//! Tests of rate samples.

use super::*;

fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

/// One segment each millisecond, acknowledged 20 ms later: the samples after a round trip.
fn run(limited_at: Option<u64>) -> Vec<RateSample> {
    let start = Instant::now();
    let mut sampler = RateSampler::new(start);
    let mut stamps = Vec::new();
    let mut samples = Vec::new();
    for tick in 0..100u64 {
        let now = start + ms(tick);
        if tick >= 20 {
            let mut pending = Pending::default();
            let index = tick - 20;
            sampler.count(1);
            sampler.on_delivered(&mut pending, start + ms(index), index, stamps[index as usize]);
            samples.push(sampler.sample(now, &pending, 1, Some(ms(20))));
        }
        if limited_at == Some(tick) {
            sampler.mark_app_limited(20);
        }
        stamps.push(sampler.stamp(now, tick == 0));
    }
    samples
}

#[test]
fn a_steady_stream_is_sampled_at_its_rate() {
    for sample in &run(None)[25..] {
        let (segments, interval) = sample.delivered.unwrap();
        let rate = segments as f64 / interval.as_secs_f64();
        assert!((950.0..1051.0).contains(&rate), "{rate}");
        assert!(!sample.app_limited);
    }
}

#[test]
fn what_was_sent_for_want_of_data_is_marked_for_one_round_trip() {
    let samples = run(Some(40));
    let marked: Vec<_> = (0..samples.len()).filter(|&i| samples[i].app_limited).collect();
    assert_eq!(marked.first(), Some(&40));
    assert!((19..=22).contains(&marked.len()), "{marked:?}");
}

#[test]
fn compressed_acknowledgements_are_no_rate() {
    let start = Instant::now();
    let mut sampler = RateSampler::new(start);
    let stamp = sampler.stamp(start, true);
    let mut pending = Pending::default();
    sampler.on_delivered(&mut pending, start, 1, stamp);
    assert_eq!(sampler.sample(start + ms(2), &pending, 1, Some(ms(20))).delivered, None);
}
