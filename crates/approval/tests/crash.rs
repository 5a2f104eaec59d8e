//! Processes that are killed while they use approvals.
//!
//! The test program starts itself again in a role that approves and redeems for ever and says on its standard output what
//! it is about to do and what was done. Several run at once and are killed with SIGKILL at moments that no one chose; what
//! was used then stays used, and what is left can be gone on with.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

use std::collections::HashSet;
use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use gait_approval::{Consent, PendingCall, Queue, QueueSettings, RequestId};
use gait_artifact::intent::IntentRequest;
use gait_canon::{Digest, PrivateKey};
use gait_gate::clock::{Clock as _, SystemClock};

const PLACE: &str = "GAIT_APPROVAL_TEST_PLACE";
/// How often the processes are killed.
const KILLS: u32 = 30;

fn queue(place: &Path) -> Queue {
    Queue::new(place.join("approvals"), QueueSettings::default())
}

fn key() -> PrivateKey {
    PrivateKey::from_seed(&[1; 32])
}

/// One call that everybody makes.
fn call() -> PendingCall {
    let text = r#"{"tool_name": "t", "args": {}, "targets": [],
        "context": {"identity": "agent", "workspace": "/w", "risk_class": "low"}}"#;
    PendingCall {
        intent: IntentRequest::read(text.as_bytes()).unwrap().normalize().unwrap(),
        policy_digest: Digest::of(b"policy"),
        principal: "agent".to_owned(),
        server: String::new(),
        required_approvals: 1,
        distinct_approvers: false,
        reason_codes: Vec::new(),
        trace_id: std::process::id().to_string(),
        approval_key: key().public(),
    }
}

fn say(what: &str) {
    // On a line of its own: the test harness has begun one with the test's name.
    let line = format!("\nsaid {what}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

/// The started program's side. Without a place it is an empty test.
#[test]
fn role() {
    let Some(place) = env::var_os(PLACE).map(PathBuf::from) else {
        return;
    };
    let (queue, call) = (queue(&place), call());
    loop {
        let now = SystemClock.now();
        let id = queue.ask(&call, now).unwrap().id;
        let consent = Consent {
            approver: "alice".to_owned(),
            reason_code: "CHG".to_owned(),
            ttl: Duration::from_secs(3600),
        };
        // Others may have approved it meanwhile, or used it.
        if queue.approve(&id, consent, &key(), "1.0.0", now).is_ok() {
            say(&format!("approved {id}"));
        }
        if queue.redeem(&id, &call, now).is_ok() {
            say(&format!("redeemed {id}"));
        }
    }
}

fn start(place: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["role", "--exact", "--nocapture"])
        .env(PLACE, place)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Lets `children` work until one has said `lines` lines, kills all, and gives what they said.
fn kill_after(children: Vec<Child>, lines: usize) -> Vec<String> {
    let mut children = children;
    let mut said = Vec::new();
    let mut rest = Vec::new();
    for child in &mut children {
        rest.push(BufReader::new(child.stdout.take().unwrap()).lines());
    }
    let is_said = |line: &String| line.starts_with("said ");
    said.extend(rest[0].by_ref().map(Result::unwrap).filter(is_said).take(lines));
    for child in &mut children {
        child.kill().unwrap();
    }
    for lines in rest {
        said.extend(lines.map_while(Result::ok).filter(is_said));
    }
    for mut child in children {
        child.wait().unwrap();
    }
    said
}

#[test]
fn what_is_used_stays_used_through_every_kill() {
    let place = tempfile::tempdir().unwrap();
    let queue = queue(place.path());
    let mut redeemed: HashSet<String> = HashSet::new();
    for kill in 0..KILLS {
        let children = (0..2).map(|_| start(place.path())).collect();
        for line in kill_after(children, 1 + kill as usize % 7) {
            // The last line of a killed process may be cut.
            let Some(id) = line.strip_prefix("said redeemed ").filter(|id| id.len() == 32) else {
                continue;
            };
            assert!(redeemed.insert(id.to_owned()), "kill {kill}: {id} was used twice");
        }
        let now = SystemClock.now();
        for id in &redeemed {
            let id: RequestId = id.parse().unwrap();
            let refused = queue.redeem(&id, &call(), now).unwrap_err();
            assert_eq!(refused.reason_code(), "approval_already_used", "kill {kill}");
        }
        for id in queue.ids().unwrap() {
            match queue.look(&id, now) {
                // A process was killed before it had made the request.
                Ok(_) | Err(gait_approval::QueueError::Unknown(_)) => {}
                Err(error) => panic!("kill {kill}: {error}"),
            }
        }
    }
    assert!(
        redeemed.len() >= KILLS as usize / 2,
        "{} were used",
        redeemed.len()
    );
    // Whatever was left behind, the queue goes on.
    let now = SystemClock.now();
    assert!(
        thread::spawn(move || queue.ask(&call(), now).is_ok())
            .join()
            .unwrap()
    );
}
