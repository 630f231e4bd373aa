use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn setting(key: &str) -> Setting {
    Setting { key: key.to_owned(), value: "1".to_owned() }
}

fn kept(key: &str) -> Change {
    Change::SysctlKept(setting(key))
}

fn changes(journal: &Journal) -> Vec<Change> {
    journal.changes().cloned().collect()
}

#[test]
fn what_was_recorded_is_there_after_a_crash() {
    let state = tempfile::tempdir().unwrap();
    let recorded = [
        Change::Sysctl { setting: setting("net/ipv4/conf/eth0.5/rp_filter"), after: "2".to_owned() },
        kept("b"),
        Change::Firewall { table: "tandem".to_owned() },
    ];
    let mut journal = Journal::open(state.path()).unwrap();
    journal.record(&recorded[..1]).unwrap();
    journal.record(&recorded[1..]).unwrap();
    drop(journal);
    assert_eq!(changes(&Journal::open(state.path()).unwrap()), recorded);
}

#[test]
fn what_was_undone_is_not_there_any_more() {
    let state = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(state.path()).unwrap();
    journal.record(&[kept("a"), kept("b")]).unwrap();
    journal.forget(0);
    drop(journal);
    let mut journal = Journal::open(state.path()).unwrap();
    assert_eq!(changes(&journal), [kept("b")]);
    journal.record(&[kept("c")]).unwrap();
    journal.forget(1);
    journal.forget(2);
    assert_eq!(std::fs::metadata(state.path().join(FILE)).unwrap().len(), 0);
}

#[test]
fn a_line_cut_short_by_a_crash_does_not_hide_the_others() {
    let state = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(state.path()).unwrap();
    journal.record(&[kept("a")]).unwrap();
    drop(journal);
    let mut file = OpenOptions::new().append(true).open(state.path().join(FILE)).unwrap();
    file.write_all(b"{\"number\":1,\"chan").unwrap();
    let mut journal = Journal::open(state.path()).unwrap();
    journal.record(&[kept("b")]).unwrap();
    drop(journal);
    assert_eq!(changes(&Journal::open(state.path()).unwrap()), [kept("a"), kept("b")]);
}

#[test]
fn a_line_that_lacks_only_its_end_does_not_swallow_the_next() {
    let state = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(state.path()).unwrap();
    journal.record(&[kept("a")]).unwrap();
    journal.record(&[kept("b")]).unwrap();
    journal.file.set_len(journal.file.metadata().unwrap().len() - 1).unwrap();
    drop(journal);
    let mut journal = Journal::open(state.path()).unwrap();
    assert_eq!(changes(&journal), [kept("a")], "what was not recorded was not done");
    journal.record(&[kept("c")]).unwrap();
    drop(journal);
    assert_eq!(changes(&Journal::open(state.path()).unwrap()), [kept("a"), kept("c")]);
}

#[test]
fn a_number_that_no_journal_reaches_is_not_counted_on_from() {
    let state = tempfile::tempdir().unwrap();
    let absurd = format!("{{\"number\":{},\"change\":\"firewall\",\"table\":\"x\"}}\n", u64::MAX);
    std::fs::write(state.path().join(FILE), absurd).unwrap();
    let mut journal = Journal::open(state.path()).unwrap();
    journal.record(&[kept("a")]).unwrap();
    drop(journal);
    assert_eq!(changes(&Journal::open(state.path()).unwrap()), [kept("a")]);
}

#[test]
fn a_journal_of_another_boot_is_dropped() {
    let state = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(state.path()).unwrap();
    journal.record(&[kept("a")]).unwrap();
    drop(journal);
    let path = state.path().join(FILE);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(&boot().unwrap(), "another")).unwrap();
    assert_eq!(changes(&Journal::open(state.path()).unwrap()), []);
    assert_eq!(std::fs::metadata(path).unwrap().len(), 0);
}

#[test]
fn a_full_disk_is_told_before_anything_is_changed() {
    let state = tempfile::tempdir().unwrap();
    symlink("/dev/full", state.path().join(FILE)).unwrap();
    // Reading /dev/full never ends, so that the journal is made by hand.
    let path = state.path().join(FILE);
    let file = OpenOptions::new().append(true).open(&path).unwrap();
    let mut journal = Journal { file, path, next_number: 0, live: Vec::new() };
    let error = journal.record(&[kept("a")]).unwrap_err();
    assert!(error.to_string().contains("No space left on device"), "{error}");
    assert!(error.to_string().ends_with("nothing was changed on the host"), "{error}");
    assert_eq!(changes(&journal), []);
}

#[test]
fn a_second_daemon_with_the_same_state_is_refused() {
    let state = tempfile::tempdir().unwrap();
    let _first = Journal::open(state.path()).unwrap();
    assert!(matches!(Journal::open(state.path()), Err(JournalError::InUse { .. })));
}

#[test]
fn a_missing_state_directory_is_named() {
    let error = Journal::open(Path::new("/nowhere/at/all")).unwrap_err();
    assert!(error.to_string().contains("/nowhere/at/all/journal"), "{error}");
}

#[test]
fn others_cannot_read_the_journal() {
    let state = tempfile::tempdir().unwrap();
    let journal = Journal::open(state.path()).unwrap();
    assert_eq!(journal.file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}
