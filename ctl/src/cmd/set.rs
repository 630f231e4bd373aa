//! `tandem set`

use std::path::PathBuf;

use tandem::api::{ReloadReport, SCHEMA, SetRequest, Setting};
use tandem::client::{Client, ClientError};
use tandem::exit::Exit;

use super::{DEFAULT_CONFIG, Outcome, answer, ask, block_on, delegate};
use crate::cli::{Global, HowToSet, SetCommand};
use crate::failure::Failure;
use crate::render;

pub(super) fn set(client: &Client, global: &Global, what: SetCommand) -> Outcome {
    let (changes, how) = changes(what);
    let request = SetRequest { changes };
    if how.runtime {
        return block_on(async { answer(global.json, &client.set(&request).await?, render::reload) });
    }
    let file = ask(how.file(client))?;
    // The file first: a setting that is refused there changes nothing anywhere.
    let exit = delegate::set(global, &file, &request)?;
    if exit != Exit::Ok {
        return Ok(exit);
    }
    block_on(async {
        match client.reload().await {
            Ok(report) => answer(global.json, &report, render::reload),
            Err(ClientError::NotRunning(_)) => {
                let nothing = ReloadReport { schema: SCHEMA, ..ReloadReport::default() };
                answer(global.json, &nothing, |_| {
                    format!("saved in {}; tandemd is not running\n", file.display())
                })
            }
            Err(error) => Err(error.into()),
        }
    })
}

fn changes(what: SetCommand) -> (Vec<Setting>, HowToSet) {
    let key = |path: Vec<String>, value: String| Setting::Key {
        path,
        value: Some(value).filter(|value| !value.is_empty()),
    };
    match what {
        SetCommand::Link { name, settings, how } => {
            let path = |setting| vec!["link".to_owned(), name.clone(), setting];
            (settings.into_iter().map(|(setting, value)| key(path(setting), value)).collect(), how)
        }
        SetCommand::Key { settings, how } => {
            let path = |dotted: &str| dotted.split('.').map(str::to_owned).collect();
            (settings.into_iter().map(|(dotted, value)| key(path(&dotted), value)).collect(), how)
        }
        SetCommand::Policy { class, flows, how } => {
            let class = Some(class).filter(|class| class != "none");
            (vec![Setting::Rule { class, flows: flows.into_iter().collect() }], how)
        }
    }
}

impl HowToSet {
    /// The file to change: the one that is named, else the running daemon's.
    async fn file(&self, client: &Client) -> Result<PathBuf, Failure> {
        if let Some(file) = &self.config {
            return Ok(file.clone());
        }
        match client.status().await {
            Ok(status) => Ok(status.config_file.map_or_else(|| DEFAULT_CONFIG.into(), PathBuf::from)),
            Err(ClientError::NotRunning(_)) => Ok(DEFAULT_CONFIG.into()),
            Err(error) => Err(error.into()),
        }
    }
}
