//! Whether the project defaults are those of a deployment that has to hold.

use std::fs;
use std::io::ErrorKind;

use gait_artifact::Verdict;
use gait_canon::keys::{KeySource, signing_key};

use super::check::{Outcome, quoted};
use super::service::{self, CONFIG};
use super::site::{Site, below};
use crate::config::ProjectConfig;
use crate::literal;
use crate::policy_file;

/// The profile that such a deployment has.
const PROFILE: &str = "oss-prod";

/// A check of the project defaults by its name.
pub(super) type ConfigCheck = (&'static str, fn(&Site<'_>, &ProjectConfig) -> Outcome);

/// What every such deployment is checked for.
pub(super) const CHECKS: [ConfigCheck; 5] = [
    ("production_profile", profile),
    ("production_key_mode", key_mode),
    ("production_retention", retention),
    ("production_service_boundary", service::boundary),
    ("production_context_strictness", context_strictness),
];

/// What it is checked for when its parts should not only be named, but also be there.
pub(super) const STRICT_CHECKS: [ConfigCheck; 3] = [
    ("production_policy", policy),
    ("production_signing_key", signing),
    ("production_service_token", service::token),
];

/// The project defaults, and what was found about their file; no defaults when they cannot be read.
pub(super) fn config(site: &Site<'_>) -> (Option<ProjectConfig>, Outcome) {
    let path = site.config_path();
    match fs::metadata(&path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            let missing = Outcome::fail(format!("there is no {path}"))
                .fix(format!("cp examples/config/oss_prod_template.yaml {CONFIG}"));
            return (Some(ProjectConfig::default()), missing);
        }
        _ => {}
    }
    match ProjectConfig::load(&path) {
        Ok(config) => {
            let outcome = match config.unknown_keys() {
                [] => Outcome::pass(format!("{path} can be read")),
                unknown => Outcome::pass(format!(
                    "{path} can be read; these keys mean nothing: {}",
                    unknown.join(", ")
                )),
            };
            (Some(config), outcome)
        }
        Err(failure) => {
            let unreadable =
                Outcome::fail(failure.to_string()).fix(format!("edit {CONFIG} and fix yaml syntax"));
            (None, unreadable)
        }
    }
}

fn is_hardened(config: &ProjectConfig) -> bool {
    config.text("gate", "profile").to_lowercase() == PROFILE
}

fn profile(_: &Site<'_>, config: &ProjectConfig) -> Outcome {
    if is_hardened(config) {
        Outcome::pass("gate.profile is oss-prod")
    } else {
        Outcome::fail("gate.profile is not oss-prod").fix(format!("set gate.profile=oss-prod in {CONFIG}"))
    }
}

fn key_mode(_: &Site<'_>, config: &ProjectConfig) -> Outcome {
    if config.text("gate", "key_mode").to_lowercase() == "prod" {
        Outcome::pass("gate.key_mode is prod")
    } else {
        Outcome::fail("gate.key_mode is not prod").fix(format!("set gate.key_mode=prod in {CONFIG}"))
    }
}

fn retention(_: &Site<'_>, config: &ProjectConfig) -> Outcome {
    let lives = ["trace_ttl", "session_ttl", "export_ttl"].map(|key| (key, config.text("retention", key)));
    if lives.iter().any(|(_, text)| text.is_empty()) {
        return Outcome::fail("retention does not say how long traces, sessions and exports are kept")
            .fix(format!("set retention trace/session/export TTLs in {CONFIG}"));
    }
    let unreadable = lives.iter().find(|(_, text)| literal::duration(text).is_none());
    match unreadable {
        Some((key, text)) => Outcome::fail(format!("retention.{key} is no duration: {text:?}")),
        None => Outcome::pass("retention says how long records are kept"),
    }
}

fn context_strictness(_: &Site<'_>, config: &ProjectConfig) -> Outcome {
    if !is_hardened(config) {
        return Outcome::fail("evidence of the context is only demanded under gate.profile oss-prod");
    }
    if config.text("gate", "policy").is_empty() {
        return Outcome::fail("gate.policy does not name the policy that demands evidence of the context")
            .fix(format!("set gate.policy in {CONFIG}"));
    }
    Outcome::pass("evidence of the context is demanded")
}

fn policy(site: &Site<'_>, config: &ProjectConfig) -> Outcome {
    let given = config.text("gate", "policy");
    if given.is_empty() {
        return Outcome::fail("gate.policy names no policy").fix(format!("set gate.policy in {CONFIG}"));
    }
    let path = below(&site.workdir, given);
    let word = quoted(&path);
    if fs::metadata(&path).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Outcome::fail(format!("gate.policy names {path}, which does not exist"))
            .fix(format!("gait policy init baseline-highrisk --out {word}"));
    }
    match policy_file::read(&path) {
        Err(failure) => Outcome::fail(failure.to_string()).fix(format!("gait policy validate {word}")),
        Ok(policy) if policy.default_verdict == Verdict::Allow => {
            Outcome::fail(format!("{path} allows what no rule concerns"))
                .fix(format!("set default_verdict=block in {word}"))
        }
        Ok(_) => Outcome::pass(format!("{path} is a policy")),
    }
}

