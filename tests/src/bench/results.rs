//! What came out, as data: the same for the table, the plots and the next run that compares itself.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::disturbance::Ticks;
use super::limit::Limit;
use super::machine::{self, Machine};
use super::measure::{DIRECTIONS, label};
use super::options::Options;
use super::profile::Profile;

mod row;

pub(super) use row::{Better, Metric, Reading, Row};

/// A cell, or a measure in it, that broke.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Failure {
    pub(super) profile: String,
    pub(super) system: String,
    pub(super) repetition: u32,
    pub(super) error: String,
}

/// Version of the shape of [`Results`]: since the second, percentiles are those of all repetitions together.
const SCHEMA: u32 = 2;

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
    /// Processor time at the beginning, and the share of it (0 to 1) that went to other machines until the end.
    #[serde(skip)]
    ticks: Option<Ticks>,
    #[serde(default)]
    pub(super) stolen: f64,
    /// Measurements that were taken again since too much of it did.
    #[serde(default)]
    pub(super) disturbed: u32,
    /// How often each figure was taken at least, and at most where it did not settle.
    pub(super) repetitions: u32,
    #[serde(default)]
    pub(super) most_repetitions: u32,
    /// The shortest measurement and the longest.
    pub(super) seconds_per_measure: u64,
    #[serde(default)]
    pub(super) most_seconds_per_measure: u64,
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
        let parts = || options.parts.iter();
        let seconds = || parts().map(|part| part.effort.length.as_secs());
        Self {
            schema: SCHEMA,
            date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            seconds: 0,
            machine: Machine::here(),
            load_after: 0.0,
            ticks: Ticks::now().ok(),
            stolen: 0.0,
            disturbed: 0,
            repetitions: parts().map(|part| part.repetitions).min().unwrap_or_default(),
            most_repetitions: parts().map(|part| part.most_repetitions).max().unwrap_or_default(),
            seconds_per_measure: seconds().min().unwrap_or_default(),
            most_seconds_per_measure: seconds().max().unwrap_or_default(),
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

    /// Notes a figure, and says whether it has settled with that.
    pub(super) fn add(&mut self, profile: &Profile, system: &str, reading: Reading) -> bool {
        let same = |row: &Row| {
            row.profile == profile.name && row.system == system && row.metric.key == reading.metric.key
        };
        let at = self.rows.iter().position(same).unwrap_or_else(|| {
            self.rows.push(Row::empty(&profile.name, system, reading.metric.clone()));
            self.rows.len() - 1
        });
        self.rows[at].push(reading);
        self.rows[at].settled
    }

    /// Whether what did not settle was repeated more often than the rest.
    pub(super) fn is_adaptive(&self) -> bool {
        self.most_repetitions > self.repetitions
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
        if let (Some(began), Ok(now)) = (self.ticks, Ticks::now()) {
            self.stolen = now.stolen_since(began);
        }
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
