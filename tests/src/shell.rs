//! A shell on the laptop, and the command inside it that changes links.
//!
//! The lab listens on a Unix socket, named to the shell by [`SOCKET_VARIABLE`]. A request is one line, the
//! command's words separated by spaces; the answer is text, whose first line is `ok` or `error`.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::interrupt;
use crate::world::{World, WorldSpec};

/// Environment variable with the path of the lab's socket.
pub const SOCKET_VARIABLE: &str = "TANDEM_LAB_SOCKET";

/// What `tandem-lab link` is told.
#[derive(Debug, Clone, clap::Args)]
pub struct LinkArgs {
    /// The link, such as wifi; without one, all links are listed
    pub name: Option<String>,
    /// Settings such as rate=10mbit down.loss=1% carrier=off blackhole=on, or the words attach, detach, rebind
    pub changes: Vec<String>,
}

/// Builds the world, starts tandem, and runs `$SHELL` on the laptop until it ends; its exit code is the result.
///
/// # Errors
/// When the world or tandem cannot be started.
pub fn run() -> Result<ExitCode> {
    interrupt::leave_to_children()?;
    eprintln!("Building the world and starting tandem.");
    let mut world = World::new(WorldSpec::default())?;
    let path = world.file("lab.sock");
    let listener =
        UnixListener::bind(&path).with_context(|| format!("cannot listen on {}", path.display()))?;
    listener.set_nonblocking(true)?;
    world.start_tandem()?;
    eprintln!(
        "You are on the laptop. The web server is http://{}/ through the tunnel. Try:\n  \
         tandem status\n  tandem-lab link\n  tandem-lab link wifi rate=10mbit loss=1%\n  \
         tandem-lab link wifi carrier=off",
        crate::world::WEB
    );
    let _web = crate::traffic::http::WebServer::start(world.web(), 80)?;
    let mut child = world.laptop()?.namespace().spawn(shell_command(&world, &path)?)?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)));
        }
        match listener.accept() {
            // A client that goes away before its answer has nothing to be told.
            Ok((stream, _)) => drop(serve(&mut world, stream)),
            Err(_) => std::thread::sleep(Duration::from_millis(30)),
        }
    }
}

fn shell_command(world: &World, socket: &std::path::Path) -> Result<Command> {
    let shell = std::env::var_os("SHELL").unwrap_or_else(|| "/bin/sh".into());
    let mut command = Command::new(shell);
    let executable = std::env::current_exe()?;
    let own = executable.parent().context("the executable has no directory")?;
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(own.to_owned()).chain(std::env::split_paths(&inherited));
    command.env("PATH", std::env::join_paths(paths)?);
    command.env(SOCKET_VARIABLE, socket);
    command.env("TANDEM_SOCKET", world.laptop()?.node().socket());
    Ok(command)
}

fn serve(world: &mut World, stream: UnixStream) -> Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    let mut line = String::new();
    BufReader::new((&stream).take(4_096)).read_line(&mut line)?;
    let words: Vec<&str> = line.split_whitespace().collect();
    match answer(world, &words) {
        Ok(text) => write!(&stream, "ok\n{text}")?,
        Err(error) => write!(&stream, "error\n{error:#}\n")?,
    }
    Ok(())
}

fn answer(world: &mut World, words: &[&str]) -> Result<String> {
    let Some((name, changes)) = words.split_first() else { return list(world) };
    for change in changes {
        match *change {
            "attach" => world.attach(name)?,
            "detach" => world.detach(name)?,
            "rebind" => world.laptop()?.link(name)?.rebind()?,
            setting => {
                let (key, value) = setting
                    .split_once('=')
                    .with_context(|| format!("`{setting}` is not KEY=VALUE, attach, detach or rebind"))?;
                world.laptop()?.link(name)?.set(key, value)?;
            }
        }
    }
    list(world)
}

fn list(world: &World) -> Result<String> {
    let mut text = String::new();
    for link in world.laptop()?.links() {
        let (config, [up, down]) = (link.config(), link.counts());
        let interface = world.laptop()?.interface(link.name())?;
        let carrier = if config.carrier { "plugged in" } else { "cut" };
        text.push_str(&format!("{} ({interface}, {carrier})\n", link.name()));
        for (way, shape, counts) in [("up  ", &config.up, up), ("down", &config.down, down)] {
            let rate =
                shape.rate_bps.map_or("unlimited".to_owned(), |rate| format!("{} Mbit/s", rate as f64 / 1e6));
            text.push_str(&format!(
                "  {way}  {rate}, delay {:?}, jitter {:?}, loss {} %{}; carried {} bytes, lost {}, queue full {}\n",
                shape.delay,
                shape.jitter,
                shape.loss * 100.0,
                if shape.blackhole { ", blackhole" } else { "" },
                counts.bytes,
                counts.lost,
                counts.queue_drops,
            ));
        }
    }
    Ok(text)
}

/// Sends the command's words to the lab whose shell this runs in, and prints the answer.
///
/// # Errors
/// Outside such a shell, or when the lab refuses.
pub fn link(args: &LinkArgs) -> Result<()> {
    let Some(path) = std::env::var_os(SOCKET_VARIABLE) else {
        bail!("this is no shell of the lab; start one with `tandem-lab shell`");
    };
    let mut stream = UnixStream::connect(&path).context("the lab of this shell is gone")?;
    let words: Vec<&str> = args.name.iter().chain(&args.changes).map(String::as_str).collect();
    ensure!(words.iter().all(|word| !word.contains(char::is_whitespace)), "settings have no spaces");
    writeln!(stream, "{}", words.join(" "))?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    match text.split_once('\n') {
        Some(("ok", list)) => {
            print!("{list}");
            Ok(())
        }
        Some(("error", message)) => bail!("{}", message.trim()),
        _ => bail!("the lab gave no answer"),
    }
}
