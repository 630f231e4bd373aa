use super::*;

const ANSWER: Ipv4Addr = Ipv4Addr::new(10, 98, 0, 2);

fn query(kind: u8) -> Vec<u8> {
    let mut query = vec![1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend_from_slice(b"\x03lab\x07example\x00");
    query.extend_from_slice(&[0, kind, 0, 1]);
    query
}

#[test]
fn a_question_for_an_address_is_answered() {
    let reply = reply_to(&query(1), ANSWER).unwrap();
    assert_eq!(&reply[..2], &[1, 2], "the id is the question's");
    assert_eq!(reply[7], 1, "one answer");
    assert!(reply.ends_with(&ANSWER.octets()));
}

#[test]
fn a_question_for_something_else_has_no_answer() {
    let reply = reply_to(&query(28), ANSWER).unwrap();
    assert_eq!(reply[7], 0);
}

#[test]
fn a_cut_question_is_ignored() {
    let whole = query(1);
    for length in 0..whole.len() {
        assert_eq!(reply_to(&whole[..length], ANSWER), None, "{length}");
    }
}
