use std::fs::{self, File};
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::Barrier;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::*;

/// A place for a log and for files.
struct Place {
    root: TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
        }
    }

    fn log(&self) -> PathBuf {
        self.root.path().join("log")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.root.path().join("files").join(name)
    }

    fn open(&self) -> (Ledger, Recovery) {
        Ledger::open(&self.log(), LedgerOptions::default()).unwrap()
    }

    fn segments(&self) -> Vec<PathBuf> {
        Segment::all(&self.log()).unwrap()
    }

    /// The log as a crash at this moment would leave it, in a place of its own.
    fn crashed(&self) -> TempDir {
        let left = tempfile::tempdir().unwrap();
        for segment in self.segments() {
            fs::copy(&segment, left.path().join(segment.file_name().unwrap())).unwrap();
        }
        left
    }
}

fn recovered(log: &TempDir) -> Recovery {
    Ledger::open(log.path(), LedgerOptions::default()).unwrap().1
}

#[test]
fn records_become_files_and_an_orderly_end_leaves_no_log() {
    let place = Place::new();
    let (ledger, recovery) = place.open();
    assert_eq!(recovery, Recovery::default());
    let tickets: Vec<_> = (0..500)
        .map(|number| ledger.record(place.file(&format!("{number}.json")), vec![b'x'; number]))
        .collect();
    for ticket in tickets {
        ticket.wait().unwrap();
    }
    for number in 0..500 {
        let path = place.file(&format!("{number}.json"));
        assert_eq!(fs::read(&path).unwrap(), vec![b'x'; number]);
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o7777, 0o600);
    }
    assert_eq!(fs::read_dir(place.file("")).unwrap().count(), 500);
    assert_eq!(place.segments().len(), 1);
    drop(ledger);
    assert_eq!(fs::read_dir(place.log()).unwrap().count(), 0);
}

#[test]
fn what_waits_when_the_ledger_is_dropped_is_written() {
    let place = Place::new();
    let (ledger, _) = place.open();
    let tickets: Vec<_> = (0..200)
        .map(|number| ledger.record(place.file(&number.to_string()), b"x".to_vec()))
        .collect();
    drop(ledger);
    assert!(tickets.into_iter().all(|ticket| ticket.wait().is_ok()));
    assert_eq!(fs::read_dir(place.file("")).unwrap().count(), 200);
}

#[test]
fn nobody_waits_for_ever_whoever_says_that_nothing_follows() {
    let place = Place::new();
    let options = LedgerOptions {
        gather: Gather::UntilHurried,
        ..LedgerOptions::default()
    };
    let (ledger, _) = Ledger::open(&place.log(), options).unwrap();
    let write = |thread: usize, hurry: Option<Hurry>| {
        for number in 0..100 {
            let ticket = ledger.record(place.file(&format!("{thread}-{number}")), b"x".to_vec());
            if let Some(hurry) = &hurry {
                hurry.now();
            }
            ticket.wait().unwrap();
        }
    };
    thread::scope(|scope| {
        for thread in 0..4 {
            let hurry = (thread % 2 == 0).then(|| ledger.hurry());
            scope.spawn(move || write(thread, hurry));
        }
    });
    assert_eq!(fs::read_dir(place.file("")).unwrap().count(), 400);
    let hurry = ledger.hurry();
    drop(ledger);
    // There is nobody left to hear it.
    hurry.now();
    assert_eq!(fs::read_dir(place.log()).unwrap().count(), 0);
}

