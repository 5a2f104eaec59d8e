//! The shapes in which tool calls arrive, and how each is read.
//!
//! All of them are read with the same bounds, and so that nothing in a payload can be understood in two ways: a member
//! that is repeated, also in other letters, is refused, and so is a payload that gives the same thing under two names.
//! Members that a shape doesn't have are passed over, because frameworks add some with every release.

mod anthropic;
mod claude_code;
mod langchain;
mod mcp;
mod openai;
mod target;

use std::str::FromStr;

use gait_artifact::text::{is_blank, trim_lower};
use gait_canon::json::{self, Object, Reader, Value};
use serde::de::DeserializeOwned;

use crate::call::ToolCall;

/// How payloads are read, and the arguments inside them that are JSON text again.
const READER: Reader = Reader::new()
    .max_values(1 << 20)
    .replace_invalid_text()
    .ignore_unknown_members()
    .ignore_member_case();

/// The shape of a payload, named after who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adapter {
    /// Gait's own shape, and JSON-RPC requests of the Model Context Protocol.
    Mcp,
    /// Tool calls of the `OpenAI` APIs.
    OpenAi,
    /// Tool use blocks of the Anthropic API.
    Anthropic,
    /// Tool calls and agent actions of `LangChain`.
    LangChain,
    /// Hook payloads of Claude Code.
    ClaudeCode,
}

/// The text names no adapter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unsupported adapter: {0}")]
pub struct UnsupportedAdapter(pub String);

/// Why a payload is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It is not the JSON of its shape, or larger than any honest one.
    #[error("parse {} tool call: {source}", .adapter.label())]
    Payload {
        /// The shape that was expected.
        adapter: Adapter,
        /// What is wrong.
        source: json::Error,
    },
    /// The arguments are neither an object nor the JSON text of one.
    #[error("decode {} {member}: {problem}", .adapter.label())]
    Arguments {
        /// The shape of the payload.
        adapter: Adapter,
        /// What the shape calls them.
        member: &'static str,
        /// What is wrong with them.
        problem: ArgumentsProblem,
    },
    /// It names no tool.
    #[error("{} tool call name is required", .adapter.label())]
    NameRequired {
        /// The shape of the payload.
        adapter: Adapter,
    },
    /// It is a request of the protocol, but not one to call a tool.
    #[error("JSON-RPC method {0:?} is not tools/call")]
    NotAToolCall(String),
    /// It gives the same thing under two names.
    #[error("{} tool call has both {first} and {second}", .adapter.label())]
    Ambiguous {
        /// The shape of the payload.
        adapter: Adapter,
        /// One of the members.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
}

/// What is wrong with the arguments of a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentsProblem {
    /// Their text is not JSON.
    #[error(transparent)]
    Json(#[from] json::Error),
    /// They are something else than an object.
    #[error("expected an object")]
    NotAnObject,
}

impl Adapter {
    /// The name in options and in output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mcp => "mcp",
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::LangChain => "langchain",
            Self::ClaudeCode => "claude_code",
        }
    }

    /// The name in messages.
    const fn label(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude code",
            other => other.as_str(),
        }
    }

    /// Reads one call: at most 64 MiB, a million values and 128 levels.
    pub fn decode(self, payload: &[u8]) -> Result<ToolCall, DecodeError> {
        match self {
            Self::Mcp => mcp::decode(payload),
            Self::OpenAi => openai::decode(payload),
            Self::Anthropic => anthropic::decode(payload),
            Self::LangChain => langchain::decode(payload),
            Self::ClaudeCode => claude_code::decode(payload),
        }
    }
}

impl FromStr for Adapter {
    type Err = UnsupportedAdapter;

    /// Blanks around the name and its letter case don't matter; an empty one is `mcp`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match trim_lower(text).as_str() {
            "" | "mcp" => Ok(Self::Mcp),
            "openai" => Ok(Self::OpenAi),
            "anthropic" => Ok(Self::Anthropic),
            "langchain" => Ok(Self::LangChain),
            "claude_code" | "claude-code" | "claudecode" => Ok(Self::ClaudeCode),
            _ => Err(UnsupportedAdapter(text.to_owned())),
        }
    }
}

/// The payload as the struct `T`; `null` is one without members.
fn payload<T: DeserializeOwned + Default>(adapter: Adapter, bytes: &[u8]) -> Result<T, DecodeError> {
    READER
        .read(bytes)
        .map(Option::unwrap_or_default)
        .map_err(|source| DecodeError::Payload { adapter, source })
}

