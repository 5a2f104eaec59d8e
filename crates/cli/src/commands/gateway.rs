//! `gait gateway`: what gateways logged, as evidence.

pub(crate) mod ingest;

use crate::spec::GroupSpec;

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "gateway",
    summary: "Turn the logs of gateways into proof",
    explain: "Turns the logs of API and MCP gateways into signed, chained proof records of what they let through and \
              what they stopped.",
    help_succeeds: true,
};
