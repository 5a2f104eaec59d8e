//! What proxies are told: by the client that Envoy's published protocol makes, over a socket.

use std::collections::HashMap;
use std::fs;
use std::io::Read as _;
use std::time::Duration;

use envoy_types::pb::envoy::config::core::v3::HeaderValueOption;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Peer, Request};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest, CheckResponse};
use gait_serve::{Access, BearerToken, Ending, ExtAuthzSettings, Limits, ListenAddress};
use serde_json::Value;
use tokio::runtime::Runtime;
use tonic::{Code, Status};

use crate::client::{connect, get};
use crate::running::{Manner, Running};

const CALL: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"tool.search","arguments":{"q":"x"}}}"#;
const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

fn manner() -> Manner {
    Manner {
        ext_authz: Some(ExtAuthzSettings {
            address: ListenAddress::parse("127.0.0.1:0").unwrap(),
            passing: Vec::new(),
        }),
        ..Manner::default()
    }
}

fn policy(policy: &'static str) -> Running {
    Running::start(Manner { policy, ..manner() })
}

/// What a proxy would do.
#[derive(Debug)]
struct Told {
    code: Code,
    /// 200 where the request goes on.
    status: i32,
    headers: HashMap<String, String>,
    body: Value,
}

impl Told {
    fn of(response: CheckResponse) -> Self {
        let code = Code::from(response.status.unwrap().code);
        let (status, headers, body) = match response.http_response.unwrap() {
            HttpResponse::OkResponse(ok) => (200, ok.response_headers_to_add, Value::Null),
            HttpResponse::DeniedResponse(denied) => (
                denied.status.unwrap().code,
                denied.headers,
                serde_json::from_str(&denied.body).unwrap(),
            ),
            HttpResponse::ErrorResponse(_) => unreachable!("errors are denials"),
        };
        assert_eq!(code == Code::Ok, status == 200);
        let pair = |option: HeaderValueOption| option.header.map(|header| (header.key, header.value));
        Self {
            code,
            status,
            headers: headers.into_iter().filter_map(pair).collect(),
            body,
        }
    }
}

fn pairs(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    let pairs = pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    pairs.collect()
}

fn request(body: &str, headers: &[(&str, &str)]) -> CheckRequest {
    let http = HttpRequest {
        method: "POST".to_owned(),
        scheme: "https".to_owned(),
        host: "tools.example".to_owned(),
        path: "/mcp".to_owned(),
        headers: pairs(headers),
        raw_body: body.as_bytes().to_vec(),
        ..HttpRequest::default()
    };
    CheckRequest {
        attributes: Some(AttributeContext {
            source: Some(Peer {
                principal: "spiffe://example/agent".to_owned(),
                ..Peer::default()
            }),
            request: Some(Request {
                http: Some(http),
                ..Request::default()
            }),
            context_extensions: pairs(&[("gait.workspace", "/w"), ("gait.risk_class", "high")]),
            ..AttributeContext::default()
        }),
    }
}

fn try_check(running: &Running, token: &str, check: CheckRequest) -> Result<Told, Status> {
    let url = format!("http://{}", running.proxies.unwrap());
    Runtime::new().unwrap().block_on(async {
        let mut client = AuthorizationClient::connect(url).await.unwrap();
        let mut request = tonic::Request::new(check);
        if !token.is_empty() {
            let token = format!("Bearer {token}").parse().unwrap();
            request.metadata_mut().insert("authorization", token);
        }
        client
            .check(request)
            .await
            .map(|reply| Told::of(reply.into_inner()))
    })
}

fn check(running: &Running, check: CheckRequest) -> Told {
    try_check(running, "", check).unwrap()
}

#[test]
fn a_call_goes_on_when_its_trace_is_there() {
    let running = policy("default_verdict: allow\n");
    let told = check(
        &running,
        request(CALL, &[("mcp-method", "tools/call"), ("mcp-name", "tool.search")]),
    );
    assert_eq!(told.status, 200, "{told:?}");
    assert_eq!(told.headers["x-gait-verdict"], "allow");
    let [name] = &running.traces()[..] else {
        unreachable!("one call, one trace");
    };
    let trace = fs::read(running.directory.path().join("traces").join(name)).unwrap();
    let trace: Value = serde_json::from_slice(&trace).unwrap();
    assert_eq!(trace["trace_id"], told.headers["x-gait-trace-id"].as_str());
    assert_eq!(trace["tool_name"], "tool.search");
    let numbers = get(running.address, "/metrics").body;
    assert!(
        numbers.contains("gait_ext_authz_checks_total{outcome=\"allowed\"} 1\n"),
        "{numbers}"
    );
    assert!(
        numbers.contains("gait_decisions_total{verdict=\"allow\"} 1\n"),
        "{numbers}"
    );
}