#[test]
fn no_file_takes_the_place_of_another() {
    let place = Place::new();
    let (ledger, _) = place.open();
    ledger.record(place.file("a"), b"first".to_vec()).wait().unwrap();
    ledger.record(place.file("a"), b"first".to_vec()).wait().unwrap();
    symlink("elsewhere", place.file("link")).unwrap();
    fs::create_dir(place.file("directory")).unwrap();
    for name in ["a", "link", "directory"] {
        let refused = ledger
            .record(place.file(name), b"second".to_vec())
            .wait()
            .unwrap_err();
        assert!(
            matches!(refused, LedgerError::Conflict { .. }),
            "{name}: {refused}"
        );
    }
    assert_eq!(fs::read(place.file("a")).unwrap(), b"first");
    assert!(!place.file("elsewhere").exists());
    ledger.record(place.file("b"), b"third".to_vec()).wait().unwrap();
}

#[test]
fn destinations_that_cannot_be_are_told_one_by_one() {
    let place = Place::new();
    let (ledger, _) = place.open();
    fs::create_dir(place.file("")).unwrap();
    fs::write(place.file("file"), "").unwrap();
    let outside = ledger
        .record(PathBuf::from("../x"), Vec::new())
        .wait()
        .unwrap_err();
    assert!(matches!(outside, LedgerError::Path(_)), "{outside}");
    for path in [
        place.file("file/below"),
        place.file(&"n".repeat(300)),
        PathBuf::from("/"),
    ] {
        let refused = ledger.record(path, Vec::new()).wait().unwrap_err();
        assert!(matches!(refused, LedgerError::File(_)), "{refused}");
    }
    let large = ledger
        .record(place.file("large"), vec![0; MAX_RECORD_BYTES + 1])
        .wait();
    assert!(matches!(large, Err(LedgerError::TooLarge { .. })), "{large:?}");
    ledger.record(place.file("b"), b"x".to_vec()).wait().unwrap();
    assert!(ledger.failure().is_none());
}

#[test]
fn a_directory_that_was_moved_away_is_made_anew() {
    let place = Place::new();
    let (ledger, _) = place.open();
    ledger.record(place.file("1"), b"x".to_vec()).wait().unwrap();
    fs::rename(place.file(""), place.root.path().join("rotated")).unwrap();
    ledger.record(place.file("2"), b"x".to_vec()).wait().unwrap();
    fs::remove_dir_all(place.file("")).unwrap();
    ledger.record(place.file("3"), b"x".to_vec()).wait().unwrap();
    assert!(place.file("3").exists());
    assert_eq!(
        fs::read_dir(place.root.path().join("rotated")).unwrap().count(),
        1
    );
}

#[test]
fn lost_files_are_made_again_and_remnants_made_whole() {
    let place = Place::new();
    let (ledger, _) = place.open();
    let names = ["lost", "empty", "prefix", "zeros", "whole", "other", "link"];
    for name in names {
        ledger
            .record(place.file(name), b"content".to_vec())
            .wait()
            .unwrap();
    }
    let taken = fs::metadata(place.file("lost")).unwrap().modified().unwrap();
    let log = place.crashed();
    fs::remove_file(place.file("lost")).unwrap();
    fs::write(place.file("empty"), "").unwrap();
    fs::write(place.file("prefix"), "cont").unwrap();
    fs::write(place.file("zeros"), "con\0\0\0\0").unwrap();
    fs::write(place.file("other"), "contract").unwrap();
    fs::remove_file(place.file("link")).unwrap();
    symlink("whole", place.file("link")).unwrap();
    let recovery = recovered(&log);
    assert_eq!((recovery.restored, recovery.present), (4, 1));
    let real = fs::canonicalize(place.file("")).unwrap();
    assert_eq!(recovery.conflicts, [real.join("other"), real.join("link")]);
    for name in &names[..5] {
        assert_eq!(fs::read(place.file(name)).unwrap(), b"content", "{name}");
        assert_eq!(
            fs::metadata(place.file(name)).unwrap().permissions().mode() & 0o7777,
            0o600
        );
    }
    let restored = fs::metadata(place.file("lost")).unwrap().modified().unwrap();
    let apart = taken
        .duration_since(restored)
        .unwrap_or_else(|error| error.duration());
    assert!(apart < Duration::from_secs(2), "{apart:?}");
    assert_eq!(fs::read(place.file("other")).unwrap(), b"contract");
    assert!(place.file("link").is_symlink());
    // The records in conflict are kept for somebody to look at; nothing is recovered twice.
    assert_eq!(recovery.kept.len(), 1);
    assert!(recovery.kept[0].exists());
    assert_eq!(recovered(&log), Recovery::default());
}

