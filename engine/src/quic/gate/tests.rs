use super::*;

fn gated() -> (Box<dyn Controller>, Gate, Instant) {
    let now = crate::testing::start();
    let factory = GatedFactory::new(Congestion::Cubic, 0, Arc::default());
    let controller = Arc::new(factory).build(now, 1200);
    let gate = Gated::gate_of(&*controller).unwrap();
    (controller, gate, now)
}

#[test]
fn a_closed_gate_shows_no_window_and_an_open_one_the_real_one() {
    let (controller, gate, _) = gated();
    let window = controller.window();
    assert!(window > 0);
    gate.set_open(false, false);
    assert_eq!(controller.window(), 0);
    assert_eq!(gate.window(), window);
    assert!(controller.metrics().congestion_window > 0, "noq's pacer takes 0 for nonsense");
    gate.set_open(true, false);
    assert_eq!(controller.window(), window);
}

#[test]
fn a_batch_that_may_goes_beyond_the_window_through_an_open_gate_alone() {
    let (controller, gate, _) = gated();
    let window = controller.window();
    gate.set_open(true, true);
    assert_eq!((controller.window(), gate.window()), (u64::MAX, window));
    gate.set_open(false, true);
    assert_eq!(controller.window(), 0);
}

#[test]
fn a_clone_shares_its_gate() {
    let (controller, gate, _) = gated();
    assert!(Gated::gate_of(&*controller.clone_box()).unwrap().is(&gate));
}

#[test]
fn what_was_sent_and_lost_is_logged_once() {
    let (mut controller, gate, now) = gated();
    controller.on_packet_sent(now, 1200, 5);
    controller.on_packet_sent(now, 800, 6);
    assert_eq!(gate.in_flight(), 2000);
    controller.on_packet_lost(1200, 5, now);
    assert_eq!(gate.in_flight(), 800);
    let (mut sent, mut fates) = (Vec::new(), Vec::new());
    gate.take_sent(&mut sent);
    gate.take_fates(&mut fates);
    assert_eq!(sent, [Sent { pn: 5, bytes: 1200 }, Sent { pn: 6, bytes: 800 }]);
    assert_eq!(fates, [Fate::Lost { pn: 5 }]);
    fates.clear();
    gate.take_fates(&mut fates);
    assert!(fates.is_empty());
}

#[test]
fn room_is_what_the_window_leaves() {
    let (mut controller, gate, now) = gated();
    let window = gate.window();
    controller.on_packet_sent(now, 1200, 1);
    assert_eq!(gate.room(), window - 1200);
    gate.set_refused(true);
    assert_eq!(gate.room(), 0);
    gate.set_refused(false);
    assert_eq!(gate.room(), window - 1200);
    controller.on_end_acks(now, 0, false, Some(1));
    assert_eq!(gate.room(), gate.window());
}
