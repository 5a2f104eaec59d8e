//! Calls that need an approval: who asks, who decides, and what must not happen in between.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod site;

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use gait_approval::Status;
use gait_gateway::approvals::{Medium, News, Reply};
use gait_gateway::exchange::Decided;
use site::{Options, Site, has, params, params_of, presented, queue_of};

const ACCEPT: &str = r#"{"action":"accept","content":{}}"#;
const CONSENT: &str = r#"{"action":"accept","content":{"approve":true}}"#;

#[test]
fn a_call_that_waits_runs_once_when_somebody_approves() {
    let site = Site::new();
    let (case, id) = site.hold();
    site.approve(&id);
    let news = case.next();
    let outcome = site.judge_again(case, news);
    assert!(matches!(outcome.decided, Decided::Run(_)), "{outcome:?}");
    assert_eq!(outcome.ruling.approval_request_id, id.as_str());
    assert_eq!(site.traces(), 2);
    assert_eq!(site.queue.poll(&id, site.now()).unwrap().name(), "redeemed");
    // The next call needs an approval of its own.
    let (_next, other) = site.hold();
    assert_ne!(other, id);
}

#[test]
fn what_was_approved_meanwhile_needs_no_waiting() {
    let site = Site::with(Options {
        wait: Duration::ZERO,
        ..Options::default()
    });
    let refused = site.bring(&params("", ""), Medium::Wait).refused();
    let id = site.asked();
    assert!(
        has(&refused, "approval_pending") && has(&refused, "matched_rule_ask"),
        "{refused:?}"
    );
    assert_eq!(refused.approval_request_id, id.as_str());
    let directory = queue_of(&site);
    for command in ["approve", "deny"] {
        let command = format!("gait approvals {command} {id} --dir {}", directory.display());
        assert!(refused.advice.contains(&command), "{}", refused.advice);
    }
    site.approve(&id);
    let case = site.bring(&params("", ""), Medium::Wait);
    let news = case.next();
    assert!(matches!(site.judge_again(case, news).decided, Decided::Run(_)));
    assert_eq!(site.announced.lock().unwrap().len(), 1);
}

#[test]
fn every_end_has_a_code_of_its_own() {
    type Act = fn(&Site, &gait_approval::RequestId, &site::Case);
    let acts: [(&str, Act); 6] = [
        ("approval_denied", |site, id, _| site.deny(id)),
        ("approval_withdrawn", |_, _, case| {
            case.hold.reply(Reply::Declined);
        }),
        ("approval_pending", |_, _, case| case.hold.give_up()),
        ("approval_timeout", |site, _, _| site.pass(601)),
        ("approval_request_altered", |site, id, _| {
            let file = queue_of(site)
                .join("requests")
                .join(id.as_str())
                .join("request.json");
            let text = fs::read_to_string(&file).unwrap();
            fs::write(&file, text.replace("\"client\"", "\"other\"")).unwrap();
        }),
        ("approval_unknown", |site, id, _| {
            fs::remove_dir_all(queue_of(site).join("requests").join(id.as_str())).unwrap();
        }),
    ];
    for (code, act) in acts {
        let site = Site::new();
        let (case, id) = site.hold();
        act(&site, &id, &case);
        let refused = case.refused();
        assert!(has(&refused, code), "{code}: {refused:?}");
        assert_eq!(refused.approval_request_id, id.as_str());
        assert_eq!(refused.verdict, "require_approval");
        assert!(!refused.advice.is_empty());
    }
}

#[test]
fn time_ends_the_waiting_and_not_the_request() {
    let site = Site::with(Options {
        wait: Duration::from_millis(1),
        ..Options::default()
    });
    let (case, id) = site.hold();
    assert!(has(&case.refused(), "approval_pending"));
    assert!(site.queue.poll(&id, site.now()).unwrap().is_open());
}

#[test]
fn who_goes_away_uses_no_approval_up() {
    let site = Site::new();
    let (gone, id) = site.hold();
    let (stays, _) = site.hold_again();
    drop(gone.hold);
    site.approve(&id);
    assert!(matches!(stays.next(), News::Approved(_)));
}

#[test]
fn one_approval_is_for_one_call() {
    let site = Site::new();
    let (first, id) = site.hold();
    let (second, _) = site.hold_again();
    site.approve(&id);
    let news = [first.next(), second.next()];
    let approved = news
        .iter()
        .filter(|news| matches!(news, News::Approved(_)))
        .count();
    let refused = news.iter().find_map(|news| match news {
        News::Refused(ruling) => Some(ruling),
        _ => None,
    });
    assert_eq!(approved, 1);
    assert!(has(refused.unwrap(), "approval_already_used"), "{refused:?}");
}

