//! The description of the routes in `OpenAPI` 3.1, its schemas generated from the types that are read and written.

use gait_mcp::answer::Answer;
use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use crate::api::{Health, Readiness};
use crate::refusal::ErrorBody;
use crate::request::EvaluateRequest;

/// Where the schemas of the components are.
const COMPONENTS: &str = "/components/schemas";

/// The statuses of routes that decide, beside those of verdicts, and when they are given.
const REFUSALS: &[(&str, &str)] = &[
    (
        "400",
        "The request or its call can't be used, or the policy file can't.",
    ),
    (
        "401",
        "A bearer token is asked for and not shown, or another one is.",
    ),
    (
        "403",
        "A block, with `--http-verdict-status strict`; or a web page from elsewhere asks.",
    ),
    ("405", "The route takes POST."),
    ("408", "The body did not arrive in time."),
    (
        "409",
        "An approval is needed, or a dry run, with `--http-verdict-status strict`.",
    ),
    ("413", "The body is longer than the service takes."),
    ("415", "The body is not plain JSON, or compressed."),
    (
        "503",
        "The service can't decide at the moment, or can't keep what it decided.",
    ),
];

/// The document, with a final line feed.
#[must_use]
pub fn document() -> String {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = COMPONENTS.into());
    let mut reading = settings.clone().into_generator();
    let request = reference::<EvaluateRequest>(&mut reading);
    let mut writing = settings.for_serialize().into_generator();
    let answer = reference::<Answer>(&mut writing);
    let error = reference::<ErrorBody>(&mut writing);
    let health = reference::<Health>(&mut writing);
    let readiness = reference::<Readiness>(&mut writing);
    let mut schemas = reading.take_definitions(true);
    schemas.append(&mut writing.take_definitions(true));
    describe_call(&mut schemas);

    let decide = |summary: &str, media_type: &str, schema: &Value| {
        decision(summary, media_type, schema, &request, &error)
    };
    let text = json!({"type": "string"});
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Gait decision service",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Judges tool calls of AI agents. It executes nothing: `executed` is always false, and only an \
                            `allow` lets a call go on.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:8787", "description": "the default of `gait mcp serve`"}],
        "security": [{}, {"token": []}],
        "paths": {
            "/v1/evaluate": {"post": decide("Judge one tool call", "application/json", &answer)},
            "/v1/evaluate/sse": {"post": decide("Judge one tool call, answered by one event", "text/event-stream", &json!({}))},
            "/v1/evaluate/stream": {"post": decide("Judge one tool call, answered by one line", "application/x-ndjson", &text)},
            "/healthz": {"get": probe("Whether the process answers", &[("200", "It does.", &health)], &error)},
            "/readyz": {"get": probe(
                "Whether requests for decisions are answered with decisions",
                &[("200", "They are.", &readiness), ("503", "They are not.", &readiness)],
                &error,
            )},
            "/metrics": {"get": {
                "summary": "What the service counts, for Prometheus",
                "security": [{}, {"token": []}],
                "responses": {
                    "200": {"description": "The numbers.", "content": {"text/plain": {"schema": text}}},
                    "401": failure("A bearer token is asked for.", &error),
                    "403": failure("A web page from elsewhere asks.", &error),
                    "405": failure("The route takes GET.", &error),
                },
            }},
            "/openapi.json": {"get": probe("This document", &[("200", "It.", &json!({"type": "object"}))], &error)},
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {
                "type": "http",
                "scheme": "bearer",
                "description": "With `--auth-mode token`.",
            }},
        },
    });
    format!("{document:#}\n")
}

fn reference<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

/// A member that is `null` counts as absent.
fn allow_null(member: &mut Value) {
    if let Some(Value::String(kind)) = member.get("type").cloned() {
        member["type"] = json!([kind, "null"]);
    }
}

/// The call is read by the adapter, so all that can be said of it here is that it is an object with something in it.
fn describe_call(schemas: &mut Map<String, Value>) {
    let Some(request) = schemas.get_mut("EvaluateRequest").and_then(Value::as_object_mut) else {
        return;
    };
    request.insert("required".to_owned(), json!(["call"]));
    if let Some(properties) = request.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(allow_null);
        let call = json!({
            "type": "object",
            "minProperties": 1,
            "description": "The tool call, in the shape that the adapter reads.",
        });
        properties.insert("call".to_owned(), call);
    }
}

/// A route that decides.
fn decision(summary: &str, media_type: &str, schema: &Value, request: &Value, error: &Value) -> Value {
    let mut responses = Map::new();
    responses.insert(
        "200".to_owned(),
        json!({"description": "The decision.", "content": {media_type: {"schema": schema}}}),
    );
    for (status, when) in REFUSALS {
        let mut response = failure(when, error);
        // With strict statuses these hold decisions too.
        if matches!(*status, "403" | "409") {
            let content = json!({"schema": {"anyOf": [schema, error]}});
            let mut contents = json!({"application/json": {"schema": error}});
            contents[media_type] = content;
            response["content"] = contents;
        }
        responses.insert((*status).to_owned(), response);
    }
    json!({
        "summary": summary,
        "requestBody": {"required": true, "content": {"application/json": {
            "schema": request,
            "example": {
                "call": {
                    "name": "tool.read",
                    "args": {"path": "/srv/agent/notes.txt"},
                    "context": {"identity": "agent.alpha", "workspace": "/srv/agent", "risk_class": "high"},
                },
            },
        }}},
        "responses": responses,
    })
}

/// A route for probes, which never asks for a token.
fn probe(summary: &str, replies: &[(&str, &str, &Value)], error: &Value) -> Value {
    let mut responses = Map::new();
    for (status, when, schema) in replies {
        responses.insert(
            (*status).to_owned(),
            json!({"description": when, "content": {"application/json": {"schema": schema}}}),
        );
    }
    responses.insert(
        "403".to_owned(),
        failure("A web page from elsewhere asks.", error),
    );
    responses.insert("405".to_owned(), failure("The route takes GET.", error));
    json!({"summary": summary, "security": [], "responses": responses})
}

fn failure(when: &str, error: &Value) -> Value {
    json!({"description": when, "content": {"application/json": {"schema": error}}})
}
