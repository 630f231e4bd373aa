//! Requests, responses and tunnels.

use super::*;

/// What of the content of a stream arrived.
fn body_of(events: &[Event], wanted: u64) -> Vec<u8> {
    let mut body = Vec::new();
    for event in events {
        if let Event::Body { stream, data } = event
            && *stream == wanted
        {
            body.extend_from_slice(data);
        }
    }
    body
}

#[test]
fn a_get_is_answered_with_a_page() {
    let mut noise = Noise::new(20);
    let (mut client, mut server) = (Session::new(Role::Client), Session::new(Role::Server));
    assert_eq!(client.request(&get(), true), 0);
    deliver(&mut noise, &mut client, &mut server).unwrap();
    let expected = [
        Event::PeerSettings(Settings::local(Role::Client)),
        Event::Request { stream: 0, headers: get() },
        Event::Finished { stream: 0 },
    ];
    assert_eq!(events(&mut server), expected);
    let head = Headers::response(200).with("content-length", "5");
    server.respond(0, &head, false);
    server.send_body(0, b"hello", true);
    deliver(&mut noise, &mut server, &mut client).unwrap();
    let seen = events(&mut client);
    assert_eq!(seen[0], Event::PeerSettings(Settings::local(Role::Server)));
    assert_eq!(seen[1], Event::Response { stream: 0, status: 200, headers: head });
    assert_eq!(body_of(&seen, 0), b"hello");
    assert_eq!(seen.last(), Some(&Event::Finished { stream: 0 }));
    assert!(client.requests.is_empty() && server.requests.is_empty(), "nothing is left over");
}

#[test]
fn a_tunnel_carries_bytes_both_ways_until_it_is_closed() {
    let mut noise = Noise::new(21);
    let (mut client, mut server) = (Session::new(Role::Client), Session::new(Role::Server));
    let stream = client.request(&connect_ip(), false);
    client.send_body(stream, b"early", false);
    deliver(&mut noise, &mut client, &mut server).unwrap();
    server.respond(stream, &Headers::response(200), false);
    server.send_body(stream, b"capsule", false);
    deliver(&mut noise, &mut server, &mut client).unwrap();
    assert_eq!(body_of(&events(&mut server), stream), b"early");
    assert_eq!(body_of(&events(&mut client), stream), b"capsule");
    server.close_stream(stream);
    deliver(&mut noise, &mut server, &mut client).unwrap();
    assert_eq!(events(&mut client), [Event::Finished { stream }]);
    assert!(client.requests.is_empty() && server.requests.is_empty());
}

#[test]
fn requests_have_the_streams_that_quic_will_give_them() {
    let mut client = quiet(Role::Client);
    assert_eq!([(); 3].map(|()| client.request(&get(), true)), [0, 4, 8]);
}

#[test]
fn a_refusal_with_a_body_reaches_the_client_though_reading_stopped() {
    let mut noise = Noise::new(22);
    let (mut client, mut server) = (waiting_client(&connect_ip()), quiet(Role::Server));
    server.receive(0, &headers_frame(&connect_ip()), false).unwrap();
    server.respond(0, &Headers::response(403), false);
    server.send_body(0, b"{}", false);
    server.close_stream(0);
    // STOP_SENDING overtakes the response, as it may.
    client.stop_received(0, Code::NoError.value()).unwrap();
    assert_eq!(outputs(&mut client), [Output::Reset { stream: 0, code: Code::NoError.value() }]);
    deliver(&mut noise, &mut server, &mut client).unwrap();
    let seen = events(&mut client);
    assert!(matches!(seen[0], Event::Response { status: 403, .. }));
    assert_eq!(body_of(&seen, 0), b"{}");
    assert_eq!(seen.last(), Some(&Event::Finished { stream: 0 }));
}

#[test]
fn informational_responses_are_skipped() {
    let mut client = waiting_client(&get());
    client.receive(0, &headers_frame(&Headers::response(103)), false).unwrap();
    assert_eq!(events(&mut client), []);
    client.receive(0, &headers_frame(&Headers::response(204)), true).unwrap();
    assert!(matches!(events(&mut client)[0], Event::Response { status: 204, .. }));
}

