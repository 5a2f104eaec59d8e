//! The fuzz target of this crate on a bounded number of inputs: a runpack, and the files of one, with bytes changed, cut
//! out, put in or repeated.
#![expect(
    unexpected_cfgs,
    reason = "the target asks for cfg(fuzzing), which only cargo-fuzz sets"
)]
#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../../../fuzz/mutation.rs"]
mod mutation;
#[path = "../../../fuzz/fuzz_targets/runpack_read.rs"]
mod runpack_read;

use gait_artifact::Timestamp;
use gait_artifact::runpack::RunEnv;
use gait_runpack::{RecordInput, RecordOptions, record, to_bytes};
use mutation::inputs;
use proptest::prelude::*;

const FILES: &str = concat!(
    r#"{"run_id":"run_1","created_at":"2026-02-14T01:00:00.50+01:00","timeline":[{"event":"started","ts":"2026-02-14T00:00:00Z","#,
    r#""relationship":{"parent_ref":{"kind":"run","id":"r"}}}]}"#,
    "\u{1e}",
    r#"{"intent_id":"i","tool_name":"tool.a","args":{"n":[1e3,-0,1.5]}}"#,
    "\n\n",
    r#"{"intent_id":"i","args":null}"#,
    "\u{1e}",
    r#"{"intent_id":"i","status":"ok","result_digest":"00","result":{}}"#,
    "\u{1e}",
    r#"{"context_evidence_mode":" Required","context_set_digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","#,
    r#""receipts":[{"ref_id":"b","freshness_sla_seconds":3},{"ref_id":"a","retrieval_params":{"k":"v"}}]}"#,
);

fn seeds() -> Vec<Vec<u8>> {
    let input = RecordInput::read(
        br#"{"run":{"run_id":"run_1"},"capture_mode":"raw","intents":[{"intent_id":"i","tool_name":"tool.a","args":{"n":1}}]}"#,
    )
    .unwrap();
    let now = Timestamp::from_unix(1_800_000_000, 0);
    let recorded = record(input, &RecordOptions::default(), now, RunEnv::default()).unwrap();
    let (archive, _) = to_bytes(&recorded.content, None).unwrap();
    vec![FILES.as_bytes().to_vec(), archive]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn runpack_read_holds(data in inputs(seeds())) {
        runpack_read::check(&data);
    }
}

#[test]
fn an_undamaged_seed_is_read() {
    for seed in seeds() {
        runpack_read::check(&seed);
    }
}
