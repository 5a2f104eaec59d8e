use std::sync::Arc;

use gait_artifact::voice::{CommitmentContext, CommitmentIntent};
use gait_canon::{Digest, PrivateKey};
use gait_policy::{CompiledPolicy, document};
use proptest::prelude::*;

use super::*;
use crate::{
    Call, Deployment, Entrance, Fact, Signer,
    clock::Clock,
    kill_switch::{KillSwitchEntry, KillSwitchState},
    profile::Profile,
    rate_limit::LocalRateLimiter,
};

type Expect = fn(&mut SayExpectation);
type Break = fn(&mut SayToken);

const NOW: Timestamp = Timestamp::EPOCH_1980;
const TTL: Duration = Duration::from_secs(120);

struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        NOW
    }
}

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed(&[seed; 32])
}

fn commitment(class: &str) -> Commitment {
    CommitmentIntent {
        created_at: NOW,
        call_id: "call_1".to_owned(),
        turn_index: 2,
        call_seq: 3,
        commitment_class: class.to_owned(),
        currency: "EUR".to_owned(),
        quote_min_cents: 100,
        quote_max_cents: 200,
        refund_ceiling_cents: 50,
        context: CommitmentContext {
            identity: "agent.voice".to_owned(),
            workspace: "/srv/voice".to_owned(),
            risk_class: "high".to_owned(),
            ..CommitmentContext::default()
        },
        ..CommitmentIntent::default()
    }
    .normalize()
    .expect("a valid commitment")
}

/// A gate over `policy` and nothing else, but for a kill switch on everything when `stopped`.
fn gate(policy: &str, stopped: bool) -> Gate<'static> {
    let mut switch = KillSwitchState::empty("1.0.0", NOW);
    switch.entries.push(KillSwitchEntry {
        entry_id: "stop".to_owned(),
        enabled: true,
        tool_name: "voice.commitment.quote".to_owned(),
        created_at: NOW,
        ..KillSwitchEntry::default()
    });
    Gate::new(Deployment {
        policy: CompiledPolicy::new(document::read(policy.as_bytes()).expect("a valid policy")),
        profile: Profile::Standard,
        signer: Signer {
            key: key(1),
            warning: None,
        },
        approval_key: Fact::NotConfigured,
        delegation_key: Fact::NotConfigured,
        kill_switch: if stopped {
            Fact::Known(switch)
        } else {
            Fact::NotConfigured
        },
        inventory: Fact::NotConfigured,
        scripts: Fact::NotConfigured,
        script_key: Fact::NotConfigured,
        broker: None,
        rate_limiter: Arc::new(LocalRateLimiter::new("unused.json")),
        dispatch: None,
        clock: &Standing,
        producer_version: "1.0.0",
        entrance: Entrance::CommandLine,
    })
    .expect("the standard profile demands nothing")
}

fn call(commitment: &Commitment) -> Call {
    Call {
        request: commitment.to_request(),
        ..Call::default()
    }
}

/// What minting says of a quote under `policy`.
fn minted(policy: &str, stopped: bool) -> Result<SayToken, SayTokenError> {
    let gate = gate(policy, stopped);
    let commitment = commitment("quote");
    let decision = gate.decide(call(&commitment)).expect("a judgeable call");
    gate.mint_say_token(&commitment, &decision, TTL)
}

fn token() -> SayToken {
    minted("default_verdict: allow\n", false).expect("an allowed commitment")
}

fn sign_again(token: &mut SayToken) {
    token.signature = None;
    let digest = token.digest().expect("a canonical token");
    token.signature = Some(sign::sign(&digest, &key(1)));
}

fn code(token: &SayToken, expected: &SayExpectation, now: Timestamp) -> &'static str {
    verify(token, expected, &key(1).public(), now).map_or_else(|failure| failure.code(), |_| "valid")
}

