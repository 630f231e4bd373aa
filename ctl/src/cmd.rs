//! What each command does.

pub(crate) mod delegate;
mod generate;
mod set;
mod show;
mod wait;

use std::io::{self, Write};

use serde::Serialize;
use tandem::api::{Credential, FlowRequest, InviteRequest, InviteResponse};
use tandem::client::{Client, DEFAULT_SOCKET};
use tandem::exit::Exit;

use crate::cli::{
    Cli, Command, ConfigCommand, FlowCommand, GatewayCommand, GenerateCommand, Invite, KeyCommand,
    PathCommand, PeerCommand,
};
use crate::failure::Failure;
use crate::{bugreport, doctor, monitor, render};

/// Where the configuration is, unless a daemon or the command line says otherwise.
pub(crate) const DEFAULT_CONFIG: &str = "/etc/tandem/tandem.toml";

/// How a command ended: delegated ones bring their own exit code.
type Outcome = Result<Exit, Failure>;

/// Does what the command line says.
pub(crate) fn run(cli: Cli) -> Outcome {
    let Cli { global, command } = cli;
    let json = global.json;
    let client = &Client::new(global.socket.clone().unwrap_or_else(|| DEFAULT_SOCKET.into()));
    match command.unwrap_or(Command::Status) {
        Command::Status => block_on(show::status(client, json)),
        Command::Path(PathCommand::List { watch: false, wide }) => block_on(show::paths(client, json, wide)),
        Command::Path(PathCommand::List { watch: true, wide }) => {
            block_on(show::watch_paths(client, json, wide))
        }
        Command::Flow(FlowCommand::List { peer, limit }) => {
            block_on(show::flows(client, json, FlowRequest { peer, limit: Some(limit) }))
        }
        Command::Peer(PeerCommand::List) => block_on(show::peers(client, json)),
        Command::Peer(PeerCommand::Remove { name }) => block_on(remove_peer(client, json, &name)),
        Command::Invite(invite) => block_on(invite_peer(client, json, invite)),
        Command::Join(join) => delegate::join(&global, &join),
        Command::Gateway(GatewayCommand::Init(init)) => delegate::gateway_init(&global, &init),
        Command::Up => block_on(async { answer(json, &client.up().await?, render::new_state) }),
        Command::Down => block_on(async { answer(json, &client.down().await?, render::new_state) }),
        Command::Config(ConfigCommand::Check(file)) => delegate::about_file("check", &global, &file),
        Command::Config(ConfigCommand::Reload) => {
            block_on(async { answer(json, &client.reload().await?, render::reload) })
        }
        Command::Set(what) => set::set(client, &global, what),
        Command::Wait(options) => block_on(wait::wait(client, json, options)),
        Command::Key(KeyCommand::Show(file)) => delegate::about_file("key", &global, &file),
        Command::Doctor(file) => doctor::doctor(client, json, file.config.as_deref()),
        Command::Bugreport(options) => bugreport::bugreport(client, options.output).map(|()| Exit::Ok),
        Command::Monitor => block_on(monitor::monitor(client, json)),
        Command::Version => block_on(show::version(client, json)),
        Command::Generate(GenerateCommand::Man { directory }) => generate::man(&directory),
        Command::Generate(GenerateCommand::Completions { directory }) => generate::completions(&directory),
    }
}

/// Runs a command that asks the daemon.
fn block_on(command: impl Future<Output = Result<(), Failure>>) -> Outcome {
    ask(command).map(|()| Exit::Ok)
}

/// Runs what asks the daemon, for what it says.
pub(crate) fn ask<T>(question: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("cannot start: {error}")))?;
    runtime.block_on(question)
}

async fn remove_peer(client: &Client, json: bool, name: &str) -> Result<(), Failure> {
    let removed = client.remove_peer(name).await?;
    answer(json, &removed, |removed| format!("removed {}\n", removed.removed))
}

async fn invite_peer(client: &Client, json: bool, invite: Invite) -> Result<(), Failure> {
    let expires_us =
        u64::try_from(invite.expires.as_micros()).map_err(|_| Failure::usage("--expires is too long"))?;
    let request = if invite.bearer {
        InviteRequest { name: invite.name, expires_us: None, credential: Credential::Bearer }
    } else {
        InviteRequest { name: invite.name, expires_us: Some(expires_us), credential: Credential::Key }
    };
    let response = client.invite(&request).await?;
    // Beside the output, so that TOKEN=$(tandem invite NAME) holds the token alone.
    if !json {
        io::stderr().write_all(render::invitation(&response).as_bytes())?;
    }
    if invite.qr {
        let code = tandem::qr::for_terminal(&response.token)
            .ok_or_else(|| Failure::failed("the token is too long for a QR code"))?;
        io::stderr().write_all(code.as_bytes())?;
    }
    answer(json, &response, |response: &InviteResponse| format!("{}\n", response.token))
}

/// Prints an answer of the daemon: as it is, or as a person reads it.
fn answer<T: Serialize>(json: bool, value: &T, text: impl FnOnce(&T) -> String) -> Result<(), Failure> {
    let text = if json { json_text(value)? } else { text(value) };
    print(&text)
}

fn json_text(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(io::Error::from)?;
    Ok(text + "\n")
}

/// Writes to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    Ok(output.flush()?)
}