#[test]
fn trailers_end_a_message_and_are_not_shown() {
    let mut server = quiet(Role::Server);
    let trailers = headers_frame(&Headers::default().with("digest", "x"));
    let post = headers_frame(&Headers::request("POST", "https", "gw", "/"));
    let body = frame::encode(DATA, b"x");
    let message = [post, body.clone(), trailers.clone(), frame::encode(0x21, b"?")].concat();
    for late in [trailers, body] {
        server.receive(0, &message, false).unwrap();
        assert_eq!(events(&mut server).len(), 2);
        let error = server.receive(0, &late, true).unwrap_err();
        assert_eq!(error.code, Code::FrameUnexpected, "nothing but the end follows trailers");
        server = quiet(Role::Server);
    }
}

#[test]
fn a_malformed_request_loses_its_stream_only() {
    let mut server = quiet(Role::Server);
    let code = Code::MessageError.value();
    server.receive(0, &headers_frame(&get().with(":protocol", "connect-ip")), false).unwrap();
    assert_eq!(events(&mut server), [Event::Reset { stream: 0, code }]);
    let expected = [Output::Reset { stream: 0, code }, Output::StopSending { stream: 0, code }];
    assert_eq!(outputs(&mut server), expected);
    server.receive(0, b"more of the same", false).unwrap();
    server.receive(4, &headers_frame(&get()), true).unwrap();
    assert!(matches!(events(&mut server)[0], Event::Request { stream: 4, .. }));
}

#[test]
fn a_malformed_response_loses_its_stream_only() {
    let mut client = waiting_client(&get());
    client.receive(0, &headers_frame(&get()), false).unwrap();
    assert_eq!(events(&mut client), [Event::Reset { stream: 0, code: Code::MessageError.value() }]);
}

#[test]
fn a_response_that_never_came_is_malformed() {
    let mut client = waiting_client(&get());
    client.receive(0, &headers_frame(&Headers::response(103)), true).unwrap();
    assert_eq!(events(&mut client), [Event::Reset { stream: 0, code: Code::MessageError.value() }]);
}

#[test]
fn a_header_section_that_is_too_large_loses_its_stream_only() {
    let code = Code::ExcessiveLoad.value();
    let encoded_too_large = frame::encode(HEADERS, &[0; frame::MAX_BUFFERED + 1]);
    let decoded_too_large = frame::encode(HEADERS, &[&[0, 0][..], &[0xfe; 1000]].concat());
    for message in [encoded_too_large, decoded_too_large] {
        let mut server = quiet(Role::Server);
        server.receive(0, &message, false).unwrap();
        assert_eq!(events(&mut server), [Event::Reset { stream: 0, code }]);
    }
}

#[test]
fn a_content_length_is_kept() {
    let post = Headers::request("POST", "https", "gw", "/").with("content-length", "3");
    for (body, fin, is_kept) in [(&b"abc"[..], true, true), (b"abcd", false, false), (b"ab", true, false)] {
        let mut server = quiet(Role::Server);
        let message = [headers_frame(&post), frame::encode(DATA, body)].concat();
        server.receive(0, &message, fin).unwrap();
        let reset = Event::Reset { stream: 0, code: Code::MessageError.value() };
        assert_eq!(events(&mut server).last() == Some(&reset), !is_kept, "{body:?}");
    }
}

#[test]
fn a_response_without_content_may_announce_some() {
    let head = Headers::request("HEAD", "https", "gw", "/");
    for (request, status) in [(head, 200), (get(), 304), (connect_ip(), 200)] {
        let mut client = waiting_client(&request);
        let response = Headers::response(status).with("content-length", "3");
        client.receive(0, &headers_frame(&response), true).unwrap();
        assert_eq!(events(&mut client).last(), Some(&Event::Finished { stream: 0 }));
    }
}

