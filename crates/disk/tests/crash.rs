//! Processes that are killed in the middle of their work, and disks that fill up.
//!
//! The test program starts itself again in a role that writes, and reports every write that returned as
//! `ack <what>` on its standard output. It is killed with SIGKILL at a moment that no one chose; then what was
//! acknowledged must be there, and whole.

// Everything in this file is a test or a part of one.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::HashSet;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use gait_disk::append::{append_line, lock_path};
use gait_disk::atomic;
use gait_disk::ledger::{Ledger, LedgerOptions, Recovery};
use gait_disk::{FileLock, LockPolicy};

const ROLE: &str = "GAIT_DISK_TEST_ROLE";
const PLACE: &str = "GAIT_DISK_TEST_PLACE";

/// Far more than any wait of these tests, far less than the two minutes after which a plain lock is abandoned.
const SOON: Duration = Duration::from_secs(20);

/// The started program's side. Without a role it is an empty test.
#[test]
fn role() {
    let (Ok(role), Some(place)) = (env::var(ROLE), env::var_os(PLACE).map(PathBuf::from)) else {
        return;
    };
    match role.as_str() {
        "append" => append_for_ever(&place),
        "replace" => replace_for_ever(&place),
        "ledger" => record_for_ever(&place, |_| 200),
        "large ledger" => record_for_ever(&place, |number| [0, 100, 5_000, 100_000][number as usize % 4]),
        "hold" => hold_for_ever(&place),
        "fill" => fill_the_disk(&place),
        "fill ledger" => fill_the_disk_of_a_ledger(&place),
        unknown => panic!("unknown role {unknown}"),
    }
}

fn acknowledge(what: &str) {
    // On a line of its own: the test harness has begun one with the test's name.
    let line = format!("\nack {what}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

/// A record of 20 bytes to 100 kB that shows whether all of it is there.
fn record(writer: u32, number: u32) -> String {
    sized_record(writer, number, [0, 100, 5_000, 100_000][number as usize % 4])
}

fn sized_record(writer: u32, number: u32, length: usize) -> String {
    let fill = char::from(b'a' + u8::try_from(number % 26).unwrap());
    format!("{writer} {number} {length} {}.", fill.to_string().repeat(length))
}

/// The writer and number of a whole record.
fn parse(record: &str) -> Option<(u32, u32)> {
    let mut words = record.split(' ');
    let (writer, number) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    (record == self::record(writer, number)).then_some((writer, number))
}

fn append_for_ever(place: &Path) -> ! {
    let writer = std::process::id();
    for number in 0.. {
        append_line(
            &place.join("log"),
            record(writer, number).as_bytes(),
            0o600,
            &LockPolicy::APPEND,
        )
        .unwrap();
        acknowledge(&format!("{writer} {number}"));
    }
    unreachable!()
}

fn replace_for_ever(place: &Path) -> ! {
    let writer = std::process::id();
    for number in 0.. {
        atomic::replace(&place.join("state"), record(writer, number).as_bytes(), 0o640).unwrap();
        acknowledge(&format!("{writer} {number}"));
    }
    unreachable!()
}

fn open_ledger(place: &Path) -> (Ledger, Recovery) {
    let options = LedgerOptions {
        segment_bytes: 2 << 20,
        ..LedgerOptions::default()
    };
    Ledger::open(&place.join("log"), options).unwrap()
}

/// Four threads that each have one record on its way at any time.
fn record_for_ever(place: &Path, length: fn(u32) -> usize) -> ! {
    let (ledger, _) = open_ledger(place);
    let process = std::process::id();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (ledger, place) = (&ledger, &place);
            scope.spawn(move || {
                for number in 0.. {
                    let name = format!("{process}-{thread}-{number}");
                    let bytes = sized_record(process, number, length(number)).into_bytes();
                    ledger
                        .record(place.join("files").join(&name), bytes)
                        .wait()
                        .unwrap();
                    acknowledge(&name);
                }
            });
        }
    });
    unreachable!()
}

/// On a file system of a few pages: what is acknowledged is there, and what is not is told so.
fn fill_the_disk_of_a_ledger(place: &Path) {
    let (ledger, _) = open_ledger(place);
    let file = |number: u32| place.join("files").join(number.to_string());
    let mut taken = 0;
    while ledger
        .record(file(taken), record(1, 2).into_bytes())
        .wait()
        .is_ok()
    {
        taken += 1;
    }
    assert!(taken > 0);
    for number in 0..taken {
        assert_eq!(fs::read_to_string(file(number)).unwrap(), record(1, 2));
    }
    assert!(!file(taken).exists());
    assert!(ledger.failure().is_none(), "a full disk can be emptied");
    fs::remove_file(file(0)).unwrap();
    ledger.record(file(taken + 1), b"small".to_vec()).wait().unwrap();
    acknowledge("full disk handled");
}