#[test]
fn files_are_not_made_through_links() {
    let place = Place::new();
    let (ledger, _) = place.open();
    ledger
        .record(place.file("a"), b"content".to_vec())
        .wait()
        .unwrap();
    let log = place.crashed();
    fs::rename(place.file(""), place.root.path().join("moved")).unwrap();
    fs::create_dir(place.root.path().join("bait")).unwrap();
    symlink("bait", place.root.path().join("files")).unwrap();
    let recovery = recovered(&log);
    assert_eq!((recovery.restored, recovery.conflicts.len()), (0, 1));
    assert_eq!(fs::read_dir(place.root.path().join("bait")).unwrap().count(), 0);
}

#[test]
fn a_known_directory_may_be_behind_a_link() {
    let place = Place::new();
    fs::create_dir(place.root.path().join("real")).unwrap();
    symlink("real", place.root.path().join("files")).unwrap();
    let (ledger, _) = place.open();
    ledger
        .record(place.file("a"), b"content".to_vec())
        .wait()
        .unwrap();
    let log = place.crashed();
    fs::remove_file(place.file("a")).unwrap();
    assert_eq!(recovered(&log).restored, 1);
    assert_eq!(fs::read(place.root.path().join("real/a")).unwrap(), b"content");
}

#[test]
fn missing_directories_are_made_again() {
    let place = Place::new();
    let (ledger, _) = place.open();
    ledger
        .record(place.file("deep/er/a"), b"content".to_vec())
        .wait()
        .unwrap();
    let log = place.crashed();
    fs::remove_dir_all(place.file("")).unwrap();
    assert_eq!(recovered(&log).restored, 1);
    assert_eq!(fs::read(place.file("deep/er/a")).unwrap(), b"content");
}

#[test]
fn a_torn_segment_gives_all_that_is_before_the_tear() {
    let place = Place::new();
    let (ledger, _) = place.open();
    for number in 0..5 {
        ledger
            .record(place.file(&number.to_string()), vec![b'0' + number; 20])
            .wait()
            .unwrap();
    }
    let log = place.crashed();
    let segment = Segment::all(log.path()).unwrap().remove(0);
    let whole = fs::read(&segment).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for cut in (0..=used).step_by(7) {
        for number in 0..5 {
            let _ = fs::remove_file(place.file(&number.to_string()));
        }
        fs::write(&segment, &whole[..cut]).unwrap();
        fs::set_permissions(&segment, fs::Permissions::from_mode(0o600)).unwrap();
        let recovery = recovered(&log);
        let found = fs::read_dir(place.file("")).unwrap().count();
        assert_eq!(recovery.restored, found as u64);
        for number in 0..u8::try_from(found).unwrap() {
            assert_eq!(
                fs::read(place.file(&number.to_string())).unwrap(),
                [b'0' + number; 20]
            );
        }
        let per_record = (used - 32) / 5;
        assert_eq!(found, cut.saturating_sub(32) / per_record, "cut at {cut}");
    }
}

#[test]
fn segments_are_used_again_and_few() {
    let place = Place::new();
    let options = LedgerOptions {
        segment_bytes: 2 << 20,
        ..LedgerOptions::default()
    };
    let (ledger, _) = Ledger::open(&place.log(), options).unwrap();
    // Ten times what the segments hold.
    for round in 0..40 {
        let tickets: Vec<_> = (0..50)
            .map(|number| ledger.record(place.file(&format!("{round}-{number}")), vec![b'x'; 20_000]))
            .collect();
        for ticket in tickets {
            ticket.wait().unwrap();
        }
    }
    assert_eq!(fs::read_dir(place.file("")).unwrap().count(), 2_000);
    let segments = place.segments();
    assert!((2..=3).contains(&segments.len()), "{segments:?}");
    // What is left are frames of the present and of earlier uses; only the present count.
    let recovery = recovered(&place.crashed());
    assert!(recovery.conflicts.is_empty() && recovery.restored == 0);
    assert!(recovery.present < 1_500, "{recovery:?}");
    drop(ledger);
    assert!(place.segments().is_empty());
}

