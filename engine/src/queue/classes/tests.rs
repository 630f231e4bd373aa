use super::super::simulation::{PACKET, number, packet};
use super::*;
use crate::ip::testing::start;

const MS: Duration = Duration::from_millis(1);

fn queue() -> ClassQueue {
    ClassQueue::new(Config::default())
}

fn push(queue: &mut ClassQueue, class: Class, flow: u32, number: u64) {
    queue.push(start_of(queue), packet(flow, number, PACKET, false), flow, class, class);
}

/// The time at which these tests put packets in: that of the last one, or any.
fn start_of(queue: &ClassQueue) -> Instant {
    queue.pushed.unwrap_or_else(start)
}

fn popped(queue: &mut ClassQueue, count: usize) -> Vec<Class> {
    let now = start_of(queue);
    (0..count).map_while(|_| queue.pop(now)).map(|(class, _)| class).collect()
}

fn share(of: &[Class], class: Class) -> f64 {
    of.iter().filter(|popped| **popped == class).count() as f64 / of.len() as f64
}

#[test]
fn the_more_urgent_goes_first() {
    let mut queue = queue();
    for class in [Class::Background, Class::Bulk, Class::Interactive, Class::Realtime] {
        push(&mut queue, class, class.index() as u32, 0);
    }
    assert_eq!(queue.peek(start_of(&queue)), Some((Class::Realtime, PACKET)));
    assert_eq!(popped(&mut queue, 9), Class::ALL);
    assert_eq!((queue.len(), queue.bytes(), queue.is_empty()), (0, 0, true));
}

#[test]
fn looking_ahead_tells_what_comes() {
    let mut queue = queue();
    let now = start();
    assert_eq!(queue.peek(now), None);
    push(&mut queue, Class::Bulk, 1, 0);
    assert_eq!(queue.peek(now), Some((Class::Bulk, PACKET)));
    // What is more urgent overtakes even a packet that was looked at.
    push(&mut queue, Class::Realtime, 2, 0);
    assert_eq!(queue.peek(now), Some((Class::Realtime, PACKET)));
    assert_eq!(popped(&mut queue, 2), [Class::Realtime, Class::Bulk]);
}

#[test]
fn a_flood_in_one_class_leaves_the_others_their_shares() {
    let mut queue = queue();
    for at in 0..2000 {
        for class in Class::ALL {
            push(&mut queue, class, class.index() as u32, at);
        }
    }
    let popped = popped(&mut queue, 4000);
    let share = |class| share(&popped, class);
    assert!((0.49..0.53).contains(&share(Class::Realtime)), "{}", share(Class::Realtime));
    assert!((0.36..0.39).contains(&share(Class::Interactive)), "{}", share(Class::Interactive));
    assert!((0.09..0.12).contains(&share(Class::Bulk)), "{}", share(Class::Bulk));
    assert!((0.01..0.02).contains(&share(Class::Background)), "{}", share(Class::Background));
}

#[test]
fn a_class_alone_has_all_of_the_rate() {
    for class in Class::ALL {
        let mut queue = queue();
        (0..500).for_each(|at| push(&mut queue, class, 1, at));
        assert_eq!(popped(&mut queue, 500), [class; 500]);
    }
}

#[test]
fn a_call_below_its_share_never_waits_for_bulk() {
    let mut queue = queue();
    let now = start();
    for at in 0..1000 {
        push(&mut queue, Class::Bulk, 1, at);
    }
    for at in 0..100 {
        queue.push(now, packet(2, at, 200, false), 2, Class::Realtime, Class::Realtime);
        assert_eq!(queue.pop(now).unwrap().0, Class::Realtime);
        assert_eq!(popped(&mut queue, 5), [Class::Bulk; 5]);
    }
}

