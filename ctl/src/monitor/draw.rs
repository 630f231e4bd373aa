//! The screen.

use std::collections::VecDeque;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph, RenderDirection, Sparkline};
use tandem::api::{Path, PathState};

use super::seen::{Rates, Seen};
use crate::render;

/// A table's lines beside those of its rows: the frame above and below.
const FRAME: u16 = 2;
/// The longest name of a path that is shown whole.
const NAME_WIDTH: u16 = 16;
/// Lines of events, frame included.
const EVENTS_HEIGHT: u16 = 8;
/// The width of a rate such as "999.9 Mbit/s" and a blank.
const RATE_WIDTH: u16 = 13;

pub(super) fn draw(seen: &Seen, frame: &mut Frame<'_>) {
    let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX).saturating_add(FRAME);
    let heights = [
        Constraint::Length(1),
        // With a line for the names of the columns.
        Constraint::Length(rows(seen.last.paths.len() + 1)),
        Constraint::Length(rows(seen.rates.len())),
        Constraint::Length(rows(seen.classes().len() + 1)),
        Constraint::Min(rows(2)),
        Constraint::Length(EVENTS_HEIGHT),
    ];
    let [head, paths, rates, classes, flows, events] = Layout::vertical(heights).areas(frame.area());
    frame.render_widget(headline(seen), head);
    frame.render_widget(Paragraph::new(path_lines(&seen.last.paths)).block(titled("Paths")), paths);
    draw_rates(seen, frame, rates);
    frame.render_widget(text(&render::classes(&seen.classes().map(summed)), "Classes"), classes);
    frame.render_widget(text(&render::flows(&seen.last.flows, render::PLAIN), "Flows"), flows);
    let lines: Vec<Line<'_>> = seen.events.iter().map(|event| Line::raw(event.as_str())).collect();
    frame.render_widget(Paragraph::new(lines).block(titled("Events")), events);
}

fn summed((class, sum): (tandem::api::FlowClass, super::seen::OfClass)) -> render::ClassRow {
    render::ClassRow { class, flows: sum.flows, down_bps: sum.down, up_bps: sum.up }
}

fn titled(title: &str) -> Block<'_> {
    Block::bordered().title(title)
}

fn text<'t>(text: &str, title: &'t str) -> Paragraph<'t> {
    Paragraph::new(text.to_owned()).block(titled(title))
}

fn headline(seen: &Seen) -> Line<'static> {
    match &seen.lost {
        Some(error) => Line::styled(format!("{error}; what is shown is from before.  q: leave"), Color::Red),
        None => Line::raw(format!("{}  q: leave", render::headline(&seen.last.status))),
    }
}

/// The table of paths, each row in the colour of its state.
fn path_lines(paths: &[Path]) -> Vec<Line<'static>> {
    let table = render::paths(paths, render::PLAIN);
    let colours = paths.iter().map(|path| colour(path.state));
    let colours = std::iter::once(Color::Reset).chain(colours).chain(std::iter::repeat(Color::Reset));
    table
        .lines()
        .zip(colours)
        .map(|(line, colour)| Line::styled(line.to_owned(), Style::new().fg(colour)))
        .collect()
}

fn colour(state: PathState) -> Color {
    match state {
        PathState::Up => Color::Green,
        PathState::Probing | PathState::Suspect => Color::Yellow,
        PathState::Down => Color::Red,
        PathState::Standby | PathState::Unused | PathState::Unknown => Color::Reset,
    }
}

/// A line for each open path: down to the left, up to the right, the present at the right of each.
fn draw_rates(seen: &Seen, frame: &mut Frame<'_>, area: Rect) {
    let block = titled("Rates, down and up");
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let rows = Layout::vertical(vec![Constraint::Length(1); seen.rates.len()]).split(inside);
    // One scale for all of a direction, so that links can be compared.
    let most = |way: fn(&Rates) -> &VecDeque<u64>| {
        seen.rates.values().flat_map(way).max().copied().unwrap_or(0).max(1)
    };
    let (most_down, most_up) = (most(|rates| &rates.down), most(|rates| &rates.up));
    for ((name, rates), row) in seen.rates.iter().zip(rows.iter()) {
        let columns = [
            Constraint::Length(NAME_WIDTH),
            Constraint::Length(RATE_WIDTH),
            Constraint::Fill(1),
            Constraint::Length(RATE_WIDTH + 1),
            Constraint::Fill(1),
        ];
        let [label, down_now, down, up_now, up] = Layout::horizontal(columns).areas(*row);
        frame.render_widget(Line::raw(name.as_str()), label);
        for (rates, most, now, graph, colour) in [
            (&rates.down, most_down, down_now, down, Color::Cyan),
            (&rates.up, most_up, up_now, up, Color::Magenta),
        ] {
            let rate = rates.front().copied().map(render::rate).unwrap_or_default();
            frame.render_widget(Line::raw(format!("{rate} ")).right_aligned(), now);
            let line = Sparkline::default()
                .data(rates.iter().copied())
                .max(most)
                .direction(RenderDirection::RightToLeft)
                .style(Style::new().fg(colour));
            frame.render_widget(line, graph);
        }
    }
}
