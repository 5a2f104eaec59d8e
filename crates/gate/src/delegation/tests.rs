use std::time::Duration;

use gait_artifact::intent::{Delegation, DelegationLink};
use gait_canon::Digest;
use proptest::prelude::*;

use super::*;
use crate::audit::AuditSubject;

type Expect = fn(&mut DelegationExpectation);
type Break = fn(&mut DelegationToken);

const NOW: Timestamp = Timestamp::EPOCH_1980;

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed(&[seed; 32])
}

fn grant(delegator: &str, delegate: &str) -> DelegationGrant {
    DelegationGrant {
        delegator_identity: delegator.to_owned(),
        delegate_identity: delegate.to_owned(),
        scope: ["read", "write"].map(String::from).to_vec(),
        scope_class: "deploy".to_owned(),
        intent_digest: Digest::of(b"intent").to_string(),
        policy_digest: Digest::of(b"policy").to_string(),
        ttl: Duration::from_secs(60),
    }
}

fn minted(grant: DelegationGrant) -> DelegationToken {
    mint(grant, "0.1.0", NOW, &key(1)).expect("a valid grant")
}

fn token(delegator: &str, delegate: &str) -> DelegationToken {
    minted(grant(delegator, delegate))
}

fn expected() -> DelegationExpectation {
    DelegationExpectation {
        delegator: "a".to_owned(),
        delegate: "b".to_owned(),
        scopes: ["admin", "write"].map(String::from).to_vec(),
        intent_digest: Digest::of(b"intent").to_string(),
        policy_digest: Digest::of(b"policy").to_string(),
    }
}

/// Breaks one thing more at each step, from the last check to the first: the earlier check always answers.
#[test]
fn checks_run_in_order() {
    let code = |token: &DelegationToken, expected: &DelegationExpectation, now| {
        validate(token, expected, &key(1).public(), now).map_or_else(|failure| failure.code(), |_| "valid")
    };
    let mut token = token("a", "b");
    let mut expected = expected();
    assert_eq!(code(&token, &expected, NOW), "valid");

    let expectations: [(Expect, &str); 5] = [
        (
            |expected| expected.scopes = vec!["admin".to_owned()],
            "delegation_token_scope_mismatch",
        ),
        (
            |expected| expected.policy_digest = "0".repeat(64),
            "delegation_token_policy_mismatch",
        ),
        (
            |expected| expected.intent_digest = "0".repeat(64),
            "delegation_token_intent_mismatch",
        ),
        (
            |expected| expected.delegate = "x".to_owned(),
            "delegation_token_delegate_mismatch",
        ),
        (
            |expected| expected.delegator = "x".to_owned(),
            "delegation_token_delegator_mismatch",
        ),
    ];
    for (change, answer) in expectations {
        change(&mut expected);
        assert_eq!(code(&token, &expected, NOW), answer);
    }
    let end = token.expires_at;
    assert_eq!(code(&token, &expected, end), "delegation_token_expired");
    let breaks: [(Break, &str); 3] = [
        (
            |token| token.scope.push("admin".to_owned()),
            "delegation_token_signature_invalid",
        ),
        (
            |token| token.signature = None,
            "delegation_token_signature_missing",
        ),
        (|token| token.token_id.clear(), "delegation_token_invalid"),
    ];
    for (change, answer) in breaks {
        change(&mut token);
        assert_eq!(code(&token, &expected, end), answer);
    }
}

#[test]
fn what_is_not_bound_or_not_expected_matches() {
    let unbound = minted(DelegationGrant {
        intent_digest: String::new(),
        policy_digest: String::new(),
        ..grant("a", "b")
    });
    let by = key(1).public();
    assert!(validate(&unbound, &expected(), &by, NOW).is_ok());
    assert!(validate(&token("a", "b"), &DelegationExpectation::default(), &by, NOW).is_ok());
}

#[test]
fn one_scope_or_the_class_or_a_star_is_enough() {
    let by = key(1).public();
    let holds = |scope: &str, class: &str, wanted: &[&str]| {
        let grant = DelegationGrant {
            scope: vec![scope.to_owned()],
            scope_class: class.to_owned(),
            ..grant("a", "b")
        };
        let scopes = wanted.iter().copied().map(String::from).collect();
        validate(
            &minted(grant),
            &DelegationExpectation { scopes, ..expected() },
            &by,
            NOW,
        )
        .is_ok()
    };
    for (scope, class, wanted, good) in [
        ("write", "", &["admin", "write"][..], true),
        ("read", "write", &["write"], true),
        ("*", "", &["write"], true),
        ("read", "", &["write"], false),
        ("read", "*", &["write"], false),
        ("read", "", &[], true),
    ] {
        assert_eq!(holds(scope, class, wanted), good, "{scope} {class} {wanted:?}");
    }
}

fn chain(identities: &[&str]) -> Delegation {
    let link = |pair: &[&str]| DelegationLink {
        delegator_identity: pair[0].to_owned(),
        delegate_identity: pair[1].to_owned(),
        ..DelegationLink::default()
    };
    Delegation {
        requester_identity: identities.last().copied().unwrap_or_default().to_owned(),
        chain: identities.windows(2).map(link).collect(),
        ..Delegation::default()
    }
}

fn judged(claim: Option<&Delegation>, scopes: &[&str], tokens: &[DelegationToken]) -> DelegationOutcome {
    let (key, scopes) = (
        key(1).public(),
        scopes.iter().copied().map(String::from).collect::<Vec<_>>(),
    );
    let stage = DelegationStage {
        claim,
        scopes: &scopes,
        intent_digest: Digest::of(b"intent"),
        policy_digest: Digest::of(b"policy"),
        key: &key,
        now: NOW,
    };
    judge(&stage, tokens)
}

