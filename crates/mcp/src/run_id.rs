//! Names for runs: safe in file names, and the same for the same call.

use gait_canon::Digest;

/// What every run id begins with.
const PREFIX: &str = "run_";
/// How many hex digits of the intent's digest name a run that nobody named.
const DIGEST_DIGITS: usize = 12;

/// The run id that `text` gives: every run of characters other than ASCII letters, digits, `_` and `-` becomes one `_`,
/// none stand at the ends, and `run_` comes first. `None` when nothing is left.
#[must_use]
pub fn normalize(text: &str) -> Option<String> {
    let mut id = String::with_capacity(PREFIX.len() + text.len());
    let mut in_gap = false;
    for letter in text.trim().chars() {
        let is_plain = letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        if is_plain {
            id.push(letter);
        } else if !in_gap {
            id.push('_');
        }
        in_gap = !is_plain;
    }
    let id = id.trim_matches('_');
    match id {
        "" => None,
        _ if id.starts_with(PREFIX) => Some(id.to_owned()),
        _ => Some(format!("{PREFIX}{id}")),
    }
}

/// The run a call belongs to: the one `requested` at the boundary, else the one its `context` names, else one named by
/// the digest of its intent.
#[must_use]
pub fn resolve(requested: &str, context: &str, intent: &Digest) -> String {
    normalize(requested)
        .or_else(|| normalize(context))
        .unwrap_or_else(|| format!("{PREFIX}mcp_{}", &intent.to_string()[..DIGEST_DIGITS]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_safe_in_file_names() {
        for (text, id) in [
            ("", None),
            (" \n", None),
            ("__", None),
            ("é!", None),
            ("my run", Some("run_my_run")),
            ("run_x", Some("run_x")),
            ("a/b:c", Some("run_a_b_c")),
            ("a b/c", Some("run_a_b_c")),
            ("../../etc", Some("run_etc")),
            ("---", Some("run_---")),
            ("run_", Some("run_run")),
            ("  run_7  ", Some("run_7")),
            ("héllo", Some("run_h_llo")),
            ("a_!?b", Some("run_a__b")),
            ("Run_a", Some("run_Run_a")),
        ] {
            assert_eq!(normalize(text).as_deref(), id, "{text:?}");
        }
    }

    #[test]
    fn the_boundary_names_the_run_first() {
        let digest = Digest::of(b"intent");
        for (requested, context, id) in [
            ("flag", "from ctx", "run_flag"),
            ("--", "from ctx", "run_--"),
            (" ", "from ctx", "run_from_ctx"),
            ("!", "?", &format!("run_mcp_{}", &digest.to_string()[..12])),
        ] {
            assert_eq!(resolve(requested, context, &digest), id);
        }
    }

    proptest! {
        #[test]
        fn an_id_names_itself(text in any::<String>()) {
            if let Some(id) = normalize(&text) {
                prop_assert!(id.starts_with(PREFIX));
                prop_assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)));
                prop_assert_eq!(normalize(&id), Some(id));
            }
        }
    }
}
