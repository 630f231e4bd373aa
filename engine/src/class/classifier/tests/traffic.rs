//! What kinds of traffic look like.

use super::*;

/// One direction of a flow: so many packets per second, with payloads of these lengths in turn.
struct Direction {
    per_second: u32,
    payloads: &'static [usize],
    first: u8,
}

const SILENT: Direction = Direction { per_second: 0, payloads: &[], first: 0 };

fn side(per_second: u32, payloads: &'static [usize]) -> Direction {
    Direction { per_second, payloads, first: 0x80 }
}

/// A flow between laptop and server, played at the client's end.
struct Play {
    classifier: Classifier,
    now: Instant,
    begun: Instant,
    protocol: u8,
    port: u16,
}

impl Play {
    fn new(protocol: u8, port: u16) -> Self {
        let now = start();
        Self { classifier: classifier(Side::Client, &[]), now, begun: now, protocol, port }
    }

    /// Plays for so many seconds, and gives the classes that the flow had, each with when it began, in milliseconds.
    fn run(&mut self, seconds: u64, up: &Direction, down: &Direction) -> Vec<(u64, Class)> {
        let end = self.now + Duration::from_secs(seconds);
        let mut due = [self.now; 2];
        let (mut sent, mut classes) = ([0; 2], Vec::new());
        while self.now < end {
            for (index, side) in [up, down].into_iter().enumerate() {
                while side.per_second > 0 && due[index] <= self.now {
                    due[index] += Duration::from_secs(1) / side.per_second;
                    let payload = side.payloads[sent[index] % side.payloads.len()];
                    sent[index] += 1;
                    self.pass(index == 0, payload, side.first);
                }
            }
            let class = self.class();
            if classes.last().is_none_or(|(_, last)| *last != class) {
                classes.push(((self.now - self.begun).as_millis() as u64, class));
            }
            self.now += Duration::from_millis(1);
        }
        classes
    }

    fn pass(&mut self, upward: bool, payload: usize, first: u8) {
        let packet = packet(self.protocol, self.port, upward, payload, first);
        if upward {
            self.classifier.outbound(self.now, &sample(&packet));
        } else {
            self.classifier.inbound(self.now, &sample(&packet), None);
        }
    }

    fn class(&self) -> Class {
        self.classifier.report(self.now).first().map(|flow| flow.class).unwrap_or_default()
    }
}

fn classes(classes: Vec<(u64, Class)>) -> Vec<Class> {
    classes.into_iter().map(|(_, class)| class).collect()
}

fn played(protocol: u8, port: u16, up: &Direction, down: &Direction) -> Vec<Class> {
    classes(Play::new(protocol, port).run(20, up, down))
}

const CALL: [Class; 2] = [Class::Interactive, Class::Realtime];
const BULK: [Class; 2] = [Class::Interactive, Class::Bulk];

#[test]
fn a_voice_call_is_realtime_within_two_seconds_and_stays_so() {
    let mut play = Play::new(protocol::UDP, 3478);
    let voice = side(50, &[92, 110, 130]);
    let classes = play.run(30, &voice, &voice);
    assert_eq!(classes.iter().map(|(_, class)| *class).collect::<Vec<_>>(), CALL);
    assert!(classes[1].0 <= 2000, "{classes:?}");
}

#[test]
fn calls_with_codecs_of_few_bytes_are_calls() {
    for voice in [side(50, &[32]), side(33, &[50]), side(50, &[172])] {
        assert_eq!(played(protocol::UDP, 20_000, &voice, &voice), CALL);
    }
}

#[test]
fn who_only_listens_is_still_in_a_call() {
    let mut play = Play::new(protocol::UDP, 3478);
    let voice = side(50, &[110]);
    play.run(5, &voice, &voice);
    // Opus without a voice sends a packet every 400 ms.
    assert_eq!(classes(play.run(120, &side(2, &[40]), &voice)), [Class::Realtime]);
}

#[test]
fn a_call_ends_some_seconds_after_its_last_word() {
    let mut play = Play::new(protocol::UDP, 3478);
    let voice = side(50, &[110]);
    play.run(5, &voice, &voice);
    assert_eq!(classes(play.run(8, &SILENT, &SILENT)), [Class::Realtime]);
    assert_eq!(classes(play.run(8, &SILENT, &SILENT)), [Class::Realtime, Class::Interactive]);
}

#[test]
fn a_video_call_is_realtime_in_both_directions_or_with_one_camera() {
    // Voice between pictures, 1.3 Mbit/s.
    let video = side(200, &[1190, 1100, 110, 900, 1210, 95]);
    let voice = side(60, &[110, 110, 110, 80]);
    for (up, down) in [(&video, &video), (&voice, &video), (&video, &voice)] {
        let mut play = Play::new(protocol::UDP, 3478);
        play.run(4, up, down);
        assert_eq!(classes(play.run(20, up, down)), [Class::Realtime]);
    }
}

