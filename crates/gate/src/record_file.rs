//! The file form of every record the gate writes: indented JSON and a final newline.

use gait_canon::json;
use serde::Serialize;

/// The bytes of the file that holds `record`.
pub(crate) fn to_bytes(record: &impl Serialize) -> Result<Vec<u8>, json::Error> {
    let mut text = json::pretty(record)?;
    text.push('\n');
    Ok(text.into_bytes())
}
