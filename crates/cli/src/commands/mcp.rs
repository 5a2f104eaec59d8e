//! `gait mcp`: the boundary where agents' tool calls arrive.

pub(crate) mod boundary;
pub(crate) mod clients;
pub(crate) mod gateway;
pub(crate) mod install;
pub(crate) mod pins;
pub(crate) mod proxy;
pub(crate) mod serve;
pub(crate) mod top;
pub(crate) mod uninstall;
pub(crate) mod verify;

use crate::spec::GroupSpec;

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "mcp",
    summary: "Decide tool calls where they arrive",
    explain: "Turns the tool calls of agent frameworks and MCP clients into decisions with signed traces, and checks \
              the servers behind them; only allow may execute.",
    help_succeeds: false,
};
