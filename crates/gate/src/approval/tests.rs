use std::time::Duration;

use gait_artifact::intent::IntentRequest;
use proptest::prelude::*;

use super::*;

type Break = fn(&mut ApprovalToken);

const NOW: Timestamp = Timestamp::EPOCH_1980;

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed(&[seed; 32])
}

fn terms() -> ApprovalTerms {
    ApprovalTerms {
        intent_digest: Digest::of(b"intent"),
        policy_digest: Digest::of(b"policy"),
        delegation_digest: Some(Digest::of(b"delegation")),
        required_scopes: ["phase:apply", "tool:tool.write"].map(String::from).to_vec(),
        target_count: 2,
        operation_count: 3,
    }
}

fn grant(approver: &str) -> ApprovalGrant {
    let terms = terms();
    ApprovalGrant {
        intent_digest: terms.intent_digest.to_string(),
        policy_digest: terms.policy_digest.to_string(),
        delegation_binding_digest: Digest::of(b"delegation").to_string(),
        approver_identity: approver.to_owned(),
        reason_code: "CHG-1".to_owned(),
        scope: terms.required_scopes,
        max_targets: 2,
        max_ops: 3,
        ttl: Duration::from_secs(60),
    }
}

fn token(approver: &str) -> ApprovalToken {
    mint(grant(approver), "0.1.0", NOW, &key(1)).expect("a valid grant")
}

/// The token of a signer who signs whatever is put before it.
fn resign(mut token: ApprovalToken) -> ApprovalToken {
    let normal = token.clone().normalized().expect("a normal form");
    token.signature = Some(sign::sign(&normal.digest().expect("a canonical form"), &key(1)));
    token
}

fn code(token: &ApprovalToken, now: Timestamp) -> &'static str {
    validate(token, &terms(), &key(1).public(), now).map_or_else(|failure| failure.code(), |_| "valid")
}

fn later(seconds: u64) -> Timestamp {
    NOW.saturating_add(Duration::from_secs(seconds))
}

/// Breaks one thing more at each step, from the last check to the first: the earlier check always answers.
#[test]
fn checks_run_in_order() {
    let mut token = token("a");
    assert_eq!(code(&token, NOW), "valid");

    let signed: [(Break, &str); 7] = [
        (|token| token.max_ops = 2, "approval_token_max_ops_exceeded"),
        (
            |token| token.max_targets = 1,
            "approval_token_max_targets_exceeded",
        ),
        (
            |token| token.scope = vec!["tool:tool.write".to_owned()],
            "approval_token_scope_mismatch",
        ),
        (|token| token.expires_at = NOW, "approval_token_expired"),
        (
            |token| token.delegation_binding_digest.clear(),
            "approval_token_delegation_binding_mismatch",
        ),
        (
            |token| token.policy_digest = "0".repeat(64),
            "approval_token_policy_mismatch",
        ),
        (
            |token| token.intent_digest = "0".repeat(64),
            "approval_token_intent_mismatch",
        ),
    ];
    for (change, expected) in signed {
        change(&mut token);
        token = resign(token);
        assert_eq!(code(&token, NOW), expected);
    }
    let unsigned: [(Break, &str); 3] = [
        (
            |token| token.reason_code = "CHG-2".to_owned(),
            "approval_token_signature_invalid",
        ),
        (|token| token.signature = None, "approval_token_signature_missing"),
        (
            |token| token.created_at = Timestamp::ZERO,
            "approval_token_invalid",
        ),
    ];
    for (change, expected) in unsigned {
        change(&mut token);
        assert_eq!(code(&token, NOW), expected);
    }
}

#[test]
fn a_token_ends_at_its_expiry() {
    let token = token("a");
    assert_eq!(code(&token, later(59)), "valid");
    assert_eq!(code(&token, later(60)), "approval_token_expired");
}

