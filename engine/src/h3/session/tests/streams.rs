//! Streams other than requests, and the bounds.

use super::*;

/// A session that has heard the peer's settings.
fn settled(role: Role, control: u64) -> Session {
    let mut session = quiet(role);
    session.receive(control, &[0, SETTINGS as u8, 0], false).unwrap();
    events(&mut session);
    session
}

/// The error that a frame leads to on the control stream, after SETTINGS.
fn control_error(role: Role, frame: &[u8]) -> Code {
    let control = if role == Role::Server { CLIENT_CONTROL } else { SERVER_CONTROL };
    settled(role, control).receive(control, frame, false).unwrap_err().code
}

#[test]
fn a_session_opens_its_three_streams_with_settings_first() {
    for (role, first) in [(Role::Client, 2), (Role::Server, 3)] {
        let opened: Vec<_> = outputs(&mut Session::new(role))
            .into_iter()
            .map(|output| match output {
                Output::Write { stream, data, fin: false } => (stream, data),
                other => panic!("{other:?}"),
            })
            .collect();
        let ids: Vec<_> = opened.iter().map(|(stream, _)| *stream).collect();
        assert_eq!(ids, [first, first + 4, first + 8]);
        assert_eq!(opened[0].1[..2], [0, SETTINGS as u8]);
        assert_eq!((opened[1].1.as_ref(), opened[2].1.as_ref()), (&[2][..], &[3][..]));
    }
}