fn hold_for_ever(place: &Path) -> ! {
    let _lock = FileLock::acquire(&lock_path(&place.join("log")), &LockPolicy::APPEND, b"").unwrap();
    acknowledge("held");
    loop {
        std::thread::park();
    }
}

/// On a file system of a few pages: writes until nothing fits, then checks what is left.
fn fill_the_disk(place: &Path) {
    let (log, state) = (place.join("log"), place.join("state"));
    atomic::replace(&state, b"old", 0o600).unwrap();
    let mut whole = 0;
    while append_line(&log, record(1, 2).as_bytes(), 0o600, &LockPolicy::APPEND).is_ok() {
        whole += 1;
    }
    assert!(whole > 0);
    let too_much = vec![b'x'; 1 << 20];
    assert!(atomic::replace(&state, &too_much, 0o600).is_err());
    assert!(atomic::create_new(&place.join("new"), &too_much, 0o600).is_err());
    let content = fs::read_to_string(&log).unwrap();
    assert_eq!(content, format!("{}\n", record(1, 2)).repeat(whole));
    assert_eq!(fs::read(&state).unwrap(), b"old");
    assert_eq!(
        fs::read_dir(place).unwrap().count(),
        2,
        "temporary files or locks are left"
    );
    append_line(&log, b"small", 0o600, &LockPolicy::APPEND).unwrap();
    acknowledge("full disk handled");
}

/// A started copy of this program and its acknowledgements so far.
struct Writer {
    process: Child,
    output: BufReader<ChildStdout>,
    acknowledged: Vec<String>,
}

impl Writer {
    fn start(role: &str, place: &Path) -> Self {
        let command = Command::new(env::current_exe().unwrap());
        Self::start_with(command, role, place)
    }

