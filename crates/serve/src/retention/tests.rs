use std::fs::File;
use std::os::unix::fs::symlink;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

struct Place {
    root: tempfile::TempDir,
    now: SystemTime,
}

impl Place {
    fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
            now: SystemTime::now(),
        }
    }

    /// Files and their ages in hours.
    fn with(files: &[(&str, u32)]) -> Self {
        let place = Self::new();
        for (name, hours) in files {
            place.file(name, HOUR * *hours);
        }
        place
    }

    fn file(&self, name: &str, age: Duration) {
        let file = File::create(self.root.path().join(name)).unwrap();
        file.set_modified(self.now - age).unwrap();
    }

    fn path(&self, name: &str) -> String {
        self.root.path().join(name).to_str().unwrap().to_owned()
    }

    fn rule(&self, class: Class, max_age: Option<Duration>, max_count: Option<usize>) -> Rule {
        Rule {
            class,
            directory: self.path(""),
            max_age,
            max_count,
        }
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.root.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn what_is_too_old_or_too_many_goes_newest_first() {
    for (age, count, left, told) in [
        (None, None, vec!["1", "2", "3", "4"], None),
        (Some(2 * HOUR + HOUR / 2), None, vec!["1", "2"], Some((2, 0))),
        (None, Some(3), vec!["1", "2", "3"], Some((0, 1))),
        (Some(HOUR + HOUR / 2), Some(2), vec!["1"], Some((3, 2))),
        (Some(9 * HOUR), Some(9), vec!["1", "2", "3", "4"], None),
        (None, Some(0), vec![], Some((0, 4))),
        (Some(Duration::ZERO), None, vec![], Some((4, 0))),
    ] {
        let place = Place::with(&[
            ("trace_1.json", 1),
            ("trace_2.json", 2),
            ("trace_3.json", 3),
            ("trace_4.json", 4),
        ]);
        let retention = Retention::new(vec![place.rule(Class::Trace, age, count)]);
        let expected: Vec<_> = told
            .map(|(age, count)| format!("retention_trace_removed_age={age} removed_count={count}"))
            .into_iter()
            .collect();
        assert_eq!(retention.run(place.now), expected, "{age:?} {count:?}");
        let left: Vec<_> = left.iter().map(|number| format!("trace_{number}.json")).collect();
        assert_eq!(place.names(), left, "{age:?} {count:?}");
    }
}

#[test]
fn classes_are_told_by_name() {
    let names = [
        ("My_Trace_1.JSON", vec![Class::Trace, Class::Session]),
        ("trace_1.json.tmp", vec![]),
        ("runpack_a.zip", vec![Class::Runpack]),
        ("s_cp_000001.zip", vec![Class::Runpack]),
        ("artifact.zip", vec![]),
        ("pack_a.zip", vec![Class::Pack]),
        ("pack_a_cp_1.zip", vec![Class::Runpack, Class::Pack]),
        ("s.journal.jsonl", vec![Class::Session]),
        ("s.state", vec![Class::Session]),
        ("s.journal.jsonl.lock", vec![]),
    ];
    for (name, expected) in names {
        let found: Vec<_> = [Class::Trace, Class::Runpack, Class::Pack, Class::Session]
            .into_iter()
            .filter(|class| class.has(&name.to_lowercase()))
            .collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn classes_that_share_a_directory_leave_each_other_alone() {
    let place = Place::with(&[
        ("runpack_a.zip", 5),
        ("runpack_b.zip", 1),
        ("pack_a.zip", 5),
        ("pack_b.zip", 1),
        ("s_cp_000001.zip", 5),
        ("artifact.zip", 5),
    ]);
    let retention = Retention::new(vec![
        place.rule(Class::Runpack, None, Some(1)),
        place.rule(Class::Pack, Some(2 * HOUR), None),
    ]);
    assert_eq!(
        retention.run(place.now),
        [
            "retention_runpack_removed_age=0 removed_count=2",
            "retention_pack_removed_age=1 removed_count=0"
        ]
    );
    assert_eq!(place.names(), ["artifact.zip", "pack_b.zip", "runpack_b.zip"]);
}

#[test]
fn sessions_count_as_one_and_go_as_one() {
    let session = |name: &str| {
        [
            ".journal.jsonl",
            ".journal.jsonl.state.json",
            ".journal_chain.json",
        ]
        .map(|end| format!("{name}{end}"))
    };
    let place = Place::new();
    for (name, hours) in [("new", 1), ("old", 2), ("older", 3), ("locked", 4)] {
        for file in session(name) {
            place.file(&file, HOUR * hours);
        }
    }
    // An old state beside a young journal does not make the session old.
    place.file("young.journal.jsonl.state.json", 9 * HOUR);
    place.file("young.journal.jsonl", Duration::from_secs(5));
    place.file("locked.journal.jsonl.lock", 4 * HOUR);
    let retention = Retention::new(vec![place.rule(Class::Session, None, Some(2))]);
    assert_eq!(
        retention.run(place.now),
        ["retention_session_removed_age=0 removed_count=6"]
    );
    let left = place.names();
    assert_eq!(left.len(), 2 + 3 + 4, "{left:?}");
    assert!(
        ["new", "young", "locked"]
            .iter()
            .all(|name| left.iter().any(|file| file.starts_with(name)))
    );

    let retention = Retention::new(vec![place.rule(Class::Session, Some(Duration::ZERO), Some(0))]);
    _ = retention.run(place.now);
    assert_eq!(place.names().len(), 2 + 4);
}

#[test]
fn what_is_not_answered_yet_stays() {
    let place = Place::with(&[("trace_1.json", 1), ("trace_2.json", 2)]);
    let retention = Retention::new(vec![place.rule(Class::Trace, None, Some(0))]);
    let protected = retention.protect([place.path("./x/../trace_1.json")]);
    let again = retention.protect([place.path("trace_1.json")]);
    _ = retention.run(place.now);
    assert_eq!(place.names(), ["trace_1.json"]);
    drop(protected);
    let retention = Retention {
        shelves: vec![Arc::new(Shelf::new(place.rule(Class::Trace, None, Some(0))))],
        protected: Arc::clone(&retention.protected),
    };
    assert!(retention.run(place.now).is_empty());
    drop(again);
    let retention = Retention::new(vec![place.rule(Class::Trace, None, Some(0))]);
    _ = retention.run(place.now);
    assert!(place.names().is_empty());
}

#[test]
fn what_is_fresh_is_not_too_old() {
    let place = Place::new();
    place.file("trace_1.json", Duration::from_secs(2));
    place.file("trace_2.json", Duration::from_secs(20));
    let retention = Retention::new(vec![place.rule(
        Class::Trace,
        Some(Duration::from_millis(1)),
        None,
    )]);
    _ = retention.run(place.now);
    assert_eq!(place.names(), ["trace_1.json"]);
}

#[test]
fn only_plain_files_of_the_directory_itself_go() {
    let place = Place::with(&[("trace_1.json", 1), ("kept", 1)]);
    fs::create_dir(place.root.path().join("trace_d.json")).unwrap();
    symlink("kept", place.root.path().join("trace_l.json")).unwrap();
    let retention = Retention::new(vec![place.rule(Class::Trace, None, Some(0))]);
    _ = retention.run(place.now);
    assert_eq!(place.names(), ["kept", "trace_d.json", "trace_l.json"]);
}

#[test]
fn a_directory_that_cannot_be_read_is_told() {
    let place = Place::new();
    let mut rule = place.rule(Class::Pack, None, Some(1));
    rule.directory = place.path("missing");
    let told = Retention::new(vec![rule]).run(place.now);
    assert!(told[0].starts_with("retention_pack_error="), "{told:?}");
}

#[test]
fn looks_are_spaced_out() {
    let place = Place::with(&[("trace_1.json", 1)]);
    let shelf = Arc::new(Shelf::new(place.rule(Class::Trace, None, Some(0))));
    let protected = Arc::default();
    shelf.state.lock().unwrap().last = Some(Look {
        ended: Instant::now(),
        took: HOUR,
    });
    assert!(shelf.look(place.now, &protected).is_empty());
    assert_eq!(place.names(), ["trace_1.json"]);

    // A long look happens beside the request, and the next answer tells of it.
    shelf.state.lock().unwrap().last =
        Instant::now()
            .checked_sub(Duration::from_secs(10))
            .map(|ended| Look {
                ended,
                took: LONG * 2,
            });
    assert!(shelf.look(place.now, &protected).is_empty());
    let told = loop {
        let told = shelf.look(place.now, &protected);
        if !told.is_empty() {
            break told;
        }
        thread::yield_now();
    };
    assert_eq!(told, ["retention_trace_removed_age=0 removed_count=1"]);
    assert!(place.names().is_empty());
}