#[test]
fn only_the_named_key_counts() {
    let terms = terms();
    let failure = validate(&token("a"), &terms, &key(2).public(), NOW).unwrap_err();
    assert_eq!(failure.code(), "approval_token_signature_invalid");
    assert_eq!(failure.to_string(), "key id mismatch");
    let mut anonymous = token("a");
    anonymous.signature.as_mut().unwrap().key_id.clear();
    let failure = validate(&anonymous, &terms, &key(2).public(), NOW).unwrap_err();
    assert_eq!(
        failure,
        ApprovalFailure::SignatureInvalid(SignatureFailure::Forged)
    );
}

#[test]
fn a_star_covers_everything_and_zero_bounds_nothing() {
    let wide = ApprovalGrant {
        scope: vec!["*".to_owned()],
        max_targets: 0,
        max_ops: 0,
        ..grant("a")
    };
    let token = mint(wide, "0.1.0", NOW, &key(1)).unwrap();
    assert_eq!(code(&token, NOW), "valid");
}

#[test]
fn a_token_bound_to_a_delegation_serves_an_intent_without_one() {
    let terms = ApprovalTerms {
        delegation_digest: None,
        ..terms()
    };
    assert!(validate(&token("a"), &terms, &key(1).public(), NOW).is_ok());
}

fn judged(required: usize, tokens: &[ApprovalToken]) -> ApprovalOutcome {
    let (terms, key) = (terms(), key(1).public());
    judge(
        &ApprovalStage {
            required,
            distinct_approvers: true,
            terms: &terms,
            key: &key,
            now: NOW,
        },
        tokens,
    )
}

#[test]
fn approvals_are_counted() {
    let (a, b) = (token("a"), token("b"));
    let mut broken = token("c");
    broken.reason_code.clear();
    let cases: [(usize, &[ApprovalToken], bool, &[&str]); 7] = [
        (0, &[], false, &["approval_token_missing"]),
        (0, std::slice::from_ref(&a), true, &["approval_granted"]),
        (
            1,
            &[broken.clone(), a.clone()],
            true,
            &["approval_granted", "approval_token_invalid"],
        ),
        (
            1,
            std::slice::from_ref(&broken),
            false,
            &["approval_chain_insufficient", "approval_token_invalid"],
        ),
        (2, &[a.clone(), b.clone()], true, &["approval_granted"]),
        (
            2,
            &[a.clone(), a.clone()],
            false,
            &["approval_distinct_approvers_required"],
        ),
        (
            2,
            std::slice::from_ref(&a),
            false,
            &[
                "approval_chain_insufficient",
                "approval_distinct_approvers_required",
            ],
        ),
    ];
    for (required, tokens, granted, codes) in cases {
        let outcome = judged(required, tokens);
        assert_eq!((outcome.granted, &outcome.reason_codes[..]), (granted, codes));
        assert_eq!(outcome.violations.is_empty(), granted);
        assert_eq!(outcome.approval_ref.is_empty(), !granted);
        assert_eq!(outcome.entries.len(), tokens.len());
    }
    let outcome = judged(2, &[b.clone(), a.clone()]);
    let mut ids = [a.token_id, b.token_id];
    ids.sort();
    assert_eq!(outcome.approval_ref, ids.join(","));
}

#[test]
fn the_audit_record_tells_what_was_found() {
    let subject = AuditSubject {
        created_at: NOW,
        producer_version: "0.1.0",
        trace_id: "t1",
        tool_name: "tool.write",
        intent_digest: Digest::of(b"intent"),
        policy_digest: Digest::of(b"policy"),
    };
    assert_eq!(ApprovalOutcome::not_asked(0).audit_record(&subject), None);
    let unasked = ApprovalOutcome::not_asked(2).audit_record(&subject).unwrap();
    assert_eq!((unasked.approved, unasked.entries), (false, None));
    let same_approver = judged(2, &[token("a"), token("a")])
        .audit_record(&subject)
        .unwrap();
    assert!(
        same_approver.approved,
        "distinctness shows in the verdict, not here"
    );
    assert_eq!(same_approver.approvers, ["a"]);
}

