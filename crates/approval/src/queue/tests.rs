use std::{fs, time::Duration};

use gait_artifact::intent::IntentRequest;
use gait_canon::{Digest, PrivateKey};
use gait_disk::atomic;
use proptest::prelude::*;

use super::*;
use crate::{
    call::Mismatch,
    error::{DecisionError, Refusal},
    state::StateError,
};

const VERSION: &str = "1.0.0";

fn key() -> PrivateKey {
    PrivateKey::from_seed(&[1; 32])
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_800_000_000 + seconds, 0)
}

fn call_with(args: &str) -> PendingCall {
    let text = format!(
        r#"{{"tool_name": "fs.delete", "args": {args},
        "targets": [{{"kind": "path", "value": "/a", "operation": "delete", "destructive": true}}],
        "context": {{"identity": "agent", "workspace": "/w", "risk_class": "high"}}}}"#
    );
    PendingCall {
        intent: IntentRequest::read(text.as_bytes()).unwrap().normalize().unwrap(),
        policy_digest: Digest::of(b"policy"),
        principal: "agent".to_owned(),
        server: "files".to_owned(),
        required_approvals: 1,
        distinct_approvers: false,
        reason_codes: vec!["destructive".to_owned()],
        trace_id: "trace".to_owned(),
        approval_key: key().public(),
    }
}

fn call() -> PendingCall {
    call_with(r#"{"path": "/a", "force": true}"#)
}

fn queue() -> (tempfile::TempDir, Queue) {
    let root = tempfile::tempdir().unwrap();
    let queue = Queue::new(root.path().join("approvals"), QueueSettings::default());
    (root, queue)
}

fn consent(approver: &str) -> Consent {
    Consent {
        approver: approver.to_owned(),
        reason_code: "CHG-1".to_owned(),
        ttl: Duration::from_secs(3600),
    }
}

fn objection() -> Objection {
    Objection {
        by: "alice".to_owned(),
        reason_code: "no".to_owned(),
    }
}

fn approve(queue: &Queue, id: &RequestId, now: Timestamp) -> Approval {
    queue.approve(id, consent("alice"), &key(), VERSION, now).unwrap()
}

fn code(refusal: Result<Redeemed, Refusal>) -> &'static str {
    refusal.unwrap_err().reason_code()
}

#[test]
fn an_approval_is_used_once() {
    let (_root, queue) = queue();
    let call = call();
    let asked = queue.ask(&call, at(0)).unwrap();
    assert!(asked.is_new);
    assert_eq!(asked.expires_at, at(600));
    assert_eq!(code(queue.redeem(&asked.id, &call, at(1))), "approval_pending");

    let approval = approve(&queue, &asked.id, at(2));
    assert_eq!(
        approval.status,
        Status::Approved {
            approvers: vec!["alice".to_owned()]
        }
    );
    let again = queue.ask(&call, at(3)).unwrap();
    assert_eq!((&again.id, again.is_new), (&asked.id, false));
    assert_eq!(again.status, approval.status);

    let redeemed = queue.redeem(&asked.id, &call, at(4)).unwrap();
    assert_eq!(redeemed.tokens, std::slice::from_ref(&approval.path));
    assert_eq!(redeemed.approvers, ["alice"]);
    assert_eq!(
        code(queue.redeem(&asked.id, &call, at(5))),
        "approval_already_used"
    );
    assert_eq!(queue.poll(&asked.id, at(6)).unwrap().name(), "redeemed");

    let next = queue.ask(&call, at(7)).unwrap();
    assert!(next.is_new);
    assert_ne!(next.id, asked.id);
}

/// The gate takes the token for what `gait approve` makes.
#[test]
fn tokens_are_those_that_the_gate_verifies() {
    let (_root, queue) = queue();
    let call = call();
    let asked = queue.ask(&call, at(0)).unwrap();
    let approval = approve(&queue, &asked.id, at(1));
    let token = approval::read_token(&approval.path).unwrap();
    assert_eq!(token, approval.token);
    assert_eq!(
        token.scope,
        ["destructive:apply", "phase:apply", "tool:fs.delete"]
    );
    assert!(approval::validate(&token, &call.terms(), &key().public(), at(2)).is_ok());
    let other = call_with(r#"{"path": "/b"}"#).terms();
    assert_eq!(
        approval::validate(&token, &other, &key().public(), at(2)),
        Err(ApprovalFailure::IntentMismatch)
    );
}

/// Evidence and facts that the gate writes into a call are part of it, and are read back as they were.
#[test]
fn a_call_with_evidence_can_be_approved() {
    let (_root, queue) = queue();
    let text = format!(
        r#"{{"tool_name": "t", "args": {{"x": 1.50}}, "targets": [],
        "context": {{"identity": "agent", "workspace": "/w", "risk_class": "high",
        "context_set_digest": "{}", "context_evidence_mode": "required", "context_refs": ["a"],
        "auth_context": {{"context_age_seconds": 7, "wrkr.tool_name": "t"}}}}}}"#,
        "a".repeat(64)
    );
    let call = PendingCall {
        intent: IntentRequest::read(text.as_bytes()).unwrap().normalize().unwrap(),
        ..call()
    };
    let id = queue.ask(&call, at(0)).unwrap().id;
    approve(&queue, &id, at(1));
    assert!(queue.redeem(&id, &call, at(2)).is_ok());
}