#[test]
fn a_complete_chain_is_granted_in_any_order_of_files() {
    let claim = chain(&["a", "b", "c", "d"]);
    let mut tokens = vec![token("c", "d"), token("x", "y"), token("a", "b"), token("b", "c")];
    for _ in 0..tokens.len() {
        tokens.rotate_left(1);
        let outcome = judged(Some(&claim), &[], &tokens);
        assert!(outcome.complete);
        assert_eq!(
            (outcome.valid, &outcome.reason_codes[..]),
            (3, &["delegation_granted"][..])
        );
        assert_eq!(outcome.delegation_ref.split(',').count(), 3);
        let surplus = outcome.entries.last().unwrap();
        assert_eq!(surplus.error_code, "delegation_token_chain_mismatch");
    }
}

#[test]
fn a_missing_link_blocks() {
    let claim = chain(&["a", "b", "c", "d"]);
    let outcome = judged(Some(&claim), &[], &[token("a", "b"), token("c", "d")]);
    assert!(!outcome.complete);
    assert_eq!(outcome.valid, 2);
    assert_eq!(
        outcome.reason_codes,
        ["delegation_chain_insufficient", "delegation_token_missing"]
    );
    assert_eq!(outcome.violations, ["delegation_not_granted"]);
    assert!(outcome.delegation_ref.is_empty());
    let missing = &outcome.entries[1];
    assert_eq!((&*missing.delegator_identity, missing.valid), ("b", false));
    assert!(missing.expires_at.is_zero());
}

#[test]
fn a_token_covers_one_link_only() {
    let claim = chain(&["a", "b", "a", "b"]);
    let tokens = [token("a", "b"), token("b", "a")];
    assert!(!judged(Some(&claim), &[], &tokens).complete);
    let tokens = [token("a", "b"), token("a", "b"), token("b", "a")];
    assert!(judged(Some(&claim), &[], &tokens).complete);
}

#[test]
fn unused_tokens_tell_why_the_first_open_link_refused_them() {
    let claim = chain(&["a", "b"]);
    let mut unsigned = token("a", "b");
    unsigned.signature = None;
    let tokens = [unsigned, token("a", "x"), DelegationToken::default()];
    assert_eq!(
        judged(Some(&claim), &["write"], &tokens).reason_codes,
        [
            "delegation_chain_insufficient",
            "delegation_token_delegate_mismatch",
            "delegation_token_invalid",
            "delegation_token_missing",
            "delegation_token_signature_missing",
        ]
    );
}

#[test]
fn nothing_claimed_or_presented_is_never_complete() {
    let claim = chain(&["a", "b"]);
    for outcome in [
        judged(Some(&claim), &[], &[]),
        judged(None, &[], &[token("a", "b")]),
    ] {
        assert!(!outcome.complete);
        assert_eq!(outcome.reason_codes, ["delegation_token_missing"]);
    }
}

#[test]
fn without_a_chain_anybody_may_have_handed_over() {
    let claim = Delegation {
        requester_identity: "b".to_owned(),
        ..Delegation::default()
    };
    assert!(judged(Some(&claim), &[], &[token("whoever", "b")]).complete);
    assert!(!judged(Some(&claim), &[], &[token("a", "x")]).complete);
}

#[test]
fn scopes_only_shrink_on_their_way() {
    let claim = chain(&["a", "b", "c"]);
    let scoped = |delegator: &str, delegate: &str, scope: &str| {
        minted(DelegationGrant {
            scope: vec![scope.to_owned()],
            scope_class: String::new(),
            ..grant(delegator, delegate)
        })
    };
    let demanded = &["admin", "write"];
    for (first, second, complete) in [
        ("write", "write", true),
        ("*", "admin", true),
        ("write", "*", true),
        ("write", "admin", false),
    ] {
        let tokens = [scoped("a", "b", first), scoped("b", "c", second)];
        let outcome = judged(Some(&claim), demanded, &tokens);
        assert_eq!(outcome.complete, complete, "{first} {second}");
        assert_eq!(
            outcome.reason_codes.contains(&"delegation_token_scope_mismatch"),
            !complete
        );
    }
}

#[test]
fn the_audit_record_is_written_for_every_demand() {
    let subject = AuditSubject {
        created_at: NOW,
        producer_version: "0.1.0",
        trace_id: "t1",
        tool_name: "tool.write",
        intent_digest: Digest::of(b"intent"),
        policy_digest: Digest::of(b"policy"),
    };
    assert_eq!(DelegationOutcome::default().audit_record(false, &subject), None);
    let claim = chain(&["a", "b", "c"]);
    let record = judged(Some(&claim), &[], &[token("a", "b")])
        .audit_record(true, &subject)
        .unwrap();
    assert_eq!(
        (record.valid_delegations, record.delegated),
        (1, true),
        "one link is covered"
    );
    assert!(record.delegation_ref.is_empty());
}

proptest! {
    // Signatures are slow in unoptimised builds.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_flipped_bit_voids_the_token(byte in 0_usize..2000, bit in 0_u8..7) {
        let token = token("a", "b");
        let mut bytes = gait_canon::json::pretty(&token).unwrap().into_bytes();
        let at = byte % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(changed) = gait_canon::json::read::<DelegationToken>(&bytes) {
            let harmless = changed.clone().normalized() == Ok(token);
            let authentic = AuthenticDelegation::of(&changed, &key(1).public(), NOW).is_ok();
            prop_assert_eq!(authentic, harmless);
        }
    }

    #[test]
    fn a_bound_token_serves_nothing_else(intent in any::<[u8; 8]>()) {
        let expected = DelegationExpectation { intent_digest: Digest::of(&intent).to_string(), ..expected() };
        prop_assert!(validate(&token("a", "b"), &expected, &key(1).public(), NOW).is_err());
    }
}
