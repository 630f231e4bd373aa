//! What the tunnel's tests share.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tandem_lab::netns::Namespace;
use tandem_lab::world::{World, WorldSpec};

/// One millisecond.
pub(crate) const MS: Duration = Duration::from_millis(1);
/// One second.
pub(crate) const SECOND: Duration = Duration::from_secs(1);
/// TCP payload, with timestamps, in a full frame without a tunnel.
pub(crate) const PLAIN_SHARE: f64 = 1448.0 / 1514.0;

/// A world in which tandem runs on all its links, unless such tests are skipped here.
pub(crate) fn tunnel(spec: WorldSpec) -> Option<World> {
    let mut world = World::for_test(spec).unwrap()?;
    world.start_tandem().unwrap();
    Some(world)
}

/// Unwraps with the daemons' logs.
pub(crate) fn sure<T>(world: &World, result: anyhow::Result<T>) -> T {
    match world.with_logs(result) {
        Ok(value) => value,
        Err(error) => panic!("{error:#}"),
    }
}

/// Fails with the daemons' logs.
pub(crate) fn fail(world: &World, why: &str) -> ! {
    let failed: anyhow::Result<()> = world.with_logs(Err(anyhow::anyhow!("{why}")));
    panic!("{:#}", failed.unwrap_err())
}

/// Runs a program of the host inside a namespace; success and all it printed. `None` where it is not installed,
/// which under CI is a failure.
pub(crate) fn host_tool(namespace: &Namespace, program: &str, args: &[&str]) -> Option<(bool, String)> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&path)
        .chain([Path::new("/usr/sbin").to_owned(), Path::new("/sbin").to_owned()])
        .any(|directory| directory.join(program).is_file());
    if !installed {
        assert!(std::env::var_os("CI").is_none(), "under CI `{program}` must be installed");
        eprintln!("`{program}` is not installed: this part is left out");
        return None;
    }
    let mut command = Command::new(program);
    command.args(args).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let output = namespace.spawn(command).unwrap().wait_with_output().unwrap();
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Some((output.status.success(), text))
}