#[test]
fn every_other_verdict_is_held_back() {
    for (verdict, status) in [("block", 403), ("require_approval", 409), ("dry_run", 409)] {
        let running = Running::start(manner());
        fs::write(running.policy(), format!("default_verdict: {verdict}\n")).unwrap();
        let told = check(&running, request(CALL, &[]));
        assert_eq!(
            (told.status, told.code),
            (status, Code::PermissionDenied),
            "{verdict}"
        );
        assert_eq!(told.headers["x-gait-verdict"], verdict);
        assert_eq!(told.headers["content-type"], "application/json");
        assert_eq!(told.body["verdict"], verdict);
        assert_eq!(told.body["reason_codes"][0], format!("default_{verdict}"));
        assert_eq!(told.body["trace_id"], told.headers["x-gait-trace-id"].as_str());
        assert_eq!(running.traces().len(), 1);
    }
}

#[test]
fn headers_that_disagree_with_the_body_block_the_call() {
    let running = policy("default_verdict: allow\n");
    for headers in [
        &[("mcp-name", "tool.harmless")][..],
        &[("mcp-method", "tools/list")],
        &[
            ("mcp-method", "tools/call"),
            ("mcp-name", "tool.search,tool.search"),
        ],
    ] {
        let told = check(&running, request(CALL, headers));
        assert_eq!(
            (told.status, &told.body["verdict"]),
            (403, &Value::from("block")),
            "{headers:?}"
        );
        assert!(
            told.body["reason_codes"]
                .to_string()
                .contains("mcp_header_mismatch")
        );
    }
    assert_eq!(running.traces().len(), 3);
}

#[test]
fn policies_know_tools_urls_and_callers() {
    let running = policy(
        "default_verdict: block\nrules:\n  - name: agent-posts\n    effect: allow\n    match:\n      \
         tool_names: [http.post]\n      identities: ['spiffe://example/agent']\n      target_kinds: [url]\n",
    );
    assert_eq!(check(&running, request("a=b", &[])).status, 200);
    assert_eq!(check(&running, request(CALL, &[])).status, 403);
    let mut foreign = request("a=b", &[]);
    foreign.attributes.as_mut().unwrap().source = None;
    assert_eq!(check(&running, foreign).status, 403);
    let mut dotted = request("a=b", &[]);
    let attributes = dotted.attributes.as_mut().unwrap();
    let http = attributes.request.as_mut().unwrap().http.as_mut().unwrap();
    "/mcp/../admin".clone_into(&mut http.path);
    let told = check(&running, dotted);
    assert_eq!((told.status, &told.body["ok"]), (403, &Value::from(false)));
}

#[test]
fn methods_pass_unjudged_only_by_the_operators_word() {
    let running = policy("default_verdict: block\n");
    assert_eq!(check(&running, request(LIST, &[])).status, 403);
    drop(running);
    let mut manner = Manner {
        policy: "default_verdict: block\n",
        ..manner()
    };
    manner.ext_authz.as_mut().unwrap().passing = vec!["tools/list".to_owned()];
    let running = Running::start(manner);
    let told = check(&running, request(LIST, &[("mcp-method", "tools/list")]));
    assert_eq!(
        (told.status, told.headers["x-gait-verdict"].as_str()),
        (200, "not_judged")
    );
    assert_eq!(
        check(&running, request(LIST, &[("mcp-method", "tools/call")])).status,
        403
    );
    assert_eq!(check(&running, request(CALL, &[])).status, 403);
    let numbers = get(running.address, "/metrics").body;
    assert!(
        numbers.contains("gait_ext_authz_checks_total{outcome=\"passed\"} 1\n"),
        "{numbers}"
    );
}

