use std::{collections::BTreeSet, io::Cursor, sync::Arc};

use gait_canon::PrivateKey;
use gait_gate::{
    Deployment, Entrance, Fact, Signer, clock::SystemClock, profile::Profile, rate_limit::LocalRateLimiter,
};
use gait_policy::{CompiledPolicy, document};
use gait_runpack::Runpack;

use super::*;
use crate::{Answer, Ask, Boundary, boundary::Presented};

const CALL: &str = r#"{"name": "tool.write", "args": {"path": "/a"}, "created_at": "2026-03-01T00:00:00Z",
    "context": {"identity": "agent", "workspace": "/w", "risk_class": "low", "session_id": "s"}}"#;

fn boundary(verdict: &str) -> Boundary<'static> {
    let policy = document::read(format!("{{default_verdict: {verdict}}}").as_bytes()).unwrap();
    let gate = Gate::new(Deployment {
        policy: CompiledPolicy::new(policy),
        profile: Profile::Standard,
        signer: Signer {
            key: PrivateKey::from_seed(&[1; 32]),
            warning: None,
        },
        approval_key: Fact::NotConfigured,
        delegation_key: Fact::NotConfigured,
        kill_switch: Fact::NotConfigured,
        inventory: Fact::NotConfigured,
        scripts: Fact::NotConfigured,
        script_key: Fact::NotConfigured,
        broker: None,
        rate_limiter: Arc::new(LocalRateLimiter::new("unused.json")),
        dispatch: None,
        clock: &SystemClock,
        producer_version: "1.0.0",
        entrance: Entrance::McpBoundary,
    });
    Boundary::new(gate.unwrap(), None, Presented::default())
}

fn judged(boundary: &Boundary<'_>) -> Judged {
    let ask = Ask {
        payload: CALL.as_bytes(),
        run_id: "case",
        ..Ask::default()
    };
    boundary.decide(&ask).unwrap()
}

/// Every artifact, below `root`.
fn everything(root: &Path) -> Outputs {
    let below = |name: &str| root.join(name).to_string_lossy().into_owned();
    Outputs {
        records: Destinations {
            trace: below("t/trace.json"),
            ..Destinations::default()
        },
        runpack: below("r/runpack.zip"),
        pack: below("p/pack.zip"),
        log_export: below("log.jsonl"),
        otel_export: below("otel.jsonl"),
    }
}

