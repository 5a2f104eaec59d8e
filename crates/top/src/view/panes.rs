//! The panes, a table each.

use gait_artifact::{printable::printable, verdict::Verdict};
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::{
    Block, Borders, Cell, HighlightSpacing, Row, StatefulWidget, Table, TableState, Widget,
};

use super::words::{counted, span, time_of_day, took};
use super::{BOLD, Scene, Screen};
use crate::model::{Gateway, Minute, SeenCall};
use crate::pending::needed;

/// Marks the selected row also where nothing is reversed.
const MARK: &str = ">";
const NARROW: u16 = 60;
const WIDE: u16 = 80;

pub(super) fn gateways(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let rows = scene.model.gateways();
    let columns = [
        Constraint::Fill(2),
        Constraint::Length(7),
        Constraint::Length(7),
        Constraint::Length(6),
        Constraint::Length(11),
        Constraint::Length(7),
    ];
    let table = Table::new(
        rows.into_iter().map(|gateway| gateway_row(scene, gateway)),
        columns,
    )
    .header(header([
        "SERVER",
        "PID",
        "OFFERED",
        "HIDDEN",
        "QUARANTINED",
        "CALLS",
    ]))
    .block(pane(match scene.model.unreadable_lines() {
        0 => "Gateways".to_owned(),
        lines => format!("Gateways ({} unreadable)", counted(lines, "line")),
    }));
    Widget::render(table, area, buffer);
}

fn gateway_row<'a>(scene: &Scene<'_>, gateway: &'a Gateway) -> Row<'a> {
    let mut name = printable(&gateway.server).into_owned();
    if gateway.has_ended {
        name += " (ended)";
    }
    let pid = Cell::from(gateway.pid.to_string());
    let mut cells = vec![Cell::from(name), pid];
    match &gateway.tools {
        None => cells.extend(["-", "-", "-"].map(Cell::from)),
        Some(tools) if !tools.problem.is_empty() => {
            cells.extend(["none", "-", "-"].map(Cell::from));
        }
        Some(tools) => {
            let held = Cell::from(tools.quarantined.to_string());
            let held = if tools.quarantined > 0 {
                held.style(scene.palette.of(Color::Yellow).patch(BOLD))
            } else {
                held
            };
            cells.extend([
                tools.offered.to_string().into(),
                tools.hidden.to_string().into(),
                held,
            ]);
        }
    }
    cells.push(Cell::from(gateway.calls.to_string()));
    let style = if gateway.has_ended {
        Style::new().add_modifier(Modifier::DIM)
    } else {
        Style::new()
    };
    Row::new(cells).style(style)
}

pub(super) fn tools(scene: &Scene<'_>, screen: &Screen, minute: &Minute, area: Rect, buffer: &mut Buffer) {
    let shown = minute
        .tools
        .iter()
        .filter(|tool| screen.shows(&tool.name.server, &tool.name.tool));
    let rows = shown.map(|tool| {
        let refused = tool.rates.calls - tool.rates.verdicts.of(Verdict::Allow);
        let style = if refused > 0 {
            scene.palette.verdict(Verdict::Block)
        } else {
            Style::new()
        };
        Row::new([
            Cell::from(printable(&tool.name.tool).into_owned()),
            Cell::from(printable(&tool.name.server).into_owned()),
            Cell::from(tool.rates.calls.to_string()),
            Cell::from(refused.to_string()).style(style),
            Cell::from(took(tool.rates.p50_us)),
            Cell::from(took(tool.rates.p99_us)),
        ])
    });
    let columns = [
        Constraint::Fill(2),
        Constraint::Fill(1),
        Constraint::Length(6),
        Constraint::Length(7),
        Constraint::Length(8),
        Constraint::Length(8),
    ];
    let table = Table::new(rows, columns)
        .header(header(["TOOL", "SERVER", "CALLS", "REFUSED", "P50", "P99"]))
        .block(pane("Tools, last minute"));
    Widget::render(table, area, buffer);
}