#[test]
fn long_messages_are_refused() {
    let limits = Limits {
        request_bytes: 1000,
        header_bytes: 3000,
        ..Limits::default()
    };
    let running = Running::start(Manner { limits, ..manner() });
    assert_eq!(check(&running, request(&"x".repeat(1001), &[])).status, 413);
    let refused = try_check(&running, "", request(&"x".repeat(5000), &[])).unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange, "{refused}");
    assert!(running.traces().is_empty());
    assert_eq!(check(&running, request(CALL, &[])).status, 200);
}

#[test]
fn a_token_is_asked_for_where_one_is_set() {
    let running = Running::start(Manner {
        access: Access::Token(BearerToken::new("s3cret").unwrap()),
        ..manner()
    });
    for token in ["", "guess"] {
        let refused = try_check(&running, token, request(CALL, &[])).unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
    }
    assert!(running.traces().is_empty());
    assert_eq!(
        try_check(&running, "s3cret", request(CALL, &[])).unwrap().status,
        200
    );
}

#[test]
fn nothing_goes_on_that_cannot_be_kept_or_decided() {
    let running = policy("default_verdict: allow\n");
    let traces = running.directory.path().join("traces");
    fs::create_dir_all(&traces).unwrap();
    // Where the ledger would be.
    fs::write(traces.join(".ledger"), "").unwrap();
    let told = check(&running, request(CALL, &[]));
    assert_eq!((told.status, told.code), (503, Code::Unavailable), "{told:?}");
    assert_eq!(told.body["ok"], false);
    fs::remove_file(traces.join(".ledger")).unwrap();
    assert_eq!(check(&running, request(CALL, &[])).status, 200);

    fs::write(running.policy(), "nope: [").unwrap();
    assert_eq!(check(&running, request(CALL, &[])).status, 503);
    let mut misrouted = request(CALL, &[]);
    let attributes = misrouted.attributes.as_mut().unwrap();
    attributes.context_extensions = pairs(&[("gait.risk-class", "low")]);
    assert_eq!(check(&running, misrouted).status, 503);
    let numbers = get(running.address, "/metrics").body;
    assert!(
        numbers.contains("gait_ext_authz_checks_total{outcome=\"unavailable\"} 3\n"),
        "{numbers}"
    );
}

#[test]
fn a_new_policy_judges_the_next_check_of_the_same_connection() {
    let running = policy("default_verdict: allow\n");
    let url = format!("http://{}", running.proxies.unwrap());
    Runtime::new().unwrap().block_on(async {
        let mut client = AuthorizationClient::connect(url).await.unwrap();
        for (verdict, status) in [("allow", 200), ("block", 403), ("allow", 200)] {
            fs::write(running.policy(), format!("default_verdict: {verdict}\n")).unwrap();
            let told = Told::of(client.check(request(CALL, &[])).await.unwrap().into_inner());
            assert_eq!(told.status, status, "{verdict}");
        }
    });
}

#[test]
fn connections_that_rest_end_with_the_service() {
    let running = policy("default_verdict: allow\n");
    let url = format!("http://{}", running.proxies.unwrap());
    Runtime::new().unwrap().block_on(async {
        let mut client = AuthorizationClient::connect(url).await.unwrap();
        client.check(request(CALL, &[])).await.unwrap();
        assert_eq!(
            tokio::task::spawn_blocking(|| running.end()).await.unwrap(),
            Ending::Drained
        );
    });
}

#[test]
fn connections_that_say_nothing_are_closed() {
    let limits = Limits {
        header_time: Duration::from_millis(50),
        ..Limits::default()
    };
    let running = Running::start(Manner { limits, ..manner() });
    let mut silent = connect(running.proxies.unwrap());
    let mut said = Vec::new();
    // A reset closes it too.
    _ = silent.read_to_end(&mut said);
    assert_eq!(check(&running, request(CALL, &[])).status, 200);
}

#[test]
fn the_configuration_in_the_manual_is_yaml() {
    let manual = include_str!("../../../../docs/ext-authz.md");
    let blocks = manual.split("```yaml\n").skip(1);
    let blocks: Vec<_> = blocks.map(|block| block.split("```").next().unwrap()).collect();
    assert!(!blocks.is_empty());
    for block in &blocks {
        for event in saphyr_parser::Parser::new_from_str(block) {
            assert!(event.is_ok(), "{event:?}\n{block}");
        }
    }
    let filter = blocks[0];
    assert!(filter.contains("envoy.extensions.filters.http.ext_authz.v3.ExtAuthz"));
    assert!(filter.contains("failure_mode_allow: false"));
}