fn intent(text: &str) -> Intent {
    IntentRequest::read(text.as_bytes())
        .expect("a request")
        .normalize()
        .expect("an intent")
}

#[test]
fn terms_count_targets_and_operations() {
    let context = r#""context":{"identity":"a","workspace":"/w","risk_class":"low"}"#;
    let target = |name: &str| format!(r#"{{"kind":"path","value":"/{name}","operation":"write"}}"#);
    let one = target("one");
    let terms = |text: String| ApprovalTerms::of(&intent(&text), Digest::of(b"policy"));

    let none = terms(format!(
        r#"{{"tool_name":"T","args":{{}},"targets":[],{context}}}"#
    ));
    assert_eq!((none.target_count, none.operation_count), (0, 1));
    assert_eq!(none.required_scopes, ["tool:t"]);

    let two = terms(format!(
        r#"{{"tool_name":"t","args":{{}},"targets":[{one},{}],{context}}}"#,
        target("two")
    ));
    assert_eq!((two.target_count, two.operation_count), (2, 2));

    let script = terms(format!(
        r#"{{"tool_name":"x","args":{{}},"targets":[],{context},"script":{{"steps":[
            {{"tool_name":"a","args":{{}},"targets":[{one}]}},{{"tool_name":"b","args":{{}}}}]}}}}"#
    ));
    assert_eq!((script.target_count, script.operation_count), (1, 2));
    assert_eq!(script.required_scopes, ["tool:script"]);
}

#[test]
fn applied_destruction_needs_its_own_scopes() {
    let terms = |phase: &str| {
        let text = format!(
            r#"{{"tool_name":"t","args":{{}},"targets":[{{"kind":"path","value":"/x","operation":"delete","destructive":true}}],
            "context":{{"identity":"a","workspace":"/w","risk_class":"low","phase":"{phase}"}}}}"#
        );
        ApprovalTerms::of(&intent(&text), Digest::of(b"policy")).required_scopes
    };
    assert_eq!(terms("apply"), ["destructive:apply", "phase:apply", "tool:t"]);
    assert_eq!(terms(""), ["destructive:apply", "phase:apply", "tool:t"]);
    assert_eq!(terms("plan"), ["tool:t"]);
}

proptest! {
    // Signatures are slow in unoptimised builds.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_minted_verifies_in_every_spelling_of_its_normal_form(
        scope in proptest::collection::vec("[A-Za-z:.*]{1,8}", 1..4),
        approver in "[ -~]{1,12}",
    ) {
        let grant = ApprovalGrant { scope, approver_identity: approver, ..grant("a") };
        if let Ok(token) = mint(grant, "0.1.0", NOW, &key(1)) {
            let terms = ApprovalTerms { required_scopes: Vec::new(), ..terms() };
            let mut spelled = token.clone();
            spelled.scope.reverse();
            spelled.scope.iter_mut().for_each(|scope| *scope = format!(" {} ", scope.to_uppercase()));
            spelled.reason_code.push(' ');
            for token in [token, spelled] {
                prop_assert!(validate(&token, &terms, &key(1).public(), NOW).is_ok());
            }
        }
    }

    #[test]
    fn a_flipped_bit_voids_the_token(byte in 0_usize..2000, bit in 0_u8..7) {
        let token = token("a");
        let mut bytes = gait_canon::json::pretty(&token).unwrap().into_bytes();
        let at = byte % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(changed) = gait_canon::json::read::<ApprovalToken>(&bytes) {
            let harmless = changed.clone().normalized() == Ok(token);
            prop_assert_eq!(validate(&changed, &terms(), &key(1).public(), NOW).is_ok(), harmless);
        }
    }

    #[test]
    fn no_token_serves_another_intent_or_policy(intent in any::<[u8; 8]>(), policy in any::<[u8; 8]>()) {
        let terms = ApprovalTerms {
            intent_digest: Digest::of(&intent),
            policy_digest: Digest::of(&policy),
            ..terms()
        };
        prop_assert!(validate(&token("a"), &terms, &key(1).public(), NOW).is_err());
    }
}
