//! `tandem wait`: for the daemon to appear, for its tunnel to stand, for its paths to be usable.

use std::time::Duration;

use tandem::api::{MAX_WAIT_US, WaitReport, WaitRequest, kind};
use tandem::client::{Client, ClientError};
use tandem::exit::Exit;
use tokio::time::{Instant, sleep, timeout};

use super::answer;
use crate::cli::Wait;
use crate::failure::Failure;
use crate::render;

/// Pause before asking again a daemon that is not there, or had nothing to wait for.
const RETRY: Duration = Duration::from_millis(100);
/// Longest wait that one request asks for.
const LONG_POLL: Duration = Duration::from_micros(MAX_WAIT_US);
/// What a daemon gets beyond the time it was given, before it counts as not answering.
const GRACE: Duration = Duration::from_secs(2);

/// Why it is not ready yet.
enum Missing {
    Daemon(ClientError),
    Paths(WaitReport),
}

pub(super) async fn wait(client: &Client, json: bool, options: Wait) -> Result<(), Failure> {
    let start = Instant::now();
    loop {
        let left = options.timeout.map(|timeout| timeout.saturating_sub(start.elapsed()));
        let missing = match ask(client, options.paths, left.unwrap_or(LONG_POLL).min(LONG_POLL)).await {
            Ok(report) if report.ready => return answer(json, &report, render::ready),
            Ok(report) => Missing::Paths(report),
            Err(error) if may_pass(&error) => Missing::Daemon(error),
            Err(error) => return Err(error.into()),
        };
        if let Some(timeout) = options.timeout
            && start.elapsed() >= timeout
        {
            return Err(too_late(timeout, &missing));
        }
        sleep(left.unwrap_or(RETRY).min(RETRY)).await;
    }
}

async fn ask(client: &Client, paths: Option<u32>, span: Duration) -> Result<WaitReport, ClientError> {
    let timeout_us = u64::try_from(span.as_micros()).ok();
    let limit = span + GRACE;
    match timeout(limit, client.wait(WaitRequest { paths, timeout_us })).await {
        Ok(answer) => answer,
        Err(_) => Err(ClientError::Timeout { socket: client.socket().to_owned(), after: limit }),
    }
}

/// Whether a daemon that starts, or starts again, can make the error go away.
fn may_pass(error: &ClientError) -> bool {
    match error {
        ClientError::NotRunning(_) | ClientError::Timeout { .. } | ClientError::Io { .. } => true,
        ClientError::Denied(_) | ClientError::Refused(_) | ClientError::BadAnswer { .. } => false,
    }
}

fn too_late(timeout: Duration, missing: &Missing) -> Failure {
    let what = match missing {
        Missing::Daemon(error) => error.to_string(),
        Missing::Paths(report) => render::missing(report),
    };
    let message = format!("not ready after {}: {what}", humantime::format_duration(timeout));
    Failure::new(Exit::Timeout, kind::TIMEOUT, message)
}
