use gait_artifact::context::ContextEnvelope;
use gait_canon::Digest;

use super::*;

const NOW: &str = "2026-03-01T00:00:00Z";

fn input(text: &str) -> RecordInput {
    RecordInput::read(text.as_bytes()).unwrap()
}

fn try_record(text: &str, options: &RecordOptions) -> Result<Recorded, RecordError> {
    let host = RunEnv {
        os: "linux".to_owned(),
        ..RunEnv::default()
    };
    record(input(text), options, NOW.parse().unwrap(), host)
}

fn recorded(text: &str) -> Content {
    try_record(text, &RecordOptions::default()).unwrap().content
}

fn refused(text: &str) -> String {
    try_record(text, &RecordOptions::default())
        .unwrap_err()
        .to_string()
}

fn digest(text: &str) -> String {
    json::canonical_digest_of_bytes(text.as_bytes())
        .unwrap()
        .to_string()
}

#[test]
fn gaps_are_filled_from_the_run() {
    let content = recorded(
        r#"{"run":{"run_id":"r","env":{"arch":"mine"}},"intents":[{"args_digest":"d"},{"run_id":"other","args_digest":"d"}],
            "results":[{"result_digest":"d","producer_version":"2"}]}"#,
    );
    assert_eq!(content.run.created_at, NOW.parse().unwrap());
    assert_eq!(content.run.producer_version, UNKNOWN_PRODUCER);
    assert_eq!(
        (content.run.env.os.as_str(), content.run.env.arch.as_str()),
        ("linux", "mine")
    );
    assert_eq!(
        (
            content.intents[0].run_id.as_str(),
            content.intents[1].run_id.as_str()
        ),
        ("r", "other")
    );
    assert_eq!(content.intents[0].schema_id, INTENT_SCHEMA_ID);
    assert_eq!(content.results[0].producer_version, "2");
    assert_eq!(content.results[0].created_at, content.run.created_at);
    assert_eq!(content.refs.context_evidence_mode, "best_effort");
    assert_eq!(content.run.timeline, None);
}

#[test]
fn an_id_given_apart_is_the_only_one() {
    let options = RecordOptions {
        run_id: " flag ".to_owned(),
        ..RecordOptions::default()
    };
    let text = r#"{"run":{"run_id":"r"},"intents":[{"run_id":"x","args_digest":"d"}],"refs":{"run_id":"y"}}"#;
    let content = try_record(text, &options).unwrap().content;
    assert_eq!(
        [
            &content.run.run_id,
            &content.intents[0].run_id,
            &content.refs.run_id
        ],
        ["flag"; 3]
    );
    assert_eq!(
        refused(r#"{"run":{"run_id":" "}}"#),
        RecordError::MissingRunId.to_string()
    );
}

#[test]
fn digests_follow_from_payloads() {
    let content = recorded(
        r#"{"run":{"run_id":"r"},"intents":[{"intent_id":"i","args":{"b":1.0,"a":2}},{"intent_id":"n"}],
            "results":[{"intent_id":"i","result":{}}],"normalization":{"intent_args":{"n":null}}}"#,
    );
    assert_eq!(content.intents[0].args_digest, digest(r#"{"a":2,"b":1}"#));
    assert_eq!(content.intents[1].args_digest, digest("null"));
    assert_eq!(content.results[0].result_digest, digest("{}"));
    assert_eq!(content.intents[0].args, None);
}

#[test]
fn a_normalised_payload_decides_and_a_stated_digest_must_agree() {
    let digest = digest(r#"{"a":1}"#).to_uppercase();
    let with = |stated: &str, payload: &str| {
        format!(
            r#"{{"run":{{"run_id":"r"}},"intents":[{{"intent_id":"i","args":{{"other":1}},"args_digest":"{stated}"}}],
                "normalization":{{"intent_args":{{"i":{payload}}}}}}}"#
        )
    };
    let content = recorded(&with(&digest, r#"{"a":1}"#));
    assert_eq!(content.intents[0].args_digest, digest, "as it was spelt");
    for (stated, payload) in [("00", r#"{"a":1}"#), (digest.as_str(), r#"{"a":2}"#), ("", "[]")] {
        let error = refused(&with(stated, payload));
        assert!(
            error.starts_with("normalize digest-bearing fields: intent i: args digest "),
            "{error}"
        );
    }
}

#[test]
fn kept_digests_that_contradict_their_payloads_are_told() {
    let right = digest(r#"{"a":1}"#).to_uppercase();
    let text = format!(
        r#"{{"run":{{"run_id":"r"}},"refs":{{"context_set_digest":"{set}"}},
            "intents":[{{"intent_id":"i","args":{{"a":1}},"args_digest":"{right}"}},{{"intent_id":"j","args":{{"a":2}},"args_digest":"{right}"}}],
            "results":[{{"intent_id":"i","result":{{"n":1e999}},"result_digest":"{right}"}},{{"intent_id":"j","result_digest":"{right}"}}]}}"#,
        set = "0".repeat(64),
    );
    let recorded = try_record(&text, &RecordOptions::default()).unwrap();
    let told: Vec<_> = recorded
        .findings
        .iter()
        .map(|finding| finding.subject.as_str())
        .collect();
    assert_eq!(
        told,
        [
            "intent j: args_digest",
            "result i: result_digest",
            "refs: context_set_digest"
        ]
    );
    assert_eq!(recorded.content.intents[1].args_digest, right, "as it was stated");
}

#[test]
fn a_digest_must_come_from_somewhere() {
    for text in [
        r#"{"run":{"run_id":"r"},"intents":[{"intent_id":"i","args":null}]}"#,
        r#"{"run":{"run_id":"r"},"results":[{"intent_id":"i"}]}"#,
        r#"{"run":{"run_id":"r"},"refs":{"receipts":[{"ref_id":"x","query_digest":"d"}]}}"#,
        r#"{"run":{"run_id":"r"},"intents":[{"args":{"n":1e999}}]}"#,
    ] {
        assert!(
            refused(text).starts_with("normalize digest-bearing fields: "),
            "{text}"
        );
    }
}

#[test]
fn receipts_of_calls_follow_from_the_calls() {
    let with = |receipt: &str| {
        format!(
            r#"{{"run":{{"run_id":"r"}},"intents":[{{"intent_id":"i","args_digest":"0"}},{{"intent_id":"i","tool_name":"t","args_digest":"aa"}},
                {{"intent_id":"lost","args_digest":"bb"}}],
                "results":[{{"intent_id":"i","result_digest":"cc"}}],"refs":{{"receipts":[{receipt}]}}}}"#
        )
    };
    let query = digest(r#"{"args_digest":"aa","tool_name":"t"}"#);
    let content = recorded(&with(r#"{"source_type":" Gait.Trace","ref_id":"trace_i"}"#));
    let receipt = &content.refs.receipts[0];
    assert_eq!(
        (receipt.query_digest.as_str(), receipt.content_digest.as_str()),
        (query.as_str(), "cc")
    );
    for receipt in [
        r#"{"source_type":"gait.trace","ref_id":"trace_x"}"#,
        r#"{"source_type":"gait.trace","ref_id":"trace_lost"}"#,
        r#"{"source_type":"gait.trace","ref_id":"trace_i","query_digest":"00"}"#,
        r#"{"source_type":"gait.trace","ref_id":"trace_i","content_digest":"00"}"#,
        r#"{"source_type":"doc","ref_id":"trace_i"}"#,
    ] {
        let error = refused(&with(receipt));
        assert!(
            error.starts_with("normalize digest-bearing fields: receipt trace_"),
            "{error}"
        );
    }
}

#[test]
fn warnings_tell_what_became_of_payloads() {
    let warnings = |text: &str, capture_mode: &str| {
        let options = RecordOptions {
            capture_mode: capture_mode.to_owned(),
            ..RecordOptions::default()
        };
        try_record(text, &options).unwrap().warnings
    };
    let with_args = r#"{"run":{"run_id":"r"},"intents":[{"args":{"a":1}}]}"#;
    let without = r#"{"run":{"run_id":"r"},"intents":[{"args":{}}],"capture_mode":" raw "}"#;
    assert_eq!(warnings(with_args, ""), [RecordWarning::PayloadsDropped]);
    assert_eq!(warnings(with_args, "raw"), [RecordWarning::RawPayloads]);
    assert_eq!(warnings(without, ""), [RecordWarning::RawPayloads]);
    assert_eq!(warnings(without, "reference"), []);
}

fn envelope(redaction_mode: &str) -> GivenEnvelope {
    let digest = Digest::of(b"");
    let text = format!(
        r#"{{"context_set_id":"s","evidence_mode":"required","records":[{{"ref_id":"c","source_type":"doc","source_locator":"l",
            "query_digest":"{digest}","content_digest":"{digest}","redaction_mode":"{redaction_mode}"}}]}}"#
    );
    GivenEnvelope::Verified(Box::new(ContextEnvelope::read(text.as_bytes()).unwrap()))
}

