//! What came out, as data: the same for the table, the plots and the next run that compares itself.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::limit::Limit;
use super::machine::{self, Machine};
use super::measure::{DIRECTIONS, label};
use super::options::Options;
use super::profile::Profile;

/// Which way a figure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Better {
    Higher,
    Lower,
    /// Neither: it describes.
    Neutral,
}

/// A figure's identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Metric {
    /// Its name in JSON.
    pub(super) key: String,
    /// Its name for people.
    pub(super) title: String,
    pub(super) unit: String,
    pub(super) better: Better,
}

impl Metric {
    fn new(key: &str, title: &str, unit: &str, better: Better) -> Self {
        Self { key: key.to_owned(), title: title.to_owned(), unit: unit.to_owned(), better }
    }

    pub(super) fn higher(key: &str, title: &str, unit: &str) -> Self {
        Self::new(key, title, unit, Better::Higher)
    }

    pub(super) fn lower(key: &str, title: &str, unit: &str) -> Self {
        Self::new(key, title, unit, Better::Lower)
    }

    pub(super) fn neutral(key: &str, title: &str, unit: &str) -> Self {
        Self::new(key, title, unit, Better::Neutral)
    }
}

/// One figure of one cell.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    metric: Metric,
    value: Option<f64>,
    timeline: Vec<f64>,
}

impl Reading {
    /// `None` is "it never happened", which is worse than any number.
    pub(super) fn of(metric: Metric, value: Option<f64>) -> Self {
        Self { metric, value, timeline: Vec::new() }
    }

    /// Adds how a transfer's speed went meanwhile, in Mbit/s.
    pub(super) fn with_timeline(self, timeline: Vec<f64>) -> Self {
        Self { timeline, ..self }
    }
}

/// All repetitions of one figure of one system on one profile.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) profile: String,
    pub(super) system: String,
    #[serde(flatten)]
    pub(super) metric: Metric,
    /// In the order of the repetitions; `null` where it never happened.
    pub(super) samples: Vec<Option<f64>>,
    /// Median, least and most, written for other readers of the file.
    pub(super) median: Option<f64>,
    pub(super) least: Option<f64>,
    pub(super) most: Option<f64>,
    /// Mbit/s in steps of 100 ms during the first repetition, where speed over time matters.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) timeline: Vec<f64>,
}

impl Row {
    fn push(&mut self, reading: Reading) {
        if self.samples.is_empty() {
            self.timeline = reading.timeline;
        }
        self.samples.push(reading.value);
        let sorted = self.sorted();
        // "Never" sorts behind every number: a median that is never is one.
        self.median = sorted.get((sorted.len() - 1) / 2).copied().flatten();
        self.least = sorted.first().copied().flatten();
        self.most = sorted.last().copied().flatten();
    }

    fn sorted(&self) -> Vec<Option<f64>> {
        let mut sorted = self.samples.clone();
        sorted.sort_by(|left, right| {
            let number = |value: &Option<f64>| value.unwrap_or(f64::INFINITY);
            number(left).total_cmp(&number(right))
        });
        sorted
    }
}

/// A cell, or a measure in it, that broke.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Failure {
    pub(super) profile: String,
    pub(super) system: String,
    pub(super) repetition: u32,
    pub(super) error: String,
}

/// A whole run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Results {
    /// Version of this shape.
    pub(super) schema: u32,
    /// When it began (RFC 3339, UTC), and how long it took.
    pub(super) date: String,
    pub(super) seconds: u64,
    pub(super) machine: Machine,
    /// Load average over one minute at the end; the run itself is in it.
    pub(super) load_after: f64,
    pub(super) repetitions: u32,
    pub(super) seconds_per_measure: u64,
    /// Each profile and its links.
    pub(super) profiles: BTreeMap<String, String>,
    /// Goodput in Mbit/s, down and up, that a tunnel over all links of a profile could have, where it was measured.
    #[serde(default)]
    pub(super) limits: BTreeMap<String, [f64; 2]>,
    /// Each system and its version, in the order of the tables.
    pub(super) systems: Vec<(String, String)>,
    /// Each system that is not installed, and what is missing.
    pub(super) skipped: BTreeMap<String, String>,
    pub(super) rows: Vec<Row>,
    pub(super) failures: Vec<Failure>,
}

impl Results {
    pub(super) fn new(options: &Options) -> Self {
        let profiles = options.profiles().into_iter().map(|one| (one.name, one.summary));
        Self {
            schema: 1,
            date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            seconds: 0,
            machine: Machine::here(),
            load_after: 0.0,
            repetitions: options.repetitions,
            seconds_per_measure: options.length.as_secs(),
            profiles: profiles.collect(),
            limits: BTreeMap::new(),
            systems: Vec::new(),
            skipped: BTreeMap::new(),
            rows: Vec::new(),
            failures: Vec::new(),
        }
    }

    pub(super) fn found(&mut self, system: &str, version: &str) {
        self.systems.push((system.to_owned(), version.to_owned()));
    }

    pub(super) fn skipped(&mut self, system: &str, why: &str) {
        self.skipped.insert(system.to_owned(), why.to_owned());
    }

    /// Notes a figure.
    pub(super) fn add(&mut self, profile: &Profile, system: &str, reading: Reading) {
        let same = |row: &Row| {
            row.profile == profile.name && row.system == system && row.metric.key == reading.metric.key
        };
        let at = self.rows.iter().position(same).unwrap_or_else(|| {
            self.rows.push(Row {
                profile: profile.name.clone(),
                system: system.to_owned(),
                metric: reading.metric.clone(),
                samples: Vec::new(),
                median: None,
                least: None,
                most: None,
                timeline: Vec::new(),
            });
            self.rows.len() - 1
        });
        self.rows[at].push(reading);
    }

    /// Notes what could be got over a profile's links.
    pub(super) fn limited(&mut self, profile: &Profile, limit: Limit) {
        let [down, up] = DIRECTIONS.map(|way| limit.of(profile, way));
        if let (Some(down), Some(up)) = (down, up) {
            self.limits.insert(profile.name.clone(), [down, up]);
        }
    }

    /// The limit of a figure's profile, if the figure is a goodput of TCP.
    pub(super) fn limit_of(&self, row: &Row) -> Option<f64> {
        let limits = self.limits.get(&row.profile)?;
        let way =
            DIRECTIONS.iter().position(|way| row.metric.key.starts_with(&format!("tcp_{}_", label(*way))))?;
        limits.get(way).copied()
    }

    /// Notes the end.
    pub(super) fn finish(&mut self) {
        self.load_after = machine::load();
        if let Ok(began) = humantime::parse_rfc3339(&self.date) {
            self.seconds = began.elapsed().unwrap_or_default().as_secs();
        }
    }

    /// The row of a figure.
    pub(super) fn row(&self, profile: &str, system: &str, key: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.profile == profile && row.system == system && row.metric.key == key)
    }

    /// The figures of a profile, in the order in which they were taken.
    pub(super) fn metrics(&self, profile: &str) -> Vec<&Metric> {
        let mut metrics: Vec<&Metric> = Vec::new();
        for row in self.rows.iter().filter(|row| row.profile == profile) {
            if !metrics.iter().any(|metric| metric.key == row.metric.key) {
                metrics.push(&row.metric);
            }
        }
        metrics
    }
}

#[cfg(test)]
pub(super) mod tests;
