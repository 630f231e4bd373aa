//! The plots: goodput as bars, and what a download does while a link dies and returns.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::backend::SVGBackend;
use plotters::chart::{ChartBuilder, ChartContext, SeriesLabelPosition};
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::element::{PathElement, Rectangle, Text};
use plotters::prelude::IntoDrawingArea;
use plotters::series::LineSeries;
use plotters::style::{BLACK, Color, IntoFont, RGBColor, WHITE};

use super::number::short;
use crate::bench::measure::PLOT_STEP;
use crate::bench::results::{Better, Metric, Results};

const SIZE: (u32, u32) = (960, 420);
/// Above the highest figure is room for the legend.
const HEADROOM: f64 = 1.5;
/// Colours that most colour-blind people can tell apart (Okabe and Ito 2008).
const COLOURS: [RGBColor; 8] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0x99, 0x99, 0x99),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0xf0, 0xe4, 0x42),
];

/// Writes the plots for which there are figures.
pub(super) fn write(directory: &Path, results: &Results) -> Result<()> {
    for profile in results.profiles.keys() {
        let goodput: Vec<&Metric> = results
            .metrics(profile)
            .into_iter()
            .filter(|metric| metric.better == Better::Higher && metric.unit == "Mbit/s")
            .collect();
        if !goodput.is_empty() {
            let path = directory.join(format!("goodput-{profile}.svg"));
            bars(&path, results, profile, &goodput).map_err(|error| anyhow!("{error}"))?;
        }
        for (key, flow, death) in DEATHS {
            let lines = timelines(results, profile, &format!("{key}_pause_tcp"));
            if !lines.is_empty() {
                let path = directory.join(format!("{key}-{profile}.svg"));
                let title = format!("{profile}: one {flow}, the busier link dies ({death}) and returns");
                timeline(&path, &title, &lines).map_err(|error| anyhow!("{error}"))?;
            }
        }
    }
    Ok(())
}

/// What the keys of a failover's figures begin with, and what they are about.
const DEATHS: [(&str, &str, &str); 4] = [
    ("carrier", "download", "carrier off"),
    ("carrier_up", "upload", "carrier off"),
    ("blackhole", "download", "silent blackhole"),
    ("blackhole_up", "upload", "silent blackhole"),
];

/// A system's place in the legend and its points.
type Line<'a> = (usize, &'a str, &'a [f64]);

fn timelines<'a>(results: &'a Results, profile: &str, key: &str) -> Vec<Line<'a>> {
    let systems = results.systems.iter().enumerate();
    systems
        .filter_map(|(number, (system, _))| {
            let row = results.row(profile, system, key)?;
            (!row.timeline.is_empty()).then_some((number, system.as_str(), row.timeline.as_slice()))
        })
        .collect()
}

fn colour(system: usize) -> RGBColor {
    COLOURS[system % COLOURS.len()]
}

type Drawn = Result<(), Box<dyn std::error::Error>>;
type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// A group of bars per figure, a bar per system.
fn bars(path: &Path, results: &Results, profile: &str, metrics: &[&Metric]) -> Drawn {
    let systems = results.systems.len();
    let median = |metric: &Metric, system: &str| results.row(profile, system, &metric.key)?.median;
    let most = results
        .rows
        .iter()
        .filter(|row| row.profile == profile && metrics.iter().any(|metric| metric.key == row.metric.key))
        .filter_map(|row| row.median)
        .fold(1.0, f64::max);
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(format!("{profile}: goodput in Mbit/s, median"), ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(46)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..metrics.len() as f64, 0.0..most * HEADROOM)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .y_label_formatter(&|value| short(*value))
        .draw()?;
    // A bar's width, with one left free between groups.
    let width = 1.0 / (systems as f64 + 1.0);
    for (number, (system, _)) in results.systems.iter().enumerate() {
        let rectangles = metrics.iter().enumerate().filter_map(|(group, metric)| {
            let height = median(metric, system)?;
            let left = group as f64 + (number as f64 + 0.5) * width;
            Some(Rectangle::new([(left, 0.0), (left + width * 0.9, height)], colour(number).filled()))
        });
        let colour = colour(number);
        chart
            .draw_series(rectangles)?
            .label(system.as_str())
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 10, y + 5)], colour.filled()));
    }
    legend(&mut chart)?;
    let columns = (SIZE.0 - 24 - 56) / metrics.len().max(1) as u32;
    for (group, metric) in metrics.iter().enumerate() {
        // Two lines where the title has a comma, so that neighbours do not meet.
        for (line, part) in metric.title.splitn(2, ", ").enumerate() {
            let x = 12 + 56 + columns * group as u32 + 4;
            let y = SIZE.1 - 50 + 14 * line as u32;
            let at = (i32::try_from(x)?, i32::try_from(y)?);
            root.draw(&Text::new(part.to_owned(), at, ("sans-serif", 11).into_font()))?;
        }
    }
    root.present()?;
    Ok(())
}

/// Names the series, above the bars and lines.
fn legend(chart: &mut Chart<'_>) -> Drawn {
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    Ok(())
}

fn timeline(path: &Path, title: &str, lines: &[Line<'_>]) -> Drawn {
    let step = PLOT_STEP.as_secs_f64();
    let most = lines.iter().flat_map(|(_, _, points)| points.iter().copied()).fold(1.0, f64::max);
    let longest = lines.iter().map(|(_, _, points)| points.len()).max().unwrap_or_default();
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..longest as f64 * step, 0.0..most * HEADROOM)?;
    chart.configure_mesh().max_light_lines(1).x_desc("seconds").y_desc("Mbit/s").draw()?;
    for (number, system, points) in lines {
        let colour = colour(*number);
        let points = points.iter().enumerate().map(|(at, rate)| ((at as f64 + 0.5) * step, *rate));
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(*system)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], colour.stroke_width(2)));
    }
    legend(&mut chart)?;
    root.present()?;
    Ok(())
}

#[cfg(test)]
mod tests;
