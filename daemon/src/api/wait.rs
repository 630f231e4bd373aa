//! The long poll `GET /v1/wait`.

use std::time::Duration;

use tandem::api::{
    MAX_WAIT_US, Path, PathState, Role, SCHEMA, State, Status, WaitReport, WaitRequest, reason,
};
use tokio::time::{Instant, timeout_at};

use super::{ApiError, Control};

/// Longest single wait, and the default.
pub(super) const MAX_WAIT: Duration = Duration::from_micros(MAX_WAIT_US);

/// Answers as soon as the tunnel (or service) stands with the wanted number of usable paths, or when the time
/// is over, or when the daemon stops telling about changes.
pub(super) async fn wait(control: &impl Control, request: WaitRequest) -> Result<WaitReport, ApiError> {
    let span = request.timeout_us.map_or(MAX_WAIT, Duration::from_micros).min(MAX_WAIT);
    let deadline = Instant::now() + span;
    // Subscribed before the first look, so that no change falls between the two.
    let mut changes = control.changes();
    changes.mark_unchanged();
    loop {
        let report = look(control, request.paths).await?;
        if report.ready {
            return Ok(report);
        }
        match timeout_at(deadline, changes.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return Ok(report),
        }
    }
}

async fn look(control: &impl Control, wanted: Option<u32>) -> Result<WaitReport, ApiError> {
    let status = control.status().await?;
    let (role, state, why) = (status.role, status.state, status.reason.clone());
    // A gateway serves even while no peer has come.
    let wanted_paths = wanted.unwrap_or(if role == Role::Gateway { 0 } else { 1 });
    let (usable, unusable): (Vec<_>, Vec<_>) =
        all_paths(control, status).await?.into_iter().partition(|path| path.state.is_usable());
    let usable_paths = u32::try_from(usable.len()).unwrap_or(u32::MAX);
    let stands = match state {
        State::Connected | State::Serving => true,
        State::Disconnected | State::Connecting | State::Stopping | State::Unknown => false,
    };
    Ok(WaitReport {
        schema: SCHEMA,
        ready: stands && usable_paths >= wanted_paths,
        state,
        reason: why,
        wanted_paths,
        usable_paths,
        unusable: unusable.into_iter().filter(could_be_used).collect(),
    })
}

/// What is not a link, or not to be one, is no answer to why a path is missing.
fn could_be_used(path: &Path) -> bool {
    path.state != PathState::Unused || path.reason != reason::NOT_A_LINK
}

/// The paths of a daemon in either role.
pub(super) async fn all_paths(control: &impl Control, status: Status) -> Result<Vec<Path>, ApiError> {
    if status.role != Role::Gateway {
        return Ok(status.paths);
    }
    let peers = control.peers().await?;
    let named = peers.into_iter().flat_map(|peer| {
        peer.paths.into_iter().map(move |path| Path { peer: Some(peer.name.clone()), ..path })
    });
    Ok(named.collect())
}
