//! Commands that show something.

use std::time::Duration;

use serde_json::json;
use tandem::api::{FlowRequest, Path, SCHEMA};
use tandem::client::{Client, ClientError};

use super::{answer, print};
use crate::failure::Failure;
use crate::render::{self, Style};

/// Pause between two looks of `--watch`.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// Moves a terminal's cursor home and clears what follows (ECMA-48: CUP, ED), which flickers less than clearing
/// the whole screen first.
const HOME_AND_CLEAR: &str = "\x1b[H\x1b[J";

pub(super) async fn status(client: &Client, json: bool) -> Result<(), Failure> {
    answer(json, &client.status().await?, |status| render::status(status, Style::of_stdout()))
}

pub(super) async fn paths(client: &Client, json: bool, wide: bool) -> Result<(), Failure> {
    answer(json, &client.paths().await?, |list| path_table(&list.paths, wide, Style::of_stdout()))
}

fn path_table(paths: &[Path], wide: bool, style: Style) -> String {
    if wide { render::paths_wide(paths, style) } else { render::paths(paths, style) }
}

pub(super) async fn flows(client: &Client, json: bool, request: FlowRequest) -> Result<(), Failure> {
    answer(json, &client.flows(&request).await?, |list| render::flows(list, Style::of_stdout()))
}

pub(super) async fn peers(client: &Client, json: bool) -> Result<(), Failure> {
    answer(json, &client.peers().await?, |list| render::peers(&list.peers, Style::of_stdout()))
}

/// Shows the paths until interrupted: in place on a terminal, one JSON object a line (JSON Lines) with `--json`.
pub(super) async fn watch_paths(client: &Client, json: bool, wide: bool) -> Result<(), Failure> {
    let style = Style::of_stdout();
    loop {
        let list = client.paths().await?;
        let text = if json {
            serde_json::to_string(&list).map_err(std::io::Error::from)? + "\n"
        } else if style.terminal {
            format!("{HOME_AND_CLEAR}{}", path_table(&list.paths, wide, style))
        } else {
            path_table(&list.paths, wide, style) + "\n"
        };
        print(&text)?;
        tokio::time::sleep(WATCH_INTERVAL).await;
    }
}

/// Versions of the command and, if one runs, of the daemon: a mismatch after an upgrade is worth seeing.
pub(super) async fn version(client: &Client, json: bool) -> Result<(), Failure> {
    let own = env!("CARGO_PKG_VERSION");
    let daemon = match client.status().await {
        Ok(status) => Some(status.version),
        Err(ClientError::NotRunning(_) | ClientError::Denied(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let value = json!({ "schema": SCHEMA, "version": own, "daemon_version": daemon });
    answer(json, &value, |_| match &daemon {
        Some(daemon) => format!("tandem {own}\ntandemd {daemon} (running)\n"),
        None => format!("tandem {own}\n"),
    })
}
