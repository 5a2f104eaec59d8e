//! Scouting: which tools a repository hands to its agents, and what a policy should say about them.
//!
//! What comes in: directories. [`snapshot`] walks them and finds Python functions that agent frameworks call as tools,
//! and the MCP servers of configuration files. What goes out: the [`snapshot::Surface`]; [`starter`] reads it for
//! signals and suggests first rules; [`review`] compares it with a policy; [`drift`] compares it with what was there before.
//!
//! Runs are scouted too: [`signal`] reads runpacks and groups the runs that went wrong in the same way, [`top`] reads
//! runpacks and traces and ranks the actions that could do most harm, and [`adoption`] reads the log of commands and tells
//! how far a team has come.
//!
//! Sources are only searched for patterns, never run or imported. Files are read with limits, linked directories are
//! not entered, and nothing is written.
#![forbid(unsafe_code)]

pub mod adoption;
pub mod drift;
pub mod item;
pub mod lint;
mod mcp_config;
mod python;
pub mod review;
pub mod risk;
pub mod signal;
pub mod snapshot;
pub mod starter;
pub mod top;
mod trace;
mod walk;

pub use snapshot::{ScanError, Surface, scan};
