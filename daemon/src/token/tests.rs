use super::*;

const NOW: SystemTime = UNIX_EPOCH;

fn sample() -> Token {
    Token {
        endpoints: vec![
            Endpoint::new("vps.example", 443).unwrap(),
            Endpoint::new("2001:db8::1", 8443).unwrap(),
        ],
        pin: Pin::from_bytes([1; 32]),
        secret: Secret::from_bytes([2; 32]),
        expires: UNIX_EPOCH + Duration::from_secs(1_000),
    }
}

/// A small generator: the tests need variety that repeats, not randomness.
struct Lcg(u64);

impl Lcg {
    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize
    }
}

#[test]
fn a_token_is_read_as_it_was_written() {
    let token = sample();
    let text = token.to_text();
    assert!(text.starts_with("tandem1:"));
    assert_eq!(Token::parse(&text, NOW), Ok(token));
}

#[test]
fn white_space_from_pasting_is_passed_over() {
    let text = sample().to_text();
    let mut pasted = String::from("  ");
    for (i, c) in text.chars().enumerate() {
        pasted.push(c);
        if i % 40 == 39 {
            pasted.push_str("\r\n  ");
        }
    }
    pasted.push('\n');
    assert_eq!(Token::parse(&pasted, NOW), Ok(sample()));
}

#[test]
fn a_cut_off_paste_is_told_from_a_mistyped_one() {
    let text = sample().to_text();
    for end in "tandem1:".len()..text.len() {
        let error = Token::parse(&text[..end], NOW).unwrap_err();
        let TokenError::Truncated { missing } = error else {
            panic!("{end}: {error}");
        };
        assert!(missing <= text.len() - end, "{end}");
    }
    assert_eq!(
        Token::parse(&text[..text.len() - 10], NOW).unwrap_err().to_string(),
        "the token is cut off: at least 10 of its characters are missing; paste the whole line"
    );
}

#[test]
fn every_single_changed_character_is_noticed() {
    let text = sample().to_text();
    for i in "tandem1:".len()..text.len() {
        let mut changed: Vec<u8> = text.bytes().collect();
        changed[i] = if changed[i] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        Token::parse(&changed, NOW).unwrap_err();
    }
}

#[test]
fn other_texts_are_refused_with_their_own_message() {
    let text = sample().to_text();
    let cases = [
        (String::new(), TokenError::Empty),
        (" \n".to_owned(), TokenError::Empty),
        ("hello".to_owned(), TokenError::NotAToken),
        ("tandem".to_owned(), TokenError::NotAToken),
        ("tandemx:abc".to_owned(), TokenError::NotAToken),
        (text.replace("tandem1", "tandem2"), TokenError::Version("2".to_owned())),
        (format!("{}{}", *text, "AAAA"), TokenError::TooLong),
        (format!("{}{}", *text, *text), TokenError::Character(':')),
        (format!("{}.", *text), TokenError::Character('.')),
        ("tandem1:".to_owned(), TokenError::Truncated { missing: 4 }),
    ];
    for (given, expected) in cases {
        assert_eq!(Token::parse(&given, NOW), Err(expected), "{given}");
    }
}

#[test]
fn a_token_whose_time_is_over_is_refused() {
    let late = UNIX_EPOCH + Duration::from_secs(1_000 + 3_661);
    let error = Token::parse(&sample().to_text(), late).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the token expired 1h 1m 1s ago by this computer's clock; make a new one with `tandem invite NAME`"
    );
}

#[test]
fn a_right_checksum_does_not_make_nonsense_acceptable() {
    for body in [vec![0; 10], vec![0; 73], [vec![0; 72], vec![1, 0, 0, 1, b'x']].concat()] {
        let mut whole = (body.len() as u16).to_be_bytes().to_vec();
        whole.extend(checksum(&body));
        whole.extend(&body);
        let text = format!("tandem1:{}", BASE64_URL_SAFE_NO_PAD.encode(whole));
        assert_eq!(Token::parse(&text, NOW), Err(TokenError::Malformed));
    }
}

#[test]
fn no_text_makes_the_parser_panic() {
    let text = sample().to_text();
    let mut random = Lcg(1);
    for _ in 0..20_000 {
        let mut bytes: Vec<u8> = text.bytes().collect();
        for _ in 0..=random.next() % 4 {
            let at = random.next() % bytes.len();
            match random.next() % 3 {
                0 => bytes[at] = random.next() as u8,
                1 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, b"Az09-_:\n"[random.next() % 8]),
            }
        }
        if let Ok(token) = Token::parse(&String::from_utf8_lossy(&bytes), NOW) {
            assert_eq!(token, sample());
        }
    }
}

#[test]
fn no_body_with_a_right_checksum_makes_the_parser_panic() {
    let mut random = Lcg(2);
    for _ in 0..20_000 {
        let body: Vec<u8> = (0..random.next() % 120).map(|_| random.next() as u8).collect();
        let _ = Token::decode_body(&body);
    }
}

#[test]
fn debug_output_does_not_hold_the_secret() {
    let token = sample();
    let shown = format!("{token:?} {:?}", token.secret);
    assert!(shown.contains("Secret(..)"));
    assert!(!shown.contains(token.secret.to_text().as_str()));
    assert!(!shown.contains("2, 2, 2"));
}

#[test]
fn a_secret_is_read_as_it_was_written_and_hashes_alike() {
    let secret = Secret::generate().unwrap();
    let read: Secret = secret.to_text().parse().unwrap();
    assert_eq!(read, secret);
    assert_eq!(read.hash(), secret.hash());
    assert_ne!(Secret::generate().unwrap().hash(), secret.hash());
    assert_eq!("short".parse::<Secret>(), Err(SecretError));
}