#[test]
fn ledgers_share_a_directory() {
    let place = Place::new();
    let (first, _) = place.open();
    first.record(place.file("a"), b"x".to_vec()).wait().unwrap();
    let (second, recovery) = place.open();
    assert_eq!(recovery, Recovery::default());
    second.record(place.file("b"), b"x".to_vec()).wait().unwrap();
    drop(second);
    first.record(place.file("c"), b"x".to_vec()).wait().unwrap();
    assert_eq!(place.segments().len(), 1);
}

#[test]
fn segments_that_are_not_ours_are_left_alone() {
    let place = Place::new();
    let (ledger, _) = place.open();
    ledger.record(place.file("a"), b"x".to_vec()).wait().unwrap();
    let log = place.crashed();
    fs::remove_file(place.file("a")).unwrap();
    let segment = Segment::all(log.path()).unwrap().remove(0);
    fs::set_permissions(&segment, fs::Permissions::from_mode(0o622)).unwrap();
    assert_eq!(recovered(&log).kept, [segment.as_path()]);
    fs::set_permissions(&segment, fs::Permissions::from_mode(0o600)).unwrap();
    File::options()
        .write(true)
        .open(&segment)
        .unwrap()
        .write_all_at(b"2", 12)
        .unwrap();
    assert_eq!(recovered(&log).kept, [segment.as_path()]);
    assert!(!place.file("a").exists());
    let named = |digit: &str| log.path().join(format!("ledger-{}.segment", digit.repeat(16)));
    fs::create_dir(named("d")).unwrap();
    symlink(&segment, named("e")).unwrap();
    assert_eq!(recovered(&log).kept.len(), 3);
}

/// A batch of records and a way to hear what became of them.
fn batch(place: &Place, size: usize) -> (Vec<Job>, Receiver<Result<(), LedgerError>>) {
    let (told, outcomes) = sync_channel(size);
    let jobs = (0..size)
        .map(|number| Job {
            path: place.file(&number.to_string()),
            bytes: b"x".to_vec(),
            then: {
                let told = told.clone();
                Box::new(move |outcome, _| told.send(outcome).unwrap())
            },
        })
        .collect();
    (jobs, outcomes)
}

/// A writer whose log is a device.
fn writer_on(place: &Place, device: &str) -> (Writer, Arc<Intake>) {
    let intake = Arc::new(Intake::new(1 << 20, Gather::AsManyAsBefore));
    fs::create_dir_all(place.log()).unwrap();
    let keeper = Keeper::start(place.log(), 1 << 20).unwrap();
    let segment = Segment::on(Path::new(device));
    let writer = Writer::new(Attended(Arc::clone(&intake)), 0o600, segment, keeper);
    (writer, intake)
}

#[test]
fn a_full_disk_is_everybodys_error_and_not_the_end() {
    let place = Place::new();
    let (mut writer, intake) = writer_on(&place, "/dev/full");
    for _ in 0..2 {
        let (mut jobs, outcomes) = batch(&place, 8);
        writer.commit(&mut jobs).unwrap();
        let outcomes: Vec<_> = outcomes.try_iter().collect();
        assert_eq!(outcomes.len(), 8);
        assert!(
            outcomes
                .iter()
                .all(|outcome| matches!(outcome, Err(LedgerError::Log(_)))),
            "{outcomes:?}"
        );
    }
    assert!(intake.poisoned().is_none());
    assert_eq!(fs::read_dir(place.file("")).unwrap().count(), 0);
}

