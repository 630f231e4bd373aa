use super::*;
use crate::ip::testing::start;

const MTU: u16 = 1000;
const RTT: Duration = Duration::from_millis(100);

/// Paths past slow start, with windows of so many packets, all at the same round trip and acknowledged in full once a
/// round.
struct Paths {
    now: Instant,
    all: Vec<Balia>,
}

impl Paths {
    fn with_windows(packets: &[u64]) -> Self {
        let all = packets.iter().map(|packets| {
            let mut path = Balia::new(MTU);
            path.window = (packets * u64::from(MTU)) as f64;
            path.threshold = path.window;
            path.rtt = RTT;
            path
        });
        let mut paths = Self { now: start(), all: all.collect() };
        paths.couple();
        paths
    }

    fn couple(&mut self) {
        let rates = || self.all.iter().map(|path| path.rate() as u64);
        let coupling = Coupling { total: rates().sum(), best: rates().max().unwrap_or(0) };
        self.all.iter_mut().for_each(|path| path.couple(coupling));
    }

    fn round(&mut self) {
        let sent = self.now;
        self.now += RTT;
        for path in &mut self.all {
            let window = path.window();
            for _ in 0..window / u64::from(MTU) {
                path.on_acked(sent, u64::from(MTU), false, (RTT, RTT));
            }
        }
        self.couple();
    }

    fn lose(&mut self, path: usize) {
        let sent = self.now;
        self.now += Duration::from_millis(1);
        self.all[path].on_congestion(self.now, sent);
        self.couple();
    }

    fn packets(&self, path: usize) -> f64 {
        self.all[path].window / f64::from(MTU)
    }
}

#[test]
fn a_path_alone_grows_by_a_packet_a_round_and_halves_at_a_loss() {
    let mut paths = Paths::with_windows(&[100]);
    for _ in 0..10 {
        paths.round();
    }
    assert!((109.0..=110.5).contains(&paths.packets(0)), "{}", paths.packets(0));
    let before = paths.packets(0);
    paths.lose(0);
    assert!((paths.packets(0) - before / 2.0).abs() < 0.1);
}

#[test]
fn two_equal_paths_together_grow_by_half_of_what_one_would() {
    let mut paths = Paths::with_windows(&[100, 100]);
    for _ in 0..20 {
        paths.round();
    }
    let grown = paths.packets(0) + paths.packets(1) - 200.0;
    assert!((9.0..=10.5).contains(&grown), "{grown}");
}

#[test]
fn behind_one_bottleneck_paths_together_take_what_a_path_alone_does() {
    // Whoever is at it, a bottleneck of 300 packets that overflows takes from all alike.
    let mut coupled = Paths::with_windows(&[100, 100]);
    let mut alone = Paths::with_windows(&[100]);
    let (mut by_coupled, mut by_alone) = (0.0, 0.0);
    for _ in 0..20_000 {
        coupled.round();
        alone.round();
        if coupled.packets(0) + coupled.packets(1) + alone.packets(0) > 300.0 {
            coupled.lose(0);
            coupled.lose(1);
            alone.lose(0);
        }
        by_coupled += coupled.packets(0) + coupled.packets(1);
        by_alone += alone.packets(0);
    }
    let ratio: f64 = by_coupled / by_alone;
    assert!((0.4..=1.2).contains(&ratio), "{ratio}");
}

#[test]
fn the_slower_path_gives_back_more_at_a_loss_but_not_all() {
    let mut paths = Paths::with_windows(&[400, 100]);
    paths.lose(1);
    assert!((paths.packets(1) - 25.0).abs() < 0.1, "{}", paths.packets(1));
    paths.lose(0);
    assert!((paths.packets(0) - 200.0).abs() < 0.1, "{}", paths.packets(0));
}

#[test]
fn slow_start_doubles_each_round_until_a_queue_shows() {
    let mut path = Balia::new(MTU);
    let sent = start();
    path.on_acked(sent, 16_000, false, (RTT, RTT));
    assert_eq!(path.window(), 32_000);
    path.on_acked(sent, 1_000, false, (RTT + Duration::from_millis(13), RTT));
    let at_queue = path.window();
    path.on_acked(sent, 1_000, false, (RTT, RTT));
    assert!(path.window() - at_queue < 100, "{} after {at_queue}", path.window());
}

#[test]
fn one_loss_counts_for_all_that_was_under_way() {
    let mut paths = Paths::with_windows(&[100]);
    let sent = paths.now;
    let later = sent + RTT;
    for _ in 0..5 {
        paths.all[0].on_congestion(later, sent);
    }
    assert!((paths.packets(0) - 50.0).abs() < 0.1);
}

#[test]
fn a_spurious_loss_is_taken_back() {
    let mut paths = Paths::with_windows(&[100]);
    paths.lose(0);
    paths.all[0].on_spurious_loss();
    assert!((paths.packets(0) - 100.0).abs() < 0.1);
}

#[test]
fn a_window_that_is_not_used_does_not_grow() {
    let mut path = Balia::new(MTU);
    path.on_acked(start(), 16_000, true, (RTT, RTT));
    assert_eq!(path.window(), 16_000);
}

#[test]
fn the_window_never_falls_below_two_packets() {
    let mut paths = Paths::with_windows(&[2]);
    for _ in 0..3 {
        paths.lose(0);
    }
    paths.all[0].on_persistent_congestion();
    assert_eq!(paths.all[0].window(), 2_000);
}
