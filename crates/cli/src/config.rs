//! Project defaults: `.gait/config.yaml`, and how a flag, the file and a built-in default make one value.
//!
//! The table [`SETTINGS`] says all of it; the reference is written from the same table.

use std::borrow::Cow;
use std::path::Path;

use gait_disk::{ReadError, path::clean, read::read_bounded};
use gait_policy::yaml::{self, Documents, Place, UnknownKeys, Value};

use crate::arguments::Parsed;
use crate::error::{Excerpt, Failure};
use crate::spec::Flag;

/// Where project defaults are looked for. The file may be missing there, and nowhere else.
pub const DEFAULT_PATH: &str = ".gait/config.yaml";

/// The flags of commands that go by project defaults.
pub(crate) const FLAGS: [Flag; 2] = [
    Flag::path("config", "project defaults").or(DEFAULT_PATH),
    Flag::switch("no-config", "leave project defaults out"),
];

/// No configuration is longer, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// What a setting's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// Text; numbers and booleans are taken as they are written.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A 64-bit integer.
    Integer,
}

/// One value of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The mapping it stands in.
    pub section: &'static str,
    /// Its key there.
    pub key: &'static str,
    /// What its value is.
    pub kind: SettingKind,
    /// The flag that overrides it; empty when none does.
    pub flag: &'static str,
    /// What holds when neither flag nor file give it; empty when nothing does.
    pub default: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

const fn gate(
    key: &'static str,
    flag: &'static str,
    default: &'static str,
    meaning: &'static str,
) -> Setting {
    Setting {
        section: "gate",
        key,
        kind: SettingKind::Text,
        flag,
        default,
        meaning,
    }
}

const fn elsewhere(
    section: &'static str,
    key: &'static str,
    kind: SettingKind,
    meaning: &'static str,
) -> Setting {
    Setting {
        section,
        key,
        kind,
        flag: "",
        default: "",
        meaning,
    }
}

const fn serve(
    key: &'static str,
    kind: SettingKind,
    flag: &'static str,
    default: &'static str,
    meaning: &'static str,
) -> Setting {
    Setting {
        section: "mcp_serve",
        key,
        kind,
        flag,
        default,
        meaning,
    }
}

