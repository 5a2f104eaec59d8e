#![allow(
    clippy::needless_raw_string_hashes,
    reason = "snapshots are written back in this form"
)]

use gait_approval::Details;
use gait_artifact::verdict::Verdict;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use snapbox::{IntoData as _, assert_data_eq, str};

use super::*;
use crate::activity::tests::call;
use crate::activity::{Call, Event, News, Record, Source, Tools};
use crate::pending::Waiting;

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix(1_800_000_000 + second, 0)
}

fn happened(server: &str, pid: u32, second: i64, event: Event) -> Record {
    let source = Source {
        server: server.to_owned(),
        pid,
        session: format!("mcp-{pid}"),
    };
    Record::new(&source, at(second), event)
}

/// Two gateways, one of them with a tool that says more than it should.
fn model() -> Model {
    let tools = Event::Tools(Tools {
        offered: 3,
        hidden: 1,
        quarantined: 2,
        problem: String::new(),
    });
    let evil = Event::Call(Call {
        tool: "ev\u{1b}[31mil\u{202e}x".to_owned(),
        verdict: Verdict::Block,
        reason_codes: vec!["mcp_tool_unknown".to_owned()],
        trace_id: "trace_2".to_owned(),
        took_us: 2_150,
    });
    let mut model = Model::default();
    model.take(
        News {
            records: vec![
                happened("files", 41, 0, tools),
                happened("mail", 42, 1, call("send", Verdict::RequireApproval, 900)),
                happened("mail", 42, 2, Event::Gone),
                happened("files", 41, 3, call("read", Verdict::Allow, 412)),
                happened("files", 41, 4, evil),
                happened("files", 41, 5, call("read", Verdict::Allow, 388)),
                happened("files", 41, 6, call("write", Verdict::DryRun, 501)),
            ],
            ..News::default()
        },
        at(6),
    );
    model
}

/// The same while somebody waits.
fn model_with_request() -> Model {
    let text = |text: &str| text.to_owned();
    let request = Details {
        request_id: "0123456789abcdef0123456789abcdef".parse().unwrap(),
        status: "pending",
        status_code: "approval_pending",
        tool_name: text("send"),
        server: text("mail"),
        principal: text("agent"),
        identity: text("agent"),
        workspace: text("/w"),
        risk_class: text("high"),
        targets: vec![text("url mailto:bob write")],
        targets_hidden: 0,
        arguments: text("{}"),
        arguments_bytes: 2,
        arguments_hidden_bytes: 0,
        reason_codes: vec![text("mail_leaves")],
        trace_id: text("trace_9"),
        intent_digest: String::new(),
        policy_digest: String::new(),
        delegation_digest: String::new(),
        scope: Vec::new(),
        required_approvals: 2,
        distinct_approvers: true,
        approval_key_id: String::new(),
        approvers: vec![text("alice")],
        closed_by: String::new(),
        closed_because: String::new(),
        created_at: at(0),
        expires_at: at(261),
    };
    let mut model = model();
    model.know_waiting(Waiting {
        requests: vec![request],
        unreadable: 1,
    });
    model
}

fn scene(model: &Model) -> Scene<'_> {
    Scene {
        model,
        now: at(9),
        palette: Palette::Monochrome,
        queue: ".gait/approvals",
    }
}

/// What is seen on a terminal of this size after these keys.
fn seen(model: &Model, (width, height): (u16, u16), keys: &[Key]) -> String {
    let mut screen = Screen::default();
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut shown = |screen: &mut Screen| {
        terminal
            .draw(|frame| draw(&scene(model), screen, frame.area(), frame.buffer_mut()))
            .unwrap();
    };
    shown(&mut screen);
    for key in keys {
        assert_eq!(screen.press(*key, model), Next::Stay);
        shown(&mut screen);
    }
    let buffer = terminal.backend().buffer();
    let rows = buffer.area.rows().map(|row| {
        let cells = row.columns().map(|cell| buffer[(cell.x, cell.y)].symbol());
        cells.collect::<String>().trim_end().to_owned() + "\n"
    });
    rows.collect()
}

