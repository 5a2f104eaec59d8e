//! The settings of programs that run agents: which MCP servers they start, and what runs before their tools.
//!
//! What comes in: a [`Client`], and the text of one of its files. [`Configuration`] finds the servers in it and tells which
//! go through the gateway; its edits put a server behind the gateway or take it out again. [`hook`] does the same for
//! the hook of Claude Code. What goes out: a text in which every byte that is not about that stays as it was, comments
//! and unknown members included.
//!
//! [`location`] says where the files are. [`settings_file`] reads and replaces them, keeps what was there before beside
//! them, and gives it back.
//!
//! Scouting looks for servers in any file that could name some and never writes; here the exact forms of a few clients are
//! known, and what does not have them is refused instead of passed over.
#![forbid(unsafe_code)]

mod client;
mod configuration;
mod connection;
mod declared;
mod error;
pub mod hook;
mod json;
pub mod location;
mod rewrite;
mod server;
pub mod settings_file;
mod splice;
pub mod survey;
mod toml;

pub use client::{Client, UnknownClient};
pub use configuration::Configuration;
pub use declared::{Declared, Reach, Variables, declared};
pub use error::ConfigurationError;
pub use json::without_comments;
pub use rewrite::Gateway;
pub use server::{Route, Server};
pub use splice::unified_diff;
