use super::*;

fn get() -> Headers {
    Headers::request("GET", "https", "gw.example", "/")
}

fn connect_ip() -> Headers {
    Headers::request("CONNECT", "https", "gw.example", "/masque").with(":protocol", "connect-ip")
}

fn without(headers: &Headers, name: &str) -> Headers {
    headers.iter().filter(|field| field.name != name.as_bytes()).cloned().collect()
}

#[test]
fn ordinary_requests_are_well_formed() {
    for headers in [
        get(),
        get().with("te", "trailers"),
        get().with("host", "gw.example"),
        without(&get(), ":authority").with("host", "gw.example"),
        Headers::request("OPTIONS", "https", "gw.example", "*"),
        connect_ip(),
        Headers::default().with(":method", "CONNECT").with(":authority", "gw.example:443"),
    ] {
        assert_eq!(check_request(&headers), Ok(()), "{headers:?}");
    }
}

#[test]
fn a_request_without_a_pseudo_header_it_needs_is_malformed() {
    for name in [":method", ":scheme", ":authority", ":path"] {
        assert_eq!(check_request(&without(&get(), name)), Err(Malformed), "{name}");
        assert_eq!(check_request(&without(&connect_ip(), name)), Err(Malformed), "{name}");
    }
}

#[test]
fn a_protocol_stands_on_connect_only() {
    assert_eq!(check_request(&get().with(":protocol", "connect-ip")), Err(Malformed));
}

#[test]
fn a_connect_without_protocol_has_neither_scheme_nor_path() {
    assert_eq!(check_request(&without(&connect_ip(), ":protocol")), Err(Malformed));
}

#[test]
fn a_pseudo_header_after_a_regular_field_is_malformed() {
    let headers = without(&get(), ":path").with("accept", "*/*").with(":path", "/");
    assert_eq!(check_request(&headers), Err(Malformed));
}

#[test]
fn a_pseudo_header_given_twice_is_malformed() {
    assert_eq!(check_request(&get().with(":path", "/")), Err(Malformed));
    assert_eq!(check_response(&Headers::response(200).with(":status", "200")), Err(Malformed));
}

#[test]
fn a_pseudo_header_of_the_other_direction_or_of_nobody_is_malformed() {
    assert_eq!(check_request(&get().with(":status", "200")), Err(Malformed));
    assert_eq!(check_request(&get().with(":made-up", "x")), Err(Malformed));
    assert_eq!(check_response(&Headers::response(200).with(":path", "/")), Err(Malformed));
}

#[test]
fn a_name_that_is_not_a_lower_case_token_is_malformed() {
    for name in ["Accept", "", "a b", "a:b", "\u{e4}"] {
        assert_eq!(check_request(&get().with(name, "x")), Err(Malformed), "{name:?}");
    }
}

#[test]
fn a_value_with_a_line_break_or_nul_is_malformed() {
    for value in ["a\rb", "a\nb", "a\0b"] {
        assert_eq!(check_request(&get().with("x", value)), Err(Malformed));
    }
    assert_eq!(check_request(&without(&get(), ":path").with(":path", "/\n")), Err(Malformed));
}

#[test]
fn fields_about_the_connection_are_malformed() {
    for name in ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"] {
        assert_eq!(check_request(&get().with(name, "x")), Err(Malformed), "{name}");
    }
    assert_eq!(check_request(&get().with("te", "gzip")), Err(Malformed));
}

#[test]
fn the_authority_is_not_empty_has_no_user_and_agrees_with_host() {
    for authority in ["", "user@gw.example"] {
        assert_eq!(check_request(&Headers::request("GET", "https", authority, "/")), Err(Malformed));
    }
    assert_eq!(check_request(&get().with("host", "other.example")), Err(Malformed));
}

#[test]
fn the_path_begins_with_a_slash() {
    for path in ["", "index.html", "*"] {
        assert_eq!(check_request(&Headers::request("GET", "https", "gw.example", path)), Err(Malformed));
    }
}

#[test]
fn a_response_has_a_status() {
    assert_eq!(check_response(&Headers::response(204)), Ok(204));
    assert_eq!(check_response(&Headers::response(103)), Ok(103));
    assert_eq!(check_response(&Headers::default()), Err(Malformed));
    assert_eq!(check_response(&Headers::default().with(":status", "ok")), Err(Malformed));
}

#[test]
fn switching_protocols_does_not_exist() {
    assert_eq!(check_response(&Headers::response(101)), Err(Malformed));
}

#[test]
fn trailers_have_no_pseudo_headers() {
    assert_eq!(check_trailers(&Headers::default().with("digest", "x")), Ok(()));
    assert_eq!(check_trailers(&Headers::response(200)), Err(Malformed));
}

#[test]
fn a_content_length_is_one_number() {
    let of = |values: &[&'static str]| {
        content_length(
            &values.iter().fold(Headers::default(), |headers, v| headers.with("content-length", *v)),
        )
    };
    assert_eq!(of(&[]), Ok(None));
    assert_eq!(of(&["12"]), Ok(Some(12)));
    assert_eq!(of(&["12", "12"]), Ok(Some(12)));
    for bad in [&["12", "13"][..], &["+1"], &[""], &["-1"], &["99999999999999999999"]] {
        assert_eq!(of(bad), Err(Malformed), "{bad:?}");
    }
}
