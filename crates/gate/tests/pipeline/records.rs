//! The records of a decision on disk: the trace comes last, so that it never vouches for records that are missing.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use gait_gate::{Decision, GateError, store::Destinations, trace::TracePathError};

use crate::deployment::{Bench, Manners, call, delegated};

const EVERYTHING: &str = "
default_verdict: block
rules:
  - {name: r, effect: allow, match: {require_delegation: true}, require_broker_credential: true}
  - {name: s, effect: require_approval, match: {tool_names: [fs.write]}}
";

type Decide = fn() -> Decision;

/// A decision with a credential.
fn credentialed() -> Decision {
    let policy = "{default_verdict: block, rules: [{name: r, effect: allow, match: {}, require_broker_credential: true}]}";
    let bench = Bench::of(policy).brokered(Manners::Good);
    bench.decide(&call("fs.read", "low")).unwrap()
}

/// A decision with an approval audit.
fn asked() -> Decision {
    Bench::of(EVERYTHING).decide(&call("fs.write", "low")).unwrap()
}

/// A decision with a delegation audit.
fn unproved() -> Decision {
    Bench::of(EVERYTHING)
        .decide(&delegated(call("fs.read", "low")))
        .unwrap()
}

/// A decision with a line for the journal of the kill switch.
fn stopped() -> Decision {
    let bench = Bench::of("{default_verdict: allow, rules: []}").stopping("fs.read");
    bench.decide(&call("fs.read", "low")).unwrap()
}

/// Every record below `directory`.
fn below(directory: &Path) -> Destinations {
    let path = |name: &str| directory.join("records").join(name).to_str().unwrap().to_owned();
    Destinations {
        trace: path("trace.json"),
        approval_audit: path("approval.json"),
        delegation_audit: path("delegation.json"),
        credential_evidence: path("credential.json"),
        kill_switch_state: path("state.json"),
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory.join("records")).into_iter().flatten();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn each_record_goes_where_it_was_asked_for() {
    let cases: [(Decide, &str); 4] = [
        (asked, "approval.json"),
        (unproved, "delegation.json"),
        (credentialed, "credential.json"),
        (stopped, "kill_switch_journal.jsonl"),
    ];
    for (decide, record) in cases {
        let decision = decide();
        let directory = tempfile::tempdir().unwrap();
        let to = below(directory.path());
        let written = decision.write(&to).unwrap();
        let mut expected = [record, "trace.json"];
        expected.sort_unstable();
        assert_eq!(names(directory.path()), expected);
        assert_eq!(written.trace, to.trace);
        assert_eq!(written.journal_failure, None);
        let trace = Path::new(&to.trace);
        assert_eq!(fs::read(trace).unwrap(), decision.trace.to_file_bytes().unwrap());
        assert_eq!(fs::metadata(trace).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

/// A signed trace never stands alone for a call that was answered with an error.
#[test]
fn without_its_other_records_no_trace_is_left() {
    type Block = fn(&mut Destinations, String);
    let cases: [(Decide, Block, &str); 3] = [
        (
            asked,
            |to, path| to.approval_audit = path,
            "approval audit record",
        ),
        (
            unproved,
            |to, path| to.delegation_audit = path,
            "delegation audit record",
        ),
        (
            credentialed,
            |to, path| to.credential_evidence = path,
            "credential evidence record",
        ),
    ];
    for (decide, block, expected) in cases {
        let decision = decide();
        let directory = tempfile::tempdir().unwrap();
        let mut to = below(directory.path());
        // A directory stands where the record should go.
        let occupied = directory.path().join("occupied");
        fs::create_dir(&occupied).unwrap();
        block(&mut to, occupied.to_str().unwrap().to_owned());
        match decision.write(&to) {
            Err(GateError::Write { record, .. }) => assert_eq!(record, expected),
            other => panic!("{expected}: {other:?}"),
        }
        assert!(!Path::new(&to.trace).exists(), "{expected}");
    }
}

#[test]
fn a_journal_that_cannot_be_written_changes_no_answer() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let mut to = below(directory.path());
    to.kill_switch_state = file.join("state.json").to_str().unwrap().to_owned();
    let written = stopped().write(&to).unwrap();
    assert!(
        written
            .journal_failure
            .is_some_and(|failure| failure.starts_with("append kill switch journal record: "))
    );
    assert_eq!(names(directory.path()), ["trace.json"]);
}

#[test]
fn a_trace_stays_inside_the_working_directory_unless_told_otherwise() {
    for (trace, expected) in [
        ("../trace.json", TracePathError::Traversal),
        ("a/../../trace.json", TracePathError::Traversal),
        ("a/..", TracePathError::Empty),
        ("/", TracePathError::Empty),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let to = Destinations {
            trace: trace.to_owned(),
            ..below(directory.path())
        };
        match asked().write(&to) {
            Err(GateError::TracePath(error)) => assert_eq!(error, expected, "{trace}"),
            other => panic!("{trace}: {other:?}"),
        }
        assert!(names(directory.path()).is_empty(), "{trace}");
    }
}

#[test]
fn records_never_share_a_file() {
    let directory = tempfile::tempdir().unwrap();
    for decide in [credentialed as Decide, asked, unproved] {
        let mut to = below(directory.path());
        let shared = to.trace.replace("/records/", "/records/./");
        to.approval_audit.clone_from(&shared);
        to.delegation_audit.clone_from(&shared);
        to.credential_evidence = shared;
        let refused = decide().write(&to);
        assert!(matches!(refused, Err(GateError::SharedFile(_))), "{refused:?}");
        assert!(names(directory.path()).is_empty());

        "/dev/null".clone_into(&mut to.trace);
        for path in [
            &mut to.approval_audit,
            &mut to.delegation_audit,
            &mut to.credential_evidence,
        ] {
            "/dev/null".clone_into(path);
        }
        decide().write(&to).unwrap();
    }
}
