//! The MCP gateway: it stands where a client and a server talk, and lets no tool call pass that the gate does not allow.
//!
//! What comes in: messages of the Model Context Protocol, from a client and from a server. What goes out: the same
//! messages, byte for byte, save the few that the gateway answers itself, holds back or shortens. The core knows no
//! transport, clock or process: it is told what arrived and says what to do about it.

pub mod answer;
pub mod approvals;
pub mod call;
pub mod catalog;
pub mod era;
pub mod exchange;
pub mod fleet;
mod fold;
pub mod frame;
pub mod http;
pub mod hub;
pub mod judge;
pub mod link;
pub mod listening;
pub mod listing;
pub mod notice;
pub mod pins;
pub mod pipe;
mod protocol;
pub mod provenance;
pub mod record;
pub mod review;
pub mod schema;
pub mod service;
pub mod stdio;