#[test]
fn only_an_allow_makes_a_token() {
    for verdict in Verdict::ALL {
        let found = minted(&format!("default_verdict: {verdict}\n"), false);
        match found {
            Ok(token) => {
                assert_eq!(verdict, Verdict::Allow);
                assert_eq!(code(&token, &SayExpectation::default(), NOW), "valid");
            }
            Err(SayTokenError::NotAllowed(refused)) => assert_eq!(refused, verdict),
            Err(other) => panic!("{other}"),
        }
    }
    assert!(matches!(
        minted("default_verdict: allow\n", true),
        Err(SayTokenError::NotAllowed(Verdict::Block))
    ));
}

#[test]
fn a_decision_speaks_for_its_own_commitment() {
    let allowing = gate("default_verdict: allow\n", false);
    let asked = commitment("quote");
    let decision = allowing.decide(call(&asked)).unwrap();
    assert!(matches!(
        allowing.mint_say_token(&commitment("refund"), &decision, TTL),
        Err(SayTokenError::ForeignDecision)
    ));
    let mut other = asked.intent().clone();
    other.quote_max_cents += 1;
    assert!(matches!(
        allowing.mint_say_token(&other.normalize().unwrap(), &decision, TTL),
        Err(SayTokenError::ForeignDecision)
    ));
    let blocking = gate("default_verdict: block\n", false);
    assert!(matches!(
        blocking.mint_say_token(&asked, &decision, TTL),
        Err(SayTokenError::ForeignDecision)
    ));
    let simulated = Call {
        simulate: true,
        ..call(&asked)
    };
    let decision = allowing.decide(simulated).unwrap();
    assert!(matches!(
        allowing.mint_say_token(&asked, &decision, TTL),
        Err(SayTokenError::NotAllowed(_))
    ));
    let decision = allowing.decide(call(&asked)).unwrap();
    assert!(matches!(
        allowing.mint_say_token(&asked, &decision, Duration::ZERO),
        Err(SayTokenError::Form(FormError::Lifetime))
    ));
}

/// Breaks one thing more at each step, from the last check to the first: the earlier check always answers.
#[test]
fn checks_run_in_order() {
    let mut token = token();
    let mut expected = SayExpectation {
        intent_digest: token.intent_digest.to_uppercase(),
        policy_digest: format!(" {}", token.policy_digest),
        call_id: " call_1 ".to_owned(),
        turn_index: Some(2),
        call_seq: Some(3),
        commitment_class: " QUOTE ".to_owned(),
        currency: "eur".to_owned(),
        quote_cents: Some(150),
        refund_cents: Some(50),
        derived_id: true,
    }
    .normalized();
    assert_eq!(code(&token, &expected, NOW), "valid");
    let late = token.expires_at;
    assert_eq!(code(&token, &expected, late), "say_token_expired");

    let expectations: [(Expect, &str); 9] = [
        (
            |expected| expected.refund_cents = Some(51),
            "say_token_price_not_covered",
        ),
        (
            |expected| expected.quote_cents = Some(201),
            "say_token_price_not_covered",
        ),
        (
            |expected| expected.currency = "USD".to_owned(),
            "say_token_currency_mismatch",
        ),
        (
            |expected| expected.commitment_class = "refund".to_owned(),
            "say_token_class_mismatch",
        ),
        (
            |expected| expected.call_seq = Some(4),
            "say_token_call_binding_mismatch",
        ),
        (
            |expected| expected.turn_index = Some(0),
            "say_token_call_binding_mismatch",
        ),
        (
            |expected| expected.call_id = "call_2".to_owned(),
            "say_token_call_binding_mismatch",
        ),
        (
            |expected| expected.policy_digest = Digest::of(b"other").to_string(),
            "say_token_policy_mismatch",
        ),
        (
            |expected| expected.intent_digest = Digest::of(b"other").to_string(),
            "say_token_intent_mismatch",
        ),
    ];
    for (change, answer) in expectations {
        change(&mut expected);
        assert_eq!(code(&token, &expected, late), answer);
    }
    let breakages: [(Break, &str); 4] = [
        (
            |token| {
                token.token_id = "0123".to_owned();
                sign_again(token);
            },
            "say_token_id_mismatch",
        ),
        (|token| token.call_seq = 9, "say_token_signature_invalid"),
        (|token| token.signature = None, "say_token_signature_missing"),
        (
            |token| token.commitment_class = "promise".to_owned(),
            "say_token_invalid",
        ),
    ];
    for (change, answer) in breakages {
        change(&mut token);
        assert_eq!(code(&token, &expected, late), answer);
    }
}

