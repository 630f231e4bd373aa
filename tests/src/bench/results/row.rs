//! A figure: what it is, one reading of it, and all repetitions together.

use serde::{Deserialize, Serialize};

use crate::bench::statistics::{interval, is_known, median, quantile};

/// Which way a figure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::bench) enum Better {
    Higher,
    Lower,
    /// Neither: it describes.
    Neutral,
}

/// A figure's identity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::bench) struct Metric {
    /// Its name in JSON.
    pub(in crate::bench) key: String,
    /// Its name for people.
    pub(in crate::bench) title: String,
    pub(in crate::bench) unit: String,
    pub(in crate::bench) better: Better,
    /// How far two values may be apart, in its unit, that it cannot tell apart; zero where nothing is that coarse.
    #[serde(default)]
    pub(in crate::bench) resolution: f64,
}

impl Metric {
    fn new(key: &str, title: &str, unit: &str, better: Better) -> Self {
        Self { key: key.to_owned(), title: title.to_owned(), unit: unit.to_owned(), better, resolution: 0.0 }
    }

    pub(in crate::bench) fn higher(key: &str, title: &str, unit: &str) -> Self {
        Self::new(key, title, unit, Better::Higher)
    }

    pub(in crate::bench) fn lower(key: &str, title: &str, unit: &str) -> Self {
        Self::new(key, title, unit, Better::Lower)
    }

    pub(in crate::bench) fn neutral(key: &str, title: &str, unit: &str) -> Self {
        Self::new(key, title, unit, Better::Neutral)
    }

    /// Says how far two values may be apart, in its unit, that it cannot tell apart.
    pub(in crate::bench) fn resolving(self, resolution: f64) -> Self {
        Self { resolution, ..self }
    }
}

/// One figure of one cell.
#[derive(Debug, Clone)]
pub(in crate::bench) struct Reading {
    pub(super) metric: Metric,
    value: Option<f64>,
    timeline: Vec<f64>,
    percentile: Option<Pool>,
}

/// Single events, and the share of them that the figure does not exceed.
#[derive(Debug, Clone, PartialEq)]
struct Pool {
    share: f64,
    values: Vec<f64>,
}

impl Reading {
    /// `None` is "it never happened", which is worse than any number.
    pub(in crate::bench) fn of(metric: Metric, value: Option<f64>) -> Self {
        Self { metric, value, timeline: Vec::new(), percentile: None }
    }

    /// What this share (0 to 1) of events did not exceed. The figure is that of the events of all repetitions together.
    pub(in crate::bench) fn percentile(metric: Metric, share: f64, mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let value = quantile(&values, share);
        Self { percentile: Some(Pool { share, values }), ..Self::of(metric, value) }
    }

    /// Adds how a transfer's speed went meanwhile, in Mbit/s.
    pub(in crate::bench) fn with_timeline(self, timeline: Vec<f64>) -> Self {
        Self { timeline, ..self }
    }
}

/// All repetitions of one figure of one system on one profile.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::bench) struct Row {
    pub(in crate::bench) profile: String,
    pub(in crate::bench) system: String,
    #[serde(flatten)]
    pub(in crate::bench) metric: Metric,
    /// In the order of the repetitions; `null` where it never happened.
    pub(in crate::bench) samples: Vec<Option<f64>>,
    /// The figure, written for other readers of the file as all that follows: the median of the samples; of a percentile,
    /// that of the events of all repetitions.
    pub(in crate::bench) median: Option<f64>,
    /// Least and most of the samples.
    pub(in crate::bench) least: Option<f64>,
    pub(in crate::bench) most: Option<f64>,
    /// Where the samples' true median is, seven times in eight; none where there are too few of them.
    #[serde(default)]
    pub(in crate::bench) interval: Option<[Option<f64>; 2]>,
    /// Whether more repetitions would hardly move it.
    #[serde(default)]
    pub(in crate::bench) settled: bool,
    /// Mbit/s in steps of 100 ms during the first repetition, where speed over time matters.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(in crate::bench) timeline: Vec<f64>,
    /// The events of all repetitions.
    #[serde(skip)]
    pool: Option<Pool>,
}

impl Row {
    /// A figure that has not been taken yet.
    pub(super) fn empty(profile: &str, system: &str, metric: Metric) -> Self {
        Self {
            profile: profile.to_owned(),
            system: system.to_owned(),
            metric,
            samples: Vec::new(),
            median: None,
            least: None,
            most: None,
            interval: None,
            settled: false,
            timeline: Vec::new(),
            pool: None,
        }
    }

    pub(super) fn push(&mut self, reading: Reading) {
        if self.samples.is_empty() {
            self.timeline = reading.timeline;
        }
        self.samples.push(reading.value);
        if let Some(events) = reading.percentile {
            let pool = self.pool.get_or_insert(Pool { share: events.share, values: Vec::new() });
            pool.values.extend(events.values);
            pool.values.sort_by(f64::total_cmp);
        }
        let sorted = self.sorted();
        self.least = sorted.first().copied().and_then(number);
        self.most = sorted.last().copied().and_then(number);
        let pooled = self.pool.as_ref().and_then(|pool| quantile(&pool.values, pool.share));
        self.median = pooled.or_else(|| median(&sorted).and_then(number));
        self.interval = interval(&sorted).map(|ends| ends.map(number));
        self.settled = is_known(&sorted, self.metric.resolution);
    }

    /// The samples from the least to the most; "never" is behind every number.
    fn sorted(&self) -> Vec<f64> {
        let mut sorted: Vec<f64> =
            self.samples.iter().map(|sample| sample.unwrap_or(f64::INFINITY)).collect();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// `None` for "never".
fn number(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
