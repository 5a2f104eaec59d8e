use std::fs;
use std::sync::{Arc, Mutex};

use gait_artifact::Verdict;
use gait_canon::json::{self, Value};
use gait_job::JobStore;
use gait_mcp::sessions::SessionSettings;
use gait_runpack::session::{LockOverrides, LockProfile, LockSettings, Session};
use tempfile::TempDir;

use super::*;

const CLIENT: Digest = Digest::from_bytes([7; 32]);

fn now() -> Timestamp {
    "2026-03-01T10:00:00Z".parse().unwrap()
}

fn lock() -> LockSettings {
    LockSettings::new(LockProfile::Standard, LockOverrides::default())
}

fn settings(directory: &str, contents: Contents) -> RecordSettings {
    RecordSettings {
        sessions: SessionSettings {
            directory: directory.to_owned(),
            runpacks: String::new(),
            lock: lock(),
            producer_version: "0.1.0".to_owned(),
            host: gait_runpack::record::host(),
            jobs: JobStore::new("unused"),
            open: 4,
        },
        contents,
    }
}

fn records(directory: &str, contents: Contents) -> Records {
    let settings = settings(directory, contents);
    let warn = |warning: &str| panic!("{warning}");
    Records::default().remembered().written(settings, warn).unwrap()
}

fn decision(session_id: &str, number: u64) -> Decision {
    let trace_id = format!("trace-{number}");
    Decision {
        event: EventDraft {
            trace_id: trace_id.clone(),
            intent_digest: "1".repeat(64),
            ..EventDraft::new("read", Verdict::Allow)
        },
        call: Call {
            session_id: session_id.to_owned(),
            tool_name: "read".to_owned(),
            trace_id,
            intent_digest: "1".repeat(64),
        },
    }
}

/// What is recorded of results in the session.
fn results(directory: &TempDir, session_id: &str) -> Vec<CallResult> {
    let path = directory.path().join(format!("{session_id}.results.jsonl"));
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| json::read(line.as_bytes()).unwrap())
        .collect()
}

#[test]
fn every_decision_is_an_event_and_every_call_that_ran_has_a_result() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().to_str().unwrap();
    let records = records(at, Contents::Digests);
    for number in 0..6 {
        records.keep(decision("s", number), (number < 5).then_some(number), now());
    }
    records.finished(0, r#"{"jsonrpc":"2.0","id":1,"result":{"b":1.0,"a":[]}}"#, now());
    records.finished(
        1,
        r#"{"jsonrpc":"2.0","id":2,"result":{"content":[],"isError":true}}"#,
        now(),
    );
    records.finished(
        2,
        r#"{"jsonrpc":"2.0","id":3,"error":{"code":-32602,"message":"no"}}"#,
        now(),
    );
    records.unfinished(3, Unfinished::ServerGone, now());
    // Twice counts once.
    records.unfinished(3, Unfinished::Cancelled, now());
    records.give_up(now());
    records.flush();

    let session = Session::open(&format!("{at}/s.journal.jsonl"), lock(), "0.1.0").unwrap();
    let state = session.status(now()).unwrap();
    assert_eq!(
        (state.event_count, &*state.session_id, &*state.run_id),
        (6, "s", "run_s")
    );
    let results = results(&directory, "s");
    let outcomes: Vec<_> = results
        .iter()
        .map(|result| {
            (
                &*result.trace_id,
                &*result.outcome,
                result.result_digest.is_empty(),
            )
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            ("trace-0", "completed", false),
            ("trace-1", "tool_error", false),
            ("trace-2", "protocol_error", false),
            ("trace-3", "server_gone", true),
            ("trace-4", "abandoned", true)
        ]
    );
    assert_eq!(
        results[0].result_digest,
        Digest::of(br#"{"a":[],"b":1}"#).to_string()
    );
    assert_eq!((results[0].result_bytes, &results[0].content), (16, &None));
    assert_eq!(
        (&*results[0].run_id, &*results[0].producer_version),
        ("run_s", "0.1.0")
    );
}

#[test]
fn contents_are_recorded_where_that_is_wanted_and_they_are_not_too_large() {
    let directory = tempfile::tempdir().unwrap();
    let records = records(directory.path().to_str().unwrap(), Contents::Whole);
    for number in 0..2 {
        records.keep(decision("s", number), Some(number), now());
    }
    records.finished(0, r#"{"jsonrpc":"2.0","id":1,"result":{"a":1}}"#, now());
    let large = "x".repeat(64 << 10);
    records.finished(
        1,
        &format!(r#"{{"jsonrpc":"2.0","id":2,"result":{{"a":"{large}"}}}}"#),
        now(),
    );
    drop(records);
    let results = results(&directory, "s");
    let content = results[0].content.as_ref().unwrap();
    assert_eq!(content.get("a").and_then(Value::as_i64), Some(1));
    assert!(
        results[1].content.is_none() && results[1].content_omitted && !results[1].result_digest.is_empty()
    );
}

#[test]
fn a_result_is_known_again_in_the_arguments_of_its_reader() {
    let records = Records::default().remembered();
    records.keep(decision("s", 0), Some(0), now());
    records.begun(0, CLIENT, false);
    records.finished(
        0,
        r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"eve@example.org"}]}}"#,
        now(),
    );
    records.heard(
        CLIENT,
        r#"{"jsonrpc":"2.0","id":9,"result":{"contents":[{"uri":"a:b","text":"mallory@example.org"}]}}"#,
    );
    let arguments = |to: &str| -> Object { json::read(format!(r#"{{"to":"{to}"}}"#).as_bytes()).unwrap() };
    let sources = |client, to: &str| -> Vec<_> {
        let entries = records.trace(client, &arguments(to));
        entries
            .into_iter()
            .map(|entry| (entry.source, entry.source_ref))
            .collect()
    };
    assert_eq!(
        sources(CLIENT, "eve@example.org"),
        [("tool_output".to_owned(), "trace-0".to_owned())]
    );
    assert_eq!(
        sources(CLIENT, "mallory@example.org"),
        [
            ("external".to_owned(), String::new()),
            ("tool_output".to_owned(), String::new())
        ]
    );
    assert!(sources(Digest::from_bytes([8; 32]), "eve@example.org").is_empty());
}

#[test]
fn what_cannot_be_written_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&warnings);
    let settings = settings(file.to_str().unwrap(), Contents::Digests);
    let warn = move |warning: &str| heard.lock().unwrap().push(warning.to_owned());
    let records = Records::default().written(settings, warn).unwrap();
    records.keep(decision("s", 0), None, now());
    drop(records);
    assert_eq!(warnings.lock().unwrap().len(), 1);
}