#[test]
fn what_is_written_does_not_appear_in_debug_output() {
    let mut client = quiet(Role::Client);
    client.request(&get().with("authorization", "Bearer hunter2"), true);
    let shown = format!("{:?}", client.poll_output());
    assert!(shown.starts_with("Some(Write { stream: 0,") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn settings_come_first_on_the_control_stream() {
    for frame in [&[0x07, 1, 0][..], &[0x01, 0], &[0x0d, 1, 0]] {
        assert_eq!(error_of(Role::Server, CLIENT_CONTROL, &[&[0], frame].concat()), Code::MissingSettings);
    }
}

#[test]
fn settings_come_once() {
    assert_eq!(control_error(Role::Server, &[SETTINGS as u8, 0]), Code::FrameUnexpected);
}

#[test]
fn frames_of_unknown_type_do_no_harm_on_the_control_stream() {
    let mut server = settled(Role::Server, CLIENT_CONTROL);
    server.receive(CLIENT_CONTROL, &[0x21, 3, 1, 2, 3, 0x07, 1, 0], false).unwrap();
    assert_eq!(events(&mut server), [Event::GoAway]);
}

#[test]
fn messages_and_pushes_do_not_stand_on_the_control_stream() {
    for frame in [&[0x00, 1, 0][..], &[0x01, 0], &[0x05, 1, 0]] {
        assert_eq!(control_error(Role::Server, frame), Code::FrameUnexpected);
    }
}

#[test]
fn a_push_that_does_not_exist_cannot_be_cancelled() {
    assert_eq!(control_error(Role::Server, &[0x03, 1, 0]), Code::IdError);
    assert_eq!(control_error(Role::Client, &[0x03, 1, 0]), Code::IdError);
}

#[test]
fn only_a_client_allows_pushes_and_never_fewer() {
    assert_eq!(control_error(Role::Client, &[0x0d, 1, 0]), Code::FrameUnexpected);
    assert_eq!(control_error(Role::Server, &[0x0d, 1, 5, 0x0d, 1, 4]), Code::IdError);
}

#[test]
fn going_away_is_told_and_may_only_come_nearer() {
    let mut client = settled(Role::Client, SERVER_CONTROL);
    client.receive(SERVER_CONTROL, &[0x07, 1, 8, 0x07, 1, 4], false).unwrap();
    assert_eq!(events(&mut client), [Event::GoAway, Event::GoAway]);
    assert_eq!(control_error(Role::Client, &[0x07, 1, 4, 0x07, 1, 8]), Code::IdError);
    assert_eq!(control_error(Role::Client, &[0x07, 1, 5]), Code::IdError);
}

#[test]
fn a_critical_stream_stays_open() {
    for kind in [0, 2, 3] {
        let mut server = quiet(Role::Server);
        server.receive(2, &[kind], false).unwrap();
        assert_eq!(server.receive(2, &[], true).unwrap_err().code, Code::ClosedCriticalStream);
        let mut server = quiet(Role::Server);
        server.receive(2, &[kind], false).unwrap();
        assert_eq!(server.reset_received(2, 0).unwrap_err().code, Code::ClosedCriticalStream);
    }
    let refused = quiet(Role::Client).stop_received(CLIENT_CONTROL, 0).unwrap_err();
    assert_eq!(refused.code, Code::ClosedCriticalStream);
}

#[test]
fn a_critical_stream_exists_once() {
    for kind in [0, 2, 3] {
        let mut server = quiet(Role::Server);
        server.receive(2, &[kind], false).unwrap();
        assert_eq!(server.receive(6, &[kind], false).unwrap_err().code, Code::StreamCreationError);
    }
}

#[test]
fn a_stream_of_unknown_type_is_refused_and_forgotten() {
    let mut server = quiet(Role::Server);
    // The type 0x54 takes two bytes, which arrive one by one.
    server.receive(2, &[0x40], false).unwrap();
    server.receive(2, &[0x54, 1, 2, 3], false).unwrap();
    let code = Code::StreamCreationError.value();
    assert_eq!(outputs(&mut server), [Output::StopSending { stream: 2, code }]);
    server.receive(2, &[0; 1000], true).unwrap();
    assert_eq!((events(&mut server), outputs(&mut server)), (vec![], vec![]));
}

#[test]
fn a_stream_may_end_before_its_type_is_complete() {
    let mut server = quiet(Role::Server);
    server.receive(2, &[0x40], true).unwrap();
    server.receive(6, &[], false).unwrap();
    server.reset_received(6, 0).unwrap();
    server.reset_received(10, 0).unwrap();
}

#[test]
fn push_streams_are_refused_on_either_side() {
    assert_eq!(error_of(Role::Server, 2, &[1]), Code::StreamCreationError);
    assert_eq!(error_of(Role::Client, 3, &[1]), Code::IdError);
}

#[test]
fn a_server_opens_no_bidirectional_stream() {
    assert_eq!(error_of(Role::Client, 1, b""), Code::StreamCreationError);
    assert_eq!(quiet(Role::Client).reset_received(1, 0).unwrap_err().code, Code::StreamCreationError);
}

#[test]
fn qpack_streams_are_watched() {
    let mut server = quiet(Role::Server);
    server.receive(CLIENT_ENCODER, &[2, 0x20], false).unwrap();
    server.receive(CLIENT_DECODER, &[3, 0x44], false).unwrap();
    let error = server.receive(CLIENT_ENCODER, &[0x3f, 0xe1, 0x1f], false).unwrap_err();
    assert_eq!(error.code, Code::QpackEncoderStreamError);
    let error = server.receive(CLIENT_DECODER, &[0x80], false).unwrap_err();
    assert_eq!(error.code, Code::QpackDecoderStreamError);
}

#[test]
fn streams_may_arrive_in_any_order() {
    let mut server = quiet(Role::Server);
    for stream in [8, 0, 4] {
        server.receive(stream, &headers_frame(&get()), true).unwrap();
        assert_eq!(events(&mut server)[0], Event::Request { stream, headers: get() });
    }
}

#[test]
fn more_requests_at_once_than_allowed_are_an_excessive_load() {
    let mut server = quiet(Role::Server);
    server.receive(4 * (MAX_REQUESTS - 1), &[], false).unwrap();
    assert_eq!(server.receive(4 * MAX_REQUESTS, &[], false).unwrap_err().code, Code::ExcessiveLoad);
    assert_eq!(error_of(Role::Server, varint::MAX - 3, &[]), Code::ExcessiveLoad);
}

#[test]
fn requests_that_are_over_make_room_for_others() {
    let mut server = quiet(Role::Server);
    for stream in (0..4 * 4 * MAX_REQUESTS).step_by(4) {
        server.receive(stream, &headers_frame(&get()), true).unwrap();
        server.respond(stream, &Headers::response(204), true);
    }
    assert!(server.requests.is_empty());
}

#[test]
fn more_unidirectional_streams_at_once_than_allowed_are_an_excessive_load() {
    assert_eq!(error_of(Role::Server, 2 + 4 * MAX_UNIDIRECTIONAL, &[]), Code::ExcessiveLoad);
}

#[test]
fn any_bytes_at_all_on_any_streams_do_not_panic() {
    let mut noise = Noise::new(23);
    for _ in 0..3000 {
        let role = if noise.below(2) == 0 { Role::Client } else { Role::Server };
        let mut session = quiet(role);
        if role == Role::Client {
            session.request(&connect_ip(), false);
        }
        for _ in 0..20 {
            let stream = noise.below(16) as u64;
            let result = match noise.below(10) {
                0 => session.reset_received(stream, noise.next() >> 2),
                1 => session.stop_received(stream, noise.next() >> 2),
                _ => session.receive(stream, &noise.bytes(64), noise.below(8) == 0),
            };
            if result.is_err() {
                break;
            }
            events(&mut session);
            outputs(&mut session);
        }
    }
}
