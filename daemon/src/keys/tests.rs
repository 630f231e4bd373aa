use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::file::{Existing, Staged};
use super::*;

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_saved_key_is_read_back_with_the_same_pin() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(KEY_FILE);
    let key = NodeKey::generate().unwrap();
    key.save_new(&path).unwrap();
    let read = NodeKey::load(&path).unwrap();
    assert_eq!(read.pin(), key.pin());
    assert_eq!(read.pkcs8_der(), key.pkcs8_der());
    assert_eq!(mode_of(&path), 0o600);
    assert_eq!(names_in(folder.path()), [KEY_FILE]);
}

#[test]
fn what_root_makes_in_a_users_folder_belongs_to_that_user() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(KEY_FILE);
    // Only root may give a folder away, and only to users that its namespace knows.
    let _ = std::os::unix::fs::chown(folder.path(), Some(4321), Some(1234));
    NodeKey::generate().unwrap().save_new(&path).unwrap();
    let (folder, key) = (fs::metadata(folder.path()).unwrap(), fs::metadata(&path).unwrap());
    assert_eq!((key.uid(), key.gid()), (folder.uid(), folder.gid()));
    assert_eq!(mode_of(&path), 0o600);
}

#[test]
fn a_key_file_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(KEY_FILE);
    fs::write(&path, "precious").unwrap();
    let error = NodeKey::generate().unwrap().save_new(&path).unwrap_err();
    assert!(matches!(error, KeyError::Io { source, .. } if source.kind() == io::ErrorKind::AlreadyExists));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    assert_eq!(names_in(folder.path()), [KEY_FILE]);
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(KEY_FILE);
    NodeKey::generate().unwrap().save_new(&path).unwrap();
    for mode in [0o604, 0o640, 0o666, 0o602] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = NodeKey::load(&path).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{0}: mode {mode:04o} lets other users read the key; run `chmod 600 {0}`",
                path.display()
            )
        );
    }
}

#[test]
fn a_missing_key_says_how_to_make_one() {
    let error = NodeKey::load(Path::new("/nonexistent/key.pem")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/nonexistent/key.pem: there is no key; `tandem join` or `tandem gateway init` makes one"
    );
}

#[test]
fn what_is_not_an_ed25519_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let ecdsa = KeyPair::generate().unwrap().serialize_pem();
    let good = NodeKey::generate().unwrap().to_pem().unwrap();
    let truncated = &good[..good.len() / 2];
    for (i, content) in
        [b"".as_slice(), b"\xff\xfe\0", b"garbage", ecdsa.as_bytes(), truncated.as_bytes()].iter().enumerate()
    {
        let path = folder.path().join(format!("{i}.pem"));
        Staged::write(&path, content, 0o600).unwrap().persist(Existing::Refuse).unwrap();
        assert!(matches!(NodeKey::load(&path), Err(KeyError::Malformed(_))), "case {i}");
    }
    assert!(matches!(NodeKey::load(folder.path()), Err(KeyError::Malformed(_))));
}

#[test]
fn a_staged_file_that_is_dropped_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    drop(Staged::write(&folder.path().join("x"), b"content", 0o640).unwrap());
    assert!(names_in(folder.path()).is_empty());
}

#[test]
fn a_staged_file_replaces_the_old_one_only_when_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    fs::write(&path, "old").unwrap();
    Staged::write(&path, b"new", 0o640).unwrap().persist(Existing::Refuse).unwrap_err();
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    Staged::write(&path, b"new", 0o640).unwrap().persist(Existing::Replace).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(mode_of(&path), 0o640);
    assert_eq!(names_in(folder.path()), ["x"]);
}

#[test]
fn the_rcgen_key_pair_signs_for_the_same_public_key() {
    let key = NodeKey::generate().unwrap();
    let pair = key.key_pair().unwrap();
    assert_eq!(Pin::of_spki(&pair.subject_public_key_info()), key.pin());
}

#[test]
fn debug_output_does_not_hold_the_secret() {
    let key = NodeKey::generate().unwrap();
    assert_eq!(format!("{key:?}"), format!("NodeKey {{ pin: {}, .. }}", key.pin()));
}

#[test]
fn a_pin_is_read_as_it_is_written() {
    let pin = Pin::from_bytes([7; 32]);
    let text = pin.to_string();
    assert_eq!(text, "sha256:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc");
    assert_eq!(text.parse(), Ok(pin));
}

#[test]
fn a_text_that_is_not_exactly_a_pin_is_refused() {
    let good = Pin::from_bytes([7; 32]).to_string();
    let without_prefix = good.trim_start_matches("sha256:").to_owned();
    for bad in [
        "",
        "sha256:",
        "sha1:AAAA",
        &good[..good.len() - 1],
        &format!("{good}A"),
        &format!("{good}="),
        &without_prefix,
    ] {
        assert_eq!(bad.parse::<Pin>(), Err(PinError), "{bad}");
    }
}
