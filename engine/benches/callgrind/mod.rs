//! Runs this program under callgrind, and reads what that writes.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("valgrind cannot be run: {0}; on Debian: apt-get install valgrind")]
    Valgrind(std::io::Error),
    #[error("valgrind failed:\n{0}")]
    Failed(String),
    #[error("a file cannot be read or written: {0}")]
    Io(std::io::Error),
    #[error("this is not a file that callgrind writes")]
    Format,
}

/// Instructions, in all and by function, without what a function calls.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    pub(crate) total: f64,
    functions: HashMap<String, f64>,
}

impl Profile {
    pub(crate) fn divided_by(mut self, packets: u64) -> Self {
        self.total /= packets as f64;
        self.functions.values_mut().for_each(|count| *count /= packets as f64);
        self
    }

    /// The `top` functions, the most expensive first.
    pub(crate) fn most_expensive(&self, top: usize) -> Vec<(&str, f64)> {
        let mut functions: Vec<_> =
            self.functions.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        functions.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
        functions.truncate(top);
        functions
    }
}

/// Nothing is counted outside this function of `steps`.
const MEASURED: &str = "--toggle-collect=*steps*measured*";

/// Runs a step of this program with so many packets.
pub(crate) fn profile(step: &str, packets: u64) -> Result<Profile, Error> {
    let own = std::env::current_exe().map_err(Error::Io)?;
    let file = std::env::temp_dir().join(format!("tandem-callgrind-{}", std::process::id()));
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", MEASURED])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(own)
        .args(["--run", step, &packets.to_string()])
        .output()
        .map_err(Error::Valgrind)?;
    if !output.status.success() {
        return Err(Error::Failed(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let profile = read(&file);
    std::fs::remove_file(&file).map_err(Error::Io)?;
    profile
}

fn read(file: &Path) -> Result<Profile, Error> {
    parse(&std::fs::read_to_string(file).map_err(Error::Io)?).ok_or(Error::Format)
}

/// Reads callgrind's format (Valgrind manual, "Callgrind Format Specification") as far as self cost goes.
fn parse(text: &str) -> Option<Profile> {
    let mut profile = Profile::default();
    let mut names: HashMap<&str, &str> = HashMap::new();
    let mut function = "";
    let mut is_call = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("fn=").or_else(|| line.strip_prefix("cfn=")) {
            // "(12) name" the first time, "(12)" after that.
            let (id, name) = name.split_once(' ').unwrap_or((name, ""));
            let known = names.entry(id).or_insert(name);
            if line.starts_with("fn=") {
                function = known;
            }
        } else if line.starts_with("calls=") {
            // The next line is what the call cost, callees included.
            is_call = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            let cost: f64 = line.split(' ').nth(1)?.parse().ok()?;
            if !std::mem::take(&mut is_call) {
                profile.total += cost;
                // Callgrind tells levels of recursion apart by "'2" and so on.
                let name = function.split('\'').next().unwrap_or(function);
                *profile.functions.entry(name.to_owned()).or_default() += cost;
            }
        }
    }
    (profile.total > 0.0).then_some(profile)
}