#[test]
fn a_wide_terminal_shows_everything() {
    assert_data_eq!(seen(&model(), (130, 24), &[]), str![[r#"
gait mcp top  1 gateway  0.1 calls/s  p50 0.51 ms  p99 2.17 ms                                                           █ ████
last minute 5:  allow 2  dry_run 1  require_approval 1  block 1                                                          █ ████
 Gateways ──────────────────────────────────────────────────────   Tools, last minute ────────────────────────────────────────────
SERVER                PID     OFFERED HIDDEN QUARANTINED CALLS    TOOL                 SERVER     CALLS  REFUSED P50      P99
files                 41      3       1      2           4        read                 files      2      0       0.39 ms  0.41 ms
mail (ended)          42      -       -      -           1        ev\u{1b}[31mil\u{202 files      1      1       2.17 ms  2.17 ms
                                                                  write                files      1      1       0.51 ms  0.51 ms
                                                                  send                 mail       1      1       0.92 ms  0.92 ms
 Calls, UTC (5) ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────
 TIME     SERVER           TOOL                                   VERDICT          TOOK     REASONS
 08:00:06 files            write                                  dry_run          0.50 ms  matched_rule_reading
 08:00:05 files            read                                   allow            0.38 ms  matched_rule_reading
 08:00:04 files            ev\u{1b}[31mil\u{202e}x                block            2.15 ms  mcp_tool_unknown
 08:00:03 files            read                                   allow            0.41 ms  matched_rule_reading
 08:00:01 mail             send                                   require_approval 0.90 ms  matched_rule_reading








q quit  p pause  / filter  v verdict  Enter details

"#]].raw());
}

#[test]
fn panes_are_stacked_where_it_is_narrow() {
    assert_data_eq!(
        seen(&model(), (80, 24), &[]),
        str![[r#"
gait mcp top  1 gateway  0.1 calls/s  p50 0.51 ms  p99 2.17 ms
last minute 5:  allow 2  dry_run 1  require_approval 1  block 1
 Gateways ──────────────────────────────────────────────────────────────────────
SERVER                                PID     OFFERED HIDDEN QUARANTINED CALLS
files                                 41      3       1      2           4
mail (ended)                          42      -       -      -           1
 Tools, last minute ────────────────────────────────────────────────────────────
TOOL                            SERVER          CALLS  REFUSED P50      P99
read                            files           2      0       0.39 ms  0.41 ms
ev\u{1b}[31mil\u{202e}x         files           1      1       2.17 ms  2.17 ms
write                           files           1      1       0.51 ms  0.51 ms
send                            mail            1      1       0.92 ms  0.92 ms
 Calls, UTC (5) ────────────────────────────────────────────────────────────────
 TIME     SERVER           TOOL          VERDICT          TOOK     REASONS
 08:00:06 files            write         dry_run          0.50 ms  matched_rule_
 08:00:05 files            read          allow            0.38 ms  matched_rule_
 08:00:04 files            ev\u{1b}[31mi block            2.15 ms  mcp_tool_unkn
 08:00:03 files            read          allow            0.41 ms  matched_rule_
 08:00:01 mail             send          require_approval 0.90 ms  matched_rule_




q quit  p pause  / filter  v verdict  Enter details

"#]]
        .raw()
    );
}

#[test]
fn the_smallest_terminal_shows_calls() {
    assert_data_eq!(
        seen(&model(), (40, 10), &[]),
        str![[r#"
0.1/s  p50 0.51 ms  p99 2.17 ms
 Calls, UTC (5) ────────────────────────
 TIME     TOOL          VERDICT
 08:00:06 write         dry_run
 08:00:05 read          allow
 08:00:04 ev\u{1b}[31mi block
 08:00:03 read          allow
 08:00:01 send          require_approval

q quit  p pause  / filter  v verdict

"#]]
        .raw()
    );
}

#[test]
fn calls_are_filtered_and_told_in_full() {
    let by_verdict = [Key::Char('v'), Key::Char('p')];
    assert_data_eq!(
        seen(&model(), (80, 12), &by_verdict),
        str![[r#"
PAUSED  gait mcp top  1 gateway  0.1 calls/s  p50 0.51 ms  p99 2.17 ms
 Calls, UTC (2 allow only) ─────────────────────────────────────────────────────
 TIME     SERVER           TOOL          VERDICT          TOOK     REASONS
 08:00:05 files            read          allow            0.38 ms  matched_rule_
 08:00:03 files            read          allow            0.41 ms  matched_rule_






q quit  p pause  / filter  v verdict  Enter details

"#]]
        .raw()
    );
    let by_name = "/READ".chars().map(Key::Char).collect::<Vec<_>>();
    assert_data_eq!(
        seen(&model(), (80, 12), &by_name),
        str![[r#"
gait mcp top  1 gateway  0.1 calls/s  p50 0.51 ms  p99 2.17 ms
 Calls, UTC (2) ────────────────────────────────────────────────────────────────
 TIME     SERVER           TOOL          VERDICT          TOOK     REASONS
 08:00:05 files            read          allow            0.38 ms  matched_rule_
 08:00:03 files            read          allow            0.41 ms  matched_rule_






filter: read_  Enter keep  Esc drop

"#]]
        .raw()
    );
    let details = [Key::Down, Key::Down, Key::Down, Key::Enter];
    assert_data_eq!(
        seen(&model(), (80, 18), &details),
        str![[r#"
gait mcp top  1 gateway  0.1 calls/s  p50 0.51 ms  p99 2.17 ms
last minute 5:  allow 2  dry_run 1  require_approval 1  block 1
 Call ──────────────────────────────────────────────────────────────────────────
tool:    ev\u{1b}[31mil\u{202e}x
verdict: block
trace:   trace_2
took:    2.15 ms
time:    2027-01-15T08:00:04Z
server:  files
session: mcp-41
gateway: process 41
reasons:
  mcp_tool_unknown



 Esc back ──────────────────────────────────────────────────────────────────────
q quit  p pause  / filter  v verdict  Enter details

"#]]
        .raw()
    );
}

#[test]
fn a_request_is_told_with_the_command_that_settles_it() {
    let model = model_with_request();
    assert_data_eq!(
        seen(&model, (80, 24), &[]),
        str![[r#"
gait mcp top  1 gateway  0.1 calls/s  p50 0.51 ms  p99 2.17 ms  1 pending
last minute 5:  allow 2  dry_run 1  require_approval 1  block 1
 Gateways ──────────────────────────────────────────────────────────────────────
SERVER                                PID     OFFERED HIDDEN QUARANTINED CALLS
files                                 41      3       1      2           4
mail (ended)                          42      -       -      -           1
 Tools, last minute ────────────────────────────────────────────────────────────
TOOL                            SERVER          CALLS  REFUSED P50      P99
read                            files           2      0       0.39 ms  0.41 ms
ev\u{1b}[31mil\u{202e}x         files           1      1       2.17 ms  2.17 ms
write                           files           1      1       0.51 ms  0.51 ms
send                            mail            1      1       0.92 ms  0.92 ms
 Pending approvals (1, 1 unreadable) ───────────────────────────────────────────
 LEFT   TOOL           NEEDED                        REQUEST      FOR
 4m12s  send           needs 1 of 2 different approv 0123456789ab mail agent
 Calls, UTC (5) ────────────────────────────────────────────────────────────────
 TIME     SERVER           TOOL          VERDICT          TOOK     REASONS
 08:00:06 files            write         dry_run          0.50 ms  matched_rule_
 08:00:05 files            read          allow            0.38 ms  matched_rule_
 08:00:04 files            ev\u{1b}[31mi block            2.15 ms  mcp_tool_unkn
 08:00:03 files            read          allow            0.41 ms  matched_rule_
 08:00:01 mail             send          require_approval 0.90 ms  matched_rule_

q quit  p pause  / filter  v verdict  Enter details  Tab pane  a approve  d deny

"#]]
        .raw()
    );
    assert_data_eq!(
        seen(&model, (40, 10), &[Key::Tab]),
        str![[r#"
0.1/s  p50 0.51 ms  p99 2.17 ms  1 pendi
 Pending approvals (1, 1 unreadable) ───
 LEFT   TOOL       NEEDED
>4m12s  send       needs 1 of 2 differen





q quit  p pause  / filter  v verdict

"#]]
        .raw()
    );
    assert_data_eq!(
        seen(&model, (40, 10), &[Key::Char('a')]),
        str![[r#"
0.1/s  p50 0.51 ms  p99 2.17 ms  1 pendi
 To approve, run ───────────────────────
gait approvals approve \
  0123456789abcdef0123456789abcdef \
  --dir .gait/approvals \
  --key-mode prod --private-key FILE \
  --approver NAME --reason-code WHY

 Esc back ──────────────────────────────
q quit  p pause  / filter  v verdict

"#]]
        .raw()
    );
    assert_data_eq!(
        seen(&model, (80, 12), &[Key::Char('d')]),
        str![[r#"
gait mcp top  1 gateway  0.1 calls/s  p50 0.51 ms  p99 2.17 ms  1 pending
 To deny, run ──────────────────────────────────────────────────────────────────
gait approvals deny \
  0123456789abcdef0123456789abcdef \
  --dir .gait/approvals \
  --approver NAME --reason-code WHY




 Esc back ──────────────────────────────────────────────────────────────────────
q quit  p pause  / filter  v verdict  Enter details  Tab pane  a approve  d deny

"#]]
        .raw()
    );
    assert_data_eq!(
        seen(&model, (80, 18), &[Key::Tab, Key::Enter]),
        str![[r#"
gait mcp top  1 gateway  0.1 calls/s  p50 0.51 ms  p99 2.17 ms  1 pending
last minute 5:  allow 2  dry_run 1  require_approval 1  block 1
 Request ───────────────────────────────────────────────────────────────────────
request: 0123456789abcdef0123456789abcdef
tool:    send
server:  mail
for:     agent in /w
needed:  needs 1 of 2 different approvers
left:    4m12s
trace:   trace_9
reasons: mail_leaves
target:  url mailto:bob write
What exactly would run:
  gait approvals show 0123456789abcdef0123456789abcdef \
    --dir .gait/approvals

 Esc back ──────────────────────────────────────────────────────────────────────
q quit  p pause  / filter  v verdict  Enter details  Tab pane  a approve  d deny

"#]]
        .raw()
    );
}

#[test]
fn every_size_can_be_drawn_whatever_is_pressed() {
    let model = model_with_request();
    let keys = [
        Key::Down,
        Key::PageDown,
        Key::End,
        Key::Enter,
        Key::Escape,
        Key::Tab,
        Key::Down,
        Key::Char('a'),
        Key::Char('d'),
        Key::Char('/'),
        Key::Backspace,
        Key::Char('x'),
        Key::Enter,
        Key::Up,
        Key::Home,
    ];
    for width in [0, 1, 2, 10, 40, 79, 130] {
        for height in [0, 1, 2, 3, 10, 18, 24] {
            _ = seen(&model, (width.max(1), height.max(1)), &keys);
            let area = Rect::new(0, 0, width, height);
            draw(
                &scene(&model),
                &mut Screen::default(),
                area,
                &mut Buffer::empty(area),
            );
        }
    }
}

#[test]
fn the_selection_stays_with_its_call() {
    let mut model = model();
    let mut screen = Screen::default();
    for key in [Key::Down, Key::Down] {
        screen.press(key, &model);
    }
    let before = screen.calls(&model)[1].number;
    model.take(
        News {
            records: vec![happened("files", 41, 7, call("read", Verdict::Allow, 1))],
            ..News::default()
        },
        at(7),
    );
    let calls = screen.calls(&model);
    assert_eq!(screen.selected_call(&calls), Some(2));
    assert_eq!(calls[2].number, before);
    for _ in 0..3 {
        screen.press(Key::Up, &model);
    }
    assert_eq!(screen.selected_call(&screen.calls(&model)), None);
}

#[test]
fn keys_that_end_close_what_is_open_first() {
    let model = model();
    for (keys, next) in [
        (vec![Key::Char('q')], Next::Quit),
        (vec![Key::Escape], Next::Quit),
        (vec![Key::Interrupt], Next::Quit),
        (vec![Key::Enter, Key::Char('q')], Next::Stay),
        (vec![Key::Enter, Key::Escape, Key::Escape], Next::Quit),
        (vec![Key::Char('/'), Key::Char('q')], Next::Stay),
        (vec![Key::Char('/'), Key::Escape, Key::Char('q')], Next::Quit),
        (vec![Key::Char('/'), Key::Interrupt], Next::Quit),
    ] {
        let mut screen = Screen::default();
        let last = keys.iter().map(|key| screen.press(*key, &model)).last();
        assert_eq!(last, Some(next), "{keys:?}");
    }
}

#[test]
fn plain_lines_say_the_same() {
    let snapshot = model_with_request().snapshot(at(9));
    assert_data_eq!(
        plain(&snapshot).join("\n"),
        str![[r#"
last minute: 5 calls, p50 0.51 ms, p99 2.17 ms, allow 2, dry_run 1, require_approval 1, block 1
gateway files (41): 3 tools offered, 1 hidden, 2 quarantined, 4 calls
gateway mail (42): tools not reviewed yet, 1 call, ended
tool files/read: 2 calls, p50 0.39 ms, p99 0.41 ms, allow 2
tool files/ev\u{1b}[31mil\u{202e}x: 1 call, p50 2.17 ms, p99 2.17 ms, block 1
tool files/write: 1 call, p50 0.51 ms, p99 0.51 ms, dry_run 1
tool mail/send: 1 call, p50 0.92 ms, p99 0.92 ms, require_approval 1
pending 0123456789abcdef0123456789abcdef: send on mail for agent, needs 1 of 2 different approvers, 4m12s left
08:00:06 files/write: dry_run [matched_rule_reading] trace trace_1 in 0.50 ms
08:00:05 files/read: allow [matched_rule_reading] trace trace_1 in 0.38 ms
08:00:04 files/ev\u{1b}[31mil\u{202e}x: block [mcp_tool_unknown] trace trace_2 in 2.15 ms
08:00:03 files/read: allow [matched_rule_reading] trace trace_1 in 0.41 ms
08:00:01 mail/send: require_approval [matched_rule_reading] trace trace_1 in 0.90 ms
unreadable: 1 request
"#]]
        .raw()
    );
}