/// Every setting.
pub static SETTINGS: &[Setting] = &[
    gate("policy", "policy", "", "policy file"),
    gate(
        "profile",
        "profile",
        "standard",
        "`standard`, or `oss-prod` for the strict deployment profile",
    ),
    gate(
        "key_mode",
        "key-mode",
        "dev",
        "`dev` signs with a throw-away key, `prod` with a configured one",
    ),
    gate("private_key", "private-key", "", "file of the signing key"),
    gate(
        "private_key_env",
        "private-key-env",
        "",
        "variable that holds the signing key",
    ),
    gate(
        "approval_public_key",
        "approval-public-key",
        "",
        "file of the key that verifies approvals",
    ),
    gate(
        "approval_public_key_env",
        "approval-public-key-env",
        "",
        "variable that holds that key",
    ),
    gate(
        "approval_private_key",
        "approval-private-key",
        "",
        "file of a private key whose public half verifies approvals",
    ),
    gate(
        "approval_private_key_env",
        "approval-private-key-env",
        "",
        "variable that holds that key",
    ),
    gate(
        "kill_switch_state",
        "kill-switch-state",
        "",
        "state of the kill switch",
    ),
    gate(
        "rate_limit_state",
        "rate-limit-state",
        ".gait-out/gate_rate_limits.json",
        "counters of rate limits",
    ),
    gate(
        "credential_broker",
        "credential-broker",
        "off",
        "`off`, `stub`, `env` or `command`",
    ),
    gate(
        "credential_env_prefix",
        "credential-env-prefix",
        "GAIT_BROKER_TOKEN_",
        "prefix of the `env` broker's variables",
    ),
    gate(
        "credential_ref",
        "credential-ref",
        "",
        "credential reference that overrides the rule's",
    ),
    gate(
        "credential_scopes",
        "credential-scopes",
        "",
        "scopes asked for in addition, comma-separated",
    ),
    gate(
        "credential_command",
        "credential-command",
        "",
        "command of the `command` broker",
    ),
    gate(
        "credential_command_args",
        "credential-command-args",
        "",
        "its arguments, comma-separated",
    ),
    gate(
        "credential_evidence_path",
        "credential-evidence-out",
        "",
        "where credential evidence is written",
    ),
    gate("trace_path", "trace-out", "", "where the trace is written"),
    gate(
        "wrkr_inventory_path",
        "wrkr-inventory",
        "",
        "tool inventory that enriches intents",
    ),
    elsewhere(
        "mcp_serve",
        "enabled",
        SettingKind::Boolean,
        "whether the decision service is part of the deployment",
    ),
    serve(
        "listen",
        SettingKind::Text,
        "listen",
        "127.0.0.1:8787",
        "host and port of the decision service",
    ),
    serve(
        "auth_mode",
        SettingKind::Text,
        "auth-mode",
        "off",
        "`off` or `token`",
    ),
    serve(
        "auth_token_env",
        SettingKind::Text,
        "auth-token-env",
        "",
        "variable that holds the service's token",
    ),
    serve(
        "max_request_bytes",
        SettingKind::Integer,
        "max-request-bytes",
        "1048576",
        "largest request that is read, in bytes",
    ),
    serve(
        "http_verdict_status",
        SettingKind::Text,
        "http-verdict-status",
        "compat",
        "`strict` answers a refusal with an HTTP error",
    ),
    serve(
        "allow_client_artifact_paths",
        SettingKind::Boolean,
        "allow-client-artifact-paths",
        "",
        "whether callers may name output files",
    ),
    elsewhere(
        "retention",
        "trace_ttl",
        SettingKind::Text,
        "how long traces are kept, as a duration",
    ),
    elsewhere(
        "retention",
        "session_ttl",
        SettingKind::Text,
        "how long sessions are kept, as a duration",
    ),
    elsewhere(
        "retention",
        "export_ttl",
        SettingKind::Text,
        "how long exports are kept, as a duration",
    ),
];

/// Keys whose values are compared in lower case.
const LOWERED: &[(&str, &str)] = &[("mcp_serve", "auth_mode"), ("mcp_serve", "http_verdict_status")];

/// The project defaults that a file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectConfig {
    values: Vec<(&'static Setting, String)>,
    unknown: Vec<String>,
}

impl ProjectConfig {
    /// Reads the file that `--config` names, unless `--no-config` stands.
    pub fn of_flags(parsed: &Parsed) -> Result<Self, Failure> {
        if parsed.flag("no-config") {
            Ok(Self::default())
        } else {
            Self::load(parsed.text("config"))
        }
    }

