use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::setup::set::set;

fn changed(file: &Path, changes: &str) -> Result<String, SetupError> {
    let args = FileArgs { config: file.to_owned(), json: false };
    set(&args, format!("{{\"changes\": [{changes}]}}").as_bytes())?;
    Ok(std::fs::read_to_string(file).unwrap())
}

#[test]
fn a_key_is_changed_in_the_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let file = gateway_init(&gateway_args(folder.path(), GATEWAY)).unwrap().config().file.clone();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o604)).unwrap();
    let before = std::fs::read_to_string(&file).unwrap();
    let after = changed(&file, r#"{"key": {"path": ["gateway", "peer_to_peer"], "value": "true"}}"#).unwrap();
    assert_eq!(after, before.replace("peer_to_peer = false", "peer_to_peer = true"));
    assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o604);
}

#[test]
fn a_change_that_makes_the_file_wrong_is_refused_with_line_and_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = gateway_init(&gateway_args(folder.path(), GATEWAY)).unwrap().config().file.clone();
    let before = std::fs::read_to_string(&file).unwrap();
    let error = changed(&file, r#"{"key": {"path": ["path", "congestion"], "value": "reno"}}"#).unwrap_err();
    assert_eq!((error.exit_code(), error.label()), (2, "bad-config"));
    assert!(error.to_string().contains("path.congestion"), "{error}");
    let error = changed(&file, r#"{"key": {"path": ["path", "congetsion"], "value": "bbr"}}"#).unwrap_err();
    assert!(error.to_string().contains("did you mean"), "{error}");
    let error = changed(&file, r#"{"colour": "red"}"#).unwrap_err();
    assert_eq!((error.exit_code(), error.label()), (2, "usage"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    assert_eq!(tree(folder.path()).keys().filter(|name| name.contains(".new")).count(), 0);
}

#[test]
fn a_link_to_the_file_stays_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let file = gateway_init(&gateway_args(folder.path(), GATEWAY)).unwrap().config().file.clone();
    let link = folder.path().join("link.toml");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    changed(&link, r#"{"rule": {"class": "bulk", "flows": {"protocol": "tcp"}}}"#).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(std::fs::read_to_string(&file).unwrap().contains("[[rule]]"));
}
