use super::super::tests::programs::Told;
use super::*;

#[test]
fn the_unit_is_enabled_and_restarted() {
    let mut host = Told::default().with_systemd().says("systemctl", "");
    assert_eq!(start(&mut host).unwrap(), Service::Running);
    assert_eq!(
        host.asked,
        [
            "systemctl cat tandemd.service",
            "systemctl enable tandemd.service",
            "systemctl restart tandemd.service"
        ]
    );
}

#[test]
fn without_systemd_or_without_the_unit_nothing_is_started() {
    assert_eq!(start(&mut Told::default().says("systemctl", "")).unwrap(), Service::Absent);
    let mut host =
        Told::default().with_systemd().refuses("systemctl cat", "No files found").says("systemctl", "");
    assert_eq!(start(&mut host).unwrap(), Service::Absent);
    assert_eq!(host.asked, ["systemctl cat tandemd.service"]);
}

#[test]
fn a_service_that_does_not_start_says_where_to_look() {
    let mut host =
        Told::default().with_systemd().refuses("systemctl restart", "\nJob failed.\n").says("systemctl", "");
    let error = start(&mut host).unwrap_err();
    assert_eq!(
        error.to_string(),
        "all files are written, but systemctl restart tandemd.service failed: Job failed."
    );
    assert_eq!(
        error.hint(),
        Some(
            "see `journalctl -u tandemd -n 20`, then `systemctl restart tandemd`; `tandem invite NAME` on a gateway then makes an \
                 invitation"
        )
    );
    assert_eq!(error.exit_code(), 1);
}