#[test]
fn games_are_realtime() {
    for (up, down) in
        [(side(60, &[45, 60, 80]), side(30, &[250, 400, 120])), (side(12, &[60]), side(12, &[700]))]
    {
        assert_eq!(played(protocol::UDP, 27_015, &up, &down), CALL);
    }
}

#[test]
fn dns_is_interactive_however_busy() {
    assert_eq!(played(protocol::UDP, 53, &side(40, &[40]), &side(40, &[120])), [Class::Interactive]);
    assert_eq!(played(protocol::UDP, 853, &side(3, &[40]), &side(3, &[120])), [Class::Interactive]);
}

#[test]
fn a_quic_download_is_bulk_and_its_acknowledgements_are_no_call() {
    // Fast, and so slow that its rate alone could be a call's; on any port.
    let played_at = |per_second| {
        let (acks, data) = (side(per_second / 2, &[29, 33, 41]), side(per_second, &[1200]));
        played(protocol::UDP, 4433, &acks, &data)
    };
    assert_eq!(played_at(2000), BULK);
    assert_eq!(played_at(200), BULK);
    assert_eq!(played_at(50), [Class::Interactive]);
    let quic = |per_second, payloads| Direction { first: 0x4d, ..side(per_second, payloads) };
    let (up, down) = (quic(50, &[80, 120]), quic(50, &[90, 300]));
    assert_eq!(played(protocol::UDP, 443, &up, &down), [Class::Interactive], "a chatty page is no call");
}

#[test]
fn a_call_that_shares_quics_port_is_a_call() {
    let voice = side(50, &[110]);
    assert_eq!(played(protocol::UDP, 443, &voice, &voice), CALL);
}

#[test]
fn a_tcp_download_is_bulk_until_it_pauses() {
    let mut play = Play::new(protocol::TCP, 443);
    let (acks, data) = (side(500, &[0]), side(1000, &[1380]));
    let classes_seen = play.run(60, &acks, &data);
    assert_eq!(classes(classes_seen.clone()), BULK);
    assert!(classes_seen[1].0 < 300, "{classes_seen:?}");
    assert_eq!(classes(play.run(3, &SILENT, &SILENT)), [Class::Bulk], "a pause for breath is none");
    assert_eq!(classes(play.run(7, &SILENT, &SILENT)), [Class::Bulk, Class::Interactive]);
}

#[test]
fn a_slow_download_does_not_flap() {
    // 280 kbit/s and 700 kbit/s: below the threshold, and around it.
    for per_second in [25, 60, 120, 160] {
        let seen = played(protocol::TCP, 80, &side(per_second / 2, &[0]), &side(per_second, &[1380]));
        assert!(seen.len() <= 2, "{per_second} packets/s: {seen:?}");
    }
}

#[test]
fn a_shell_is_interactive() {
    assert_eq!(played(protocol::TCP, 22, &side(8, &[36]), &side(8, &[44, 36, 600])), [Class::Interactive]);
}

#[test]
fn bittorrent_is_never_a_call() {
    let utp = |per_second, payloads, first| Direction { first, ..side(per_second, payloads) };
    // Download with acknowledgements of 20 bytes, and a slow exchange of small packets both ways.
    let seen = played(protocol::UDP, 51_413, &utp(100, &[20, 26], 0xab), &utp(200, &[1382], 0xab));
    assert_eq!(seen, BULK);
    let mut play = Play::new(protocol::UDP, 51_413);
    for second in 0..20 {
        let end = play.now + Duration::from_secs(1);
        while play.now < end {
            for upward in [true, false] {
                let mut packet = packet(protocol::UDP, 51_413, upward, 320, 0x01);
                packet[29] = 0;
                let sample = sample(&packet);
                if upward {
                    play.classifier.outbound(play.now, &sample);
                } else {
                    play.classifier.inbound(play.now, &sample, None);
                }
            }
            play.now += Duration::from_millis(40);
        }
        assert_ne!(play.class(), Class::Realtime, "after {second} s");
    }
}

#[test]
fn a_tunnel_with_bulk_inside_is_bulk() {
    // WireGuard: full packets one way, and acknowledgements in it, which are as long as voice, the other.
    let seen = played(protocol::UDP, 51_820, &side(150, &[96, 112]), &side(300, &[1392]));
    assert_eq!(seen, BULK);
}

#[test]
fn a_call_in_whose_tunnel_a_transfer_begins_is_none_any_more() {
    let mut play = Play::new(protocol::UDP, 51_820);
    let voice = side(50, &[140]);
    play.run(5, &voice, &voice);
    let seen = play.run(4, &side(300, &[112]), &side(2000, &[1392]));
    assert_eq!(classes(seen), [Class::Realtime, Class::Bulk]);
}