#[test]
fn a_client_comes_back_with_its_state() {
    let site = Site::new();
    let invitation = site.invite(&params("", ""));
    let id = site.asked();
    let message = &invitation.question.message;
    for part in [
        "client asks to run drop on files",
        r#"{"all":true}"#,
        id.as_str(),
        "gait approvals approve",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!invitation.question.takes_consent);
    assert!(has(&invitation.ruling, "approval_pending"));

    // Nobody has decided: the client is asked again, with another state.
    let again = site.invite(&params(&invitation.state, ACCEPT));
    assert_ne!(again.state, invitation.state);
    site.approve(&id);
    let case = site.bring(&params(&again.state, ACCEPT), Medium::ComeBack);
    let news = case.next();
    assert!(matches!(site.judge_again(case, news).decided, Decided::Run(_)));
    assert_eq!(site.announced.lock().unwrap().len(), 1);
}

#[test]
fn states_are_good_for_one_call_and_once() {
    let site = Site::new();
    let refused = |params: &str| site.bring(params, Medium::ComeBack).refused();
    let state = site.invite(&params("", "")).state;
    let altered = {
        let at = state.len() / 2;
        let other = if state.as_bytes()[at] == b'A' { "B" } else { "A" };
        format!("{}{other}{}", &state[..at], &state[at + 1..])
    };
    assert!(has(&refused(&params(&altered, ACCEPT)), "approval_state_invalid"));
    let swapped = params_of(r#"{"all":false}"#, &state, ACCEPT);
    assert!(has(&refused(&swapped), "approval_token_intent_mismatch"));
    // Neither used it up.
    let next = site.invite(&params(&state, ACCEPT)).state;
    assert!(has(&refused(&params(&state, ACCEPT)), "approval_state_replayed"));
    site.pass(601);
    assert!(has(&refused(&params(&next, ACCEPT)), "approval_timeout"));

    let state = site.invite(&params("", "")).state;
    site.pass(3600);
    assert!(has(&refused(&params(&state, ACCEPT)), "approval_state_expired"));
}

#[test]
fn declining_takes_the_request_back() {
    for action in ["decline", "cancel"] {
        let site = Site::new();
        let state = site.invite(&params("", "")).state;
        let action = format!(r#"{{"action":"{action}"}}"#);
        let refused = site.bring(&params(&state, &action), Medium::ComeBack).refused();
        assert!(has(&refused, "approval_withdrawn"), "{refused:?}");
        let status = site.queue.poll(&site.asked(), site.now()).unwrap();
        assert!(matches!(status, Status::Withdrawn(_)));
    }
}

#[test]
fn an_approval_that_ended_or_was_used_is_none() {
    let site = Site::new();
    let first = site.invite(&params("", "")).state;
    let second = site.invite(&params("", "")).state;
    site.approve(&site.asked());
    let case = site.bring(&params(&first, ACCEPT), Medium::ComeBack);
    assert!(matches!(case.next(), News::Approved(_)));
    let refused = site.bring(&params(&second, ACCEPT), Medium::ComeBack).refused();
    assert!(has(&refused, "approval_already_used"), "{refused:?}");

    let state = site.invite(&params("", "")).state;
    site.approve(&site.asked());
    site.pass(700);
    let refused = site.bring(&params(&state, ACCEPT), Medium::ComeBack).refused();
    assert!(has(&refused, "approval_token_expired"), "{refused:?}");
}

#[test]
fn another_policy_asks_anew() {
    let site = Site::new();
    let state = site.invite(&params("", "")).state;
    let old = site.asked();
    site.approve(&old);
    let other = Site::beside(
        Arc::clone(&site.directory),
        Options {
            policy: "default_verdict: require_approval\n",
            ..Options::default()
        },
    );
    let refused = other.bring(&params(&state, ACCEPT), Medium::ComeBack).refused();
    assert!(has(&refused, "approval_token_policy_mismatch"), "{refused:?}");
    other.invite(&params("", ""));
    assert_ne!(other.asked(), old);
}

#[test]
fn gateways_with_one_secret_take_each_others_states() {
    let site = Site::new();
    let other = Site::beside(Arc::clone(&site.directory), Options::default());
    let state = site.invite(&params("", "")).state;
    site.approve(&site.asked());
    let case = other.bring(&params(&state, ACCEPT), Medium::ComeBack);
    assert!(matches!(case.next(), News::Approved(_)));
    let refused = site.bring(&params(&state, ACCEPT), Medium::ComeBack).refused();
    assert!(has(&refused, "approval_state_replayed"));
}

#[test]
fn answers_in_the_client_approve_what_is_not_risky_where_the_operator_says_so() {
    for (risk_class, consents, counts) in [
        ("low", true, true),
        ("medium", true, true),
        ("high", true, false),
        ("critical", true, false),
        ("low", false, false),
    ] {
        let site = Site::with(Options {
            risk_class,
            consents,
            ..Options::default()
        });
        let invitation = site.invite(&params("", ""));
        assert_eq!(invitation.question.takes_consent, counts, "{risk_class}");
        // Going on is no consent.
        let invitation = site.invite(&params(&invitation.state, ACCEPT));
        let case = site.bring(&params(&invitation.state, CONSENT), Medium::ComeBack);
        let news = case.next();
        if counts {
            assert!(matches!(site.judge_again(case, news).decided, Decided::Run(_)));
            let id = site.asked();
            let Status::Redeemed(redemption) = site.queue.poll(&id, site.now()).unwrap() else {
                panic!("not redeemed");
            };
            let token = &redemption.token_ids[0];
            let file = queue_of(&site)
                .join("requests")
                .join(id.as_str())
                .join(format!("token_{token}.json"));
            assert!(fs::read_to_string(file).unwrap().contains("\"client:client\""));
        } else {
            assert!(matches!(news, News::ComeBack(_)), "{risk_class}: {news:?}");
        }
    }
}

#[test]
fn a_queue_that_cannot_be_used_lets_nothing_run() {
    let site = Site::new();
    fs::write(queue_of(&site), "not a directory").unwrap();
    let refused = site.bring(&params("", ""), Medium::Wait).refused();
    assert!(has(&refused, "approval_queue_unavailable"), "{refused:?}");
    assert!(!refused.advice.contains(queue_of(&site).to_str().unwrap()));
}

#[test]
fn nobody_is_asked_where_no_approval_can_be_given() {
    let mut site = Site::new();
    site.judge = site.judge.with_desk(None);
    let outcome = site.judge(&params("", ""));
    assert!(outcome.pending.is_none() && matches!(outcome.decided, Decided::Refuse(_)));
    assert!(
        has(&outcome.ruling, "approval_key_missing"),
        "{:?}",
        outcome.ruling
    );
}

#[test]
fn what_is_for_the_server_gets_there_and_nothing_else() {
    let site = Site::new();
    let desk = site.judge.desk().unwrap();
    let call = |rest: &str| {
        format!(
            r#"{{"jsonrpc":"2.0", "id":7,"method":"tools/call","params":{{"name":"drop","arguments":{{"all":true}}{rest},"new":[1.0]}}}}"#
        )
    };
    let inner = |message: &str| {
        let (_, rest) = message.split_once("\"params\":").unwrap();
        rest[..rest.len() - 1].to_owned()
    };
    for carried in [
        "",
        r#","requestState":"of the server""#,
        r#","inputResponses":{ "login":{"action":"accept","content":{"n":1}} }"#,
        r#","inputResponses":{ "login":{"action":"cancel"}},"requestState":"s""#,
    ] {
        let asked = call(carried);
        assert_eq!(
            desk.restored(&presented(&inner(&asked)), &asked),
            None,
            "not the gateway's"
        );
        let state = site.invite(&inner(&asked)).state;
        let ours = format!(r#","inputResponses":{{"gait-approval":{ACCEPT}}},"requestState":"{state}""#);
        let back = call(&ours);
        let restored = desk.restored(&presented(&inner(&back)), &back).unwrap();
        let (restored, asked) = (inner(&restored), inner(&asked));
        assert_eq!(
            gait_canon::json::parse(restored.as_bytes()).unwrap(),
            gait_canon::json::parse(asked.as_bytes()).unwrap()
        );
        assert!(restored.ends_with(r#","new":[1.0]}"#), "{restored}");
    }
    // Others seal states of the same form.
    let foreign = call(r#","requestState":"gait1.e30.e30""#);
    assert_eq!(desk.restored(&presented(&inner(&foreign)), &foreign), None);
}