#[test]
fn no_is_final_and_is_remembered() {
    let (_root, queue) = queue();
    let call = call();
    let asked = queue.ask(&call, at(0)).unwrap();
    let approval = approve(&queue, &asked.id, at(1));
    queue.deny(&asked.id, &objection(), at(2)).unwrap();
    assert_eq!(code(queue.redeem(&asked.id, &call, at(3))), "approval_denied");
    assert!(matches!(
        queue.approve(&asked.id, consent("bob"), &key(), VERSION, at(3)),
        Err(DecisionError::Settled(Status::Denied(_)))
    ));
    assert!(matches!(
        queue.deny(&asked.id, &objection(), at(3)),
        Err(DecisionError::Settled(Status::Denied(_)))
    ));
    let again = queue.ask(&call, at(4)).unwrap();
    assert_eq!((again.id, again.status.name()), (asked.id.clone(), "denied"));

    // Later somebody may be asked anew; the old approval does not come along.
    let anew = queue.ask(&call, at(600)).unwrap();
    assert!(anew.is_new);
    let carried = queue
        .root()
        .join("requests")
        .join(anew.id.as_str())
        .join(approval.path.file_name().unwrap());
    fs::copy(&approval.path, carried).unwrap();
    assert_eq!(code(queue.redeem(&anew.id, &call, at(601))), "approval_pending");
}

#[test]
fn refused_timed_out_lapsed_withdrawn_and_unknown_are_told_apart() {
    let (_root, queue) = queue();
    let call = call();
    let asked = queue.ask(&call, at(0)).unwrap();
    assert_eq!(code(queue.redeem(&asked.id, &call, at(600))), "approval_timeout");
    assert!(matches!(
        queue.approve(&asked.id, consent("alice"), &key(), VERSION, at(600)),
        Err(DecisionError::Settled(Status::TimedOut))
    ));

    let lapsing = queue.ask(&call, at(601)).unwrap();
    assert!(lapsing.is_new);
    approve(&queue, &lapsing.id, at(602));
    // What was approved in time can be used for as long as the approval says.
    assert_eq!(queue.poll(&lapsing.id, at(4000)).unwrap().name(), "approved");
    assert_eq!(
        code(queue.redeem(&lapsing.id, &call, at(4202))),
        "approval_token_expired"
    );

    let taken_back = queue.ask(&call, at(5000)).unwrap();
    queue.withdraw(&taken_back.id, &objection(), at(5001)).unwrap();
    assert_eq!(
        code(queue.redeem(&taken_back.id, &call, at(5002))),
        "approval_withdrawn"
    );
    assert!(queue.ask(&call, at(5003)).unwrap().is_new);

    let unknown: RequestId = "0".repeat(32).parse().unwrap();
    assert_eq!(code(queue.redeem(&unknown, &call, at(0))), "approval_unknown");
    let empty = Queue::new("does-not-exist", QueueSettings::default());
    assert!(matches!(
        empty.deny(&unknown, &objection(), at(0)),
        Err(DecisionError::Queue(QueueError::Unknown(_)))
    ));
    assert!(empty.ids().unwrap().is_empty() && !empty.root().exists());
}

#[test]
fn several_approvers_are_several() {
    let (_root, queue) = queue();
    let call = PendingCall {
        required_approvals: 2,
        distinct_approvers: true,
        ..call()
    };
    let id = queue.ask(&call, at(0)).unwrap().id;
    assert_eq!(
        approve(&queue, &id, at(1)).status,
        Status::Pending { approvals: 1 }
    );
    assert!(matches!(
        queue.approve(&id, consent(" alice "), &key(), VERSION, at(2)),
        Err(DecisionError::AlreadyApproved(_))
    ));
    let second = queue
        .approve(&id, consent("bob"), &key(), VERSION, at(3))
        .unwrap();
    assert_eq!(second.status.name(), "approved");
    // A policy that wants more by now gets more.
    let stricter = PendingCall {
        required_approvals: 3,
        ..call.clone()
    };
    assert_eq!(code(queue.redeem(&id, &stricter, at(4))), "approval_pending");
    let redeemed = queue.redeem(&id, &call, at(4)).unwrap();
    assert_eq!((redeemed.tokens.len(), redeemed.approvers.len()), (2, 2));
}

