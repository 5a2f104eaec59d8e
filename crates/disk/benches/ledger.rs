//! What it costs to make a small file durable, alone and among others.
//!
//! The figures to reach, in records a second with 32 waiters: 10,000 on a disk whose flush takes 0.1 milliseconds, 20,000
//! in memory (`TMPDIR=/dev/shm`). Every record is a file of its own.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use divan::{Bencher, counter::ItemsCount};
use gait_disk::atomic::create_new;
use gait_disk::ledger::{Ledger, LedgerOptions};
use tempfile::TempDir;

fn main() {
    divan::main();
    FINISHED.lock().expect("no thread panics").clear();
}

/// Records that each measurement is about. A sealed trace takes about as many bytes as one of these.
const RECORDS: u64 = 3_200;
const RECORD_BYTES: usize = 2_400;

/// Directories that are removed at the end: file systems are slow to make files while they still forget others.
static FINISHED: Mutex<Vec<TempDir>> = Mutex::new(Vec::new());

struct Place {
    root: TempDir,
    ledger: Ledger,
    next: AtomicU64,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a directory can be made");
        let (ledger, _) =
            Ledger::open(&root.path().join("log"), LedgerOptions::default()).expect("a ledger opens");
        let place = Self {
            root,
            ledger,
            next: AtomicU64::new(0),
        };
        place.record();
        place
    }

    fn path(&self) -> PathBuf {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.root
            .path()
            .join("traces")
            .join(format!("trace_run_{number:012}.json"))
    }

    fn record(&self) {
        let ticket = self.ledger.record(self.path(), vec![b'x'; RECORD_BYTES]);
        ticket.wait().expect("a record is taken");
    }

    fn finish(self) {
        FINISHED.lock().expect("no thread panics").push(self.root);
    }
}

#[divan::bench(args = [1, 8, 32, 128], sample_count = 8, sample_size = 1)]
fn waiters(bencher: Bencher, waiters: u64) {
    let place = Place::new();
    bencher.counter(ItemsCount::new(RECORDS)).bench_local(|| {
        thread::scope(|scope| {
            for _ in 0..waiters {
                scope.spawn(|| (0..RECORDS / waiters).for_each(|_| place.record()));
            }
        });
    });
    place.finish();
}

/// Each file flushed on its own, for comparison.
#[divan::bench(sample_count = 4, sample_size = 1)]
fn without_a_ledger(bencher: Bencher) {
    let place = Place::new();
    bencher.counter(ItemsCount::new(RECORDS / 8)).bench_local(|| {
        for _ in 0..RECORDS / 8 {
            create_new(&place.path(), &[b'x'; RECORD_BYTES], 0o600).expect("a file is made");
        }
    });
    place.finish();
}