fn signing(site: &Site<'_>, config: &ProjectConfig) -> Outcome {
    let given = |key: &str| Some(config.text("gate", key)).filter(|text| !text.is_empty());
    let private = KeySource {
        path: given("private_key").map(|path| below(&site.workdir, path)),
        env: given("private_key_env").map(str::to_owned),
    };
    match signing_key("prod", &private, &KeySource::default(), site.environment) {
        Ok(_) => Outcome::pass("the signing key can be used"),
        Err(error) if private.is_given() => Outcome::fail(format!("the signing key cannot be used: {error}"))
            .fix(format!(
                "set gate.private_key or gate.private_key_env in {CONFIG}"
            )),
        Err(_) => Outcome::fail("no signing key is configured").fix("gait keys init --out-dir .gait/keys"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::commands::doctor::check::Status;
    use crate::commands::doctor::site::tests::site;

    fn write(directory: &Path, path: &str, text: &str) {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn fixes(site: &Site<'_>, checks: &[ConfigCheck], text: &str) -> Vec<(&'static str, String)> {
        let config = ProjectConfig::parse(text).unwrap();
        checks
            .iter()
            .map(|(name, check)| (*name, check(site, &config)))
            .filter(|(_, outcome)| outcome.status != Status::Pass)
            .map(|(name, outcome)| (name, outcome.fix_command))
            .collect()
    }

    #[test]
    fn the_file_is_there_and_can_be_read() {
        let directory = tempfile::tempdir().unwrap();
        let site = site(directory.path());
        let (defaults, outcome) = config(&site);
        assert_eq!(defaults, Some(ProjectConfig::default()));
        assert_eq!(
            outcome.fix_command,
            "cp examples/config/oss_prod_template.yaml '.gait/config.yaml'"
        );
        write(directory.path(), ".gait/config.yaml", "gate: [");
        let (defaults, outcome) = config(&site);
        assert_eq!(defaults, None);
        assert_eq!(
            outcome.fix_command,
            "edit '.gait/config.yaml' and fix yaml syntax"
        );
        write(
            directory.path(),
            ".gait/config.yaml",
            "gate: {profil: x, policy: p}\n",
        );
        let (defaults, outcome) = config(&site);
        assert_eq!(defaults.unwrap().text("gate", "policy"), "p");
        assert_eq!(outcome.status, Status::Pass);
        assert!(outcome.message.contains("gate.profil"));
    }

    #[test]
    fn every_setting_counts() {
        let directory = tempfile::tempdir().unwrap();
        let site = site(directory.path());
        let failing = |text: &str| -> Vec<&str> {
            let fixes = fixes(&site, &CHECKS, text);
            fixes.into_iter().map(|(name, _)| name).collect()
        };
        let hardened = "gate: {policy: p, profile: OSS-Prod, key_mode: Prod}\n";
        let kept = "retention: {trace_ttl: 1h, session_ttl: 90m, export_ttl: 1s}\n";
        assert!(failing(&format!("{hardened}{kept}")).is_empty());
        assert_eq!(failing(hardened), ["production_retention"]);
        let days = kept.replace("1s", "7d");
        assert_eq!(failing(&format!("{hardened}{days}")), ["production_retention"]);
        assert_eq!(
            failing(kept),
            [
                "production_profile",
                "production_key_mode",
                "production_context_strictness"
            ]
        );
    }

    #[test]
    fn a_closer_look_opens_what_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let site = site(directory.path());
        let root = site.workdir.clone();
        let of = |text: &str| fixes(&site, &STRICT_CHECKS, text);
        assert_eq!(
            of("gate: {policy: p.yaml}\n")[0].1,
            format!("gait policy init baseline-highrisk --out '{root}/p.yaml'")
        );
        write(directory.path(), "p.yaml", "default_verdict: maybe\n");
        assert_eq!(
            of("gate: {policy: p.yaml}\n")[0].1,
            format!("gait policy validate '{root}/p.yaml'")
        );
        let policy =
            "schema_id: gait.gate.policy\nschema_version: 1.0.0\ndefault_verdict: allow\nrules: []\n";
        write(directory.path(), "p.yaml", policy);
        assert!(
            of("gate: {policy: p.yaml}\n")[0]
                .1
                .starts_with("set default_verdict=block")
        );
        write(directory.path(), "p.yaml", &policy.replace("allow", "block"));
        let key = gait_canon::PrivateKey::from_seed(&[1; 32]);
        write(directory.path(), "key", &key.to_base64());
        assert_eq!(of("gate: {policy: p.yaml, private_key: key}\n"), []);
        let keyless = of("gate: {policy: p.yaml}\n");
        assert_eq!(
            keyless,
            [(
                "production_signing_key",
                "gait keys init --out-dir .gait/keys".to_owned()
            )]
        );
    }
}
