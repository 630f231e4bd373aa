use super::{interface_bytes, tail};

const DEV: &str = "Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
 wlan0: 1000       2    0    0    0     0          0         0      23       4    0    0    0     0       0          0
wlan01: 7       2    0    0    0     0          0         0      8       4    0    0    0     0       0          0
";

#[test]
fn an_interface_counts_both_directions() {
    assert_eq!(interface_bytes(DEV, "wlan0"), Some(1023));
    assert_eq!(interface_bytes(DEV, "wlan01"), Some(15));
    assert_eq!(interface_bytes(DEV, "wlan"), None);
}

#[test]
fn an_error_shows_the_end_of_a_log() {
    let log: String = (0..100).map(|line| format!("{line}\n")).collect();
    assert!(tail(&log).starts_with("88\n") && tail(&log).ends_with("99"));
}
