//! Runpacks made up for the tests of what is done with them.

#![expect(clippy::unwrap_used, reason = "the functions that tests share are tests too")]

use gait_artifact::runpack::{IntentRecord, Receipt, Refs, ResultRecord, Run, TimelineEvent};
use gait_canon::json::{self, Object};
use gait_runpack::{CaptureMode, Content, Runpack, normalize_refs, seal};
use proptest::prelude::*;

/// What a reader makes of the runpack with this content.
pub(crate) fn runpack(content: &Content) -> Runpack {
    let manifest = seal(content, None).unwrap();
    let Content {
        run,
        intents,
        results,
        mut refs,
        ..
    } = content.clone();
    normalize_refs(&mut refs).unwrap();
    Runpack {
        manifest,
        run,
        intents,
        results,
        refs,
    }
}

/// A run with these intents (id, tool, arguments) and results (id, status), captured raw.
pub(crate) fn run(intents: &[(&str, &str, &str)], results: &[(&str, &str)]) -> Content {
    Content {
        run: Run {
            run_id: "run_made".to_owned(),
            ..Run::default()
        },
        intents: intents
            .iter()
            .map(|(id, tool, args)| intent(id, tool, args))
            .collect(),
        results: results.iter().map(|(id, status)| result(id, status)).collect(),
        refs: Refs::default(),
        capture_mode: CaptureMode::Raw,
    }
}

fn intent(id: &str, tool: &str, args: &str) -> IntentRecord {
    IntentRecord {
        intent_id: id.to_owned(),
        tool_name: tool.to_owned(),
        args_digest: "a".repeat(64),
        args: Some(object(args)),
        ..IntentRecord::default()
    }
}

fn result(id: &str, status: &str) -> ResultRecord {
    ResultRecord {
        intent_id: id.to_owned(),
        status: status.to_owned(),
        result_digest: "b".repeat(64),
        ..ResultRecord::default()
    }
}

/// The JSON object of a text.
pub(crate) fn object(text: &str) -> Object {
    json::read(text.as_bytes()).unwrap()
}

/// A reference to the content that `id` stands for.
pub(crate) fn receipt(id: &str) -> Receipt {
    Receipt {
        ref_id: id.to_owned(),
        source_type: "doc".to_owned(),
        source_locator: format!("docs://{id}"),
        query_digest: "1".repeat(64),
        content_digest: "2".repeat(64),
        redaction_mode: "reference".to_owned(),
        ..Receipt::default()
    }
}

/// Small runs in which ids repeat and go missing.
pub(crate) fn contents() -> impl Strategy<Value = Content> {
    let id = || prop_oneof![Just(""), Just("a"), Just("b"), Just("c"), Just("d")];
    let args = prop_oneof![
        Just(r"{}"),
        Just(r#"{"n":1.0}"#),
        Just(r#"{"ref":"r1"}"#),
        Just(r#"{"deep":[{"list":["ref_2"]}]}"#)
    ];
    let intents = proptest::collection::vec((id(), "http_get|tool", args), 0..5);
    let results = proptest::collection::vec((id(), "ok|Success|error| "), 0..5);
    let refs = proptest::collection::vec(prop_oneof![Just("r1"), Just("ref_2"), Just("other")], 0..4);
    (intents, results, refs, any::<bool>()).prop_map(|(intents, results, refs, raw)| {
        let intents: Vec<_> = intents
            .iter()
            .map(|(id, tool, args)| (*id, tool.as_str(), *args))
            .collect();
        let results: Vec<_> = results
            .iter()
            .map(|(id, status)| (*id, status.as_str()))
            .collect();
        let mut content = run(&intents, &results);
        content.refs.receipts = refs.into_iter().map(receipt).collect();
        content.run.timeline = Some(vec![TimelineEvent::default()]);
        if !raw {
            content.capture_mode = CaptureMode::Reference;
        }
        content
    })
}
