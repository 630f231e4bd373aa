//! Counts that an earlier build was measured to have, and what has become dearer since.

use std::path::Path;

/// More than this above the earlier count is a regression. Counts of one build differ by less than a third of it.
const TOLERANCE: f64 = 0.1;

/// Why there is nothing to compare with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0} cannot be read: {1}")]
    Io(String, std::io::Error),
    #[error("{0} is not what --json writes: {1}")]
    Format(String, serde_json::Error),
    #[error("{0} has no counts under \"instructions_per_packet\"")]
    Counts(String),
}

/// Instructions per packet, step by step.
pub(crate) struct Baseline(serde_json::Map<String, serde_json::Value>);

impl Baseline {
    /// Reads a file that an earlier run wrote with `--json`.
    pub(crate) fn read(file: &Path) -> Result<Self, Error> {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|error| Error::Io(name.clone(), error))?;
        let json: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| Error::Format(name.clone(), error))?;
        let counts = json["instructions_per_packet"].as_object().ok_or(Error::Counts(name))?;
        Ok(Self(counts.clone()))
    }

    /// One line for each step that costs more than it may; a step that only one of the two has is a line too, as
    /// nothing guards it.
    pub(crate) fn violations(&self, counts: &[(&'static str, f64)]) -> Vec<String> {
        let mut lines: Vec<String> = counts
            .iter()
            .filter_map(|&(step, count)| match self.0.get(step).and_then(serde_json::Value::as_f64) {
                None => Some(format!("{step:?} is not in the file")),
                Some(before) => (count > before * (1.0 + TOLERANCE)).then(|| {
                    let more = (count / before - 1.0) * 100.0;
                    format!("{step:?} costs {count:.1} instructions, {more:.0} % more than {before:.1}")
                }),
            })
            .collect();
        lines.extend(
            self.0
                .keys()
                .filter(|name| !counts.iter().any(|(step, _)| step == name))
                .map(|name| format!("{name:?} is in the file, but no longer a step")),
        );
        lines
    }
}
