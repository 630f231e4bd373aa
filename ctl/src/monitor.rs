//! `tandem monitor`: a screen that shows what the daemon does, or a line for everything that happens.

mod draw;
mod seen;
#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, KeyCode, KeyModifiers};
use tandem::api::{Event, FlowRequest, kind};
use tandem::client::{Client, ClientError};
use tandem::exit::Exit;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::cmd::print;
use crate::failure::Failure;
use crate::render;
use seen::{Look, Seen};

/// Pause between two looks at the daemon, whose rates are those of a second.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Pause between two looks at the keyboard.
const KEYS_EVERY: Duration = Duration::from_millis(100);
/// Flows that are asked for: their rates are summed by class.
const FLOWS: u32 = 500;

/// Shows the screen on a terminal, and lines otherwise: JSON Lines with `json`.
pub(crate) async fn monitor(client: &Client, json: bool) -> Result<(), Failure> {
    if json || !io::stdout().is_terminal() {
        return lines(client, json).await;
    }
    // A daemon that does not run is better told without a screen around it.
    let first = look(client).await?;
    let mut seen = Seen::new(first);
    let (sender, mut events) = mpsc::unbounded_channel();
    let listener = tokio::spawn(listen(client.clone(), sender));
    let mut terminal = ratatui::try_init()?;
    let ended = show(&mut terminal, client, &mut seen, &mut events).await;
    ratatui::restore();
    listener.abort();
    ended
}

async fn lines(client: &Client, json: bool) -> Result<(), Failure> {
    let mut failed = None;
    let told = client.events(|event| {
        let text = if json {
            serde_json::to_string(&event)
                .map(|text| text + "\n")
                .map_err(|error| Failure::from(io::Error::from(error)))
        } else {
            Ok(render::event(&event))
        };
        match text.and_then(|text| print(&text)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(failure) => {
                failed = Some(failure);
                ControlFlow::Break(())
            }
        }
    });
    let told = told.await;
    match failed {
        Some(failure) => Err(failure),
        None => {
            told?;
            Err(Failure::new(Exit::NotRunning, kind::NOT_RUNNING, "tandemd has ended"))
        }
    }
}

/// Hands on what happens, over restarts of the daemon, as long as somebody takes it.
async fn listen(client: Client, events: mpsc::UnboundedSender<Event>) {
    while !events.is_closed() {
        // Why there is nothing to hear is told by the next look.
        let _ = client
            .events(|event| match events.send(event) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            })
            .await;
        sleep(LOOK_EVERY).await;
    }
}

async fn look(client: &Client) -> Result<Look, ClientError> {
    let request = FlowRequest { peer: None, limit: Some(FLOWS) };
    Ok(Look {
        status: client.status().await?,
        paths: client.paths().await?.paths,
        flows: client.flows(&request).await?,
    })
}

async fn show(
    terminal: &mut DefaultTerminal,
    client: &Client,
    seen: &mut Seen,
    events: &mut mpsc::UnboundedReceiver<Event>,
) -> Result<(), Failure> {
    let mut next = Instant::now() + LOOK_EVERY;
    loop {
        while let Ok(event) = events.try_recv() {
            seen.note(&event);
        }
        if Instant::now() >= next {
            seen.look(look(client).await);
            next = Instant::now() + LOOK_EVERY;
        }
        terminal.draw(|frame| draw::draw(seen, frame))?;
        if wants_to_leave()? {
            return Ok(());
        }
        sleep(KEYS_EVERY).await;
    }
}

fn wants_to_leave() -> io::Result<bool> {
    while event::poll(Duration::ZERO)? {
        let event::Event::Key(key) = event::read()? else { continue };
        let interrupted = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
        if interrupted || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc) {
            return Ok(true);
        }
    }
    Ok(false)
}
