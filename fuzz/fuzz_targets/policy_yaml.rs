//! Any bytes give a policy whose canonical document reads back to it, or a refusal with a place.
#![cfg_attr(fuzzing, no_main)]

use gait_policy::{digest::policy_digest, document, format::canonical_yaml};

/// Holds the policy reader to that on `data`.
pub(crate) fn check(data: &[u8]) {
    match document::read(data) {
        Ok(policy) => {
            let yaml = canonical_yaml(&policy);
            let again = document::read(yaml.as_bytes()).expect("a canonical document is readable");
            assert_eq!(canonical_yaml(&again), yaml);
            assert_eq!(policy_digest(&again), policy_digest(&policy));
        }
        Err(error) => assert!(
            error
                .span()
                .is_some_and(|span| span.line >= 1 && span.column >= 1)
        ),
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
