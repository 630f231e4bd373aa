//! The journal of changes to the host, as a daemon finds it that follows one that was killed.

use tandem_daemon::host::journal::{Change, Journal};

/// The file.
pub fn run(data: &[u8]) {
    // In memory, as far as there is such a place: an input takes a millisecond on a disk.
    let memory = std::path::Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let folder = tempfile::tempdir_in(place).expect("a folder of one's own");
    std::fs::write(folder.path().join("journal"), data).expect("a file in it");
    let found = changes(folder.path());
    assert_eq!(changes(folder.path()), found, "what was found is found again");
    // A record more, and the ones before it are still there.
    let mut journal = Journal::open(folder.path()).expect("it was opened before");
    let more = Change::Firewall { table: "tandem".to_owned() };
    journal.record(std::slice::from_ref(&more)).expect("the folder is still there");
    drop(journal);
    assert_eq!(changes(folder.path()), [found, vec![more]].concat());
}

fn changes(folder: &std::path::Path) -> Vec<Change> {
    let journal = Journal::open(folder).expect("a file of any content is opened");
    journal.changes().cloned().collect()
}
