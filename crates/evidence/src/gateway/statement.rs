//! What a record states of an event: the mapping from a gateway's words to ours.

use std::time::Duration;

use gait_artifact::{Timestamp, text};
use gait_canon::Digest;
use gait_canon::json::{Object, Value};

use super::event::{Event, filled};
use super::instant::{OutOfRange, instant};
use super::{GatewaySource, LineProblem};

const TIMESTAMP: &[&str] = &[
    "timestamp",
    "time",
    "ts",
    "started_at",
    "request.timestamp",
    "request.time",
];
const STATUS: &[&str] = &["status", "status_code", "response.status", "http.status"];
const VERDICT: &[&str] = &["verdict", "decision", "action", "outcome"];
const TOOL: &[&str] = &[
    "tool_name",
    "tool",
    "route.name",
    "service.name",
    "request.path",
    "request.uri",
    "path",
];
const REQUEST_ID: &[&str] = &["request_id", "request.id", "correlation_id", "trace_id"];
const IDENTITY: &[&str] = &["identity", "consumer.username", "user", "actor"];
const PATH: &[&str] = &["path", "request.path", "request.uri"];
const REASON_CODES: &[&str] = &["reason_codes", "reasons", "policy.reason_codes"];
const REASON_CODE: &[&str] = &["reason_code", "policy.reason_code"];
const POLICY: &[&str] = &["policy_digest", "policy.hash", "policy.id", "policy_version"];
const POLICY_ID: &[&str] = &["policy_digest", "policy.hash", "policy.id"];
const POLICY_VERSION: &[&str] = &["policy_version"];

/// The tool of an event that names none.
const UNKNOWN_TOOL: &str = "gateway.unknown";
const DIGEST_PREFIX: &str = "sha256:";

/// What a gateway did with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Allow,
    Block,
    RequireApproval,
    DryRun,
    /// The log does not say, or not in words that are known.
    Unknown,
}

impl Outcome {
    /// What `word` means; without a word, what the status does.
    fn of(word: Option<&str>, status: i64) -> Self {
        let Some(word) = word else {
            return match status {
                200..=399 => Self::Allow,
                400.. => Self::Block,
                _ => Self::Unknown,
            };
        };
        match text::lower(word).as_str() {
            "allow" | "allowed" | "permit" | "permitted" | "ok" | "success" => Self::Allow,
            "block" | "blocked" | "deny" | "denied" | "reject" | "rejected" | "forbidden" | "error" => {
                Self::Block
            }
            "require_approval" | "approval_required" | "needs_approval" => Self::RequireApproval,
            "dry_run" | "observe" | "simulate" => Self::DryRun,
            _ => Self::Unknown,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Block => "block",
            Self::RequireApproval => "require_approval",
            Self::DryRun => "dry_run",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the gateway kept the request from its tool.
    pub(super) const fn is_enforced(self) -> bool {
        matches!(self, Self::Block | Self::RequireApproval)
    }
}

/// What is known of one event of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) timestamp: Timestamp,
    /// Who asked; the gateway itself where nobody is named.
    pub(super) agent: String,
    pub(super) outcome: Outcome,
    status: i64,
    tool: String,
    request_id: String,
    path: String,
    reason_codes: Vec<String>,
    policy: Policy,
    line_digest: String,
}

/// The policy that decided, as far as the log says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Policy {
    digest: Option<String>,
    /// Its name, in place of a digest.
    id: Option<String>,
    /// Its version, in place of a digest.
    version: Option<String>,
}

impl Statement {
    /// What the line `number`, without the white space around it, says.
    pub(super) fn of_line(number: u64, line: &[u8], source: GatewaySource) -> Result<Self, LineProblem> {
        let event = Event::read(line, source)?;
        let owned = |keys| event.text(keys).unwrap_or_default().to_owned();
        let status = event.integer(STATUS).unwrap_or(0);
        Ok(Self {
            timestamp: timestamp(&event, number).map_err(|OutOfRange| LineProblem::TimeOutOfRange)?,
            agent: event.text(IDENTITY).unwrap_or(source.as_str()).to_owned(),
            outcome: Outcome::of(event.text(VERDICT), status),
            status,
            tool: event.text(TOOL).unwrap_or(UNKNOWN_TOOL).to_owned(),
            request_id: owned(REQUEST_ID),
            path: owned(PATH),
            reason_codes: reason_codes(&event),
            policy: policy(&event),
            line_digest: format!("{DIGEST_PREFIX}{}", Digest::of(line)),
        })
    }

