//! Views as commands make them, and views as an attacker would like them.

use gait_page::{
    Badge, Call, Check, Checkpoint, Decision, Fact, Grade, Head, Judgement, Listed, RegressPage, RunPage,
    SessionPage, Step, Text, Tone, TriagePage,
};

/// Every page with something to say, by name.
pub(crate) fn ordinary() -> Vec<(&'static str, String)> {
    vec![
        ("run", run().html().unwrap()),
        ("session", session().html().unwrap()),
        ("regress", regress().html().unwrap()),
        ("triage", triage().html().unwrap()),
    ]
}

/// Every page with nothing to say, by name.
pub(crate) fn empty() -> Vec<(&'static str, String)> {
    vec![
        ("run-empty", RunPage::default().html().unwrap()),
        ("session-empty", SessionPage::default().html().unwrap()),
        ("regress-empty", RegressPage::default().html().unwrap()),
        ("triage-empty", TriagePage::default().html().unwrap()),
    ]
}

/// Every page with every text chosen by an attacker, by name.
pub(crate) fn hostile() -> Vec<(&'static str, String)> {
    vec![
        ("run-hostile", hostile_run().html().unwrap()),
        ("session-hostile", hostile_session().html().unwrap()),
        ("regress-hostile", hostile_regress().html().unwrap()),
        ("triage-hostile", hostile_triage().html().unwrap()),
    ]
}

const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn head(kind: &'static str, title: &'static str, badge: Badge<'static>) -> Head<'static> {
    let mut head = Head {
        kind,
        title: title.into(),
        badge,
        producer_version: "1.5.0".into(),
        ..Head::default()
    };
    head.tell("Path", "gait-out/runpack_run_demo.zip");
    head.tell("Digest", DIGEST);
    head.tell("Recorded", "2026-02-01T10:00:00Z");
    head
}

fn check(name: &'static str, word: &'static str, note: &'static str) -> Check<'static> {
    Check {
        name: name.into(),
        badge: Badge::of(word),
        notes: vec![note.into()],
        fix: Text::default(),
    }
}

fn calls() -> Vec<Call<'static>> {
    let call = |index, tool: &'static str, verdict: &'static str, status: &'static str| Call {
        index,
        tool: tool.into(),
        status: Badge::of(status),
        verdict: Badge::of(verdict),
        reasons: Vec::new(),
        at: "2026-02-01T10:00:00Z".into(),
        id: "intent_0001".into(),
        digest: DIGEST.into(),
    };
    let mut calls = vec![
        call(1, "tool.search", "allow", "ok"),
        call(2, "mcp__warehouse__run_destructive_statement", "block", "error"),
        call(3, "tool.write", "require_approval", "error"),
        call(4, "tool.read", "dry_run", "ok"),
        call(5, "tool.plain", "", "missing_result"),
    ];
    calls[1].reasons = vec![
        "destructive_operation".into(),
        "blocked_by_rule: no-drop-table".into(),
    ];
    calls[2].reasons = vec!["approval_required".into()];
    calls
}

fn verdicts() -> Vec<(Badge<'static>, usize)> {
    ["allow", "block", "require_approval", "dry_run"]
        .map(|verdict| (Badge::of(verdict), 1))
        .into()
}

fn run() -> RunPage<'static> {
    RunPage {
        head: head("Run", "run_demo", Badge::of("intact")),
        checks: [
            check("Files", "intact", "5 files are as the manifest declares them"),
            check("Signature", "missing", "nobody signed the manifest"),
        ]
        .into_iter()
        .collect(),
        verdicts: verdicts(),
        calls: calls().into_iter().collect(),
        notes: [Text::from(
            "multiple result records for intent_id=intent_0001 (kept first)",
        )]
        .into_iter()
        .collect(),
    }
}

