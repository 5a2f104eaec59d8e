//! Delegation first, then approval: what tokens do to a decision.

use std::{path::Path, time::Duration};

use gait_artifact::{Verdict, approval::ApprovalGrant, delegation::DelegationGrant, intent::Intent};
use gait_canon::{PrivateKey, json};
use gait_gate::{Call, Decision, Fact, approval, delegation};
use serde::Serialize;

use crate::deployment::{Bench, at, call, delegated, signing_key};

const ASK: &str = "{default_verdict: require_approval, rules: []}";
const ASK_TWO: &str = "
default_verdict: block
rules: [{name: r, effect: require_approval, match: {}, min_approvals: 2, require_distinct_approvers: true}]
";
const DELEGATED_AND_APPROVED: &str = "
default_verdict: block
rules: [{name: r, effect: require_approval, match: {require_delegation: true}}]
";

/// The directory that a test keeps its tokens in.
pub(crate) struct Tokens(tempfile::TempDir);

impl Tokens {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn keep(&self, name: &str, token: &impl Serialize) -> String {
        let path = self.path(name);
        std::fs::write(Path::new(&path), json::pretty(token).unwrap()).unwrap();
        path
    }

    /// `approver` consents to what `bench` asks about `call`.
    pub(crate) fn approved(&self, bench: &Bench, call: &Call, approver: &str) -> String {
        self.approved_with(bench, call, approver, &signing_key())
    }

    fn approved_with(&self, bench: &Bench, call: &Call, approver: &str, key: &PrivateKey) -> String {
        let intent = intent(call);
        let grant = ApprovalGrant {
            intent_digest: intent.digest().to_string(),
            policy_digest: bench.policy.digest().to_string(),
            delegation_binding_digest: intent
                .delegation_digest()
                .map(|digest| digest.to_string())
                .unwrap_or_default(),
            approver_identity: approver.to_owned(),
            reason_code: "CHG-1".to_owned(),
            scope: vec![format!("tool:{}", intent.tool_name())],
            ttl: Duration::from_secs(60),
            ..ApprovalGrant::default()
        };
        let token = approval::mint(grant, "1.0.0", at(crate::deployment::NOW), key).unwrap();
        self.keep(&format!("{approver}.json"), &token)
    }

    /// Bob lets alice act for him.
    fn delegation(&self) -> String {
        let grant = DelegationGrant {
            delegator_identity: "bob".to_owned(),
            delegate_identity: "alice".to_owned(),
            scope: vec!["write".to_owned()],
            ttl: Duration::from_secs(60),
            ..DelegationGrant::default()
        };
        let token = delegation::mint(grant, "1.0.0", at(crate::deployment::NOW), &signing_key()).unwrap();
        self.keep("delegation.json", &token)
    }
}

fn intent(call: &Call) -> Intent {
    call.request.clone().normalize().unwrap().without_context_claims()
}

fn decided(bench: &Bench, call: &Call) -> Decision {
    bench.decide(call).unwrap()
}

#[test]
fn an_approval_lets_the_call_pass() {
    let (bench, tokens) = (Bench::of(ASK), Tokens::new());
    let mut asking = call("fs.write", "low");
    let asked = decided(&bench, &asking);
    assert_eq!(asked.verdict(), Verdict::RequireApproval);
    assert!(asked.permit().is_none());

    asking.approval_tokens = vec![tokens.approved(&bench, &asking, "carol")];
    let approved = decided(&bench, &asking);
    assert!(approved.permit().is_some());
    assert_eq!(
        approved.outcome.reasons(),
        ["approval_granted", "default_require_approval"]
    );
    assert!(approved.outcome.violations().is_empty());
    let audit = approved.approval.audit.as_ref().unwrap();
    assert_eq!((audit.approved, audit.valid_approvals), (true, 1));
    assert_eq!(audit.trace_id, approved.trace.record().trace_id);
    assert_eq!(
        approved.trace.record().approval_token_ref,
        audit.entries.as_ref().unwrap()[0].token_id
    );
}

