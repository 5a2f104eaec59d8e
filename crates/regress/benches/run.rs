//! What it costs to hold runs to fixtures.
//!
//! The figures to reach: a thousand fixtures of a hundred calls, each with a candidate of its own, take at most 2 seconds of
//! one processor, and on several about as much less as there are of them. Each thread holds one fixture and its candidate;
//! beside that, memory holds the result.

use std::fs;
use std::num::NonZero;
use std::path::Path;
use std::sync::OnceLock;
use std::thread;

use divan::{Bencher, counter::ItemsCount};
use gait_artifact::Timestamp;
use gait_artifact::runpack::{
    INTENT_SCHEMA_ID, IntentRecord, REFS_SCHEMA_ID, RESULT_SCHEMA_ID, RUN_SCHEMA_ID, Refs, ResultRecord, Run,
    SCHEMA_VERSION,
};
use gait_canon::Digest;
use gait_disk::progress::Unwatched;
use gait_regress::{CONFIG_PATH, Options, run};
use gait_runpack::{CaptureMode, Content, write};
use tempfile::TempDir;

fn main() {
    divan::main();
}

const FIXTURES: usize = 1000;
const CALLS: usize = 100;

/// A run of a hundred calls.
fn content(run_id: &str) -> Content {
    let created_at = Timestamp::from_unix(1_770_249_600, 0);
    let (schema_version, run_id) = (SCHEMA_VERSION.to_owned(), run_id.to_owned());
    let mut content = Content {
        capture_mode: CaptureMode::Reference,
        run: Run {
            schema_id: RUN_SCHEMA_ID.to_owned(),
            schema_version: schema_version.clone(),
            created_at,
            run_id: run_id.clone(),
            ..Run::default()
        },
        refs: Refs {
            schema_id: REFS_SCHEMA_ID.to_owned(),
            schema_version: schema_version.clone(),
            created_at,
            run_id: run_id.clone(),
            ..Refs::default()
        },
        ..Content::default()
    };
    for call in 0..CALLS {
        let digest = Digest::of(&call.to_le_bytes()).to_string();
        let intent_id = format!("intent_{call}");
        content.intents.push(IntentRecord {
            schema_id: INTENT_SCHEMA_ID.to_owned(),
            schema_version: schema_version.clone(),
            created_at,
            producer_version: "1.0.0".to_owned(),
            run_id: run_id.clone(),
            intent_id: intent_id.clone(),
            tool_name: format!("tool.write_{}", call % 7),
            args_digest: digest.clone(),
            args: None,
        });
        content.results.push(ResultRecord {
            schema_id: RESULT_SCHEMA_ID.to_owned(),
            schema_version: schema_version.clone(),
            created_at,
            producer_version: "1.0.0".to_owned(),
            run_id: run_id.clone(),
            intent_id,
            status: "ok".to_owned(),
            result_digest: digest,
            result: None,
        });
    }
    content
}

/// A directory with all fixtures, which benchmarks share.
fn fixtures() -> &'static Path {
    static PLACE: OnceLock<TempDir> = OnceLock::new();
    PLACE.get_or_init(make).path()
}

fn make() -> TempDir {
    let place = tempfile::tempdir().expect("a directory can be made");
    let tools: Vec<_> = (0..CALLS)
        .map(|call| format!(r#""tool.write_{}""#, call % 7))
        .collect();
    let mut listed = Vec::new();
    for number in 0..FIXTURES {
        let name = format!("f{number}");
        let directory = place.path().join("fixtures").join(&name);
        fs::create_dir_all(&directory).expect("a directory can be made");
        for (file, run_id) in [
            ("runpack.zip", format!("run_{number}")),
            ("now.zip", format!("now_{number}")),
        ] {
            write(&directory.join(file), &content(&run_id), None).expect("a runpack can be written");
        }
        let expected = format!(
            r#"{{"name":"{name}","run_id":"run_{number}","runpack":"runpack.zip","candidate_runpack":"now.zip","expected_tool_sequence":[{}]}}"#,
            tools.join(",")
        );
        fs::write(directory.join("fixture.json"), expected).expect("a file can be written");
        listed.push(format!(
            r#"{{"name":"{name}","runpack":"fixtures/{name}/runpack.zip"}}"#
        ));
    }
    let config = format!(r#"{{"fixtures":[{}]}}"#, listed.join(","));
    fs::write(place.path().join(CONFIG_PATH), config).expect("a file can be written");
    place
}

fn grade(bencher: Bencher, threads: NonZero<usize>) {
    let root = fixtures();
    let options = Options {
        config: Path::new(CONFIG_PATH),
        context_conformance: false,
        allow_context_runtime_drift: false,
        producer_version: "1.0.0",
        threads,
    };
    bencher.counter(ItemsCount::new(FIXTURES)).bench(|| {
        let result = run(root, &options, &Unwatched).expect("the fixtures can be graded");
        assert_eq!(result.failures().count(), 0);
    });
}

/// By one thread, so that time is time of the processor.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn alone(bencher: Bencher) {
    grade(bencher, NonZero::<usize>::MIN);
}

/// By a thread for each processor.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn together(bencher: Bencher) {
    grade(
        bencher,
        thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
    );
}
