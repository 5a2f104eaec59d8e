//! What holds at the boundary for every policy and every call.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

#[path = "../../policy/tests/generate/mod.rs"]
mod generate;

use std::sync::Arc;

use gait_artifact::{Timestamp, Verdict, policy::CallLimit};
use gait_canon::PrivateKey;
use gait_gate::{
    Call, Deployment, Entrance, Fact, Gate, Signer,
    clock::Clock,
    profile::Profile,
    rate_limit::{CounterClass, RateLimitError, RateLimiter, Taken},
};
use gait_mcp::{Adapter, Ask, Boundary, boundary::Presented};
use gait_policy::{CompiledPolicy, document};
use proptest::prelude::*;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2026-06-01T12:00:00Z".parse().unwrap()
    }
}

/// Lets everything through, or nothing.
struct Limiter(bool);

impl RateLimiter for Limiter {
    fn take(
        &self,
        limit: &CallLimit,
        _: CounterClass,
        _: &str,
        _: &str,
        _: Timestamp,
    ) -> Result<Taken, RateLimitError> {
        Ok(Taken {
            scope: limit.scope,
            key: "counter".to_owned(),
            used: 1,
            remaining: 0,
            allowed: self.0,
        })
    }

    fn preview(
        &self,
        limit: &CallLimit,
        class: CounterClass,
        tool: &str,
        identity: &str,
        now: Timestamp,
    ) -> Result<Taken, RateLimitError> {
        self.take(limit, class, tool, identity, now)
    }
}

fn gate(policy: &str, entrance: Entrance, open: bool) -> Gate<'static> {
    let policy = document::read(policy.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{policy}"));
    Gate::new(Deployment {
        policy: CompiledPolicy::new(policy),
        profile: Profile::Standard,
        signer: Signer {
            key: PrivateKey::from_seed(&[1; 32]),
            warning: None,
        },
        approval_key: Fact::NotConfigured,
        delegation_key: Fact::NotConfigured,
        kill_switch: Fact::NotConfigured,
        inventory: Fact::NotConfigured,
        scripts: Fact::NotConfigured,
        script_key: Fact::NotConfigured,
        broker: None,
        rate_limiter: Arc::new(Limiter(open)),
        dispatch: None,
        clock: &Noon,
        producer_version: "1.0.0",
        entrance,
    })
    .unwrap()
}

/// The call whose intent this is, in the boundary's own shape.
fn payload(intent: &str) -> String {
    intent.replace(r#""tool_name""#, r#""name""#)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing gets around the gate by coming through the boundary: its verdict is never laxer than the one the command
    /// line gives to the same intent under the same policy, and what is an error there is no verdict here.
    #[test]
    fn the_boundary_is_never_laxer_than_the_command_line(
        policy in generate::policies(), intent in generate::intents(), open in any::<bool>(),
        trusting in any::<bool>(),
    ) {
        let section = "\nmcp_trust: {snapshot: /nonexistent/snapshot.json, action: block}\n";
        let policy = if trusting { policy + section } else { policy };
        let payload = payload(&intent);
        let request = Adapter::Mcp.decode(payload.as_bytes()).unwrap().into_request(Profile::Standard).unwrap();
        let call = Call { request, ..Call::default() };
        let direct = gate(&policy, Entrance::CommandLine, open).decide(call);

        let boundary = Boundary::new(gate(&policy, Entrance::McpBoundary, open), None, Presented::default());
        let judged = boundary.decide(&Ask { payload: payload.as_bytes(), ..Ask::default() });
        match (direct, judged) {
            (Ok(direct), Ok(judged)) => {
                let verdict = judged.decision.verdict();
                prop_assert!(verdict >= direct.verdict(), "{:?} < {:?}", judged.decision.outcome, direct.outcome);
                prop_assert_eq!(judged.decision.intent.digest(), direct.intent.digest());
                prop_assert_eq!(judged.decision.permit().is_some(), verdict == Verdict::Allow);
            }
            (Err(_), Err(_)) => {}
            (direct, judged) => prop_assert!(false, "{direct:?} and {judged:?}"),
        }
    }

    /// The same call under the same policy has the same identity, whoever asks and however often.
    #[test]
    fn the_same_call_is_the_same_decision(policy in generate::policies(), intent in generate::intents()) {
        let boundary = Boundary::new(gate(&policy, Entrance::McpBoundary, true), None, Presented::default());
        let payload = payload(&intent);
        let ask = Ask { payload: payload.as_bytes(), ..Ask::default() };
        if let (Ok(first), Ok(second)) = (boundary.decide(&ask), boundary.decide(&ask)) {
            let id = |judged: &gait_mcp::Judged| judged.decision.trace.record().trace_id.clone();
            prop_assert_eq!(id(&first), id(&second));
            prop_assert_eq!(first.run_id, second.run_id);
        }
    }
}
