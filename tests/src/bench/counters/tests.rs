use super::Counters;

const TEXT: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  wan0: 1000 10 0 0 0 0 0 0 500 5 0 0 0 0 0 0
 wan10: 7 1 0 0 0 0 0 0 8 1 0 0 0 0 0 0
";

#[test]
fn an_interface_is_found_by_its_whole_name() {
    let counters = Counters::parse(TEXT).unwrap();
    assert_eq!(counters.of("wan0").unwrap().bytes(), 1_500);
    assert_eq!(counters.of("wan10").unwrap().bytes(), 15);
    assert!(counters.of("wan1").unwrap_err().to_string().contains("wan1"));
}

#[test]
fn sent_packets_are_counted_without_their_ethernet_headers() {
    assert_eq!(Counters::parse(TEXT).unwrap().of("wan0").unwrap().sent_ip(), 500 - 5 * 14);
}
