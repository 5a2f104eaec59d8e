//! Whether the records of a fixture are of the kinds and versions that they are read as.

use gait_artifact::runpack::{
    INTENT_SCHEMA_ID, REFS_SCHEMA_ID, RESULT_SCHEMA_ID, RUN_SCHEMA_ID, SCHEMA_VERSION,
};
use gait_canon::json::Value;

use super::Grade;
use crate::fixture::Fixture;

const GRADER: &str = "schema_validation";

/// Files and digests need no second look: a fixture is loaded only when they are as the manifest says, and the manifest
/// only when it is one.
pub(super) fn grade(fixture: &Fixture) -> Grade {
    let runpack = &fixture.runpack;
    let mut grade = Grade::pass(GRADER);
    let (run, refs) = (&runpack.run, &runpack.refs);
    if !is(RUN_SCHEMA_ID, &run.schema_id, &run.schema_version) {
        grade.fail("run_schema_invalid");
    }
    if !is(REFS_SCHEMA_ID, &refs.schema_id, &refs.schema_version) {
        grade.fail("refs_schema_invalid");
    }
    let mut intents = runpack.intents.iter();
    if !intents.all(|intent| is(INTENT_SCHEMA_ID, &intent.schema_id, &intent.schema_version)) {
        grade.fail("intent_schema_invalid");
    }
    let mut results = runpack.results.iter();
    if !results.all(|result| is(RESULT_SCHEMA_ID, &result.schema_id, &result.schema_version)) {
        grade.fail("result_schema_invalid");
    }
    let details = &mut grade.details;
    details.put("missing_files", Value::Null);
    details.put_count("hash_mismatches", 0);
    details.put_count("intent_records", runpack.intents.len());
    details.put_count("result_records", runpack.results.len());
    details.put_count("reference_receipts", refs.receipts.len());
    grade
}

fn is(expected: &str, schema_id: &str, schema_version: &str) -> bool {
    schema_id == expected && schema_version == SCHEMA_VERSION
}
