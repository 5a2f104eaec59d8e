//! The safety invariants of a job: the terms it was submitted under, fixed for its life.

use gait_artifact::job::JobState;
use gait_canon::Digest;

/// The version of the rules below.
pub const VERSION: &str = "1";

/// What holds for every job.
const ALWAYS: [&str; 3] = [
    "control_boundary=runtime_go",
    "default_privacy=reference_receipts",
    "fail_closed=true",
];

/// The invariants of a job that is bound to `state`'s policy and identity, as sorted `name=value` texts.
#[must_use]
pub fn derive(state: &JobState) -> Vec<String> {
    let bound = [
        ("policy_digest", &state.policy_digest),
        ("policy_ref", &state.policy_ref),
        ("identity", &state.identity),
    ];
    let bound = bound
        .into_iter()
        .map(|(name, value)| (name, value.trim()))
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={value}"));
    let mut invariants: Vec<String> = ALWAYS.into_iter().map(str::to_owned).chain(bound).collect();
    invariants.sort_unstable();
    invariants
}

/// The digest of invariants: SHA-256 over the trimmed texts that are not blank, sorted and joined by `|`, in hex.
#[must_use]
pub fn hash(invariants: &[String]) -> String {
    let mut texts: Vec<&str> = invariants
        .iter()
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
        .collect();
    texts.sort_unstable();
    Digest::of(texts.join("|").as_bytes()).to_string()
}

/// Completes the state of a job that was submitted before there were invariants. What is there is kept.
pub fn complete(state: &mut JobState) {
    if state.safety_invariant_version.trim().is_empty() {
        VERSION.clone_into(&mut state.safety_invariant_version);
    }
    if state.safety_invariants.is_empty() {
        state.safety_invariants = derive(state);
    }
    if state.safety_invariant_hash.trim().is_empty() {
        state.safety_invariant_hash = hash(&state.safety_invariants);
    }
}

/// Whether the hash is that of the list.
#[must_use]
pub fn agree(state: &JobState) -> bool {
    state
        .safety_invariant_hash
        .trim()
        .eq_ignore_ascii_case(&hash(&state.safety_invariants))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(policy_digest: &str, policy_ref: &str, identity: &str) -> JobState {
        JobState {
            policy_digest: policy_digest.to_owned(),
            policy_ref: policy_ref.to_owned(),
            identity: identity.to_owned(),
            ..JobState::default()
        }
    }

    #[test]
    fn known_hashes() {
        for (state, expected) in [
            (
                bound("", " ", ""),
                "075f96bf56c92d7a413eafe9b15fc5f7f7d814b83af4ef377e28951eac59aa88",
            ),
            (
                bound("", "", " demo.user "),
                "541a4854dda77c0b1edfc51e90ecad6f58f045717399eb89b86ac7475c0787ce",
            ),
            (
                bound("p", "", "me"),
                "36678d477874fe84492c90dae6bc27c0cbc679be8b50679a3e2b01cc27609b31",
            ),
        ] {
            assert_eq!(hash(&derive(&state)), expected);
        }
    }

    #[test]
    fn the_order_and_white_space_of_the_list_do_not_matter() {
        let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(hash(&list(&["b=1", " a=2 ", ""])), hash(&list(&["a=2", "b=1"])));
    }

    #[test]
    fn what_is_there_is_kept() {
        let mut state = bound("", "", "me");
        state.safety_invariants = vec!["x=1".to_owned()];
        complete(&mut state);
        assert_eq!(state.safety_invariants, ["x=1"]);
        assert_eq!(state.safety_invariant_version, VERSION);
        assert!(agree(&state));
        let completed = state.clone();
        complete(&mut state);
        assert_eq!(state, completed);
        state.safety_invariant_hash = "00".to_owned();
        assert!(!agree(&state));
    }
}