fn names(root: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut left = vec![root.to_path_buf()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                found.insert(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found
}

#[test]
fn everything_that_was_asked_for_is_there() {
    let root = tempfile::tempdir().unwrap();
    let boundary = boundary("block");
    let judged = judged(&boundary);
    let checked = everything(root.path()).check().unwrap();
    let written = checked.write(&judged, boundary.gate()).unwrap();
    assert!(root.path().join("t/trace.json").is_file());

    let runpack = Runpack::read(Cursor::new(fs::read(&written.runpack_path).unwrap())).unwrap();
    let content = runpack;
    assert_eq!(content.run.run_id, "run_case");
    assert_eq!(content.results[0].status, "error");
    assert_eq!(content.intents[0].tool_name, "tool.write");
    assert_eq!(content.intents[0].args, None);
    assert_eq!(written.pack_id.len(), 64);

    let log = fs::read_to_string(&written.log_export).unwrap();
    assert!(
        log.ends_with("}\n") && log.contains(r#""verdict":"block""#),
        "{log}"
    );
    let otel = fs::read_to_string(&written.otel_export).unwrap();
    assert!(otel.contains(r#""time_unix_nano":1772323200000000000"#), "{otel}");

    let answer = json::line(&Answer::of(&judged, &written).exit_code(3)).unwrap();
    let members = [
        "executed",
        "adapter",
        "run_id",
        "phase",
        "session_id",
        "verdict",
        "exit_code",
    ];
    let mut last = 0;
    for member in members {
        let at = answer.find(&format!(r#""{member}":"#));
        assert!(at.is_none_or(|at| at > last), "{member} in {answer}");
        last = at.unwrap_or(last);
    }
}

/// The same call gives the same runpack, bit for bit.
#[test]
fn a_runpack_depends_on_the_decision_alone() {
    let boundary = boundary("allow");
    let runpack = || artifact::decision_runpack(&judged(&boundary), "1.0.0").unwrap();
    assert_eq!(runpack(), runpack());
}

#[test]
fn without_its_trace_nothing_proves_a_decision() {
    let root = tempfile::tempdir().unwrap();
    let boundary = boundary("allow");
    let outputs = everything(root.path());
    // A directory stands where the trace would go.
    fs::create_dir_all(root.path().join("t/trace.json")).unwrap();
    let checked = outputs.check().unwrap();
    let failed = checked.write(&judged(&boundary), boundary.gate());
    assert!(matches!(failed, Err(OutputError::Records(_))), "{failed:?}");
    assert_eq!(
        names(root.path()),
        BTreeSet::from(["log.jsonl".to_owned(), "otel.jsonl".to_owned()])
    );
}

#[test]
fn without_a_pack_there_is_no_trace() {
    let root = tempfile::tempdir().unwrap();
    let boundary = boundary("allow");
    fs::create_dir_all(root.path().join("p/pack.zip")).unwrap();
    let checked = everything(root.path()).check().unwrap();
    let failed = checked.write(&judged(&boundary), boundary.gate());
    assert!(matches!(failed, Err(OutputError::Write { artifact: "pack", .. })));
    assert!(names(root.path()).is_empty());
}

#[test]
fn paths_are_looked_at_before_anything_else() {
    let plain = || Outputs {
        records: Destinations {
            trace: "t.json".to_owned(),
            ..Destinations::default()
        },
        ..Outputs::default()
    };
    assert!(plain().check().is_ok());
    let refused = |change: fn(&mut Outputs)| {
        let mut outputs = plain();
        change(&mut outputs);
        outputs.check().unwrap_err()
    };
    assert!(matches!(
        refused(|to| to.records.trace = "../t.json".to_owned()),
        OutputError::TracePath(_)
    ));
    assert!(matches!(
        refused(|to| to.runpack = "../r.zip".to_owned()),
        OutputError::RunpackPath(_)
    ));
    for change in [
        (|to: &mut Outputs| to.pack = "../p.zip".to_owned()) as fn(&mut Outputs),
        |to| to.log_export = "a/../../l".to_owned(),
        |to| to.otel_export = "..".to_owned(),
    ] {
        assert!(matches!(refused(change), OutputError::Path(_)));
    }
    for change in [
        (|to: &mut Outputs| to.runpack = "./t.json".to_owned()) as fn(&mut Outputs),
        |to| to.log_export = "a/../t.json".to_owned(),
        |to| {
            to.pack = "x".to_owned();
            to.runpack = "x".to_owned();
        },
        |to| {
            to.records.approval_audit = "x".to_owned();
            to.pack = "x".to_owned();
        },
    ] {
        assert!(matches!(refused(change), OutputError::SharedFile(_)));
    }
    // Lines of both kinds may go to one file.
    let mut shared = plain();
    shared.log_export = "l".to_owned();
    shared.otel_export = "l".to_owned();
    assert!(shared.check().is_ok());
}

#[test]
fn a_trace_is_named_after_the_run_that_was_asked_for_and_the_time() {
    let now = "2026-03-01T10:20:30.000000042+02:00".parse().unwrap();
    assert_eq!(
        default_trace_name(" a b ", now),
        "trace_run_a_b_20260301T082030.000000042.json"
    );
    assert_eq!(
        default_trace_name("", now),
        "trace__20260301T082030.000000042.json"
    );
    let whole = "2026-03-01T10:20:30Z".parse().unwrap();
    assert_eq!(stamp(whole), "20260301T102030.000000000");
}