fn session() -> SessionPage<'static> {
    SessionPage {
        head: head("Session", "sess_nightly", Badge::of("verified")),
        checks: [check(
            "Chain",
            "intact",
            "2 checkpoints follow each other without a break",
        )]
        .into_iter()
        .collect(),
        verdicts: verdicts(),
        checkpoints: (1..3)
            .map(|index| Checkpoint {
                index,
                at: "2026-02-01T10:00:00Z".into(),
                range: "1 to 4".into(),
                runpack: "gait-out/sessions/nightly/checkpoint_0001.zip".into(),
                digest: DIGEST.into(),
            })
            .collect(),
        calls: calls().into_iter().collect(),
        has_calls: true,
    }
}

fn regress() -> RegressPage<'static> {
    let grade = |grader: &'static str, word: &'static str, reason: &'static str| Grade {
        fixture: "run_demo".into(),
        grader: grader.into(),
        badge: Badge::of(word),
        reasons: vec![reason.into()],
        details: vec![
            ("candidate_runpack".into(), "runs/candidate.zip".into()),
            (
                "expected_tool_sequence".into(),
                r#"["tool.search","tool.write"]"#.into(),
            ),
        ],
    };
    RegressPage {
        head: head("Regression", "default", Badge::of("fail")),
        counts: vec![(Badge::of("fail"), 1), (Badge::of("pass"), 3)],
        failures: [grade("trajectory", "fail", "unexpected_tool_sequence")]
            .into_iter()
            .collect(),
        passes: ["diff", "expected_exit_code", "schema_validation"]
            .map(|grader| grade(grader, "pass", ""))
            .into_iter()
            .collect(),
        again: "gait regress run --json".into(),
    }
}

fn triage() -> TriagePage<'static> {
    let judgement = |verdict: &'static str, note: &'static str| Judgement {
        verdict: Badge::of(verdict),
        notes: vec![note.into()],
    };
    let mut head = head("Incident", "run_demo", Badge::of("changed"));
    head.lead = "The policy in force decides 1 of 1 calls otherwise than was recorded.".into();
    TriagePage {
        head,
        calls: calls().into_iter().collect(),
        decisions: [Decision {
            tool: "tool.delete".into(),
            id: "trace 6f1ed002ab5595859014ebf0".into(),
            recorded: judgement("block", "destructive_operation"),
            then: judgement("block", "rule block-deletes"),
            now: judgement("allow", "rule allow-all"),
            conclusion: "The policy was changed, and lets through what it refused.".into(),
        }]
        .into_iter()
        .collect(),
        policies: vec![
            Fact {
                label: "Then",
                value: "policies/2026-01.yaml".into(),
            },
            Fact {
                label: "Now",
                value: ".gait.yaml".into(),
            },
        ],
        changes: [check("block-deletes", "removed", "it blocked tool.delete")]
            .into_iter()
            .collect(),
        evidence: [
            check(
                "Runpack gait-out/runpack_run_demo.zip",
                "intact",
                "5 files are as declared",
            ),
            check("Trace gait-out/trace_6f1e.json", "verified", "signed by key 2f3a"),
        ]
        .into_iter()
        .collect(),
        gaps: [Check {
            name: "The intent of trace 6f1e".into(),
            badge: Badge::new(Tone::Warn, "missing"),
            notes: vec!["no intent below . has its digest".into()],
            fix: "gait incident triage --from run_demo --intent intent.json".into(),
        }]
        .into_iter()
        .collect(),
        doctor: [check("workdir", "pass", "it can be written to")]
            .into_iter()
            .collect(),
        made: vec![Fact {
            label: "Fixture",
            value: "gait-out/triage/run_demo/fixtures/run_demo".into(),
        }],
        steps: vec![Step {
            purpose: "Keep it as a regression test:".into(),
            command: "gait regress add --from gait-out/triage/run_demo/fixtures/run_demo/runpack.zip".into(),
        }],
        workflow: Text::preformatted(
            "name: gait\non: [push]\njobs:\n  regress:\n    runs-on: ubuntu-latest\n",
        ),
        workflow_path: ".github/workflows/gait-regress.yml".into(),
    }
}

