//! Results on disk.

use std::path::Path;

use gait_artifact::regress::RegressResult;
use gait_canon::json;
use gait_disk::{Error, atomic};

use crate::junit::{JunitForm, junit};

const FILE_MODE: u32 = 0o600;

/// Writes `result` to the file at `path`, whose directory must exist.
#[expect(clippy::missing_panics_doc, reason = "results hold nothing that JSON lacks")]
pub fn write_result(path: &Path, result: &RegressResult) -> Result<(), Error> {
    let text = json::pretty(result).expect("a result is made of texts, numbers and lists of them");
    atomic::replace(path, (text + "\n").as_bytes(), FILE_MODE)
}

/// Writes `result` as JUnit XML to the file at `path`; missing directories are made.
pub fn write_junit(path: &Path, result: &RegressResult, form: JunitForm) -> Result<(), Error> {
    atomic::create_parents(path)?;
    atomic::replace(path, junit(result, form).as_bytes(), FILE_MODE)
}
