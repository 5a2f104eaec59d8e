use std::fs::{self, OpenOptions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};

use tempfile::TempDir;

use super::*;

const IMPATIENT: LockPolicy = LockPolicy {
    retry: Duration::from_millis(5),
    timeout: Duration::from_millis(30),
    stale_after: Duration::from_secs(15),
    created_at: None,
};

fn place() -> (TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("state.json.lock");
    (root, path)
}

/// A lock file nobody holds: what a plain program makes, or what one of our kind leaves when it crashes.
fn abandoned(path: &Path, mode: u32, age: Duration, content: &str) {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .unwrap();
    file.write_all(content.as_bytes()).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
}

fn is_timeout(result: &Result<FileLock, LockError>) -> bool {
    matches!(result, Err(LockError::Timeout { .. }))
}

#[test]
fn a_held_lock_is_seen_and_shows_its_content() {
    let (_root, path) = place();
    let lock = FileLock::acquire(&path, &IMPATIENT, b"{}\n").unwrap();
    assert!(lock.is_current());
    assert!(!lock.taken_over());
    assert_eq!(fs::read_to_string(&path).unwrap(), "{}\n");
    let refused = FileLock::acquire(&path, &IMPATIENT, b"").unwrap_err();
    let LockError::Timeout { waited, attempts, .. } = refused else {
        panic!("{refused}")
    };
    assert!(waited >= IMPATIENT.timeout);
    assert!(attempts > 1);
    assert_eq!(fs::read_to_string(&path).unwrap(), "{}\n");
    drop(lock);
    assert!(!path.exists());
    drop(FileLock::acquire(&path, &IMPATIENT, b"").unwrap());
}

#[test]
fn what_counts_as_abandoned() {
    const YOUNG: Duration = Duration::from_secs(5);
    const OLD: Duration = Duration::from_secs(60);
    let by_content = IMPATIENT.with_created_at(|content| {
        let seconds = std::str::from_utf8(content).ok()?.trim().parse().ok()?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    });
    for (name, mode, age, content, policy, expected) in [
        ("young plain lock", 0o600, YOUNG, "", IMPATIENT, false),
        ("old plain lock", 0o600, OLD, "", IMPATIENT, true),
        (
            "plain lock with other permissions",
            0o644,
            YOUNG,
            "",
            IMPATIENT,
            false,
        ),
        ("crashed owner of our kind", 0o700, YOUNG, "", IMPATIENT, true),
        (
            "content is ignored unless asked for",
            0o600,
            YOUNG,
            "1000",
            IMPATIENT,
            false,
        ),
        ("old by its content", 0o600, YOUNG, "1000", by_content, true),
        (
            "young by its content",
            0o600,
            YOUNG,
            "32503680000",
            by_content,
            false,
        ),
        ("old by its time", 0o600, OLD, "32503680000", by_content, true),
        ("unreadable content, young", 0o600, YOUNG, "?", by_content, false),
        ("unreadable content, old", 0o600, OLD, "?", by_content, true),
    ] {
        let (_root, path) = place();
        abandoned(&path, mode, age, content);
        let result = FileLock::acquire(&path, &policy, b"mine");
        if expected {
            let lock = result.unwrap();
            assert!(lock.taken_over(), "{name}");
            assert_eq!(fs::read_to_string(&path).unwrap(), "mine", "{name}");
            let metadata = fs::metadata(&path).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o7777, 0o700, "{name}");
            assert!(metadata.modified().unwrap().elapsed().unwrap() < YOUNG, "{name}");
            assert!(is_timeout(&FileLock::acquire(&path, &policy, b"")), "{name}");
            drop(lock);
            assert!(!path.exists(), "{name}");
        } else {
            assert!(is_timeout(&result), "{name}");
            assert_eq!(fs::read_to_string(&path).unwrap(), content, "{name}");
        }
    }
}

#[test]
fn a_lock_taken_away_is_noticed_and_not_removed_twice() {
    let (_root, path) = place();
    let lock = FileLock::acquire(&path, &IMPATIENT, b"").unwrap();
    fs::remove_file(&path).unwrap();
    assert!(!lock.is_current());
    abandoned(&path, 0o600, Duration::ZERO, "somebody else's");
    assert!(!lock.is_current());
    drop(lock);
    assert_eq!(fs::read_to_string(&path).unwrap(), "somebody else's");
}

#[test]
fn only_regular_files_are_locks() {
    let (root, path) = place();
    symlink(root.path().join("elsewhere"), &path).unwrap();
    let refused = FileLock::acquire(&path, &IMPATIENT, b"").unwrap_err();
    assert!(
        matches!(
            refused,
            LockError::NotRegular {
                kind: FileKind::Symlink,
                ..
            }
        ),
        "{refused}"
    );
    assert!(!root.path().join("elsewhere").exists());
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let refused = FileLock::acquire(&path, &IMPATIENT, b"").unwrap_err();
    assert!(
        matches!(
            refused,
            LockError::NotRegular {
                kind: FileKind::Directory,
                ..
            }
        ),
        "{refused}"
    );
    let missing = FileLock::acquire(&root.path().join("missing/x.lock"), &IMPATIENT, b"").unwrap_err();
    let LockError::Io { source, .. } = missing else {
        panic!("{missing}")
    };
    assert_eq!(source.kind(), io::ErrorKind::NotFound);
}

#[test]
fn an_abandoned_lock_has_one_heir() {
    let (_root, path) = place();
    for mode in [0o600, 0o700] {
        abandoned(&path, mode, Duration::from_secs(60), "");
        let heirs = std::thread::scope(|scope| {
            let rivals: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| FileLock::acquire(&path, &IMPATIENT, b"").ok()))
                .collect();
            // The locks live until all rivals have given up.
            let locks: Vec<_> = rivals
                .into_iter()
                .filter_map(|rival| rival.join().unwrap())
                .collect();
            locks.len()
        });
        assert_eq!(heirs, 1);
    }
}

/// Holds the lock the way programs do that know only presence.
fn with_plain_lock(path: &Path, work: impl FnOnce()) {
    while OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .is_err()
    {
        std::thread::yield_now();
    }
    work();
    fs::remove_file(path).unwrap();
}

#[test]
fn holders_of_both_kinds_exclude_each_other() {
    let (root, path) = place();
    let counter = root.path().join("counter");
    fs::write(&counter, "0").unwrap();
    let count = || {
        let count: u32 = fs::read_to_string(&counter).unwrap().parse().unwrap();
        fs::write(&counter, (count + 1).to_string()).unwrap();
    };
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let _lock = FileLock::acquire(&path, &LockPolicy::APPEND, b"").unwrap();
                    count();
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| (0..50).for_each(|_| with_plain_lock(&path, count)));
        }
    });
    assert_eq!(fs::read_to_string(&counter).unwrap(), "400");
    assert!(!path.exists());
}
