use super::*;

fn account() -> Account {
    Account {
        id: 3,
        usage: Usage::TooSlow,
        rate: 125_000,
        estimated_rate: 2_500_000,
        rtt: Duration::from_micros(160_123),
        rtt_min: Duration::from_micros(150_000),
        delay_difference: Some(Duration::ZERO),
        loss: 0.013,
        queued: 1400,
        lost_packets: 7,
        retransmitted: 6,
        duplicated: 5,
        reordered: 4,
        held: 3,
    }
}

fn encoded(account: &Account) -> Vec<u8> {
    let mut payload = Vec::new();
    account.encode(&mut payload);
    assert!(payload.len() <= Account::MAX_LEN);
    payload
}

#[test]
fn an_account_is_read_as_it_was_written() {
    assert_eq!(Account::decode(&encoded(&account())), Some(account()));
    let unknown = Account { delay_difference: None, ..account() };
    assert_eq!(Account::decode(&encoded(&unknown)), Some(unknown));
}

#[test]
fn every_usage_has_a_code_and_a_label_of_its_own() {
    let usages = [Usage::InUse, Usage::Standby, Usage::TooSlow, Usage::TooLossy, Usage::Unusable];
    for usage in usages {
        let told = Account { usage, ..account() };
        assert_eq!(Account::decode(&encoded(&told)), Some(told));
        assert_eq!(usages.iter().filter(|other| other.as_str() == usage.as_str()).count(), 1);
    }
}

#[test]
fn the_largest_figures_fit() {
    let largest = Account {
        rate: u64::MAX,
        rtt: Duration::MAX,
        delay_difference: Some(Duration::MAX),
        loss: 1.0,
        held: u64::MAX,
        ..account()
    };
    let read = Account::decode(&encoded(&largest)).unwrap();
    assert_eq!((read.rate, read.held, read.loss), (varint::MAX, varint::MAX, 1.0));
    assert_eq!(read.rtt, Duration::from_micros(varint::MAX));
    assert_eq!(Account::decode(&encoded(&read)), Some(read));
}

#[test]
fn a_shorter_value_is_no_account_and_of_a_longer_one_the_end_is_passed_over() {
    let whole = encoded(&account());
    for len in 0..whole.len() {
        assert_eq!(Account::decode(&whole[..len]), None, "{len} bytes");
    }
    assert_eq!(Account::decode(&[&whole[..], &[0x7f, 0xff, 9]].concat()), Some(account()));
}

#[test]
fn figures_that_cannot_be_are_refused() {
    let with = |index: usize, value: u64| {
        let mut fields = [1; FIELDS];
        fields[index] = value;
        let mut bytes = Vec::new();
        fields.into_iter().for_each(|field| varint::encode(&mut bytes, field));
        Account::decode(&bytes)
    };
    assert!(with(2, 1).is_some());
    assert_eq!(with(0, 1 << 32), None, "a path id of more than 32 bits");
    assert_eq!(with(1, 5), None, "a usage that does not exist");
    assert_eq!(with(7, 1001), None, "a loss of more than everything");
    assert!(with(7, 1000).is_some());
}

#[test]
fn what_was_told_is_of_the_present_for_three_seconds() {
    let told = |age| Told { age, account: account() };
    assert_eq!(told(FRESH).fresh(), Some(&account()));
    assert_eq!(told(FRESH + Duration::from_millis(1)).fresh(), None);
}
