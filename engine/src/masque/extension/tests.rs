use super::*;
use crate::h3::testing::Noise;

fn read(value: &'static str) -> Contexts {
    Contexts::from_headers(&Headers::default().with(FIELD, value))
}

#[test]
fn an_offer_is_agreed_as_far_as_both_ends_know_it() {
    let offer = Contexts::offer(&["split", "report", "future"]);
    assert_eq!(offer.to_string(), "split=2, report=4, future=6");
    let request = Headers::default().with(FIELD, offer.to_string());
    let answer = Contexts::from_headers(&request).accept(&["report", "split", "older"]);
    assert_eq!(answer.to_string(), "split=2, report=4");
    let agreed = offer.confirm(&answer);
    assert_eq!(agreed, answer);
    assert_eq!((agreed.id("split"), agreed.id("report"), agreed.id("future")), (Some(2), Some(4), None));
}

#[test]
fn a_foreign_peer_agrees_to_nothing() {
    let answer = Contexts::from_headers(&Headers::response(200));
    assert!(Contexts::offer(&["split"]).confirm(&answer).is_empty());
}

#[test]
fn an_answer_cannot_add_or_move_what_was_offered() {
    let offer = Contexts::offer(&["split", "report"]);
    let agreed = offer.confirm(&read("split=4, report=2, other=6"));
    assert!(agreed.is_empty());
}

#[test]
fn lines_of_the_field_are_one_list() {
    let headers = Headers::default().with(FIELD, "split=2").with(FIELD, " report=4 ");
    assert_eq!(Contexts::from_headers(&headers).to_string(), "split=2, report=4");
}

#[test]
fn parameters_are_ignored() {
    assert_eq!(read("split=2;v=1, report=4").to_string(), "split=2, report=4");
}

#[test]
fn the_last_one_of_a_key_given_twice_counts() {
    assert_eq!(read("split=2, report=4, split=6").id("split"), Some(6));
}

#[test]
fn ids_that_a_client_may_not_allocate_void_the_field() {
    for value in ["split=3", "split=0", "split=2, report=2", "split=2, report=5"] {
        assert!(read(value).is_empty(), "{value}");
    }
}

#[test]
fn a_value_that_does_not_parse_voids_the_field() {
    for value in [
        "split",
        "split=",
        "split=two",
        "split=+2",
        "split=-2",
        "split=2.0",
        "Split=2",
        "2split=2",
        "=2",
        "split=2,",
        "split=2,,report=4",
        "split=9999999999999998000",
    ] {
        assert!(read(value).is_empty(), "{value}");
    }
}

#[test]
fn a_list_without_end_is_not_read() {
    let value: Vec<String> = (0..100).map(|i| format!("k{i}={}", 2 * i + 2)).collect();
    assert!(Contexts::from_headers(&Headers::default().with(FIELD, value.join(", "))).is_empty());
}

#[test]
fn any_text_at_all_does_not_panic() {
    let mut noise = Noise::new(11);
    for _ in 0..5000 {
        let value: String =
            (0..noise.below(40)).map(|_| char::from(b"ab1=,; *.\t-"[noise.below(11)])).collect();
        let read = Contexts::from_headers(&Headers::default().with(FIELD, value));
        assert_eq!(Contexts::from_headers(&Headers::default().with(FIELD, read.to_string())), read);
    }
}
