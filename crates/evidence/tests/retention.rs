//! What must be kept is kept, whatever happens.
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use gait_artifact::Timestamp;
use gait_artifact::guard::{RetentionAction, RetentionEvent, RetentionReport};
use gait_canon::json;
use gait_evidence::retain::{Policy, TimeToLive, plan};
use proptest::prelude::*;

/// The present, in seconds since 1970.
const NOW: i64 = 1_770_000_000;
const TRACE_LIMIT: i64 = 3600;
const PACK_LIMIT: i64 = 7200;

fn policy(root: &Path, now: i64) -> Policy<'_> {
    Policy {
        root,
        traces: TimeToLive::Limited(Duration::from_secs(TRACE_LIMIT.unsigned_abs())),
        packs: TimeToLive::Limited(Duration::from_secs(PACK_LIMIT.unsigned_abs())),
        now: Timestamp::from_unix(now, 0),
        producer_version: "1.0.0",
    }
}

/// A file that is `age` seconds old; of the future when that is negative.
fn put(path: &Path, age: i64) {
    fs::write(path, "x").unwrap();
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(NOW - age).unwrap());
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(modified).unwrap();
}

fn names(root: &Path) -> BTreeSet<String> {
    fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn paths(events: &[RetentionEvent]) -> Vec<String> {
    let name = |event: &RetentionEvent| event.path.rsplit('/').next().unwrap().to_owned();
    events.iter().map(name).collect()
}

fn read(path: &Path) -> RetentionReport {
    json::read(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn old_files_go_and_the_report_says_so() {
    let root = tempfile::tempdir().unwrap();
    let report = root.path().join("reports/r.json");
    for (name, age) in [
        ("trace_old.json", TRACE_LIMIT + 1),
        ("trace_due.json", TRACE_LIMIT),
        ("evidence_pack_old.zip", PACK_LIMIT + 1),
        ("incident_pack_young.gaitenc", TRACE_LIMIT + 1),
        ("runpack_old.zip", 1_000_000),
    ] {
        put(&root.path().join(name), age);
    }
    let rehearsed = plan(&policy(root.path(), NOW)).unwrap().rehearse(None).unwrap();
    assert_eq!(names(root.path()).len(), 5);
    assert!(rehearsed.dry_run);
    let outcome = plan(&policy(root.path(), NOW)).unwrap();
    let outcome = outcome.carry_out(Some(&report)).unwrap();
    assert!(outcome.failures.is_empty());
    assert_eq!(read(&report), outcome.report);
    assert_eq!(
        paths(&outcome.report.deleted_files),
        ["evidence_pack_old.zip", "trace_old.json"]
    );
    assert_eq!(rehearsed.deleted_files, outcome.report.deleted_files);
    assert_eq!(
        paths(&outcome.report.kept_files),
        ["incident_pack_young.gaitenc", "trace_due.json"]
    );
    assert_eq!(outcome.report.scanned_files, 4);
    assert!(!root.path().join("trace_old.json").exists() && root.path().join("runpack_old.zip").exists());
    let mode = fs::metadata(&report).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_clock_that_went_back_makes_everything_young() {
    let root = tempfile::tempdir().unwrap();
    put(&root.path().join("trace_old.json"), TRACE_LIMIT + 1);
    for now in [NOW - 2, 0, i64::MIN] {
        let outcome = plan(&policy(root.path(), now)).unwrap().carry_out(None).unwrap();
        assert_eq!(paths(&outcome.report.kept_files), ["trace_old.json"]);
    }
    assert!(root.path().join("trace_old.json").exists());
}

#[test]
fn nothing_goes_where_the_report_cannot_be_written() {
    let root = tempfile::tempdir().unwrap();
    let old = root.path().join("trace_old.json");
    put(&old, TRACE_LIMIT + 1);
    fs::write(root.path().join("file"), "").unwrap();
    let mut unwritable = vec![root.path().to_path_buf(), root.path().join("file/report.json")];
    // A full disk.
    if Path::new("/dev/full").exists() {
        unwritable.push("/dev/full".into());
    }
    for report in unwritable {
        let refused = plan(&policy(root.path(), NOW)).unwrap().carry_out(Some(&report));
        assert!(refused.is_err(), "{}", report.display());
        assert!(old.exists(), "{}", report.display());
    }
}

#[test]
fn files_that_were_written_since_the_plan_stay() {
    let root = tempfile::tempdir().unwrap();
    let report = root.path().join("report.json");
    for name in ["trace_a.json", "trace_b.json", "trace_c.json", "trace_d.json"] {
        put(&root.path().join(name), TRACE_LIMIT + 1);
    }
    let planned = plan(&policy(root.path(), NOW)).unwrap();
    fs::write(root.path().join("trace_a.json"), "new").unwrap();
    put(&root.path().join("new"), 0);
    fs::rename(root.path().join("new"), root.path().join("trace_b.json")).unwrap();
    fs::remove_file(root.path().join("trace_c.json")).unwrap();
    let outcome = planned.carry_out(Some(&report)).unwrap();
    assert_eq!(
        paths(&outcome.report.kept_files),
        ["trace_a.json", "trace_b.json"]
    );
    assert_eq!(
        paths(&outcome.report.deleted_files),
        ["trace_c.json", "trace_d.json"]
    );
    assert_eq!(read(&report), outcome.report);
    let left = ["report.json", "trace_a.json", "trace_b.json"].map(str::to_owned);
    assert_eq!(names(root.path()), BTreeSet::from(left));
}

#[test]
fn links_go_themselves_and_lead_nowhere() {
    let root = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    put(&outside.path().join("trace_far.json"), TRACE_LIMIT + 1);
    symlink(outside.path(), root.path().join("directory")).unwrap();
    symlink(
        outside.path().join("trace_far.json"),
        root.path().join("trace_link.json"),
    )
    .unwrap();
    // The link is as young as this test, so a year must pass.
    let later = Timestamp::from_unix(NOW, 0).saturating_add(Duration::from_secs(50 * 365 * 86_400));
    let policy = Policy {
        now: later,
        ..policy(root.path(), NOW)
    };
    let outcome = plan(&policy).unwrap().carry_out(None).unwrap();
    assert_eq!(paths(&outcome.report.deleted_files), ["trace_link.json"]);
    assert!(outside.path().join("trace_far.json").exists());
    let entrance = outside.path().join("entrance");
    symlink(root.path(), &entrance).unwrap();
    let through = Policy {
        root: &entrance,
        ..policy
    };
    assert!(plan(&through).is_err());
}

#[test]
fn a_file_that_cannot_be_deleted_keeps_no_other() {
    let root = tempfile::tempdir().unwrap();
    let swapped = root.path().join("swapped");
    fs::create_dir(&swapped).unwrap();
    put(&swapped.join("trace_a.json"), TRACE_LIMIT + 1);
    put(&root.path().join("trace_b.json"), TRACE_LIMIT + 1);
    let planned = plan(&policy(root.path(), NOW)).unwrap();
    // A link to the very same directory is not entered either.
    fs::rename(&swapped, root.path().join("real")).unwrap();
    symlink("real", &swapped).unwrap();
    let outcome = planned.carry_out(None).unwrap();
    assert_eq!(outcome.failures.len(), 1);
    assert_eq!(paths(&outcome.report.kept_files), ["trace_a.json"]);
    assert_eq!(paths(&outcome.report.deleted_files), ["trace_b.json"]);
    assert!(swapped.join("trace_a.json").exists());
}

#[test]
fn clean_ups_at_once_keep_what_must_be_kept() {
    let root = tempfile::tempdir().unwrap();
    for index in 0..200 {
        put(
            &root.path().join(format!("trace_old_{index}.json")),
            TRACE_LIMIT + 1,
        );
        put(&root.path().join(format!("trace_young_{index}.json")), index);
    }
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let outcome = plan(&policy(root.path(), NOW)).unwrap().carry_out(None).unwrap();
                assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
            });
        }
    });
    let left = names(root.path());
    assert_eq!(left.len(), 200);
    assert!(
        left.iter().all(|name| name.starts_with("trace_young_")),
        "{left:?}"
    );
}

