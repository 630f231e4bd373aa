use super::*;

#[test]
fn without_systemd_nothing_happens() {
    assert_eq!(watchdog_interval(), None);
    ready("carrying traffic");
    status("carrying traffic");
    alive();
    reloading();
    stopping();
}
