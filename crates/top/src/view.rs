//! The model on a terminal.
//!
//! What gateways say comes from clients and servers, so every text is made printable before it is drawn. Verdicts are words;
//! colour only helps to find them.

mod overlay;
mod panes;
mod screen;
mod text;
mod words;

use gait_artifact::{Timestamp, verdict::Verdict};
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Sparkline, Widget as _};

use crate::model::{Minute, Model};
pub use screen::{Key, Next, Screen};
pub use text::plain;
use words::{counted, took};

/// From so many lines on there is more than one pane.
const MANY_LINES: u16 = 18;
/// From so many columns on panes stand side by side.
const MANY_COLUMNS: u16 = 96;
/// From so many columns on numbers stand beside words.
const COLUMNS_FOR_WORDS: u16 = 64;
/// From so many columns on the calls of each second are drawn.
const COLUMNS_FOR_SECONDS: u16 = 124;
/// Columns of that.
const SECONDS_COLUMNS: u16 = 60;

/// How things look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// In colours that every terminal has.
    Colour,
    /// Without.
    Monochrome,
}

impl Palette {
    fn verdict(self, verdict: Verdict) -> Style {
        let colour = match verdict {
            Verdict::Allow => Color::Green,
            Verdict::DryRun => Color::Cyan,
            Verdict::RequireApproval => Color::Yellow,
            Verdict::Block => Color::Red,
        };
        self.of(colour)
    }

    fn of(self, colour: Color) -> Style {
        match self {
            Self::Colour => Style::new().fg(colour),
            Self::Monochrome => Style::new(),
        }
    }
}

const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);

/// What is drawn, and how.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// What is known.
    pub model: &'a Model,
    /// The time, in UTC.
    pub now: Timestamp,
    /// How things look.
    pub palette: Palette,
    /// The directory of the approval queue, for commands.
    pub queue: &'a str,
}

/// Draws `scene` as `screen` wants it to all of `area`.
pub fn draw(scene: &Scene<'_>, screen: &mut Screen, area: Rect, buffer: &mut Buffer) {
    let minute = scene.model.minute(scene.now);
    let lines = if area.height < MANY_LINES { 1 } else { 2 };
    let [header, body, footer] = Layout::vertical([
        Constraint::Length(lines),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(area);
    draw_header(scene, screen, &minute, header, buffer);
    if area.height < MANY_LINES {
        draw_one_pane(scene, screen, body, buffer);
    } else {
        draw_panes(scene, screen, &minute, body, buffer);
    }
    footer_line(scene, screen, area.width).render(footer, buffer);
    overlay::draw(scene, screen, body, buffer);
}

fn draw_header(scene: &Scene<'_>, screen: &Screen, minute: &Minute, area: Rect, buffer: &mut Buffer) {
    let mut text = area;
    if area.height > 1 && area.width >= COLUMNS_FOR_SECONDS {
        let [left, right] =
            Layout::horizontal([Constraint::Fill(1), Constraint::Length(SECONDS_COLUMNS)]).areas(area);
        text = left;
        Sparkline::default().data(&minute.by_second).render(right, buffer);
    }
    for (line, row) in header_lines(scene, screen, minute, text.width)
        .into_iter()
        .zip(text.rows())
    {
        line.render(row, buffer);
    }
}

fn header_lines(scene: &Scene<'_>, screen: &Screen, minute: &Minute, width: u16) -> Vec<Line<'static>> {
    let rates = &minute.sum;
    let gateways = scene.model.gateways();
    let running = gateways.iter().filter(|one| !one.has_ended).count();
    let waiting = scene.model.waiting().len();
    let (p50, p99) = (took(rates.p50_us), took(rates.p99_us));
    let mut first = Vec::new();
    if screen.is_paused() {
        first.push(Span::styled("PAUSED", BOLD.add_modifier(Modifier::REVERSED)));
        first.push(Span::raw("  "));
    }
    if width >= COLUMNS_FOR_WORDS {
        let running = counted(u64::try_from(running).unwrap_or(u64::MAX), "gateway");
        first.push(Span::styled("gait mcp top", BOLD));
        first.push(Span::raw(format!(
            "  {running}  {:.1} calls/s  ",
            rates.per_second
        )));
    } else {
        first.push(Span::raw(format!("{:.1}/s  ", rates.per_second)));
    }
    first.push(Span::raw(format!("p50 {p50}  p99 {p99}")));
    if waiting > 0 {
        let style = scene.palette.verdict(Verdict::RequireApproval).patch(BOLD);
        first.push(Span::styled(format!("  {waiting} pending"), style));
    }
    let mut second = vec![Span::raw(format!("last minute {}:", rates.calls))];
    for verdict in Verdict::ALL {
        let text = format!("  {verdict} {}", rates.verdicts.of(verdict));
        second.push(Span::styled(text, scene.palette.verdict(verdict)));
    }
    vec![first.into(), second.into()]
}

/// Where there is little room, one pane has it all.
fn draw_one_pane(scene: &Scene<'_>, screen: &mut Screen, area: Rect, buffer: &mut Buffer) {
    if screen.is_at_pending() {
        panes::pending(scene, screen, area, buffer);
    } else {
        panes::calls(scene, screen, area, buffer);
    }
}

fn draw_panes(scene: &Scene<'_>, screen: &mut Screen, minute: &Minute, area: Rect, buffer: &mut Buffer) {
    let height = |rows: usize, most: u16| u16::try_from(rows + 2).unwrap_or(u16::MAX).clamp(3, most.max(3));
    let third = area.height / 3;
    let (gateways, tools) = (scene.model.gateways().len(), minute.tools.len());
    let waiting = scene.model.waiting().len();
    let pending = if waiting == 0 && !screen.is_at_pending() {
        0
    } else {
        height(waiting, third.min(10))
    };
    if area.width >= MANY_COLUMNS {
        let upper = height(gateways.max(tools), third);
        let [upper, middle, lower] = Layout::vertical([
            Constraint::Length(upper),
            Constraint::Length(pending),
            Constraint::Fill(1),
        ])
        .areas(area);
        let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)])
            .spacing(2)
            .areas(upper);
        panes::gateways(scene, left, buffer);
        panes::tools(scene, screen, minute, right, buffer);
        panes::pending(scene, screen, middle, buffer);
        panes::calls(scene, screen, lower, buffer);
    } else {
        let [first, second, third, fourth] = Layout::vertical([
            Constraint::Length(height(gateways, third.min(6))),
            Constraint::Length(height(tools, third.min(6))),
            Constraint::Length(pending),
            Constraint::Fill(1),
        ])
        .areas(area);
        panes::gateways(scene, first, buffer);
        panes::tools(scene, screen, minute, second, buffer);
        panes::pending(scene, screen, third, buffer);
        panes::calls(scene, screen, fourth, buffer);
    }
}

fn footer_line(scene: &Scene<'_>, screen: &Screen, width: u16) -> Line<'static> {
    if let Some(filter) = screen.typed() {
        return Line::from(format!("filter: {filter}_  Enter keep  Esc drop"));
    }
    let is_wide = width >= 80;
    let mut keys = "q quit  p pause  / filter  v verdict".to_owned();
    if is_wide {
        keys += "  Enter details";
    }
    if is_wide && !scene.model.waiting().is_empty() {
        keys += "  Tab pane  a approve  d deny";
    }
    Line::from(keys).style(Style::new().add_modifier(Modifier::DIM))
}

#[cfg(test)]
mod tests;
