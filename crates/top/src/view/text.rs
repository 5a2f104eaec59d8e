//! A snapshot in plain lines, for pipes and logs.

use gait_artifact::{printable::printable, verdict::Verdict};

use super::words::{counted, span, time_of_day, took};
use crate::model::{Gateway, Rates, Snapshot};

/// Calls that are told.
const MAX_CALLS: usize = 20;

/// `snapshot` in lines without colours.
#[must_use]
pub fn plain(snapshot: &Snapshot) -> Vec<String> {
    let minute = &snapshot.last_minute;
    let mut lines = vec![format!("last minute: {}", rates(&minute.sum))];
    lines.extend(snapshot.gateways.iter().map(gateway));
    for tool in &minute.tools {
        let name = format!("{}/{}", tool.name.server, tool.name.tool);
        lines.push(format!("tool {}: {}", printable(&name), rates(&tool.rates)));
    }
    for pending in &snapshot.pending {
        let left = span(std::time::Duration::from_secs(pending.seconds_left));
        lines.push(format!(
            "pending {}: {} on {} for {}, {}, {left} left",
            pending.request_id, pending.tool, pending.server, pending.principal, pending.needed
        ));
    }
    for seen in snapshot.calls.iter().take(MAX_CALLS) {
        let call = &seen.call;
        let what = format!("{}/{}", seen.server, call.tool);
        lines.push(format!(
            "{} {}: {} [{}] trace {} in {}",
            time_of_day(seen.time),
            printable(&what),
            call.verdict,
            printable(&call.reason_codes.join(",")),
            printable(&call.trace_id),
            took(call.took_us)
        ));
    }
    if snapshot.unreadable_lines > 0 {
        lines.push(format!(
            "unreadable: {}",
            counted(snapshot.unreadable_lines, "line")
        ));
    }
    if snapshot.unreadable_requests > 0 {
        let requests = u64::try_from(snapshot.unreadable_requests).unwrap_or(u64::MAX);
        lines.push(format!("unreadable: {}", counted(requests, "request")));
    }
    lines
}

fn rates(rates: &Rates) -> String {
    let verdicts = Verdict::ALL
        .into_iter()
        .map(|verdict| (verdict, rates.verdicts.of(verdict)))
        .filter(|(_, count)| *count > 0)
        .map(|(verdict, count)| format!(", {verdict} {count}"));
    format!(
        "{}, p50 {}, p99 {}{}",
        counted(rates.calls, "call"),
        took(rates.p50_us),
        took(rates.p99_us),
        verdicts.collect::<String>()
    )
}

fn gateway(gateway: &Gateway) -> String {
    let tools = match &gateway.tools {
        None => "tools not reviewed yet".to_owned(),
        Some(tools) if !tools.problem.is_empty() => format!("no tool offered: {}", printable(&tools.problem)),
        Some(tools) => format!(
            "{} offered, {} hidden, {} quarantined",
            counted(tools.offered, "tool"),
            tools.hidden,
            tools.quarantined
        ),
    };
    let ended = if gateway.has_ended { ", ended" } else { "" };
    let dropped = if gateway.dropped > 0 {
        format!(", {} held back", counted(gateway.dropped, "message"))
    } else {
        String::new()
    };
    format!(
        "gateway {} ({}): {tools}, {}{dropped}{ended}",
        printable(&gateway.server),
        gateway.pid,
        counted(gateway.calls, "call")
    )
}