/// Arguments that are an object or the JSON text of one; nothing, a blank text and `null` are no arguments.
fn arguments(adapter: Adapter, member: &'static str, given: Option<Value>) -> Result<Object, DecodeError> {
    let read = match given {
        Some(Value::String(text)) if is_blank(&text) => return Ok(Object::new()),
        Some(Value::String(text)) => READER.parse(text.as_bytes()),
        other => Ok(other.unwrap_or_default()),
    };
    let problem = match read {
        Ok(Value::Null) => return Ok(Object::new()),
        Ok(Value::Object(arguments)) => return Ok(arguments),
        Ok(_) => ArgumentsProblem::NotAnObject,
        Err(error) => ArgumentsProblem::Json(error),
    };
    Err(DecodeError::Arguments {
        adapter,
        member,
        problem,
    })
}

/// Refuses a payload that gives the same thing under two names: whoever executes it may take the other one.
fn only_one(
    adapter: Adapter,
    (first, has_first): (&'static str, bool),
    (second, has_second): (&'static str, bool),
) -> Result<(), DecodeError> {
    if has_first && has_second {
        return Err(DecodeError::Ambiguous {
            adapter,
            first,
            second,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelt_loosely() {
        for (text, adapter) in [
            ("", Adapter::Mcp),
            (" MCP ", Adapter::Mcp),
            ("OpenAI", Adapter::OpenAi),
            ("anthropic", Adapter::Anthropic),
            ("LangChain", Adapter::LangChain),
            ("claude_code", Adapter::ClaudeCode),
            ("claude-code", Adapter::ClaudeCode),
            ("ClaudeCode", Adapter::ClaudeCode),
        ] {
            assert_eq!(text.parse(), Ok(adapter), "{text:?}");
            assert_eq!(adapter.as_str().parse(), Ok(adapter));
        }
        let error = " Gemini ".parse::<Adapter>().unwrap_err();
        assert_eq!(error.to_string(), "unsupported adapter:  Gemini ");
    }

    #[test]
    fn payloads_are_objects() {
        let all = [
            Adapter::Mcp,
            Adapter::OpenAi,
            Adapter::Anthropic,
            Adapter::LangChain,
            Adapter::ClaudeCode,
        ];
        for adapter in all {
            for broken in ["", "{", "[]", "7", "\"x\"", "{} x", "{}{}"] {
                let error = adapter.decode(broken.as_bytes()).unwrap_err();
                assert!(
                    matches!(error, DecodeError::Payload { .. }),
                    "{adapter:?} {broken:?}: {error}"
                );
            }
        }
        let deep = [b"[".repeat(200), b"]".repeat(200)].concat();
        let deep = [br#"{"name":"t","args":{"a":"#.as_slice(), &deep, b"}}"].concat();
        assert!(Adapter::Mcp.decode(&deep).is_err());
    }

    #[test]
    fn arguments_are_an_object_or_its_text() {
        let args = |given: &str| {
            let payload = format!(r#"{{"function": {{"name": "t", "arguments": {given}}}}}"#);
            Adapter::OpenAi.decode(payload.as_bytes()).map(|call| call.args)
        };
        let object = json::parse(br#"{"a": 1}"#).unwrap();
        for (given, is_object) in [
            (r#"{"a": 1}"#, true),
            (r#""{\"a\": 1}""#, true),
            ("null", false),
            (r#""""#, false),
            (r#"" \n""#, false),
            (r#""null""#, false),
            ("{}", false),
        ] {
            let expected = if is_object {
                object.as_object().cloned().unwrap()
            } else {
                Object::new()
            };
            assert_eq!(args(given).unwrap(), expected, "{given}");
        }
        for (given, problem) in [
            ("[1]", "expected an object"),
            ("5", "expected an object"),
            ("true", "expected an object"),
            (r#""[1]""#, "expected an object"),
            (r#""\"text\"""#, "expected an object"),
            (
                r#""{\"a\":1} x""#,
                "unexpected bytes after the value at line 1, column 9",
            ),
            (
                r#""{\"a\":1,\"a\":2}""#,
                "duplicate key \"a\" at line 1, column 8",
            ),
        ] {
            let error = args(given).unwrap_err().to_string();
            assert_eq!(error, format!("decode openai arguments: {problem}"), "{given}");
        }
    }
}