    /// The event of the record.
    pub(super) fn into_event(self, source: GatewaySource, producer_version: &str) -> Object {
        let reason_codes = match self.reason_codes {
            codes if codes.is_empty() => Value::Null,
            codes => Value::Array(codes.into_iter().map(Value::from).collect()),
        };
        let policy_digest = self.policy.digest.unwrap_or_else(|| self.line_digest.clone());
        let mut event = Object::with_capacity(12);
        event.insert("gateway_source", source.as_str());
        event.insert("gateway_log_digest", self.line_digest);
        event.insert("gateway_request_id", self.request_id);
        event.insert("gateway_status_code", self.status);
        event.insert("path", self.path);
        event.insert("policy_digest", policy_digest);
        event.insert("producer_version", producer_version);
        event.insert("reason_codes", reason_codes);
        event.insert("tool_name", self.tool);
        event.insert("verdict", self.outcome.as_str());
        let names = [
            ("policy_id", self.policy.id),
            ("policy_version", self.policy.version),
        ];
        for (member, name) in names {
            if let Some(name) = name {
                event.insert(member, name);
            }
        }
        event
    }
}

/// The first time in the event; where there is none, one that keeps the order of the lines.
fn timestamp(event: &Event, number: u64) -> Result<Timestamp, OutOfRange> {
    for value in event.values(TIMESTAMP) {
        if let Some(at) = instant(value)? {
            return Ok(at);
        }
    }
    Ok(Timestamp::EPOCH_1980.saturating_add(Duration::from_secs(number)))
}

fn reason_codes(event: &Event) -> Vec<String> {
    let list = event
        .values(REASON_CODES)
        .find(|value| value.as_array().is_some() || filled(value).is_some());
    let listed = match list {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        Some(value) => Vec::from_iter(value.as_str()),
        None => Vec::new(),
    };
    text::list(listed.into_iter().chain(event.text(REASON_CODE)))
}

/// What the event says of the policy. Names are kept apart from digests: whoever reads a digest must be able to look it up.
fn policy(event: &Event) -> Policy {
    let texts = event.values(POLICY).filter_map(filled);
    let digest = texts.map(text::lower).find(|text| is_digest(text));
    if digest.is_some() {
        return Policy {
            digest,
            ..Policy::default()
        };
    }
    let name = |keys| event.text(keys).map(str::to_owned);
    Policy {
        digest: None,
        id: name(POLICY_ID),
        version: name(POLICY_VERSION),
    }
}

