//! Policies that change while requests are answered.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use gait_disk::reload::OnInvalid;

use crate::client::{evaluate, get};
use crate::running::{CALL, Manner, Running, wait_until};

#[test]
fn the_next_request_is_judged_by_the_new_policy() {
    let running = Running::start(Manner::default());
    let verdict = || evaluate(running.address, CALL).json()["verdict"].clone();
    assert_eq!(verdict(), "allow");
    for want in ["block", "allow", "block", "allow"] {
        fs::write(running.policy(), format!("default_verdict: {want}\n")).unwrap();
        assert_eq!(verdict(), want);
    }
}

#[test]
fn nothing_is_decided_by_a_policy_that_cannot_be_used() {
    let running = Running::start(Manner::default());
    fs::write(running.policy(), "nope: [").unwrap();
    assert_eq!(evaluate(running.address, CALL).status, 400);
    let ready = get(running.address, "/readyz");
    assert_eq!(
        (ready.status, ready.json()["policy"].as_str()),
        (503, Some("invalid"))
    );
    let numbers = get(running.address, "/metrics").body;
    assert!(numbers.contains("gait_policy_stale 1\n") && numbers.contains("gait_reload_failures_total 1\n"));
    fs::remove_file(running.policy()).unwrap();
    assert_eq!(evaluate(running.address, CALL).status, 400);
    fs::write(running.policy(), "default_verdict: allow\n").unwrap();
    assert_eq!(evaluate(running.address, CALL).status, 200);
    assert_eq!(get(running.address, "/readyz").status, 200);
}

#[test]
fn the_last_policy_goes_on_where_that_is_wanted() {
    let running = Running::start(Manner {
        policy: "default_verdict: block\n",
        on_invalid: OnInvalid::Keep,
        ..Manner::default()
    });
    fs::write(running.policy(), "nope: [").unwrap();
    assert_eq!(evaluate(running.address, CALL).json()["verdict"], "block");
    let ready = get(running.address, "/readyz");
    assert_eq!(
        (ready.status, ready.json()["policy"].as_str()),
        (200, Some("stale"))
    );
}

#[test]
fn a_change_is_noticed_without_a_request() {
    let running = Running::start(Manner::default());
    fs::write(running.policy(), "nope: [").unwrap();
    wait_until(|| get(running.address, "/readyz").status == 503);
}

#[test]
fn no_request_is_dropped_while_policies_change() {
    const REQUESTS: usize = 60;
    let running = Running::start(Manner::default());
    let (answered, done) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..REQUESTS {
                    let reply = evaluate(running.address, CALL);
                    assert_eq!(reply.status, 200, "{}", reply.body);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        scope.spawn(|| {
            // Renamed into place, as editors and configuration management do: a half-written policy is never seen.
            let draft = running.directory.path().join("draft.yaml");
            for turn in 0.. {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                let verdict = if turn % 2 == 0 { "block" } else { "allow" };
                fs::write(&draft, format!("default_verdict: {verdict}\n")).unwrap();
                fs::rename(&draft, running.policy()).unwrap();
                std::thread::yield_now();
            }
        });
        wait_until(|| answered.load(Ordering::Relaxed) == 4 * REQUESTS);
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(running.traces().len(), 4 * REQUESTS);
}