#[test]
fn an_envelope_takes_the_place_of_the_references() {
    let text =
        r#"{"run":{"run_id":"r"},"refs":{"context_ref_count":9,"receipts":[{"redaction_mode":"raw"}]}}"#;
    let mut options = RecordOptions {
        envelope: Some(envelope("reference")),
        ..RecordOptions::default()
    };
    let refs = try_record(text, &options).unwrap().content.refs;
    assert_eq!((refs.context_ref_count, refs.receipts.len()), (1, 1));
    assert_eq!(refs.receipts[0].ref_id, "c");
    assert_eq!(
        refs.context_evidence_mode, "best_effort",
        "the mode of the command"
    );

    options.envelope = Some(envelope("RAW"));
    assert_eq!(try_record(text, &options), Err(RecordError::RawEnvelope));
    options.allow_raw_context = true;
    assert!(try_record(text, &options).is_ok());
}

#[test]
fn context_evidence_that_is_required_must_be_there() {
    let text = r#"{"run":{"run_id":"r"},"refs":{"context_evidence_mode":"Required"}}"#;
    let unusable = |evidence_mode: &str| RecordOptions {
        evidence_mode: evidence_mode.to_owned(),
        envelope: Some(GivenEnvelope::Unusable("gone".to_owned())),
        ..RecordOptions::default()
    };
    assert_eq!(
        try_record(text, &unusable("")),
        Err(RecordError::Envelope("gone".to_owned()))
    );
    assert_eq!(
        try_record(text, &unusable("best_effort")).unwrap().warnings,
        [RecordWarning::EnvelopeIgnored("gone".to_owned())]
    );
    assert!(refused(text).contains("context_set_digest is missing"));
    assert!(refused(r#"{"run":{"run_id":"r"},"refs":{"context_evidence_mode":"no"}}"#).contains("\"no\""));
    let raw = r#"{"run":{"run_id":"r"},"refs":{"receipts":[{"redaction_mode":" Raw"}]}}"#;
    assert_eq!(refused(raw), RecordError::RawReceipt.to_string());
}

#[test]
fn broken_text_is_replaced_before_it_is_digested() {
    let input = RecordInput::read(b"{\"run\":{\"run_id\":\"r\xFF\"}}").unwrap();
    assert_eq!(input.run.run_id, "r\u{FFFD}");
}