pub(super) fn pending(scene: &Scene<'_>, screen: &Screen, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let requests = scene.model.waiting();
    let (is_wide, is_middling) = (area.width >= WIDE, area.width >= NARROW);
    let shown = [true, true, true, is_wide, is_middling];
    let rows = requests.iter().map(|request| {
        let left = if request.status == "approved" {
            "-".to_owned()
        } else {
            span(request.expires_at.since(scene.now))
        };
        let id = request.request_id.as_str();
        Row::new(those(
            shown,
            [
                left,
                request.tool_name.clone(),
                needed(request),
                id.chars().take(12).collect(),
                format!("{} {}", request.server, request.principal),
            ],
        ))
    });
    let columns = those(
        shown,
        [
            Constraint::Length(6),
            Constraint::Fill(1),
            Constraint::Fill(2),
            Constraint::Length(12),
            Constraint::Fill(1),
        ],
    );
    let title = match scene.model.unreadable_requests() {
        0 => format!("Pending approvals ({})", requests.len()),
        more => format!("Pending approvals ({}, {more} unreadable)", requests.len()),
    };
    let selected = screen
        .selected_request(requests)
        .filter(|_| screen.is_at_pending());
    let table = Table::new(rows, columns)
        .header(header(those(shown, ["LEFT", "TOOL", "NEEDED", "REQUEST", "FOR"])))
        .block(pane(title));
    let mut state = TableState::new().with_selected(selected);
    StatefulWidget::render(selectable(table), area, buffer, &mut state);
}

pub(super) fn calls(scene: &Scene<'_>, screen: &mut Screen, area: Rect, buffer: &mut Buffer) {
    let calls = screen.calls(scene.model);
    let selected = screen.selected_call(&calls);
    let title = format!("Calls, UTC ({}{})", calls.len(), screen.filters());
    // What is far out of view is not made into rows.
    screen.page = usize::from(area.height.saturating_sub(2)).max(1);
    let first = match selected {
        None => 0,
        Some(place) if place < screen.offset => place,
        Some(place) if place >= screen.offset + screen.page => place + 1 - screen.page,
        Some(_) => screen.offset,
    };
    screen.offset = first.min(calls.len().saturating_sub(1));
    let (is_wide, is_middling) = (area.width >= WIDE, area.width >= NARROW);
    let shown = [true, is_wide, true, true, is_middling, is_wide];
    let rows = calls.iter().skip(screen.offset).take(screen.page);
    let rows = rows.map(|seen| Row::new(those(shown, call_cells(scene, seen))));
    let columns = those(
        shown,
        [
            Constraint::Length(8),
            Constraint::Max(16),
            Constraint::Fill(1),
            Constraint::Length(16),
            Constraint::Length(8),
            Constraint::Fill(1),
        ],
    );
    let table = Table::new(rows, columns)
        .header(header(those(
            shown,
            ["TIME", "SERVER", "TOOL", "VERDICT", "TOOK", "REASONS"],
        )))
        .block(pane(title));
    let visible = selected.map(|place| place - screen.offset);
    let mut state = TableState::new().with_selected(visible.filter(|_| !screen.is_at_pending()));
    StatefulWidget::render(selectable(table), area, buffer, &mut state);
}

fn call_cells(scene: &Scene<'_>, seen: &SeenCall) -> [Cell<'static>; 6] {
    let reasons = seen.call.reason_codes.join(",");
    let verdict = seen.call.verdict;
    [
        Cell::from(time_of_day(seen.time)),
        Cell::from(printable(&seen.server).into_owned()),
        Cell::from(printable(&seen.call.tool).into_owned()),
        Cell::from(verdict.as_str()).style(scene.palette.verdict(verdict)),
        Cell::from(took(seen.call.took_us)),
        Cell::from(printable(&reasons).into_owned()),
    ]
}

/// Those of the columns for which there is room.
fn those<T, const N: usize>(shown: [bool; N], columns: [T; N]) -> Vec<T> {
    let columns = columns.into_iter().zip(shown);
    columns
        .filter_map(|(column, is_shown)| is_shown.then_some(column))
        .collect()
}

fn header(names: impl IntoIterator<Item = &'static str>) -> Row<'static> {
    Row::new(names).style(Style::new().add_modifier(Modifier::DIM))
}

fn pane(title: impl Into<String>) -> Block<'static> {
    let title = title.into();
    Block::new()
        .borders(Borders::TOP)
        .title(format!(" {title} "))
        .title_style(BOLD)
}

fn selectable(table: Table<'_>) -> Table<'_> {
    table
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED))
        .highlight_symbol(MARK)
        .highlight_spacing(HighlightSpacing::Always)
}