fn is_digest(text: &str) -> bool {
    text::is_hex64(text.strip_prefix(DIGEST_PREFIX).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use gait_canon::json;

    use super::*;

    /// The event of a record over `line`, and the agent and time of the record.
    fn recorded(line: &str, source: GatewaySource) -> (Object, String, String) {
        let statement = Statement::of_line(7, line.as_bytes(), source).unwrap();
        let (agent, at) = (statement.agent.clone(), statement.timestamp.to_string());
        (statement.into_event(source, "1.0.0"), agent, at)
    }

    /// The member of the event of a record over `line`, as JSON.
    fn member(line: &str, name: &str) -> String {
        let (event, ..) = recorded(line, GatewaySource::Mintmcp);
        json::compact(event.get(name).unwrap_or(&Value::Null))
    }

    #[test]
    fn every_source_maps_alike() {
        let plain = r#"{"time":"2026-02-20T10:00:00Z","route":{"name":"tool.read"},"consumer":{"username":"alice"},
            "response":{"status":403},"request":{"id":"r","uri":"/x"},"reasons":["b","a"],"policy_version":"v3"}"#;
        let printed = json::compact(&Value::from(plain));
        let lines = [
            (GatewaySource::Kong, plain.to_owned()),
            (GatewaySource::Mintmcp, plain.to_owned()),
            (GatewaySource::Docker, plain.to_owned()),
            (
                GatewaySource::Docker,
                format!(r#"{{"log":{printed},"stream":"stdout","time":"x"}}"#),
            ),
        ];
        for (source, line) in lines {
            let digest = format!("sha256:{}", Digest::of(line.as_bytes()));
            let (event, agent, at) = recorded(&line, source);
            assert_eq!((agent.as_str(), at.as_str()), ("alice", "2026-02-20T10:00:00Z"));
            let expected = format!(
                r#"{{"gateway_log_digest":"{digest}","gateway_request_id":"r","gateway_source":"{source}",
                "gateway_status_code":403,"path":"/x","policy_digest":"{digest}","policy_version":"v3",
                "producer_version":"1.0.0","reason_codes":["a","b"],"tool_name":"tool.read","verdict":"block"}}"#
            );
            assert_eq!(
                Value::Object(event),
                json::parse(expected.as_bytes()).unwrap(),
                "{source}"
            );
        }
    }

    #[test]
    fn an_empty_event_has_every_member() {
        for source in GatewaySource::ALL {
            let (event, agent, at) = recorded("{}", source);
            assert_eq!(
                (agent.as_str(), at.as_str()),
                (source.as_str(), "1980-01-01T00:00:07Z")
            );
            let digest = format!("sha256:{}", Digest::of(b"{}"));
            let expected = format!(
                r#"{{"gateway_log_digest":"{digest}","gateway_request_id":"","gateway_source":"{source}",
                "gateway_status_code":0,"path":"","policy_digest":"{digest}","producer_version":"1.0.0",
                "reason_codes":null,"tool_name":"gateway.unknown","verdict":"unknown"}}"#
            );
            assert_eq!(
                Value::Object(event),
                json::parse(expected.as_bytes()).unwrap(),
                "{source}"
            );
        }
    }

    /// The event in which the first of some keys holds the first of some values, the second the second, and so on.
    fn event_of(keys: &[&str], values: &[Value]) -> String {
        let mut event = Object::new();
        for (key, value) in keys.iter().zip(values) {
            match key.split_once('.') {
                None => _ = event.insert(*key, value.clone()),
                Some((outer, inner)) => {
                    if !event.contains_key(outer) {
                        event.insert(outer, Object::new());
                    }
                    let object = event.get_mut(outer).and_then(Value::as_object_mut).unwrap();
                    object.insert(inner, value.clone());
                }
            }
        }
        json::compact(&event.into())
    }

    #[test]
    fn keys_are_asked_in_their_order() {
        type Read = fn(&str) -> String;
        let fields: [(&[&str], Read); 5] = [
            (TOOL, |line| member(line, "tool_name")),
            (REQUEST_ID, |line| member(line, "gateway_request_id")),
            (PATH, |line| member(line, "path")),
            (IDENTITY, |line| {
                format!("{:?}", recorded(line, GatewaySource::Kong).1)
            }),
            (REASON_CODE, |line| {
                member(line, "reason_codes").trim_matches(['[', ']']).to_owned()
            }),
        ];
        for (keys, read) in fields {
            for unusable in [Value::Null, true.into(), 3_i64.into(), " ".into()] {
                for first in 0..keys.len() {
                    let mut values = vec![unusable.clone(); keys.len()];
                    values[first..].fill("later".into());
                    values[first] = " first ".into();
                    let line = event_of(keys, &values);
                    assert_eq!(read(&line), "\"first\"", "{line}");
                }
            }
        }
    }

    #[test]
    fn times_are_asked_in_their_order() {
        for first in 0..TIMESTAMP.len() {
            let mut values = vec![Value::from("soon"); TIMESTAMP.len()];
            values[first..].fill(1_i64.into());
            values[first] = "2026-02-20 10:00:00".into();
            let line = event_of(TIMESTAMP, &values);
            assert_eq!(
                recorded(&line, GatewaySource::Kong).2,
                "2026-02-20T10:00:00Z",
                "{line}"
            );
        }
        let line = br#"{"time":253402300800}"#;
        assert!(matches!(
            Statement::of_line(1, line, GatewaySource::Kong),
            Err(LineProblem::TimeOutOfRange)
        ));
    }

    #[test]
    fn outcomes() {
        for (line, expected) in [
            (r#"{"verdict":" Permitted "}"#, "allow"),
            (r#"{"decision":"DENY","outcome":"allow"}"#, "block"),
            (r#"{"verdict":"","action":"needs_approval"}"#, "require_approval"),
            (r#"{"verdict":1,"outcome":"observe"}"#, "dry_run"),
            (r#"{"verdict":"require approval"}"#, "unknown"),
            (r#"{"verdict":"odd","decision":"allow","status":200}"#, "unknown"),
            (r#"{"status":199}"#, "unknown"),
            (r#"{"status":200}"#, "allow"),
            (r#"{"status":399.9}"#, "allow"),
            (r#"{"status":"x","status_code":400}"#, "block"),
            (r#"{"status":0,"status_code":500}"#, "unknown"),
            (r#"{"response":{"status":"503"}}"#, "block"),
            (r#"{"response":"x","http":{"status":201}}"#, "allow"),
            (r#"{"status":-1}"#, "unknown"),
        ] {
            assert_eq!(member(line, "verdict"), format!("{expected:?}"), "{line}");
        }
        let enforced = [Outcome::Block, Outcome::RequireApproval];
        for outcome in [Outcome::Allow, Outcome::DryRun, Outcome::Unknown] {
            assert!(!outcome.is_enforced());
        }
        assert!(enforced.into_iter().all(Outcome::is_enforced));
    }

    #[test]
    fn reasons_are_gathered() {
        for (line, expected) in [
            (r#"{"reason_codes":["b","a"," b ","",3]}"#, r#"["a","b"]"#),
            (r#"{"reasons":" one "}"#, r#"["one"]"#),
            (r#"{"reason_codes":[],"reasons":["x"]}"#, "null"),
            (r#"{"reason_codes":" ","reasons":["x"]}"#, r#"["x"]"#),
            (
                r#"{"reason_codes":5,"reasons":["x"],"reason_code":"y"}"#,
                r#"["x","y"]"#,
            ),
            (
                r#"{"policy":{"reason_codes":["p"],"reason_code":"q"}}"#,
                r#"["p","q"]"#,
            ),
            (r#"{"reason_code":" "}"#, "null"),
        ] {
            assert_eq!(member(line, "reason_codes"), expected, "{line}");
        }
    }

    #[test]
    fn names_of_policies_are_no_digests() {
        let hex = "bc".repeat(32);
        let upper = hex.to_uppercase();
        for (line, digest, id, version) in [
            (
                format!(r#"{{"policy_digest":"sha256:{hex}"}}"#),
                Some(format!("sha256:{hex}")),
                "null",
                "null",
            ),
            (
                format!(r#"{{"policy":{{"hash":" {hex} ","id":"p"}}}}"#),
                Some(hex.clone()),
                "null",
                "null",
            ),
            (
                format!(r#"{{"policy_digest":"v1","policy":{{"hash":"{upper}"}}}}"#),
                Some(hex.clone()),
                "null",
                "null",
            ),
            (
                r#"{"policy":{"id":"p"},"policy_version":"v2"}"#.to_owned(),
                None,
                r#""p""#,
                r#""v2""#,
            ),
            (
                r#"{"policy_digest":"prod","policy":{"id":"p"}}"#.to_owned(),
                None,
                r#""prod""#,
                "null",
            ),
            (r#"{"policy_version":"v2"}"#.to_owned(), None, "null", r#""v2""#),
        ] {
            let own = format!("sha256:{}", Digest::of(line.as_bytes()));
            let digest = digest.unwrap_or(own);
            assert_eq!(member(&line, "policy_digest"), format!("{digest:?}"), "{line}");
            assert_eq!(member(&line, "policy_id"), id, "{line}");
            assert_eq!(member(&line, "policy_version"), version, "{line}");
        }
    }
}
