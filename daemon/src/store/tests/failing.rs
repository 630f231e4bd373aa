//! Disks that are full, files that are damaged, and two daemons on one file.

use std::cell::Cell;
use std::fs;
use std::io;
use std::ops::Bound;
use std::os::unix::fs::PermissionsExt;

use redb::backends::FileBackend;
use redb::{BackendError, Builder, StorageBackend};

use super::super::database::create_private;
use super::*;

thread_local! {
    /// How many more writes the disk takes; `None` is a disk that is never full.
    static ROOM: Cell<Option<u32>> = const { Cell::new(None) };
}

/// A file on a disk that fills up when [`ROOM`] says so.
#[derive(Debug)]
struct FullDisk(FileBackend);

impl FullDisk {
    fn open(path: &Path, builder: &Builder) -> Result<redb::Database, redb::Error> {
        Ok(builder.create_with_backend(Self(FileBackend::new(create_private(path)?)?))?)
    }

    fn take() -> io::Result<()> {
        match ROOM.get() {
            Some(0) => Err(io::ErrorKind::StorageFull.into()),
            Some(room) => {
                ROOM.set(Some(room - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl StorageBackend for FullDisk {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        Self::take()?;
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        Self::take()?;
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        Self::take()?;
        self.0.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.unlock_range(start, end)
    }
}

fn on_full_disk(path: &Path) -> Result<Store, StoreError> {
    Store::with_database(Database::open_with(path, FullDisk::open)?, both())
}

#[test]
fn a_disk_that_fills_up_at_any_write_loses_nothing_and_heals() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(STORE_FILE);
    let store = on_full_disk(&path).unwrap();
    let mut peers = 0;
    for room in 0..40 {
        ROOM.set(None);
        let name = format!("p{room}");
        let (secret, _) = store.create_invitation(&name, DAY, now()).unwrap();
        ROOM.set(Some(room));
        match store.enroll(&secret, pin(room as u8), now()) {
            Ok(_) => peers += 1,
            Err(EnrollError::Store(StoreError::DiskFull(at))) => {
                assert_eq!(at, path);
                let refusal = EnrollError::Store(StoreError::DiskFull(at)).refusal();
                assert_eq!(refusal.kind, "store-failed");
                assert_eq!(refusal.message, "the gateway cannot store the enrolment");
                assert_eq!(store.peer(&name), None, "what failed must not be visible");
                let again = store.enroll(&secret, pin(room as u8), now());
                assert!(matches!(again, Err(EnrollError::Store(StoreError::DiskFull(_)))), "{again:?}");
                ROOM.set(None);
                store.enroll(&secret, pin(room as u8), now()).unwrap();
                peers += 1;
            }
            Err(other) => panic!("{room}: {other:?}"),
        }
        ROOM.set(None);
        assert_eq!(store.peers().len(), peers);
    }
    let before = store.peers();
    drop(store);
    assert_eq!(Store::open(&path, both()).unwrap().peers(), before);
}

#[test]
fn a_full_disk_says_so_when_the_store_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(STORE_FILE);
    for room in 0..40 {
        ROOM.set(Some(room));
        let opened = on_full_disk(&path);
        ROOM.set(None);
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        match opened {
            Err(error) => assert_eq!(
                error.to_string(),
                format!("{}: no space left on the disk; free some and try again", path.display())
            ),
            Ok(_) => assert_eq!(names, [STORE_FILE]),
        }
        assert!(names.iter().all(|name| name == STORE_FILE), "{names:?}");
    }
    Store::open(&path, both()).unwrap();
}

#[test]
fn a_second_daemon_is_told_that_the_store_is_in_use() {
    let fixture = Fixture::new(both());
    let error = Store::open(&fixture.path(), both()).unwrap_err();
    assert!(matches!(&error, StoreError::Locked(path) if *path == fixture.path()));
    assert_eq!(
        error.to_string(),
        format!(
            "{}: in use by another tandemd; stop it, or give this one another state folder",
            fixture.path().display()
        )
    );
}

#[test]
fn a_damaged_file_is_told_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(STORE_FILE);
    for content in [b"this is no database".to_vec(), vec![0xff; 100_000]] {
        fs::write(&path, &content).unwrap();
        let error = Store::open(&path, both()).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
        assert!(error.to_string().contains("move it away"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

#[test]
fn a_file_cut_short_or_with_changed_bytes_is_read_right_or_told() {
    let fixture = Fixture::new(both());
    fixture.join("laptop", 1);
    let peers = fixture.store.peers();
    let path = fixture.path();
    drop(fixture.store);
    let good = fs::read(&path).unwrap();
    let mut seed = 3_usize;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for round in 0..60 {
        let mut bad = good.clone();
        if round % 3 == 0 {
            bad.truncate(1 + random(good.len() - 1));
        } else {
            let at = random(good.len());
            bad[at] ^= 1 << random(8);
        }
        fs::write(&path, bad).unwrap();
        match Store::open(&path, both()) {
            Ok(store) => assert_eq!(store.peers(), peers),
            Err(error) => {
                assert!(matches!(error, StoreError::Corrupt { .. } | StoreError::Newer { .. }), "{error:?}")
            }
        }
    }
}

#[test]
fn a_record_that_makes_no_sense_is_damage() {
    let fixture = Fixture::new(both());
    let path = fixture.path();
    drop(fixture.store);
    let database = redb::Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction
        .open_table(redb::TableDefinition::<&str, &[u8]>::new("peers"))
        .unwrap()
        .insert("laptop", b"{}".as_slice())
        .unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = Store::open(&path, both()).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let fixture = Fixture::new(both());
    let path = fixture.path();
    drop(fixture.store);
    let database = redb::Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let table = redb::TableDefinition::<&str, u64>::new("meta");
    transaction.open_table(table).unwrap().insert("format", 2).unwrap();
    transaction.commit().unwrap();
    drop(database);
    assert_eq!(
        Store::open(&path, both()).unwrap_err().to_string(),
        format!("{}: written by a newer tandemd (format 2); install that version", path.display())
    );
}

#[test]
fn a_folder_that_is_missing_is_told() {
    let error = Store::open(Path::new("/nonexistent/peers.redb"), both()).unwrap_err();
    assert_eq!(error.to_string(), "/nonexistent/peers.redb: No such file or directory (os error 2)");
}

#[test]
fn a_file_that_may_not_be_written_is_told() {
    fn refuse(_: &Path, _: &Builder) -> Result<redb::Database, redb::Error> {
        Err(io::Error::from(io::ErrorKind::PermissionDenied).into())
    }
    let error = Database::open_with(Path::new("/x/peers.redb"), refuse).unwrap_err();
    assert_eq!(error.to_string(), "/x/peers.redb: cannot be written: permission denied");
}

#[test]
fn the_file_is_private_and_small() {
    let fixture = Fixture::new(both());
    for n in 0..20 {
        fixture.join(&format!("p{n}"), n);
    }
    let metadata = fs::metadata(fixture.path()).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    let on_disk = std::os::unix::fs::MetadataExt::blocks(&metadata) * 512;
    assert!(on_disk < 256 * 1024, "{on_disk} bytes on disk, length {}", metadata.len());
}
