//! The run as Markdown.

use std::fmt::Write;

use super::number::{is_better, short, with_spread};
use crate::bench::results::{Metric, Results};

/// A table per profile, with what it was measured on.
pub(in crate::bench) fn markdown(results: &Results) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = head(&mut text, results);
    for (profile, summary) in &results.profiles {
        let _ = table(&mut text, results, profile, summary);
    }
    if !results.failures.is_empty() {
        let _ = failures(&mut text, results);
    }
    text
}

fn head(text: &mut String, results: &Results) -> std::fmt::Result {
    let machine = &results.machine;
    writeln!(
        text,
        "{}, {} min. {}, {} cores, {:.0} GiB, Linux {}. Load average before {:.1}, after {:.1}. Medians of {} (least–most), \
         {} s per measurement.\n",
        results.date,
        results.seconds.div_ceil(60),
        machine.processor,
        machine.cores,
        machine.memory_gib,
        machine.kernel,
        machine.load_before,
        results.load_after,
        results.repetitions,
        from_to(results.seconds_per_measure, results.most_seconds_per_measure)
    )?;
    writeln!(
        text,
        "{:.1} % of the processors' time went to other machines; {} measurements from which more than a little did were \
         taken again.\n",
        results.stolen * 1e2,
        results.disturbed
    )?;
    if results.is_adaptive() {
        let settled = results.rows.iter().filter(|row| row.settled).count();
        writeln!(
            text,
            "What has not settled was repeated up to {} times, ×N says how often; {settled} of {} figures have settled, \
             and the rest is marked with ~.\n",
            results.most_repetitions,
            results.rows.len()
        )?;
    }
    writeln!(text, "| system | version |\n|---|---|")?;
    for (system, version) in &results.systems {
        writeln!(text, "| {system} | {} |", cell(version))?;
    }
    for (system, why) in &results.skipped {
        writeln!(text, "| {system} | skipped: {} |", cell(why))?;
    }
    Ok(())
}

fn table(text: &mut String, results: &Results, profile: &str, summary: &str) -> std::fmt::Result {
    let metrics = results.metrics(profile);
    if metrics.is_empty() {
        return Ok(());
    }
    let systems: Vec<&str> = results.systems.iter().map(|(name, _)| name.as_str()).collect();
    writeln!(text, "\n### {profile}: {summary}\n")?;
    if let Some([down, up]) = results.limits.get(profile) {
        writeln!(
            text,
            "One tunnel over all links could carry {} Mbit/s down and {} up; in square brackets the share of it.\n",
            short(*down),
            short(*up)
        )?;
    }
    writeln!(text, "| | unit | {} |", systems.join(" | "))?;
    writeln!(text, "|---|---|{}", "--:|".repeat(systems.len()))?;
    for metric in metrics {
        write!(text, "| {} | {} |", metric.title, metric.unit)?;
        for system in &systems {
            write!(text, " {} |", figure(results, profile, system, metric))?;
        }
        writeln!(text)?;
    }
    Ok(())
}

/// A system's figure, bold if no other's is better; `–` where it has none.
fn figure(results: &Results, profile: &str, system: &str, metric: &Metric) -> String {
    let Some(row) = results.row(profile, system, &metric.key) else { return "–".to_owned() };
    let others = results.systems.iter().filter_map(|(other, _)| results.row(profile, other, &metric.key));
    let mut text = with_spread(row, results);
    if let (Some(limit), Some(median)) = (results.limit_of(row), row.median) {
        let _ = write!(text, " [{:.0} %]", median / limit * 100.0);
    }
    let mut beaten = 0;
    for other in others {
        if is_better(metric.better, other.median, row.median) {
            return text;
        }
        beaten += usize::from(is_better(metric.better, row.median, other.median));
    }
    if beaten == 0 { text } else { format!("**{text}**") }
}

fn failures(text: &mut String, results: &Results) -> std::fmt::Result {
    writeln!(text, "\n### What broke\n")?;
    for failure in &results.failures {
        let first = failure.error.lines().next().unwrap_or_default();
        writeln!(
            text,
            "- {} on {}, repetition {}: {first}",
            failure.system, failure.profile, failure.repetition
        )?;
    }
    Ok(())
}

/// `4`, or `2 to 4`.
fn from_to(least: u64, most: u64) -> String {
    if least < most { format!("{least} to {most}") } else { least.to_string() }
}

/// Text that does not break a table.
fn cell(text: &str) -> String {
    text.lines().next().unwrap_or_default().replace('|', "\\|")
}

#[cfg(test)]
mod tests;