#[test]
fn a_failed_flush_ends_the_ledger() {
    let place = Place::new();
    // What is written to it is accepted, and flushing it is refused.
    let (writer, intake) = writer_on(&place, "/dev/null");
    let (jobs, outcomes) = batch(&place, 8);
    for job in jobs {
        intake.push(job);
    }
    writer.run();
    let (mut late, too_late) = batch(&place, 1);
    intake.push(late.remove(0));
    let outcomes: Vec<_> = outcomes.try_iter().chain(too_late.try_iter()).collect();
    assert_eq!(outcomes.len(), 9);
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Err(LedgerError::Poisoned(_)))),
        "{outcomes:?}"
    );
    assert!(!place.file("0").exists());

    let (mut writer, _) = writer_on(&place, "/dev/null");
    let (mut jobs, outcomes) = batch(&place, 8);
    writer.commit(&mut jobs).unwrap_err();
    assert_eq!(outcomes.try_iter().filter(Result::is_err).count(), 8);
    assert_eq!(fs::read_dir(place.file("")).unwrap().count(), 0);
}

#[test]
fn memory_is_bounded() {
    let place = Place::new();
    let options = LedgerOptions {
        queue_bytes: 100_000,
        ..LedgerOptions::default()
    };
    let (ledger, _) = Ledger::open(&place.log(), options).unwrap();
    let (reached, go) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    ledger.record_then(place.file("first"), Vec::new(), {
        let (reached, go) = (Arc::clone(&reached), Arc::clone(&go));
        move |_, _| {
            reached.wait();
            go.wait();
        }
    });
    reached.wait();
    let tickets: Vec<_> = (0..100)
        .map(|number| ledger.record(place.file(&number.to_string()), vec![b'x'; 9_500]))
        .collect();
    go.wait();
    let outcomes: Vec<_> = tickets.into_iter().map(Ticket::wait).collect();
    let (taken, refused) = outcomes.split_at(9);
    assert!(taken.iter().all(Result::is_ok), "{taken:?}");
    assert!(
        refused
            .iter()
            .all(|outcome| matches!(outcome, Err(error) if error.is_transient())),
        "{refused:?}"
    );
    ledger.record(place.file("later"), Vec::new()).wait().unwrap();
}

#[test]
fn a_callback_that_panics_hangs_nobody() {
    let place = Place::new();
    let (ledger, _) = place.open();
    ledger.record_then(place.file("a"), Vec::new(), |_, _| panic!("on purpose"));
    let outcome = ledger.record(place.file("b"), Vec::new()).wait();
    assert!(matches!(outcome, Err(LedgerError::Closed)), "{outcome:?}");
}

#[test]
fn the_last_owner_may_be_a_callback() {
    let place = Place::new();
    let (ledger, _) = place.open();
    let ledger = Arc::new(ledger);
    let (told, outcome) = sync_channel(1);
    let owner = Arc::clone(&ledger);
    let gone = Arc::new(Barrier::new(2));
    ledger.record_then(place.file("a"), Vec::new(), {
        let gone = Arc::clone(&gone);
        move |result, _| {
            gone.wait();
            drop(owner);
            told.send(result).unwrap();
        }
    });
    drop(ledger);
    gone.wait();
    outcome.recv().unwrap().unwrap();
}

#[test]
fn times_before_the_epoch_are_the_epoch() {
    let record = frame::Record {
        path: Path::new("/x"),
        mode: 0o600,
        taken: SystemTime::UNIX_EPOCH - Duration::from_secs(1),
        bytes: b"",
    };
    let mut bytes = Vec::new();
    frame::push(&mut bytes, 1, &record);
    let mut frames = frame::Frames::new(bytes.as_slice(), 1);
    assert_eq!(frames.next().unwrap().unwrap().taken, SystemTime::UNIX_EPOCH);
}