#[test]
fn a_refused_connect_is_an_ordinary_response() {
    let mut client = waiting_client(&connect_ip());
    let trailers = headers_frame(&Headers::default().with("digest", "x"));
    let response = headers_frame(&Headers::response(403));
    client.receive(0, &[response, frame::encode(DATA, b"no"), trailers].concat(), true).unwrap();
    assert_eq!(events(&mut client).last(), Some(&Event::Finished { stream: 0 }));
}

#[test]
fn a_tunnel_has_no_trailers() {
    let trailers = headers_frame(&Headers::default().with("digest", "x"));
    let tunnel = [headers_frame(&connect_ip()), trailers].concat();
    assert_eq!(error_of(Role::Server, 0, &tunnel), Code::FrameUnexpected);
}

#[test]
fn content_before_the_header_section_is_unexpected() {
    assert_eq!(error_of(Role::Server, 0, &frame::encode(DATA, b"x")), Code::FrameUnexpected);
}

#[test]
fn frames_of_the_control_stream_are_unexpected_on_a_request() {
    for frame in [&[0x03, 1, 0][..], &[SETTINGS as u8, 0], &[0x05, 1, 0], &[0x07, 1, 0], &[0x0d, 1, 0]] {
        assert_eq!(error_of(Role::Server, 0, frame), Code::FrameUnexpected);
    }
}

#[test]
fn a_push_to_a_client_that_allowed_none_is_an_id_error() {
    let error = waiting_client(&get()).receive(0, &frame::encode(0x05, &[0]), false).unwrap_err();
    assert_eq!(error.code, Code::IdError);
}

#[test]
fn a_field_section_that_cannot_be_decoded_ends_the_connection() {
    let section = frame::encode(HEADERS, &[0, 0, 0x80]);
    assert_eq!(error_of(Role::Server, 0, &section), Code::QpackDecompressionFailed);
}

#[test]
fn a_stream_that_ends_within_a_frame_ends_the_connection() {
    let message = headers_frame(&get());
    let error = quiet(Role::Server).receive(0, &message[..message.len() - 1], true).unwrap_err();
    assert_eq!(error.code, Code::FrameError);
}

#[test]
fn a_stream_that_ends_before_its_request_is_incomplete() {
    let mut server = quiet(Role::Server);
    server.receive(0, &[], true).unwrap();
    assert_eq!(events(&mut server), [Event::Reset { stream: 0, code: Code::RequestIncomplete.value() }]);
}

#[test]
fn a_stream_that_the_peer_resets_is_gone_in_both_directions() {
    let mut server = quiet(Role::Server);
    server.receive(0, &headers_frame(&connect_ip()), false).unwrap();
    server.reset_received(0, 77).unwrap();
    assert_eq!(events(&mut server).last(), Some(&Event::Reset { stream: 0, code: 77 }));
    let expected = [Output::Reset { stream: 0, code: Code::RequestCancelled.value() }];
    assert_eq!(outputs(&mut server), expected);
    server.respond(0, &Headers::response(200), false);
    server.send_body(0, b"late", true);
    server.close_stream(0);
    assert_eq!(outputs(&mut server), []);
}

#[test]
fn a_stream_that_the_peer_refuses_is_gone_in_both_directions() {
    let mut client = waiting_client(&connect_ip());
    let code = Code::ConnectError.value();
    client.stop_received(0, code).unwrap();
    assert_eq!(events(&mut client), [Event::Reset { stream: 0, code }]);
    let expected = [Output::Reset { stream: 0, code }, Output::StopSending { stream: 0, code }];
    assert_eq!(outputs(&mut client), expected);
}

#[test]
fn a_request_given_up_is_reset_without_an_event() {
    let mut client = waiting_client(&get());
    client.reset(0, Code::RequestCancelled);
    let code = Code::RequestCancelled.value();
    let expected = [Output::Reset { stream: 0, code }, Output::StopSending { stream: 0, code }];
    assert_eq!(outputs(&mut client), expected);
    client.receive(0, &headers_frame(&Headers::response(200)), true).unwrap();
    assert_eq!(events(&mut client), []);
}