#[test]
fn a_writer_beside_a_clean_up_loses_nothing() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("trace_a.json");
    for _ in 0..200 {
        put(&path, TRACE_LIMIT + 1);
        thread::scope(|scope| {
            scope.spawn(|| {
                put(&root.path().join("new"), 0);
                fs::rename(root.path().join("new"), &path).unwrap();
            });
            scope.spawn(|| {
                let outcome = plan(&policy(root.path(), NOW)).unwrap().carry_out(None).unwrap();
                assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
            });
        });
        assert_eq!(names(root.path()), BTreeSet::from(["trace_a.json".to_owned()]));
    }
}

/// A file: the kind of its name, and its age in seconds.
fn file() -> impl Strategy<Value = (usize, i64)> {
    (0..4_usize, -10_000_i64..20_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever there is: what is young, protected or something else stays, and what went stands in the report.
    #[test]
    fn nothing_is_deleted_before_its_time(
        files in prop::collection::vec(file(), 0..12),
        trace_limit in -10_i64..10_000,
        pack_limit in -10_i64..10_000,
    ) {
        let root = tempfile::tempdir().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let report = directory.path().join("report.json");
        let mut expected = BTreeSet::new();
        for (index, (kind, age)) in files.into_iter().enumerate() {
            let (name, limit) = match kind {
                0 => (format!("trace_{index}.json"), trace_limit),
                1 => (format!("evidence_pack_{index}.zip"), pack_limit),
                // What an earlier clean-up that was killed had moved aside.
                2 => (format!(".trace_{index}.json.retained-0123456789abcdef"), trace_limit),
                _ => (format!("runpack_{index}.zip"), 0),
            };
            put(&root.path().join(&name), age);
            if limit <= 0 || age <= limit {
                let name = name.trim_start_matches('.').trim_end_matches(".retained-0123456789abcdef");
                expected.insert(name.to_owned());
            }
        }
        let before = names(root.path());
        let policy = Policy {
            traces: TimeToLive::of_nanoseconds(trace_limit * 1_000_000_000),
            packs: TimeToLive::of_nanoseconds(pack_limit * 1_000_000_000),
            ..policy(root.path(), NOW)
        };
        plan(&policy).unwrap().rehearse(Some(&report)).unwrap();
        prop_assert_eq!(names(root.path()), before.clone());
        let outcome = plan(&policy).unwrap().carry_out(Some(&report)).unwrap();
        prop_assert!(outcome.failures.is_empty());
        prop_assert_eq!(names(root.path()), expected.clone());
        prop_assert_eq!(read(&report), outcome.report.clone());
        let is_told = |action, events: &[RetentionEvent]| events.iter().all(|event| event.action == action);
        prop_assert!(is_told(RetentionAction::Deleted, &outcome.report.deleted_files));
        prop_assert!(is_told(RetentionAction::Kept, &outcome.report.kept_files));
        prop_assert_eq!(before.len() - expected.len(), outcome.report.deleted_files.len());
    }
}
