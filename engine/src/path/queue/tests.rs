use super::*;
use crate::lane::Sequencer;
use crate::testing::start;

/// A packet of so many bytes.
fn packet(sequencer: &mut Sequencer, class: Class, len: usize) -> Outgoing {
    let (packet, place) = (Bytes::from(vec![0; len]), sequencer.place(7, class));
    Outgoing::Packet { packet, place, twin: None }
}

fn lengths(queue: &mut PathQueue) -> Vec<usize> {
    std::iter::from_fn(|| queue.pop()).map(|item| item.len()).collect()
}

#[test]
fn what_somebody_waits_for_goes_before_what_was_queued_earlier() {
    let (mut queue, mut sequencer) = (PathQueue::default(), Sequencer::default());
    for (class, len) in [
        (Class::Bulk, 1000),
        (Class::Interactive, 60),
        (Class::Realtime, 160),
        (Class::Background, 1001),
        (Class::Interactive, 61),
        (Class::Realtime, 161),
    ] {
        queue.push(packet(&mut sequencer, class, len));
    }
    assert_eq!(Precedence::ALL.map(|precedence| queue.bytes_until(precedence)), [321, 442, 442, 2443]);
    assert_eq!(lengths(&mut queue), [160, 161, 60, 61, 1000, 1001]);
    assert_eq!(queue.bytes(), 0);
}

#[test]
fn what_is_taken_back_comes_in_the_order_in_which_it_would_leave() {
    let (mut queue, mut sequencer) = (PathQueue::default(), Sequencer::default());
    queue.push(packet(&mut sequencer, Class::Bulk, 1000));
    queue.push(Outgoing::Again(Datagram::new(start(), Bytes::from(vec![0; 900]))));
    queue.push(packet(&mut sequencer, Class::Realtime, 160));
    assert_eq!(queue.take().iter().map(Outgoing::len).collect::<Vec<_>>(), [160, 900, 1000]);
    assert_eq!((queue.bytes(), queue.pop().is_none()), (0, true));
}
