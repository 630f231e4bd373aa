//! Ctrl-C and SIGTERM for programs that hold a world.

use std::thread;

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};

use crate::world;

/// Exit code of a program ended by SIGINT, as shells count.
const INTERRUPTED: i32 = 130;

/// From now on SIGINT and SIGTERM remove the world's files and end the process; namespaces, devices and children go
/// with it.
///
/// # Errors
/// When no thread can be started.
pub fn clean_up_and_exit() -> Result<()> {
    watch(|| {
        world::remove_files();
        eprintln!("\ninterrupted");
        std::process::exit(INTERRUPTED);
    })
}

/// From now on SIGINT does nothing: at a shell's prompt it is meant for the shell.
///
/// # Errors
/// When no thread can be started.
pub fn leave_to_children() -> Result<()> {
    watch(|| {})
}

fn watch(on_signal: impl Fn() + Send + 'static) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = {
        let _context = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                on_signal();
            }
        })
    })?;
    Ok(())
}
