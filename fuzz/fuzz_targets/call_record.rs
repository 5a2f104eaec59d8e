//! Any bytes give a call in a normal form that stays what it is, or a refusal.
#![cfg_attr(fuzzing, no_main)]

use gait_artifact::voice::{Call, CallRecord};
use gait_canon::json;

/// Holds reading and normalising to that on `data`.
pub(crate) fn check(data: &[u8]) {
    // Holding the rows against each other must end, whatever they say.
    let accepted = gait_pack::call::read(data);
    let normal = json::read::<CallRecord>(data)
        .ok()
        .and_then(|record| record.normalize().ok());
    let Some(call) = normal else {
        assert!(accepted.is_err(), "what is accepted has a normal form");
        return;
    };
    if let Ok(accepted) = accepted {
        assert_eq!(accepted, call);
    }
    let again = record_of(call.clone())
        .normalize()
        .expect("a normal form has one");
    assert_eq!(again, call);
}

/// The record that says what `call` says.
fn record_of(call: Call) -> CallRecord {
    let rows = call.rows;
    CallRecord {
        created_at: call.created_at,
        producer_version: call.producer_version,
        call_id: call.call_id,
        runpack_path: call.runpack_path,
        privacy_mode: call.privacy_mode,
        environment_fingerprint: call.environment_fingerprint,
        events: rows.events,
        commitments: rows
            .commitments
            .iter()
            .map(|commitment| commitment.intent().clone())
            .collect(),
        gate_decisions: rows.decisions,
        speak_receipts: rows.receipts,
        reference_digests: rows.references,
        ..CallRecord::default()
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
