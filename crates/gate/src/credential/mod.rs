//! Credentials: a broker hands out a reference to one, never the credential itself.
//!
//! What comes in is a [`CredentialRequest`] made from a call. A [`CredentialBroker`] answers it; [`issue`] brings the
//! answer into normal form and refuses it when it is expired or carries what looks like a secret;
//! [`receipt_violations`] holds it against the rules; [`evidence`] is the record of it. Whatever a broker prints
//! beside its answer is dropped, and no error of this module repeats anything it said.

mod answer;
mod command;
mod environment;
mod evidence;
mod provider;
mod receipt;
mod request;
mod secret;
mod stub;

use std::sync::Arc;

use gait_artifact::{Timestamp, credential::CredentialRequest, text};

pub use answer::{CredentialAnswer, issue};
pub use evidence::{EvidenceHeader, evidence};
pub use receipt::receipt_violations;
pub use request::{BrokerOverrides, request_for};

use command::CommandBroker;
use environment::EnvironmentBroker;
use stub::StubBroker;

/// The prefix of the variables that the environment broker reads, unless another is configured.
pub const DEFAULT_ENVIRONMENT_PREFIX: &str = "GAIT_BROKER_TOKEN_";
/// The variable that names the programs a command broker may run, separated by commas.
pub const COMMAND_ALLOWLIST_VARIABLE: &str = "GAIT_CREDENTIAL_COMMAND_ALLOWLIST";

/// Looks an environment variable up.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Hands out credentials.
pub trait CredentialBroker: Send + Sync {
    /// What answers are ascribed to when they don't say.
    fn name(&self) -> &str;

    /// Answers `request` at `now`. Call [`issue`] instead, which checks the answer.
    fn answer(&self, request: &CredentialRequest, now: Timestamp) -> Result<CredentialAnswer, IssueError>;
}

/// Why no credential was issued. No variant holds anything that a broker said.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The request has no canonical form.
    #[error("credential request can't be digested")]
    Request,
    /// The variable that would hold the credential is not set, or blank.
    #[error("credential unavailable: environment variable {0} is not set")]
    NotSet(String),
    /// The command holds white space: it is no program, and it is not handed to a shell.
    #[error("credential command must not contain white space")]
    CommandText,
    /// The command could not be run to its end, failed, or said too much.
    #[error("credential command failed")]
    Command,
    /// The answer is not what a broker may say.
    #[error("credential answer is not usable: {0}")]
    Answer(&'static str),
    /// A member of the answer looks like a credential instead of a reference to one.
    #[error("credential answer carries what looks like a secret")]
    Secret,
    /// The credential has already ended.
    #[error("credential answer has expired")]
    Expired,
}

/// Why there can be no broker as configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokerConfigurationError {
    /// No broker has that name.
    #[error("unsupported credential broker: {0}")]
    Unknown(String),
    /// The command broker has nothing to run.
    #[error("command broker requires --credential-command")]
    NoCommand,
    /// The command is not on the list.
    #[error("command broker command is not in allowlist {COMMAND_ALLOWLIST_VARIABLE}")]
    CommandNotAllowed,
}

/// How a deployment wants its broker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BrokerSettings {
    /// `off`, `none`, `stub`, `env` or `command`, in any case; blank means `off`.
    pub name: String,
    /// The prefix of variables of the `env` broker; blank means [`DEFAULT_ENVIRONMENT_PREFIX`].
    pub environment_prefix: String,
    /// The program of the `command` broker.
    pub command: String,
    /// Its arguments.
    pub command_arguments: Vec<String>,
}

/// The broker that `settings` ask for, if they ask for one. Nothing is run or issued yet.
pub fn resolve(
    settings: &BrokerSettings,
    environment: &Environment,
) -> Result<Option<Box<dyn CredentialBroker>>, BrokerConfigurationError> {
    match text::trim_lower(&settings.name).as_str() {
        "" | "off" | "none" => Ok(None),
        "stub" => Ok(Some(Box::new(StubBroker))),
        "env" => Ok(Some(Box::new(EnvironmentBroker::new(
            &settings.environment_prefix,
            Arc::clone(environment),
        )))),
        "command" => {
            let allowlist = environment(COMMAND_ALLOWLIST_VARIABLE).unwrap_or_default();
            let broker = CommandBroker::new(&settings.command, &settings.command_arguments, &allowlist)?;
            Ok(Some(Box::new(broker)))
        }
        other => Err(BrokerConfigurationError::Unknown(other.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve_named(
        name: &str,
        command: &str,
    ) -> Result<Option<Box<dyn CredentialBroker>>, BrokerConfigurationError> {
        let settings = BrokerSettings {
            name: name.to_owned(),
            command: command.to_owned(),
            ..BrokerSettings::default()
        };
        let environment: Environment =
            Arc::new(|name| (name == COMMAND_ALLOWLIST_VARIABLE).then(|| "issue, ,bin/broker".to_owned()));
        resolve(&settings, &environment)
    }

    #[test]
    fn names_are_read_in_any_case() {
        for name in ["", " ", "off", "None"] {
            assert!(resolve_named(name, "").unwrap().is_none(), "{name:?}");
        }
        assert_eq!(resolve_named(" Stub ", "").unwrap().unwrap().name(), "stub");
        assert_eq!(resolve_named("ENV", "").unwrap().unwrap().name(), "env");
        assert_eq!(
            resolve_named("command", " issue ").unwrap().unwrap().name(),
            "command"
        );
    }

    #[test]
    fn what_can_never_work_is_refused_at_once() {
        let error = |name, command| resolve_named(name, command).err();
        assert_eq!(
            error("vault", ""),
            Some(BrokerConfigurationError::Unknown("vault".to_owned()))
        );
        assert_eq!(error("command", "  "), Some(BrokerConfigurationError::NoCommand));
        assert_eq!(
            error("command", "sh"),
            Some(BrokerConfigurationError::CommandNotAllowed)
        );
        assert_eq!(
            error("command", "/tmp/issue"),
            Some(BrokerConfigurationError::CommandNotAllowed)
        );
    }
}