#[test]
fn an_id_that_does_not_follow_is_found() {
    let mut token = token();
    let findings = |token: &SayToken| {
        verify(token, &SayExpectation::default(), &key(1).public(), NOW).map(|held| held.findings())
    };
    assert_eq!(findings(&token), Ok(Vec::new()));
    token.token_id = "0123".to_owned();
    sign_again(&mut token);
    let found = findings(&token).unwrap();
    assert_eq!(
        (found[0].code, found[0].subject.as_str()),
        (FindingCode::IdMismatch, "0123")
    );
}

#[test]
fn spellings_of_the_signed_form_hold() {
    let mut token = token();
    token.schema_id.clear();
    token.commitment_class = " Quote ".to_owned();
    token.intent_digest = token.intent_digest.to_uppercase();
    token.call_id = " call_1 ".to_owned();
    token.currency = " eur ".to_owned();
    assert_eq!(code(&token, &SayExpectation::default(), NOW), "valid");
    assert_eq!(
        verify(&token, &SayExpectation::default(), &key(2).public(), NOW),
        Err(SayTokenFailure::SignatureInvalid(SignatureFailure::Unusable(
            sign::SignatureError::KeyMismatch
        )))
    );
}

#[test]
fn files_are_read_leniently() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token.json");
    let text = json::pretty(&token()).unwrap().replacen('{', "{\"note\": 1,", 1);
    std::fs::write(&path, text).unwrap();
    assert_eq!(read_token(&path).unwrap(), token());
    std::fs::write(&path, "[1]").unwrap();
    let error = read_token(&path).unwrap_err();
    assert!(
        matches!(error, TokenFileError::Parse { kind: "say", .. }),
        "{error}"
    );
}

proptest! {
    /// Whatever is said differently than it was signed is refused, or says the same.
    #[test]
    fn a_changed_byte_is_noticed(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let token = token();
        let mut bytes = json::pretty(&token).unwrap().into_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        if let Ok(changed) = SayToken::read(&bytes)
            && let Ok(verified) = verify(&changed, &SayExpectation::default(), &key(1).public(), NOW)
        {
            // Only spellings of the same token may pass; and a signature may leave its key unnamed.
            let (mut left, mut right) = (verified.token().clone(), token.clone());
            (left.signature, right.signature) = (None, None);
            prop_assert_eq!(left, right);
        }
    }

    #[test]
    fn what_is_minted_verifies(
        turn in 0..1_i64 << 53,
        seq in 1..1_i64 << 53,
        max in 0..1_000_000_i64,
        ttl in 1..u64::MAX,
        id in "[a-zA-Z0-9_.:-]{1,20}",
    ) {
        let mut intent = commitment("schedule").intent().clone();
        (intent.turn_index, intent.call_seq) = (turn, seq);
        (intent.quote_min_cents, intent.quote_max_cents) = (0, max);
        intent.call_id = id;
        let commitment = intent.normalize().unwrap();
        let gate = gate("default_verdict: allow\n", false);
        let decision = gate.decide(call(&commitment)).unwrap();
        let token = gate.mint_say_token(&commitment, &decision, Duration::from_nanos(ttl)).unwrap();
        let text = json::pretty(&token).unwrap();
        let expected = SayExpectation {
            call_id: commitment.intent().call_id.clone(),
            turn_index: Some(turn),
            call_seq: Some(seq),
            quote_cents: Some(max),
            derived_id: true,
            ..SayExpectation::default()
        };
        let read = SayToken::read(text.as_bytes()).unwrap();
        prop_assert!(verify(&read, &expected, &key(1).public(), NOW).is_ok());
    }
}