/// What an attacker might call a tool.
const NAMES: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=\"http://127.0.0.1:1/x.png\" onerror=\"alert(1)\">",
    "</style><link rel=stylesheet href=http://127.0.0.1:1/x.css>",
    "\u{202e}txt.exe\u{202c}\u{1b}[2J\u{0}\u{85}",
    "שלום עולם مرحبا بالعالم",
    "&lt;b&gt; {{ head.title }} {% raw %} ]]> <!-- --> javascript:alert(1)",
];

fn name(at: usize) -> Text<'static> {
    match at % (NAMES.len() + 1) {
        0 => "W".repeat(1 << 20).into(),
        other => NAMES[other - 1].into(),
    }
}

fn badge(at: usize) -> Badge<'static> {
    Badge::new(Tone::Bad, name(at))
}

fn many<T>(row: impl Fn(usize) -> T) -> Listed<T> {
    let mut rows: Listed<T> = (1..12).map(&row).collect();
    // Only one list is as long as it gets: the others show the same.
    rows.push_newest(row(0));
    rows
}

fn hostile_check(at: usize) -> Check<'static> {
    Check {
        name: name(at),
        badge: badge(at),
        notes: vec![name(at), name(at + 1)],
        fix: name(at),
    }
}

fn hostile_call(index: usize) -> Call<'static> {
    Call {
        index,
        tool: name(index),
        status: badge(index),
        verdict: badge(index + 1),
        reasons: vec![name(index), name(index + 2)],
        at: name(index),
        id: name(index),
        digest: name(index),
    }
}

fn hostile_head(kind: &'static str) -> Head<'static> {
    let mut head = Head {
        kind,
        title: name(1),
        badge: badge(2),
        lead: name(4),
        producer_version: name(3),
        ..Head::default()
    };
    for at in 0..=NAMES.len() {
        head.tell("Value", name(at));
    }
    head
}

fn hostile_run() -> RunPage<'static> {
    RunPage {
        head: hostile_head("Run"),
        checks: many(hostile_check),
        verdicts: vec![(badge(1), usize::MAX)],
        // As many as there may be, most of them short: a browser takes its time.
        calls: (1..3000)
            .map(|at| match at {
                1..12 => hostile_call(at),
                _ => Call {
                    index: at,
                    tool: name(1),
                    ..Call::default()
                },
            })
            .collect(),
        notes: many(name),
    }
}

fn hostile_session() -> SessionPage<'static> {
    SessionPage {
        head: hostile_head("Session"),
        checks: many(hostile_check),
        verdicts: vec![(badge(1), 0)],
        checkpoints: many(|at| Checkpoint {
            index: i64::MIN,
            at: name(at),
            range: name(at),
            runpack: name(at),
            digest: name(at),
        }),
        calls: many(hostile_call),
        has_calls: true,
    }
}

fn hostile_regress() -> RegressPage<'static> {
    let grade = |at| Grade {
        fixture: name(at),
        grader: name(at + 1),
        badge: badge(at),
        reasons: vec![name(at)],
        details: vec![(name(at), name(at + 1))],
    };
    RegressPage {
        head: hostile_head("Regression"),
        counts: vec![(badge(1), 1)],
        failures: many(grade),
        passes: many(grade),
        again: name(1),
    }
}

fn hostile_triage() -> TriagePage<'static> {
    let judgement = |at| Judgement {
        verdict: badge(at),
        notes: vec![name(at)],
    };
    TriagePage {
        head: hostile_head("Incident"),
        calls: many(hostile_call),
        decisions: many(|at| Decision {
            tool: name(at),
            id: name(at),
            recorded: judgement(at),
            then: judgement(at + 1),
            now: judgement(at + 2),
            conclusion: name(at),
        }),
        policies: vec![Fact {
            label: "Then",
            value: name(0),
        }],
        changes: many(hostile_check),
        evidence: many(hostile_check),
        gaps: many(hostile_check),
        doctor: many(hostile_check),
        made: vec![Fact {
            label: "Pack",
            value: name(2),
        }],
        steps: vec![Step {
            purpose: name(1),
            command: name(0),
        }],
        workflow: Text::preformatted("</pre>\n\t<script>alert(1)</script>\u{202e}"),
        workflow_path: name(2),
    }
}