#[test]
fn only_the_gates_key_consents() {
    let (_root, queue) = queue();
    let call = call();
    let id = queue.ask(&call, at(0)).unwrap().id;
    let stranger = PrivateKey::from_seed(&[2; 32]);
    assert!(matches!(
        queue.approve(&id, consent("mallory"), &stranger, VERSION, at(1)),
        Err(DecisionError::WrongKey { .. })
    ));
    // A token that somebody puts there by hand.
    let forged = {
        let mut token = approve(&queue, &id, at(1)).token;
        token.approver_identity = "mallory".to_owned();
        token
    };
    let directory = queue.root().join("requests").join(id.as_str());
    for entry in fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("token_") {
            fs::remove_file(path).unwrap();
        }
    }
    let text = serde_json::to_vec(&forged).unwrap();
    fs::write(directory.join("token_forged.json"), text).unwrap();
    fs::write(directory.join("token_junk.json"), "{").unwrap();
    assert_eq!(code(queue.redeem(&id, &call, at(2))), "approval_pending");
}

#[test]
fn a_token_counts_for_one_request() {
    let (_root, queue) = queue();
    let call = call();
    let first = queue.ask(&call, at(0)).unwrap().id;
    let approval = approve(&queue, &first, at(1));
    let _ = queue.redeem(&first, &call, at(2)).unwrap();
    let second = queue.ask(&call, at(3)).unwrap().id;
    let directory = queue.root().join("requests").join(second.as_str());
    fs::copy(&approval.path, directory.join("token_again.json")).unwrap();
    assert_eq!(code(queue.redeem(&second, &call, at(4))), "approval_pending");
}

