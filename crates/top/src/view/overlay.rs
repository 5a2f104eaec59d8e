//! What covers the panes: one call or request, or the command that decides.

use gait_approval::{Details, RequestId};
use gait_artifact::printable::printable;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Borders, Clear, Paragraph, Widget as _, Wrap};

use super::screen::Overlay;
use super::words::{quoted, span, took};
use super::{BOLD, Scene, Screen};
use crate::model::SeenCall;
use crate::pending::needed;

pub(super) fn draw(scene: &Scene<'_>, screen: &Screen, area: Rect, buffer: &mut Buffer) {
    let Some(overlay) = screen.overlay() else { return };
    let (title, lines) = match overlay {
        Overlay::Call(seen) => ("Call", call(seen)),
        Overlay::Request(details) => ("Request", request(scene, details)),
        Overlay::Approve(id) => ("To approve, run", command(scene, "approve", id)),
        Overlay::Deny(id) => ("To deny, run", command(scene, "deny", id)),
    };
    Clear.render(area, buffer);
    // Nothing stands left or right of the text, so that a command can be marked and copied.
    let block = Block::new()
        .borders(Borders::TOP | Borders::BOTTOM)
        .title(format!(" {title} "))
        .title_style(BOLD)
        .title_bottom(" Esc back ");
    Paragraph::new(lines.join("\n"))
        .wrap(Wrap { trim: false })
        .block(block)
        .render(area, buffer);
}

fn call(seen: &SeenCall) -> Vec<String> {
    let call = &seen.call;
    let mut lines = vec![
        format!("tool:    {}", printable(&call.tool)),
        format!("verdict: {}", call.verdict),
        format!("trace:   {}", printable(&call.trace_id)),
        format!("took:    {}", took(call.took_us)),
        format!("time:    {}", seen.time),
        format!("server:  {}", printable(&seen.server)),
        format!("session: {}", printable(&seen.session)),
        format!("gateway: process {}", seen.pid),
        "reasons:".to_owned(),
    ];
    let codes = call.reason_codes.iter();
    lines.extend(codes.map(|code| format!("  {}", printable(code))));
    lines
}

/// Every text of `details` is printable already.
fn request(scene: &Scene<'_>, details: &Details) -> Vec<String> {
    let mut lines = vec![
        format!("request: {}", details.request_id),
        format!("tool:    {}", details.tool_name),
        format!("server:  {}", details.server),
        format!("for:     {} in {}", details.principal, details.workspace),
        format!("needed:  {}", needed(details)),
        format!("left:    {}", span(details.expires_at.since(scene.now))),
        format!("trace:   {}", details.trace_id),
        format!("reasons: {}", details.reason_codes.join(", ")),
    ];
    lines.extend(details.targets.iter().map(|target| format!("target:  {target}")));
    lines.push("What exactly would run:".to_owned());
    lines.push(format!("  gait approvals show {} \\", details.request_id));
    lines.push(format!("    --dir {}", quoted(scene.queue)));
    lines
}

/// The command, in lines that a shell reads as one and that fit small terminals.
fn command(scene: &Scene<'_>, verb: &str, id: &RequestId) -> Vec<String> {
    let mut lines = vec![
        format!("gait approvals {verb} \\"),
        format!("  {id} \\"),
        format!("  --dir {} \\", quoted(scene.queue)),
    ];
    if verb == "approve" {
        lines.push("  --key-mode prod --private-key FILE \\".to_owned());
    }
    lines.push("  --approver NAME --reason-code WHY".to_owned());
    lines
}
