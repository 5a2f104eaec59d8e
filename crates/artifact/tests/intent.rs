//! Intents from the outside: what is read, what is refused, which digest comes out.

use gait_artifact::{
    Timestamp,
    context::ContextEnvelope,
    intent::{Intent, IntentError, IntentRequest},
    inventory::Inventory,
};

fn normalized(json: &str) -> Result<Intent, IntentError> {
    IntentRequest::read(json.as_bytes())?.normalize()
}

/// A request that only needs `members` to be complete; `members` starts with a comma or is empty.
fn with_members(members: &str) -> String {
    format!(
        r#"{{"tool_name":"tool.read","context":{{"identity":"alice","workspace":"/repo","risk_class":"low"}}{members}}}"#
    )
}

/// A request that only needs `members` in its context; `members` starts with a comma or is empty.
fn with_context(members: &str) -> String {
    format!(
        r#"{{"tool_name":"tool.read","context":{{"identity":"alice","workspace":"/repo","risk_class":"low"{members}}}}}"#
    )
}

#[test]
fn digests_are_those_of_the_canonical_form() {
    let intent = normalized(
        r#"{"tool_name":" Tool.READ ","args":{"path":" /a "},"context":{"risk_class":"Low","workspace":"/repo",
        "identity":"alice"},"targets":[{"kind":"path","value":"/a","operation":"read"}],"intent_digest":"ignored"}"#,
    )
    .unwrap();
    assert_eq!(
        intent.digest().to_string(),
        "cef298f35aff4d7012856bc64a21242a8dc48c122cc326234cff5dbcd3673615"
    );
    assert_eq!(intent.script_hash(), None);
}