#[test]
fn an_approval_is_for_one_call_under_one_policy_by_a_known_key() {
    let (bench, tokens) = (Bench::of(ASK), Tokens::new());
    let asking = call("fs.write", "low");
    let presenting = |token: String, call: &Call| Call {
        approval_tokens: vec![token],
        ..call.clone()
    };
    let refusal = |bench: &Bench, call: &Call| {
        let decision = decided(bench, call);
        assert!(decision.permit().is_none());
        assert_eq!(decision.outcome.violations(), ["approval_not_granted"]);
        decision.outcome.reasons()[1].clone()
    };
    let token = tokens.approved(&bench, &asking, "carol");
    let other = presenting(token.clone(), &call("fs.read", "low"));
    assert_eq!(refusal(&bench, &other), "approval_token_intent_mismatch");
    let other_policy = Bench::of("{default_verdict: require_approval, scripts: {max_steps: 3}}");
    assert_eq!(
        refusal(&other_policy, &presenting(token, &asking)),
        "approval_token_policy_mismatch"
    );
    let stranger = tokens.approved_with(&bench, &asking, "mallory", &PrivateKey::from_seed(&[9; 32]));
    assert_eq!(
        refusal(&bench, &presenting(stranger, &asking)),
        "approval_token_signature_invalid"
    );
}

#[test]
fn a_key_of_its_own_takes_the_place_of_the_signing_key() {
    let (mut bench, tokens) = (Bench::of(ASK), Tokens::new());
    let approvers = PrivateKey::from_seed(&[2; 32]);
    bench.approval_key = Fact::Known(approvers.public());
    let mut asking = call("fs.write", "low");
    asking.approval_tokens = vec![tokens.approved(&bench, &asking, "carol")];
    assert!(decided(&bench, &asking).permit().is_none());
    asking.approval_tokens = vec![tokens.approved_with(&bench, &asking, "carol", &approvers)];
    assert!(decided(&bench, &asking).permit().is_some());
}

#[test]
fn two_approvals_come_from_two_approvers() {
    let (bench, tokens) = (Bench::of(ASK_TWO), Tokens::new());
    let mut asking = call("fs.write", "low");
    let carol = tokens.approved(&bench, &asking, "carol");
    let dave = tokens.approved(&bench, &asking, "dave");
    asking.approval_tokens = vec![carol.clone()];
    assert!(decided(&bench, &asking).permit().is_none());
    asking.approval_tokens = vec![carol, dave];
    let approved = decided(&bench, &asking);
    assert!(approved.permit().is_some());
    assert_eq!((approved.approval.required, approved.approval.valid), (2, 2));
}

/// Approvals don't help a call whose delegation fails: nobody is even asked.
#[test]
fn delegation_comes_before_approval() {
    let (bench, tokens) = (Bench::of(DELEGATED_AND_APPROVED), Tokens::new());
    let mut asking = delegated(call("fs.write", "low"));
    asking.approval_tokens = vec![tokens.approved(&bench, &asking, "carol")];
    let unproved = decided(&bench, &asking);
    assert_eq!(unproved.verdict(), Verdict::Block);
    assert_eq!(
        unproved.outcome.reasons(),
        ["delegation_token_missing", "matched_rule_r"]
    );
    assert_eq!(unproved.outcome.violations(), ["delegation_not_granted"]);
    assert_eq!(unproved.approval.valid, 0);

    asking.delegation_tokens = vec![tokens.delegation()];
    let proved = decided(&bench, &asking);
    assert!(proved.permit().is_some());
    assert_eq!(
        proved.outcome.reasons(),
        ["approval_granted", "delegation_granted", "matched_rule_r"]
    );
    let claim = proved.trace.record().delegation_ref.clone().unwrap();
    assert_eq!(claim.delegation_token_ref, proved.delegation.reference);
    assert_eq!(claim.reason_codes, ["delegation_granted"]);

    asking.approval_tokens.clear();
    assert_eq!(decided(&bench, &asking).verdict(), Verdict::RequireApproval);
}

#[test]
fn no_token_gets_around_a_kill_switch() {
    let (bench, tokens) = (
        Bench::of(DELEGATED_AND_APPROVED).stopping("fs.write"),
        Tokens::new(),
    );
    let mut asking = delegated(call("fs.write", "low"));
    asking.approval_tokens = vec![tokens.approved(&bench, &asking, "carol")];
    asking.delegation_tokens = vec![tokens.delegation()];
    let stopped = decided(&bench, &asking);
    assert_eq!(stopped.verdict(), Verdict::Block);
    assert!(stopped.permit().is_none());
    assert!(!stopped.outcome.reasons().contains(&"approval_granted".to_owned()));
}
