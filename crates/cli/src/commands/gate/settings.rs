//! What the flags of `gait gate eval` and the project defaults say together.

use gait_canon::keys::KeySource;
use gait_gate::{
    credential::{BrokerOverrides, BrokerSettings},
    load::{DeploymentSettings, VerifyKeySource},
    profile::Profile,
    store::Destinations,
};

use crate::{
    arguments::Parsed,
    config::{GateSettings, ProjectConfig},
    error::Failure,
};

/// Every setting of one evaluation, resolved.
pub(crate) struct Settings {
    pub(super) policy: String,
    pub(crate) profile: String,
    /// What the gate is made from; its profile is settled when `profile` is understood.
    pub(crate) deployment: DeploymentSettings,
    pub(crate) broker_overrides: BrokerOverrides,
    pub(crate) destinations: Destinations,
    /// Keys of the file that mean nothing.
    pub(super) unknown_keys: Vec<String>,
}

impl Settings {
    /// Flag before file before built-in default, value by value.
    pub(super) fn resolve(parsed: &Parsed) -> Result<Self, Failure> {
        let config = ProjectConfig::of_flags(parsed)?;
        Ok(Self {
            destinations: destinations(parsed, &config),
            ..Self::over(parsed, &config)
        })
    }

    /// Flag before `config` before built-in default, value by value; without destinations, for commands that don't name
    /// those of one decision.
    pub(crate) fn over(parsed: &Parsed, config: &ProjectConfig) -> Self {
        let from = GateSettings { parsed, config };
        let text = |key: &str| from.text(key).to_owned();
        let lower = |key: &str| from.text(key).trim().to_lowercase();
        let list = |key: &str| -> Vec<String> {
            from.text(key)
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let source = |path: &str, variable: &str| key_source(from.text(path), from.text(variable));
        Self {
            policy: text("policy"),
            profile: lower("profile"),
            deployment: DeploymentSettings {
                profile: Profile::Standard,
                key_mode: lower("key_mode"),
                signing_key: source("private_key", "private_key_env"),
                approval_key: VerifyKeySource {
                    public: source("approval_public_key", "approval_public_key_env"),
                    private: source("approval_private_key", "approval_private_key_env"),
                },
                delegation_key: delegation_key(parsed),
                script_key: script_key(parsed),
                kill_switch_state: text("kill_switch_state"),
                rate_limit_state: text("rate_limit_state"),
                inventory: text("wrkr_inventory_path"),
                scripts: parsed.text("approved-script-registry").to_owned(),
                broker: BrokerSettings {
                    name: text("credential_broker"),
                    environment_prefix: text("credential_env_prefix"),
                    command: text("credential_command"),
                    command_arguments: list("credential_command_args"),
                },
            },
            broker_overrides: BrokerOverrides {
                reference: text("credential_ref"),
                scopes: list("credential_scopes"),
            },
            destinations: Destinations::default(),
            unknown_keys: config.unknown_keys().to_vec(),
        }
    }

    /// The files that flags or project defaults name and a gate is read from, where one is named.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        let on = &self.deployment;
        let verifying = [&on.approval_key, &on.delegation_key, &on.script_key];
        let keys = verifying
            .into_iter()
            .flat_map(|key| [&key.public, &key.private])
            .chain([&on.signing_key]);
        [&self.policy, &on.kill_switch_state, &on.inventory, &on.scripts]
            .into_iter()
            .map(String::as_str)
            .chain(keys.filter_map(|key| key.path.as_deref()))
    }
}

/// Where the records of one decision go.
fn destinations(parsed: &Parsed, config: &ProjectConfig) -> Destinations {
    let from = GateSettings { parsed, config };
    let text = |key: &str| from.text(key).to_owned();
    Destinations {
        trace: text("trace_path"),
        approval_audit: parsed.text("approval-audit-out").to_owned(),
        delegation_audit: parsed.text("delegation-audit-out").to_owned(),
        credential_evidence: text("credential_evidence_path"),
        kill_switch_state: text("kill_switch_state"),
    }
}

/// Where the key that verifies delegations is.
pub(crate) fn delegation_key(parsed: &Parsed) -> VerifyKeySource {
    VerifyKeySource {
        public: parsed.key_source("delegation-public-key", "delegation-public-key-env"),
        private: parsed.key_source("delegation-private-key", "delegation-private-key-env"),
    }
}

/// Where the key that verifies approved scripts is.
pub(crate) fn script_key(parsed: &Parsed) -> VerifyKeySource {
    VerifyKeySource {
        public: parsed.key_source("approved-script-public-key", "approved-script-public-key-env"),
        private: KeySource::default(),
    }
}

fn key_source(path: &str, variable: &str) -> KeySource {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    KeySource {
        path: given(path),
        env: given(variable),
    }
}
