use gait_artifact::verdict::Verdict;

use super::*;
use crate::activity::Source;
use crate::activity::tests::call;

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix(1_800_000_000 + second, 0)
}

fn happened(server: &str, pid: u32, second: i64, event: Event) -> Record {
    let source = Source {
        server: server.to_owned(),
        pid,
        session: "mcp-1".to_owned(),
    };
    Record::new(&source, at(second), event)
}

fn news(records: Vec<Record>) -> News {
    News {
        records,
        ..News::default()
    }
}

fn seconds(model: &Model) -> Vec<i64> {
    let calls = model.calls();
    calls
        .map(|call| call.time.unix_seconds() - at(0).unix_seconds())
        .collect()
}

#[test]
fn the_latest_calls_are_kept_in_the_order_of_time() {
    let mut model = Model::default();
    let of = |second| happened("files", 1, second, call("read", Verdict::Allow, 1));
    model.take(news(vec![of(1), of(4)]), at(5));
    model.take(news(vec![of(3), of(5)]), at(5));
    assert_eq!(seconds(&model), [5, 4, 3, 1]);

    let many = i64::try_from(MAX_CALLS).unwrap();
    model.take(news((0..many).map(|second| of(10 + second)).collect()), at(5));
    assert_eq!(model.calls().len(), MAX_CALLS);
    assert_eq!(seconds(&model).last(), Some(&10));
    // What is older than all that is kept is not kept.
    model.take(news(vec![of(2)]), at(5));
    assert_eq!(seconds(&model).last(), Some(&10));
    assert_eq!(model.seen().allow, u64::try_from(MAX_CALLS + 5).unwrap());
}

#[test]
fn a_gateway_stands_as_it_said_last() {
    let tools = |offered| {
        Event::Tools(Tools {
            offered,
            ..Tools::default()
        })
    };
    for (events, offered, has_ended) in [
        (vec![(1, tools(3))], Some(3), false),
        (vec![(2, tools(3)), (1, tools(1))], Some(3), false),
        (
            vec![(1, call("read", Verdict::Allow, 1)), (2, Event::Gone)],
            None,
            true,
        ),
        (vec![(2, Event::Gone), (1, tools(2))], Some(2), true),
        // The number of the process was used again.
        (vec![(1, Event::Gone), (2, tools(2))], Some(2), false),
    ] {
        let mut model = Model::default();
        let records = events.iter().cloned();
        let records = records.map(|(second, event)| happened("files", 1, second, event));
        model.take(news(records.collect()), at(9));
        let gateways = model.gateways();
        let [gateway] = gateways[..] else {
            unreachable!("there is one")
        };
        let stands = gateway.tools.as_ref().map(|tools| tools.offered);
        assert_eq!((stands, gateway.has_ended), (offered, has_ended), "{events:?}");
    }
}

#[test]
fn only_what_is_of_interest_is_known() {
    let mut model = Model::new(Some("files".to_owned()));
    let records = ["files", "mail", "files"].map(|server| {
        let event = call("read", Verdict::Block, 1);
        happened(server, 1, 1, event)
    });
    model.take(news(records.to_vec()), at(1));
    assert_eq!(model.seen().block, 2);
    assert_eq!(model.gateways().len(), 1);
    assert_eq!(model.minute(at(1)).sum.calls, 2);
}

#[test]
fn gateways_that_ended_are_forgotten_first() {
    let mut model = Model::default();
    let most = u32::try_from(MAX_GATEWAYS).unwrap();
    let started = (0..=most).map(|pid| happened("files", pid, 1, Event::Tools(Tools::default())));
    let mut records: Vec<_> = started.collect();
    records.push(happened("files", 7, 2, Event::Gone));
    model.take(news(records), at(2));
    let gateways = model.gateways();
    assert_eq!(gateways.len(), MAX_GATEWAYS);
    assert!(gateways.iter().all(|gateway| gateway.pid != 7));
}

#[test]
fn a_snapshot_is_one_object() {
    let mut model = Model::default();
    let dropped = Event::Dropped {
        why: "unasked_answer".to_owned(),
    };
    let records = vec![
        happened("files", 1, 1, call("read", Verdict::Allow, 100)),
        happened("files", 1, 2, dropped),
    ];
    model.take(news(records), at(2));
    let json = gait_canon::json::line(&model.snapshot(at(3))).unwrap();
    for part in [
        r#""last_minute":{"calls":1,"per_second":0.02,"verdicts":{"allow":1,"#,
        r#""tools":[{"server":"files","tool":"read","calls":1,"#,
        r#""dropped":1,"dropped_because":"unasked_answer","has_ended":false"#,
        r#""took_us":100"#,
    ] {
        assert!(json.contains(part), "{part} is not in {json}");
    }
}

#[test]
fn a_gateway_that_is_deserted_has_ended_until_it_says_something() {
    let mut model = Model::default();
    let of = |second| happened("files", 1, second, call("read", Verdict::Allow, 1));
    let has_ended = |model: &Model| model.gateways()[0].has_ended;
    let deserted = |records| News {
        deserted: vec![("files".to_owned(), 1), ("never seen".to_owned(), 2)],
        ..news(records)
    };
    model.take(deserted(vec![of(1)]), at(1));
    assert!(has_ended(&model) && model.gateways().len() == 1);
    model.take(news(vec![of(2)]), at(2));
    assert!(!has_ended(&model));
    model.take(deserted(vec![]), at(3));
    assert!(has_ended(&model));
}
