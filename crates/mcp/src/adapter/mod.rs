//! The shapes in which tool calls arrive, and how each is read.
//!
//! All of them are read with the same bounds, and so that nothing in a payload can be understood in two ways: a member
//! that is repeated, also in other letters, is refused, and so is a payload that gives the same thing under two names.
//! Members that a shape doesn't have are passed over, because frameworks add some with every release.

use std::str::FromStr;

use gait_artifact::text::trim_lower;
use gait_canon::json;

use crate::call::ToolCall;

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
        let _ = payload;
        Err(DecodeError::NameRequired { adapter: self })
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
