//! What the flags of `gait gate eval` and the project defaults say together.

use gait_canon::{
    PublicKey,
    keys::{self, KeySource},
};
use gait_gate::{
    Fact,
    credential::{BrokerOverrides, BrokerSettings},
    store::Destinations,
};

use crate::{
    arguments::Parsed,
    config::{GateSettings, ProjectConfig},
    context::Context,
    error::Failure,
};

/// Every setting of one evaluation, resolved.
pub(crate) struct Settings {
    pub(super) policy: String,
    pub(super) profile: String,
    pub(crate) key_mode: String,
    pub(super) signing_key: KeySource,
    pub(super) kill_switch_state: String,
    pub(super) rate_limit_state: String,
    pub(super) wrkr_inventory: String,
    pub(super) broker: BrokerSettings,
    pub(super) broker_overrides: BrokerOverrides,
    pub(crate) destinations: Destinations,
    /// Keys of the file that mean nothing.
    pub(super) unknown_keys: Vec<String>,
    approval: [KeySource; 2],
}

impl Settings {
    /// Flag before file before built-in default, value by value.
    pub(super) fn resolve(parsed: &Parsed) -> Result<Self, Failure> {
        let config = ProjectConfig::of_flags(parsed)?;
        let from = GateSettings {
            parsed,
            config: &config,
        };
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
        Ok(Self {
            policy: text("policy"),
            profile: lower("profile"),
            key_mode: lower("key_mode"),
            signing_key: source("private_key", "private_key_env"),
            kill_switch_state: text("kill_switch_state"),
            rate_limit_state: text("rate_limit_state"),
            wrkr_inventory: text("wrkr_inventory_path"),
            broker: BrokerSettings {
                name: text("credential_broker"),
                environment_prefix: text("credential_env_prefix"),
                command: text("credential_command"),
                command_arguments: list("credential_command_args"),
            },
            broker_overrides: BrokerOverrides {
                reference: text("credential_ref"),
                scopes: list("credential_scopes"),
            },
            destinations: Destinations {
                trace: text("trace_path"),
                approval_audit: parsed.text("approval-audit-out").to_owned(),
                delegation_audit: parsed.text("delegation-audit-out").to_owned(),
                credential_evidence: text("credential_evidence_path"),
                kill_switch_state: text("kill_switch_state"),
            },
            unknown_keys: config.unknown_keys().to_vec(),
            approval: [
                source("approval_public_key", "approval_public_key_env"),
                source("approval_private_key", "approval_private_key_env"),
            ],
        })
    }

    /// The key that verifies approvals, when one is configured.
    pub(super) fn approval_key(&self, context: &Context<'_>) -> Fact<PublicKey> {
        let [public, private] = &self.approval;
        verify_key(public, private, context)
    }
}

/// The key that verifies delegations, when one is given.
pub(super) fn delegation_key(parsed: &Parsed, context: &Context<'_>) -> Fact<PublicKey> {
    let public = parsed.key_source("delegation-public-key", "delegation-public-key-env");
    let private = parsed.key_source("delegation-private-key", "delegation-private-key-env");
    verify_key(&public, &private, context)
}

/// The key that verifies approved scripts, when one is given.
pub(super) fn script_key(parsed: &Parsed, context: &Context<'_>) -> Fact<PublicKey> {
    let public = parsed.key_source("approved-script-public-key", "approved-script-public-key-env");
    verify_key(&public, &KeySource::default(), context)
}

fn verify_key(public: &KeySource, private: &KeySource, context: &Context<'_>) -> Fact<PublicKey> {
    if !public.is_given() && !private.is_given() {
        return Fact::NotConfigured;
    }
    Fact::loaded(keys::verify_key(public, private, context.environment()))
}

fn key_source(path: &str, variable: &str) -> KeySource {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    KeySource {
        path: given(path),
        env: given(variable),
    }
}
