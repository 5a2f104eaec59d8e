//! What a document states, held against what follows from the evidence beside it.

use gait_artifact::finding::{Finding, FindingCode};
use gait_canon::json::{self, Value};
use serde::Serialize;

/// The members of the document at `path` that are not as they follow from `origin`.
pub(super) fn between<T: Serialize>(path: &str, stated: &T, derived: &T, origin: &str) -> Vec<Finding> {
    let (Ok(Value::Object(stated)), Ok(Value::Object(derived))) =
        (json::to_value(stated), json::to_value(derived))
    else {
        return Vec::new();
    };
    let mut names: Vec<_> = stated.keys().chain(derived.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .filter(|name| !same(stated.get(name), derived.get(name)))
        .map(|name| {
            let subject = format!("{path} {name}");
            let message = format!(
                "states {}, but {origin} has {}",
                shown(stated.get(name)),
                shown(derived.get(name))
            );
            Finding::new(code_of(name), subject, message)
        })
        .collect()
}

/// Digests are the same whatever the case of their digits.
fn same(stated: Option<&Value>, derived: Option<&Value>) -> bool {
    match (stated.and_then(Value::as_str), derived.and_then(Value::as_str)) {
        (Some(stated), Some(derived)) => {
            stated == derived || stated.len() == 64 && stated.eq_ignore_ascii_case(derived)
        }
        _ => stated == derived,
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), json::compact)
}

fn code_of(member: &str) -> FindingCode {
    match member {
        "run_id" => FindingCode::RunIdMismatch,
        member if member.ends_with("_digest") => FindingCode::DigestMismatch,
        member if member.ends_with("_count") => FindingCode::CountMismatch,
        _ => FindingCode::Inconsistent,
    }
}
