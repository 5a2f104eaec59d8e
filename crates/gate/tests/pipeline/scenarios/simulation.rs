//! What a simulation reports, and what it leaves alone.

use gait_artifact::Verdict;

use super::{Scenario, allowed, row};
use crate::deployment::{Bench, call, script, simulated};

const ALLOW: &str = "{default_verdict: allow, rules: []}";
const BLOCK: &str = "{default_verdict: block, rules: []}";
const ASK: &str = "{default_verdict: require_approval, rules: []}";
const REPORT: &str = "{default_verdict: dry_run, rules: []}";

pub(super) fn simulation() -> Vec<Scenario> {
    let simulated_block = allowed("default_block simulate_mode_non_enforcing simulated_block");
    vec![
        row(
            "a simulated block blocks nothing",
            Bench::of(BLOCK),
            simulated(call("fs.read", "low")),
            simulated_block,
        ),
        row(
            "a simulated question asks nobody",
            Bench::of(ASK),
            simulated(call("fs.read", "low")),
            allowed(
                "approval_token_missing default_require_approval simulate_mode_non_enforcing simulated_require_approval",
            ),
        ),
        row(
            "a report stays a report",
            Bench::of(REPORT),
            simulated(call("fs.read", "low")),
            (Verdict::DryRun, "default_dry_run simulate_mode_non_enforcing", ""),
        ),
        row(
            "a report permits nothing",
            Bench::of(REPORT),
            call("fs.read", "low"),
            (Verdict::DryRun, "default_dry_run", ""),
        ),
        row(
            "a simulation tells of the kill switch",
            Bench::of(ALLOW).stopping("fs.read"),
            simulated(call("fs.read", "low")),
            allowed(
                "default_allow kill_switch_active kill_switch_tool_name_active simulate_mode_non_enforcing simulated_block",
            ),
        ),
        row(
            "a simulated approved script is only simulated",
            Bench::of(BLOCK).having_approved(&script("low")),
            simulated(script("low")),
            allowed("approved_script_match simulate_mode_non_enforcing"),
        ),
    ]
}