    fn start_with(mut command: Command, role: &str, place: &Path) -> Self {
        let mut process = command
            .args(["--exact", "role", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .env(PLACE, place)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self {
            process,
            output,
            acknowledged: Vec::new(),
        }
    }

    /// Waits for one more acknowledgement; `false` at the end of the output.
    fn wait(&mut self) -> bool {
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            // A killed writer may leave half an acknowledgement.
            if let Some(what) = line.strip_prefix("ack ").and_then(|rest| rest.strip_suffix('\n')) {
                self.acknowledged.push(what.to_owned());
                return true;
            }
            line.clear();
        }
        false
    }

    /// Lets the writer work on for `spin` and kills it; gives all it acknowledged.
    fn kill_after(mut self, spin: Duration) -> Vec<String> {
        let until = Instant::now() + spin;
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        while self.wait() {}
        std::mem::take(&mut self.acknowledged)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Numbers without a pattern that matters here (xorshift).
struct Moments(u64);

impl Moments {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

fn moments() -> Moments {
    Moments(0x9E37_79B9_7F4A_7C15 ^ u64::from(std::process::id()))
}

#[test]
fn killed_replacers_leave_the_old_file_or_the_new() {
    let root = tempfile::tempdir().unwrap();
    let state = root.path().join("state");
    let mut moments = moments();
    for _ in 0..40 {
        let mut writer = Writer::start("replace", root.path());
        for _ in 0..=moments.next(4) {
            assert!(writer.wait());
            let content = fs::read_to_string(&state).unwrap();
            assert!(
                parse(&content).is_some(),
                "half a file while its writer is at work"
            );
        }
        let acknowledged = writer.kill_after(Duration::from_micros(moments.next(1500)));
        let (id, last) = acknowledged.last().unwrap().split_once(' ').unwrap();
        let content = fs::read_to_string(&state).unwrap();
        let (writer, number) = parse(&content).expect("the file is whole");
        assert_eq!(writer.to_string(), id);
        let last: u32 = last.parse().unwrap();
        assert!(
            number == last || number == last + 1,
            "acknowledged {last}, found {number}"
        );
    }
    let hidden = fs::read_dir(root.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    assert!(
        hidden
            .filter(|name| name != "state")
            .all(|name| name.to_str().unwrap().starts_with(".state.tmp-"))
    );
}

#[test]
fn killed_appenders_lose_no_acknowledged_line_and_block_nobody() {
    let root = tempfile::tempdir().unwrap();
    let mut moments = moments();
    let mut acknowledged = HashSet::new();
    let mut writers: Vec<_> = (0..8).map(|_| Writer::start("append", root.path())).collect();
    for round in 0..40 {
        let victim = usize::try_from(moments.next(8)).unwrap();
        assert!(writers[victim].wait());
        let killed = std::mem::replace(&mut writers[victim], Writer::start("append", root.path()));
        acknowledged.extend(killed.kill_after(Duration::from_micros(moments.next(2000))));
        // Whoever was killed, with the lock or without, the others go on.
        let started = Instant::now();
        assert!(writers[(victim + 1) % 8].wait());
        assert!(started.elapsed() < SOON, "blocked in round {round}");
    }
    for writer in writers {
        acknowledged.extend(writer.kill_after(Duration::ZERO));
    }
    append_line(
        &root.path().join("log"),
        record(0, 1).as_bytes(),
        0o600,
        &LockPolicy::APPEND,
    )
    .unwrap();
    acknowledged.insert("0 1".to_owned());
    check_log(&root.path().join("log"), &acknowledged, 48);
    assert!(!lock_path(&root.path().join("log")).exists());
}

/// All that was acknowledged is there once; what is torn is the beginning of a record that was not acknowledged,
/// at most one for each killed writer.
fn check_log(log: &Path, acknowledged: &HashSet<String>, killed: usize) {
    let content = fs::read_to_string(log).unwrap();
    assert!(content.ends_with('\n'));
    let mut found = HashSet::new();
    let mut torn = 0;
    for line in content.lines() {
        if let Some((writer, number)) = parse(line) {
            assert!(
                found.insert(format!("{writer} {number}")),
                "twice: {writer} {number}"
            );
        } else {
            torn += 1;
            assert_eq!(line.matches('.').count(), 0, "two records on one line");
        }
    }
    assert!(torn <= killed, "{torn} torn lines");
    let lost: Vec<_> = acknowledged.difference(&found).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
}

/// Kills processes that record; afterwards all that was acknowledged is there, even if the file system lost every file
/// that it was not made to keep.
#[test]
fn killed_ledgers_lose_no_acknowledged_record() {
    let mut moments = moments();
    for round in 0..100 {
        let root = tempfile::tempdir().unwrap();
        let files = root.path().join("files");
        // Small records fit into one segment, so none of their files was ever flushed. Large ones fill many.
        let small = round % 2 == 0;
        let mut writer = Writer::start(if small { "ledger" } else { "large ledger" }, root.path());
        for _ in 0..=moments.next(40) {
            assert!(writer.wait());
        }
        let acknowledged = writer.kill_after(Duration::from_micros(moments.next(3000)));
        if small {
            fs::remove_dir_all(&files).unwrap();
        }
        let (ledger, recovery) = open_ledger(root.path());
        assert!(
            recovery.conflicts.is_empty() && recovery.kept.is_empty(),
            "{recovery:?}"
        );
        for name in &acknowledged {
            let content = fs::read_to_string(files.join(name)).unwrap();
            let mut parts = name.split('-').map(|part| part.parse::<u32>().unwrap());
            let (process, number) = (parts.next().unwrap(), parts.nth(1).unwrap());
            let length = content.split(' ').nth(2).unwrap().parse().unwrap();
            assert_eq!(content, sized_record(process, number, length), "{name}");
        }
        drop(ledger);
        assert_eq!(fs::read_dir(root.path().join("log")).unwrap().count(), 0);
    }
}

#[test]
fn a_killed_holder_is_noticed_at_once() {
    let root = tempfile::tempdir().unwrap();
    let path = lock_path(&root.path().join("log"));
    for _ in 0..5 {
        let mut holder = Writer::start("hold", root.path());
        assert!(holder.wait());
        let impatient = LockPolicy {
            timeout: Duration::ZERO,
            ..LockPolicy::APPEND
        };
        assert!(FileLock::acquire(&path, &impatient, b"").is_err(), "two holders");
        holder.kill_after(Duration::ZERO);
        assert!(path.exists());
        // No waiting at all is needed, let alone until the file is old.
        let lock = FileLock::acquire(&path, &impatient, b"").unwrap();
        assert!(lock.taken_over());
    }
}

#[test]
fn a_full_disk_damages_nothing() {
    on_a_small_disk("256k", "fill");
}

#[test]
fn a_full_disk_is_told_by_the_ledger() {
    on_a_small_disk("4m", "fill ledger");
}

/// Plays `role` on a file system of `size`.
fn on_a_small_disk(size: &str, role: &str) {
    let root = tempfile::tempdir().unwrap();
    let mount = format!("mount -t tmpfs -o size={size} tmpfs \"$0\"");
    let possible = Command::new("unshare")
        .args(["--mount", "sh", "-c", &mount])
        .arg(root.path())
        .output()
        .is_ok_and(|output| output.status.success());
    if !possible {
        println!("skipped: this user cannot mount a small file system of its own");
        return;
    }
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-c", &format!("{mount} && exec \"$@\"")])
        .arg(root.path())
        .arg(env::current_exe().unwrap());
    let mut writer = Writer::start_with(command, role, root.path());
    assert!(writer.wait(), "the check on the full disk failed");
    assert!(writer.process.wait().unwrap().success());
}