#[test]
fn a_full_queue_drops_the_least_urgent_first() {
    let mut queue = ClassQueue::new(Config { limit_packets: 100, ..Config::default() });
    (0..100).for_each(|at| push(&mut queue, Class::Bulk, 1, at));
    (0..50).for_each(|at| push(&mut queue, Class::Interactive, 2, at));
    assert_eq!(queue.len(), 100);
    assert_eq!(queue.stats(Class::Bulk).dropped_full, 50);
    assert_eq!(queue.stats(Class::Interactive).dropped_full, 0);
}

#[test]
fn a_flood_does_not_push_others_out_of_their_own_room() {
    let mut queue = ClassQueue::new(Config { limit_packets: 160, ..Config::default() });
    (0..20).for_each(|at| push(&mut queue, Class::Background, 1, at));
    (0..500).for_each(|at| push(&mut queue, Class::Realtime, 2, at));
    assert_eq!(queue.len(), 160);
    assert_eq!(queue.stats(Class::Background).dropped_full, 0);
    assert_eq!(queue.stats(Class::Realtime).dropped_full, 360);
}

#[test]
fn the_limit_holds_in_bytes_for_all_classes_together() {
    let mut queue = ClassQueue::new(Config { limit_bytes: 20 * PACKET, ..Config::default() });
    for at in 0..200 {
        push(&mut queue, Class::ALL[at as usize % 4], at as u32, at);
        assert!(queue.bytes() <= 20 * PACKET);
    }
    assert_eq!(queue.bytes(), 20 * PACKET);
}

#[test]
fn a_flow_whose_class_changes_keeps_its_order() {
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..200 {
        let mut queue = queue();
        let now = start();
        let (mut before, mut next, mut expected) = ([Class::default(); 8], [0; 8], [0; 8]);
        for _ in 0..300 {
            let flow = random.usize(..8);
            if random.u8(..3) > 0 {
                // Few flows are busy, so that some queues run empty and others do not.
                let class = if random.u8(..4) == 0 { Class::ALL[random.usize(..4)] } else { before[flow] };
                let packet = packet(flow as u32, next[flow], PACKET, false);
                next[flow] += 1;
                before[flow] = queue.push(now, packet, flow as u32, class, before[flow]);
            } else {
                queue.peek(now);
                pop_in_order(&mut queue, now, &mut expected);
            }
        }
        while !queue.is_empty() {
            pop_in_order(&mut queue, now, &mut expected);
        }
        assert_eq!(expected, next, "nothing is lost");
    }
}

fn pop_in_order(queue: &mut ClassQueue, now: Instant, expected: &mut [u64; 8]) {
    let Some((_, queued)) = queue.pop(now) else { return };
    let flow = queued.flow_hash as usize;
    assert_eq!(number(&queued), expected[flow]);
    expected[flow] += 1;
}

#[test]
fn a_flow_moves_to_its_new_class_once_the_old_queue_has_none_of_it() {
    let mut queue = queue();
    let now = start();
    let push = |queue: &mut ClassQueue, class, before| {
        queue.push(now, packet(1, 0, PACKET, false), 1, class, before)
    };
    assert_eq!(push(&mut queue, Class::Bulk, Class::Bulk), Class::Bulk);
    assert_eq!(push(&mut queue, Class::Realtime, Class::Bulk), Class::Bulk);
    assert_eq!(popped(&mut queue, 2), [Class::Bulk; 2]);
    assert_eq!(push(&mut queue, Class::Realtime, Class::Bulk), Class::Realtime);
}

#[test]
fn memory_is_there_only_while_it_is_used() {
    let mut queue = queue();
    assert_eq!(queue.poll_timeout(), None);
    push(&mut queue, Class::Bulk, 1, 0);
    let due = queue.poll_timeout().unwrap();
    queue.handle_timeout(due);
    assert!(queue.poll_timeout().unwrap() > due, "it holds a packet");
    assert_eq!(popped(&mut queue, 1), [Class::Bulk]);
    queue.handle_timeout(queue.poll_timeout().unwrap() - MS);
    assert!(queue.poll_timeout().is_some());
    queue.handle_timeout(queue.poll_timeout().unwrap());
    assert_eq!(queue.poll_timeout(), None);
}
