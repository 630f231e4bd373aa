//! Exchanges as encoded by another implementation of HTTP/3, stored as the bytes it put on its streams.

use super::*;
use crate::h3::testing::hex;
use crate::masque::capsule;
use crate::masque::connect_ip::{self, Address, Capsule, Prefix};
use crate::masque::datagram::{self, Datagram};

const CLIENT_SETTINGS: &str = "00 0409 0150000710 08012101 0d0108";
const TUNNEL_REQUEST: &str = "01405f 0000 cfd7508b9bc2e5f23a6ba0b71a699f5195617f05a285bad47f153148d1dad2b06ad8f963e5
    8f2f00b95d8749c87a3f8721eaa8a44ac6af2f0420eb45b4156aec3a4e43d1023f315f458bba51d85b1420b8f4253c415f5085198fdad313";
const ADDRESS_REQUEST: &str = "0009 0207 01 04 00000000 20";
const GET: &str = "011e 0000 d1d750889bc2e5f23a6ba0bfc15f0e87497ca589d34d1f5503613d62";
const SERVER_SETTINGS: &str = "00 0409 0150000710 08012101";
const TUNNEL_RESPONSE: &str = "011a 0000 d92f0420eb45b4156aec3a4e43d1023f315f4d843a672d9f";
const ADDRESS_ASSIGN: &str = "0009 0107 01 04 c000020b 20";
const TEAPOT: &str = "010c 0000 5f0903343138f5540136 0006 746561706f74";

/// The one capsule in the content that arrived.
fn capsule_in(event: &Event) -> Capsule {
    let Event::Body { data, .. } = event else { panic!("{event:?}") };
    let raw = capsule::Decoder::default().decode(&mut data.as_ref()).unwrap().unwrap();
    Capsule::decode(raw).unwrap().unwrap()
}

#[test]
fn a_foreign_client_asks_for_a_tunnel_and_gets_its_page() {
    let mut server = quiet(Role::Server);
    server.receive(CLIENT_CONTROL, &hex(CLIENT_SETTINGS), false).unwrap();
    server.receive(CLIENT_ENCODER, &[2], false).unwrap();
    server.receive(CLIENT_DECODER, &[3], false).unwrap();
    // Besides the settings that are known here it sends a table capacity, blocked streams and one to be ignored.
    let settings = Settings { extended_connect: true, datagrams: false };
    assert_eq!(events(&mut server), [Event::PeerSettings(settings)]);

    server.receive(0, &[hex(TUNNEL_REQUEST), hex(ADDRESS_REQUEST)].concat(), false).unwrap();
    let seen = events(&mut server);
    let headers = connect_ip::request("gw.example:443")
        .with("authorization", "Bearer c2VjcmV0")
        .with("user-agent", "aioquic");
    assert_eq!(seen[0], Event::Request { stream: 0, headers });
    let prefix = Prefix::host("0.0.0.0".parse().unwrap());
    assert_eq!(capsule_in(&seen[1]), Capsule::AddressRequest(vec![Address { request_id: 1, prefix }]));

    server.receive(4, &hex(GET), true).unwrap();
    let headers = get().with("accept", "text/html").with("cookie", "a=b");
    assert_eq!(events(&mut server)[0], Event::Request { stream: 4, headers });
}

#[test]
fn a_foreign_server_grants_a_tunnel_and_answers_a_get() {
    let mut client = quiet(Role::Client);
    client.receive(SERVER_CONTROL, &hex(SERVER_SETTINGS), false).unwrap();
    assert!(matches!(events(&mut client)[0], Event::PeerSettings(Settings { extended_connect: true, .. })));
    client.request(&connect_ip::request("gw.example:443"), false);
    client.request(&get(), true);

    client.receive(0, &[hex(TUNNEL_RESPONSE), hex(ADDRESS_ASSIGN)].concat(), false).unwrap();
    let seen = events(&mut client);
    let Event::Response { headers, .. } = &seen[0] else { panic!("{seen:?}") };
    assert_eq!(headers, &connect_ip::response().with("server", "other"));
    assert!(connect_ip::is_granted(headers));
    let prefix = Prefix::host("192.0.2.11".parse().unwrap());
    assert_eq!(capsule_in(&seen[1]), Capsule::AddressAssign(vec![Address { request_id: 1, prefix }]));

    client.receive(4, &hex(TEAPOT), true).unwrap();
    let headers = Headers::response(418).with("content-type", "text/plain").with("content-length", "6");
    let expected = [
        Event::Response { stream: 4, status: 418, headers },
        Event::Body { stream: 4, data: Bytes::from_static(b"teapot") },
        Event::Finished { stream: 4 },
    ];
    assert_eq!(events(&mut client), expected);
}

#[test]
fn a_foreign_datagram_names_its_request_and_context() {
    let parsed = datagram::parse(&hex("00 00 7061636b6574").into()).unwrap();
    let content = Some((datagram::CONTEXT_IP, Bytes::from_static(b"packet")));
    assert_eq!(parsed, Datagram { quarter: 0, content });
}

#[test]
fn a_foreign_exchange_with_errors_in_it_does_not_panic() {
    let mut noise = Noise::new(24);
    let streams = [
        (CLIENT_CONTROL, hex(CLIENT_SETTINGS)),
        (0, [hex(TUNNEL_REQUEST), hex(ADDRESS_REQUEST)].concat()),
        (4, hex(GET)),
    ];
    for _ in 0..3000 {
        let mut server = quiet(Role::Server);
        let (broken, wrong) = (noise.below(streams.len()), noise.next() as u8);
        for (index, (stream, bytes)) in streams.iter().enumerate() {
            let mut bytes = bytes.clone();
            if index == broken {
                let place = noise.below(bytes.len());
                bytes[place] = wrong;
            }
            if pieces(&mut noise, &bytes)
                .into_iter()
                .any(|piece| server.receive(*stream, piece, false).is_err())
            {
                break;
            }
        }
    }
}
