use super::*;

fn endpoints(texts: &[&str]) -> Vec<Endpoint> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn addresses_are_known_at_once_in_their_order() {
    let names = Names::new(&endpoints(&["[2001:db8::1]:443", "gateway.invalid:443", "192.0.2.1:444"]));
    let expected: Vec<SocketAddr> = ["[2001:db8::1]:443", "192.0.2.1:444"].map(|a| a.parse().unwrap()).into();
    assert_eq!(names.resolution(), Resolution { addresses: expected, failed: vec![] });
}

#[test]
fn an_address_that_is_named_twice_is_tried_once() {
    let names = Names::new(&endpoints(&["192.0.2.1:443", "192.0.2.1:443"]));
    assert_eq!(names.resolution().addresses.len(), 1);
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_told_with_the_reason() {
    let resolution = resolve(&endpoints(&["gateway.invalid:443", "192.0.2.1:443"])).await;
    assert_eq!(resolution.addresses.len(), 1);
    let (endpoint, why) = &resolution.failed[0];
    assert_eq!(endpoint.host(), "gateway.invalid");
    assert!(!why.is_empty());
}

#[tokio::test]
async fn a_name_that_fails_later_keeps_its_addresses() {
    let mut names = Names::new(&endpoints(&["gateway.invalid:443"]));
    let known: SocketAddr = "192.0.2.1:443".parse().unwrap();
    names.known.insert(names.endpoints[0].clone(), vec![known]);
    names.look_up().await;
    assert_eq!(names.resolution().addresses, [known]);
    assert_eq!(names.resolution().failed.len(), 1);
}