#[test]
fn another_call_is_refused() {
    let (_root, queue) = queue();
    let call = call();
    let id = queue.ask(&call, at(0)).unwrap().id;
    approve(&queue, &id, at(1));
    let changed = |change: fn(&mut PendingCall)| {
        let mut call = call.clone();
        change(&mut call);
        call
    };
    for (other, mismatch) in [
        (call_with(r#"{"path": "/a", "force": false}"#), Mismatch::Intent),
        (
            changed(|call| call.policy_digest = Digest::of(b"other")),
            Mismatch::Policy,
        ),
        (
            changed(|call| call.principal = "other".to_owned()),
            Mismatch::Principal,
        ),
        (changed(|call| call.server = String::new()), Mismatch::Server),
        (
            changed(|call| call.approval_key = PrivateKey::from_seed(&[2; 32]).public()),
            Mismatch::ApprovalKey,
        ),
    ] {
        assert_eq!(code(queue.redeem(&id, &other, at(2))), mismatch.code());
    }
    assert!(queue.redeem(&id, &call, at(2)).is_ok());
}

#[test]
fn of_many_that_redeem_at_once_one_succeeds() {
    let (_root, queue) = queue();
    let call = call();
    for round in 0..20 {
        let asked = queue.ask(&call, at(round)).unwrap();
        assert!(asked.is_new);
        approve(&queue, &asked.id, at(round));
        let successes = thread::scope(|scope| {
            let redeeming =
                [(); 8].map(|()| scope.spawn(|| queue.redeem(&asked.id, &call, at(round)).is_ok()));
            redeeming
                .into_iter()
                .filter_map(|thread| thread.join().unwrap().then_some(()))
                .count()
        });
        assert_eq!(successes, 1, "round {round}");
    }
}

#[test]
fn many_that_ask_at_once_share_one_request() {
    let (_root, queue) = queue();
    let call = call();
    let asked = thread::scope(|scope| {
        let asking = [(); 8].map(|()| scope.spawn(|| queue.ask(&call, at(0)).unwrap()));
        asking.map(|thread| thread.join().unwrap())
    });
    assert_eq!(asked.iter().filter(|asked| asked.is_new).count(), 1);
    assert!(asked.iter().all(|one| one.id == asked[0].id));
}

#[test]
fn a_queue_has_an_end_and_makes_room() {
    let root = tempfile::tempdir().unwrap();
    let settings = QueueSettings {
        capacity: 3,
        ..QueueSettings::default()
    };
    let queue = Queue::new(root.path(), settings);
    let ask = |number: u32, now| queue.ask(&call_with(&format!(r#"{{"n": {number}}}"#)), now);
    for number in 0..3 {
        ask(number, at(0)).unwrap();
    }
    assert!(matches!(ask(3, at(1)), Err(QueueError::Full(3))));
    // An approval that waits for its use is not over.
    let kept = ask(0, at(2)).unwrap().id;
    approve(&queue, &kept, at(2));
    assert!(ask(3, at(601)).unwrap().is_new);
    assert_eq!(queue.ids().unwrap().len(), 2);
    assert_eq!(queue.poll(&kept, at(601)).unwrap().name(), "approved");
}

#[test]
fn what_is_used_stays_used_when_its_request_is_forgotten() {
    let root = tempfile::tempdir().unwrap();
    let settings = QueueSettings {
        capacity: 1,
        ..QueueSettings::default()
    };
    let queue = Queue::new(root.path(), settings);
    let call = call();
    let first = queue.ask(&call, at(0)).unwrap().id;
    let approval = approve(&queue, &first, at(1));
    let token = fs::read(&approval.path).unwrap();
    let _ = queue.redeem(&first, &call, at(2)).unwrap();
    let second = queue.ask(&call, at(601)).unwrap().id;
    assert_eq!(queue.ids().unwrap(), std::slice::from_ref(&second));
    let copy = queue
        .root()
        .join("requests")
        .join(second.as_str())
        .join("token_copy.json");
    fs::write(copy, token).unwrap();
    assert_eq!(code(queue.redeem(&second, &call, at(602))), "approval_pending");
}

#[test]
fn oversized_calls_are_not_asked_for() {
    let (_root, queue) = queue();
    let call = call_with(&format!(r#"{{"text": "{}"}}"#, "x".repeat(5 << 20)));
    assert!(matches!(
        queue.ask(&call, at(0)),
        Err(QueueError::TooLarge { .. })
    ));
    assert!(queue.ids().unwrap().is_empty());
}

/// Tells a time that moves on whenever somebody looks.
struct Stepping(std::sync::atomic::AtomicI64);

impl Clock for Stepping {
    fn now(&self) -> Timestamp {
        at(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
    }
}

#[test]
fn waiting_ends_with_a_decision_or_the_deadline() {
    let (_root, queue) = queue();
    let id = queue.ask(&call(), at(0)).unwrap().id;
    let clock = Stepping(0.into());
    assert!(queue.wait(&id, &clock, at(3)).unwrap().is_open());
    thread::scope(|scope| {
        let waiting = scope.spawn(|| queue.wait(&id, &Stepping(0.into()), at(500)).unwrap());
        queue.deny(&id, &objection(), at(1)).unwrap();
        assert_eq!(waiting.join().unwrap().reason_code(), "approval_denied");
    });
    let timed_out = queue.ask(&call_with("{}"), at(0)).unwrap().id;
    let clock = Stepping(598.into());
    assert_eq!(
        queue.wait(&timed_out, &clock, at(9999)).unwrap(),
        Status::TimedOut
    );
}

#[test]
fn states_are_presented_once_and_secrets_are_shared() {
    let (_root, queue) = queue();
    let call = call();
    let id = queue.ask(&call, at(0)).unwrap().id;
    let sealed = queue.sealer().unwrap().seal(&id, &call, "", at(60)).unwrap();
    // Another process of the same queue.
    let open = queue
        .clone()
        .sealer()
        .unwrap()
        .open(&sealed, &call, at(1))
        .unwrap();
    assert_eq!(open.request_id, id);
    queue.spend(&open).unwrap();
    assert!(matches!(queue.spend(&open), Err(StateError::Replayed)));
    let (_other_root, other) = self::queue();
    assert!(matches!(
        other.sealer().unwrap().open(&sealed, &call, at(1)),
        Err(StateError::Forged)
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever byte of a request is changed: it either means the same, or nothing is approved or used by it.
    #[test]
    fn a_changed_request_is_none(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let (_root, queue) = queue();
        let call = call();
        let id = queue.ask(&call, at(0)).unwrap().id;
        approve(&queue, &id, at(1));
        let path = queue.root().join("requests").join(id.as_str()).join("request.json");
        let mut bytes = fs::read(&path).unwrap();
        let before: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let means_the_same = serde_json::from_slice::<serde_json::Value>(&bytes).is_ok_and(|after| after == before);
        atomic::replace(&path, &bytes, 0o600).unwrap();
        let redeemed = queue.redeem(&id, &call, at(2));
        prop_assert_eq!(redeemed.is_ok(), means_the_same);
        if let Err(refusal) = redeemed {
            prop_assert_eq!(refusal.reason_code(), "approval_request_altered");
            prop_assert!(queue.deny(&id, &objection(), at(3)).is_err());
        }
    }
}