#[test]
fn text_that_is_not_unicode_is_replaced() {
    let mut bytes = with_members(r#","args":{"p":"a?b\ud800"}"#).into_bytes();
    let at = bytes.iter().position(|&byte| byte == b'?').unwrap();
    bytes[at] = 0xff;
    let request = IntentRequest::read(&bytes).unwrap();
    assert_eq!(
        request.args.get("p").unwrap().as_str(),
        Some("a\u{fffd}b\u{fffd}")
    );
}

#[test]
fn documents_that_could_mean_two_things_are_refused() {
    for json in [
        "",
        "[]",
        "{} {}",
        "\u{feff}{}",
        r#"{"tool_name":"a","tool_name":"b"}"#,
        r#"{"Tool_Name":"a"}"#,
        r#"{"targets":[{"kind":"path","values":"/a"}]}"#,
        r#"{"context":{"credential_ttl_seconds":1.0}}"#,
        r#"{"created_at":"yesterday"}"#,
        r#"{"args":[]}"#,
    ] {
        assert!(
            matches!(IntentRequest::read(json.as_bytes()), Err(IntentError::Json(_))),
            "{json}"
        );
    }
}

#[test]
fn null_is_absent() {
    let request = IntentRequest::read(b"null").unwrap();
    assert_eq!(request, IntentRequest::default());
    let intent = normalized(&with_members(
        r#","args":null,"targets":null,"script":null,"created_at":null"#,
    ))
    .unwrap();
    assert_eq!(intent.digest(), normalized(&with_members("")).unwrap().digest());
}

#[test]
fn errors_name_the_member() {
    for (json, field) in [
        ("{}".to_owned(), "tool_name"),
        (r#"{"tool_name":"t"}"#.to_owned(), "context.identity"),
        (with_members(r#","schema_id":"other""#), "schema_id"),
        (with_members(r#","schema_version":"9""#), "schema_version"),
        (with_members(r#","script":{}"#), "script.steps"),
        (
            with_members(r#","script":{"steps":[{"tool_name":" "}]}"#),
            "script.steps[0].tool_name",
        ),
        (with_members(r#","args":{" ":1}"#), "args"),
        (with_members(r#","args":{"n":[{"a":1," a ":2}]}"#), "args.n[0]"),
        (with_members(r#","args":{"n":1e999}"#), "args.n"),
        (
            with_members(r#","args":{"b":{"my_secret":"ghp_x"},"a":1}"#),
            "args.b.my_secret",
        ),
        (
            with_members(r#","args":{"token":["x",["sk-y"]]}"#),
            "args.token[1][0]",
        ),
        (
            with_members(r#","targets":[{"kind":"path","value":"/a"},{"kind":"file","value":"/a"}]"#),
            "targets[1].kind",
        ),
        (
            with_members(r#","targets":[{"kind":"path","value":" "}]"#),
            "targets[0].value",
        ),
        (
            with_members(r#","arg_provenance":[{"arg_path":"a","source":"web"}]"#),
            "arg_provenance[0].source",
        ),
        (
            with_members(r#","skill_provenance":{"skill_name":"s","source":"r"}"#),
            "skill_provenance.publisher",
        ),
        (
            with_members(r#","delegation":{}"#),
            "delegation.requester_identity",
        ),
        (
            with_members(
                r#","delegation":{"requester_identity":"c","chain":[{"delegator_identity":"a","delegate_identity":"b"},
                {"delegator_identity":"B","delegate_identity":"c"}]}"#,
            ),
            "delegation.chain[1].delegator_identity",
        ),
        (
            with_members(
                r#","delegation":{"requester_identity":"c","chain":[{"delegator_identity":"a","delegate_identity":"b"}]}"#,
            ),
            "delegation.chain[0].delegate_identity",
        ),
        (with_context(r#","phase":"later""#), "context.phase"),
        (
            with_context(r#","credential_ttl_seconds":-1"#),
            "context.credential_ttl_seconds",
        ),
        (
            with_context(r#","auth_context":{"api_key":"abcdefgh12345678"}"#),
            "context.auth_context.api_key",
        ),
        (
            with_context(r#","sandbox":{"evidence_ref":"abcdefgh12345678"}"#),
            "context.sandbox.evidence_ref",
        ),
        (
            with_context(r#","sandbox":{"writable_paths":["A=b"]}"#),
            "context.sandbox.writable_paths",
        ),
        (
            with_context(
                r#","agent_identity":{"issued_at":"2026-01-02T00:00:00Z","expires_at":"2026-01-01T00:00:00Z"}"#,
            ),
            "context.agent_identity.expires_at",
        ),
    ] {
        match normalized(&json) {
            Err(IntentError::Field { field: found, .. }) => assert_eq!(found, field, "{json}"),
            other => panic!("{json} gives {other:?}"),
        }
    }
}

#[test]
fn scripts_stand_for_their_steps() {
    let steps = r#"{"steps":[
        {"tool_name":"B","targets":[{"kind":"path","value":"/b","operation":"delete"}]},
        {"tool_name":"a","targets":[{"kind":"path","value":"/a","operation":"read"}],
         "arg_provenance":[{"arg_path":"p","source":"user"}]}]}"#;
    let script = normalized(&with_members(&format!(r#","script":{steps}"#))).unwrap();
    assert_eq!(script.tool_name(), "script");
    assert_eq!(
        script
            .targets()
            .iter()
            .map(|target| target.value.as_str())
            .collect::<Vec<_>>(),
        ["/a", "/b"]
    );
    assert_eq!(script.arg_provenance().len(), 1);
    assert!(script.script_hash().is_some());
    assert!(script.has_destructive_target());

    let hiding = normalized(&with_members(&format!(
        r#","script":{steps},"targets":[{{"kind":"path","value":"/c","operation":"read"}}]"#
    )))
    .unwrap();
    assert_eq!(hiding.targets().len(), 1);
    assert_eq!(hiding.all_targets().count(), 3);
    assert!(hiding.has_destructive_target());
}

#[test]
fn evidence_replaces_claims() {
    let envelope = ContextEnvelope::read(
        format!(
            r#"{{"context_set_id":"s","records":[{{"ref_id":"r","source_type":"doc","source_locator":"docs://r",
            "redaction_mode":"reference","query_digest":"{0}","content_digest":"{0}","retrieved_at":"2026-02-05T00:00:00Z"}}]}}"#,
            "1".repeat(64)
        )
        .as_bytes(),
    )
    .unwrap();
    let now: Timestamp = "2026-02-05T00:01:00.9Z".parse().unwrap();
    let plain = normalized(&with_context("")).unwrap();
    let claiming = normalized(&with_context(
        r#","context_refs":["x"],"auth_context":{"context_age_seconds":0,"wrkr.data_class":"public"}"#,
    ))
    .unwrap();
    assert_eq!(claiming.clone().without_context_claims(), plain);

    let bound = claiming.with_evidence(&envelope, now).unwrap();
    assert_eq!(bound, plain.clone().with_evidence(&envelope, now).unwrap());
    assert_ne!(bound.digest(), plain.digest());
    let context = bound.context();
    assert_eq!(context.context_evidence_mode, "best_effort");
    assert_eq!(context.context_refs, ["r"]);
    assert_eq!(
        context.auth_context.get("context_age_seconds").unwrap().as_i64(),
        Some(60)
    );

    let future = plain
        .clone()
        .with_evidence(&envelope, Timestamp::EPOCH_1980)
        .unwrap();
    assert_eq!(
        future
            .context()
            .auth_context
            .get("context_age_seconds")
            .unwrap()
            .as_i64(),
        Some(0)
    );
}

#[test]
fn claims_must_not_contradict_evidence() {
    let envelope = ContextEnvelope::read(br#"{"context_set_id":"s","evidence_mode":"required"}"#).unwrap();
    assert_eq!(
        envelope.digest().to_string(),
        "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"
    );
    for claims in [
        format!(r#","context_set_digest":"{}""#, "a".repeat(64)),
        r#","context_evidence_mode":"best_effort""#.to_owned(),
    ] {
        let intent = normalized(&with_context(&claims)).unwrap();
        let error = intent
            .with_evidence(&envelope, Timestamp::EPOCH_1980)
            .unwrap_err();
        assert!(error.is_evidence_conflict(), "{error}");
    }
    let agreeing = format!(
        r#","context_set_digest":"{}","context_evidence_mode":"REQUIRED""#,
        envelope.digest()
    );
    assert!(
        normalized(&with_context(&agreeing))
            .unwrap()
            .check_evidence(&envelope)
            .is_ok()
    );
}

#[test]
fn the_inventory_overrides_claims() {
    let inventory = Inventory::read(br#"[{"tool_name":"tool.read","data_class":"PII"}]"#).unwrap();
    let claim = r#","auth_context":{"wrkr.data_class":"public"}"#;
    let (enriched, known) = normalized(&with_context(claim)).unwrap().enriched(&inventory);
    assert!(known);
    assert_eq!(enriched.context().auth_text("wrkr.data_class"), Some("pii"));
    assert_eq!(enriched.context().auth_text("wrkr.tool_name"), Some("tool.read"));

    let script = normalized(&with_members(
        r#","script":{"steps":[{"tool_name":"tool.read"}]}"#,
    ))
    .unwrap();
    assert_eq!(script.clone().enriched(&inventory), (script, false));
}