    /// Reads the file at `path`. Missing at the default path, it is as if it were empty.
    pub fn load(path: &str) -> Result<Self, Failure> {
        let path = path.trim();
        if path.is_empty() {
            return Err(Failure::invalid_input("project config path is required"));
        }
        let bytes = match read_bounded(Path::new(path), MAX_BYTES) {
            Err(ReadError::NotFound { .. }) if clean(path) == DEFAULT_PATH => return Ok(Self::default()),
            read => read.map_err(|error| Failure::from(error).context("read project config"))?,
        };
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| Failure::invalid_input("parse project config: the file is not UTF-8"))?;
        Self::parse(text).map_err(|error| {
            let span = error.location.span;
            Failure::invalid_input(&error)
                .context("parse project config")
                .excerpt(Excerpt::of(path, &bytes, span.line, span.column))
        })
    }

    /// Reads the text of a configuration.
    pub fn parse(text: &str) -> Result<Self, yaml::Error> {
        let document = yaml::parse(text, Documents::First)?;
        let mut config = Self::default();
        let Some(root) = document.root() else {
            return Ok(config);
        };
        let place = Place::root(UnknownKeys::Ignore);
        for (section, _, value) in place.entries(root)? {
            if !SETTINGS.iter().any(|setting| setting.section == section) {
                config.unknown.push(section.to_owned());
            } else if !value.is_null() {
                config.read_section(section, value, &place.key(section))?;
            }
        }
        Ok(config)
    }

    fn read_section(
        &mut self,
        section: &str,
        value: Value<'_>,
        place: &Place<'_>,
    ) -> Result<(), yaml::Error> {
        for (key, _, value) in place.entries(value)? {
            let Some(setting) = SETTINGS
                .iter()
                .find(|setting| setting.section == section && setting.key == key)
            else {
                self.unknown.push(format!("{section}.{key}"));
                continue;
            };
            let text = match setting.kind {
                SettingKind::Text => place.member::<Cow<'_, str>>(key, value)?.trim().to_owned(),
                SettingKind::Boolean => place.member::<bool>(key, value)?.to_string(),
                SettingKind::Integer => place.member::<i64>(key, value)?.to_string(),
            };
            let lowered = LOWERED.contains(&(setting.section, setting.key));
            if !value.is_null() && !text.is_empty() {
                self.values
                    .push((setting, if lowered { text.to_lowercase() } else { text }));
            }
        }
        Ok(())
    }

    /// The value of a setting as text; empty when the file does not give it.
    #[must_use]
    pub fn text(&self, section: &str, key: &str) -> &str {
        let value = self
            .values
            .iter()
            .find(|(setting, _)| setting.section == section && setting.key == key);
        value.map_or("", |(_, text)| text)
    }

    /// Lets the values of `section` stand in for the flags that were not given.
    pub fn complete(&self, section: &str, parsed: &mut Parsed) -> Result<(), Failure> {
        for (setting, text) in &self.values {
            if setting.section == section && !setting.flag.is_empty() {
                parsed.assume(setting.flag, text).map_err(|error| {
                    Failure::invalid_input(error).context(&format!("{section}.{}", setting.key))
                })?;
            }
        }
        Ok(())
    }

    /// The keys of the file that mean nothing, in document order, such as `gate.polcy`.
    #[must_use]
    pub fn unknown_keys(&self) -> &[String] {
        &self.unknown
    }
}

/// The values of the `gate` section as a command sees them: flag, else file, else default.
pub struct GateSettings<'a> {
    /// The command line. Every setting's flag is declared without a default.
    pub parsed: &'a Parsed,
    /// The file.
    pub config: &'a ProjectConfig,
}

impl<'a> GateSettings<'a> {
    /// The value of the setting `key`. A flag given as blanks counts as not given.
    ///
    /// A file and a variable that may hold the same key are one choice: a flag for either sets both of the file aside.
    #[must_use]
    pub fn text(&self, key: &str) -> &'a str {
        let setting = gate_setting(key);
        debug_assert!(setting.is_some(), "gate.{key} is no setting");
        let Some(setting) = setting else { return "" };
        if let Some(flag) = self.flag(setting) {
            return flag;
        }
        let file = self.config.text("gate", key);
        let overruled = alternative(key).is_some_and(|other| self.flag(other).is_some());
        if file.is_empty() || overruled {
            setting.default
        } else {
            file
        }
    }

    fn flag(&self, setting: &Setting) -> Option<&'a str> {
        Some(self.parsed.text(setting.flag)).filter(|text| !text.trim().is_empty())
    }
}

fn gate_setting(key: &str) -> Option<&'static Setting> {
    SETTINGS
        .iter()
        .find(|setting| setting.section == "gate" && setting.key == key)
}

/// The other way to give the same key: `private_key_env` for `private_key`, and the reverse.
fn alternative(key: &str) -> Option<&'static Setting> {
    match key.strip_suffix("_env") {
        Some(path) => gate_setting(path),
        None => gate_setting(&format!("{key}_env")),
    }
}

#[cfg(test)]
mod tests;
