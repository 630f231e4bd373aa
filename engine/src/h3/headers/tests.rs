use super::*;

#[test]
fn the_pseudo_headers_of_a_request_are_found_by_name() {
    let headers = Headers::request("CONNECT", "https", "gw.example", "/x").with(":protocol", "connect-ip");
    assert_eq!(headers.method(), Some("CONNECT"));
    assert_eq!(headers.scheme(), Some("https"));
    assert_eq!(headers.authority(), Some("gw.example"));
    assert_eq!(headers.path(), Some("/x"));
    assert_eq!(headers.protocol(), Some("connect-ip"));
    assert_eq!(headers.status(), None);
}

#[test]
fn a_status_is_a_number_of_three_digits() {
    assert_eq!(Headers::response(404).status(), Some(404));
    for bad in ["", "20", "2000", "+20", "abc", "099"] {
        assert_eq!(Headers::default().with(":status", bad).status(), None, "{bad}");
    }
}

#[test]
fn repeated_fields_come_in_order() {
    let headers = Headers::default().with("a", "1").with("b", "2").with("a", "3");
    assert_eq!(headers.get_all("a").collect::<Vec<_>>(), ["1", "3"]);
    assert_eq!(headers.get("a"), Some("1"));
}

#[test]
fn a_value_that_is_not_utf_8_is_not_shown_as_text() {
    assert_eq!(Headers::default().with("a", &b"\xff"[..]).get("a"), None);
}

#[test]
fn the_bearer_token_is_found_whatever_the_case_of_its_scheme() {
    let of =
        |value: &'static str| Headers::default().with("authorization", value).bearer().map(str::to_owned);
    assert_eq!(of("Bearer abc").as_deref(), Some("abc"));
    assert_eq!(of("bearer  abc").as_deref(), Some("abc"));
    assert_eq!(of("Basic abc"), None);
    assert_eq!(of("Bearer"), None);
}

#[test]
fn secrets_do_not_appear_in_debug_output() {
    let headers = Headers::default().with("authorization", "Bearer hunter2").with("accept", "text/html");
    let shown = format!("{headers:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("text/html"), "{shown}");
}
