//! Configuration files.

use std::path::Path;

use tandem_daemon::config::{Config, ConfigError, Report, Role};

const FILE: &str = "/etc/tandem/tandem.toml";

/// A file's text.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Config::parse(text, Path::new(FILE)) {
        Ok(config) => accepted(&config, text),
        Err(ConfigError::Invalid(report)) => refused(&report, text),
        Err(ConfigError::Read { .. }) => panic!("nothing was to be read"),
    }
}

fn accepted(config: &Config, text: &str) {
    assert!((1280..=9000).contains(&config.tun.mtu));
    assert!((1..=600).contains(&config.path.keepalive.as_secs()));
    assert!(config.state.is_absolute() && config.socket.is_absolute());
    match &config.role {
        Role::Client(client) => {
            assert!(!client.gateway.is_empty() && client.fwmark != 0 && client.table != 0);
        }
        Role::Gateway(gateway) => {
            assert!(!gateway.listen.is_empty() && !gateway.endpoint.is_empty() && !gateway.pool.is_empty());
        }
    }
    assert!(config.diff(config).is_empty());
    let again = Config::parse(&format!("{text}\n# the end\n"), Path::new(FILE));
    assert_eq!(again.ok().as_ref(), Some(config));
}

/// A person gets one line for each mistake, that says which line of the file it is in.
fn refused(report: &Report, text: &str) {
    assert!(!report.problems.is_empty());
    let lines = 1 + text.matches('\n').count();
    for problem in &report.problems {
        assert!((1..=lines).contains(&problem.line), "{problem} in a file of {lines} lines");
        assert!(!problem.to_string().contains(char::is_control), "{:?}", problem.to_string());
    }
    assert!(report.problems.is_sorted_by_key(|problem| problem.line));
}
