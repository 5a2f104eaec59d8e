//! Checks for a checkout of the sources that the artifacts and their schemas first came from.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use gait_disk::read::read_bounded;
use gait_gate::child::{self, Ending, Limits};

use super::check::Outcome;
use super::site::Site;

const MODULE: &str = "module github.com/Clyra-AI/gait";
/// What a checkout holds beside its module file.
const LANDMARKS: [&str; 4] = ["cmd/gait", "core", "schemas/v1", "scripts/install.sh"];
/// No module file is longer, in bytes.
const MAX_MODULE_BYTES: usize = 1 << 20;
const HOOKS: &str = ".githooks";
const QUICKSTART: &str = "scripts/quickstart.sh";
const EXAMPLES: [&str; 3] = ["openai_agents", "langchain", "autogen"];
/// Reading a setting takes moments.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(5),
    grace: Duration::from_millis(500),
    stdout: 4 << 10,
    stderr: 4 << 10,
};

/// The schemas of a checkout, below `schemas/v1` and without their ending.
const SCHEMAS: [&str; 23] = [
    "runpack/manifest",
    "runpack/run",
    "runpack/intent",
    "runpack/result",
    "runpack/refs",
    "gate/intent_request",
    "gate/gate_result",
    "gate/trace_record",
    "gate/approval_token",
    "gate/approval_audit_record",
    "gate/broker_credential_record",
    "gate/approved_script_entry",
    "common/relationship_envelope",
    "context/envelope",
    "context/reference_record",
    "context/budget_report",
    "policytest/policy_test_result",
    "regress/regress_result",
    "scout/inventory_snapshot",
    "scout/adoption_event",
    "scout/operational_event",
    "guard/pack_manifest",
    "registry/registry_pack",
];

/// Whether the working directory is such a checkout.
pub(super) fn is_one(site: &Site<'_>) -> bool {
    let module = read_bounded(&site.path("go.mod"), MAX_MODULE_BYTES);
    module.is_ok_and(|text| String::from_utf8_lossy(&text).contains(MODULE))
        && LANDMARKS.iter().all(|path| site.path(path).exists())
}

pub(super) fn schemas(site: &Site<'_>) -> Outcome {
    let missing: Vec<String> = SCHEMAS
        .iter()
        .map(|name| format!("schemas/v1/{name}.schema.json"))
        .filter(|path| !site.path(path).is_file())
        .collect();
    if missing.is_empty() {
        Outcome::pass("every schema is there")
    } else {
        Outcome::fail(format!("schemas are missing: {}", missing.join(", "))).beyond_repair()
    }
}

pub(super) fn hooks(site: &Site<'_>) -> Outcome {
    match hooks_path(site) {
        Ok(path) if path == HOOKS => Outcome::pass(format!("git runs the hooks of {HOOKS}")),
        Ok(path) => {
            Outcome::warn(format!("git runs the hooks of {path:?}, not of {HOOKS}")).fix("make hooks")
        }
        Err(reason) => Outcome::warn(reason).fix("make hooks"),
    }
}

fn hooks_path(site: &Site<'_>) -> Result<String, String> {
    let arguments = ["-C", &site.workdir, "config", "--get", "core.hooksPath"].map(OsString::from);
    let command = child::Command {
        args: &arguments,
        ..child::Command::new("git".as_ref(), LIMITS)
    };
    let finished = child::run(&command).map_err(|error| format!("git cannot be run: {error}"))?;
    match finished.ending {
        Ending::Exited(0) => Ok(String::from_utf8_lossy(&finished.stdout.bytes).trim().to_owned()),
        _ => Err("git has no core.hooksPath".to_owned()),
    }
}

pub(super) fn assets(site: &Site<'_>) -> Outcome {
    let quickstarts = EXAMPLES.map(|name| format!("examples/integrations/{name}/quickstart.py"));
    let missing: Vec<&str> = std::iter::once(QUICKSTART)
        .chain(quickstarts.iter().map(String::as_str))
        .filter(|path| !site.path(path).is_file())
        .collect();
    if !missing.is_empty() {
        return Outcome::warn(format!("the way in is missing: {}", missing.join(", ")))
            .fix("git restore --source=HEAD -- scripts/quickstart.sh examples/integrations");
    }
    let runs = fs::metadata(site.path(QUICKSTART)).is_ok_and(|found| found.permissions().mode() & 0o111 != 0);
    if runs {
        Outcome::pass("the way in is there")
    } else {
        Outcome::warn(format!("{QUICKSTART} cannot be run")).fix(format!("chmod +x {QUICKSTART}"))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::path::Path;

    use super::*;
    use crate::commands::doctor::check::Status;
    use crate::commands::doctor::site::tests::site;

    fn file(root: &Path, path: &str, content: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    #[test]
    fn a_checkout_is_complete_or_not() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let site = site(root);
        assert!(!is_one(&site));
        file(root, "go.mod", &format!("{MODULE}\n"));
        for path in ["cmd/gait/main.go", "core/x", "scripts/install.sh"] {
            file(root, path, "");
        }
        assert!(!is_one(&site));
        for name in SCHEMAS {
            file(root, &format!("schemas/v1/{name}.schema.json"), "{}");
        }
        assert!(is_one(&site));
        assert_eq!(schemas(&site).status, Status::Pass);
        fs::remove_file(root.join("schemas/v1/runpack/run.schema.json")).unwrap();
        let missing = schemas(&site);
        assert!(missing.non_fixable && missing.message.contains("runpack/run"));

        assert!(assets(&site).fix_command.starts_with("git restore"));
        file(root, QUICKSTART, "");
        for name in EXAMPLES {
            file(root, &format!("examples/integrations/{name}/quickstart.py"), "");
        }
        fs::set_permissions(root.join(QUICKSTART), Permissions::from_mode(0o644)).unwrap();
        assert_eq!(assets(&site).fix_command, "chmod +x scripts/quickstart.sh");
        fs::set_permissions(root.join(QUICKSTART), Permissions::from_mode(0o755)).unwrap();
        assert_eq!(assets(&site).status, Status::Pass);
    }
}
