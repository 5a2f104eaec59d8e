//! Where the key of encryption at rest comes from.

use std::ffi::OsString;
use std::time::Duration;

use gait_artifact::guard::EncryptionKeySource;
use gait_canon::json;
use gait_evidence::seal::EncryptionKey;
use gait_gate::child::{self, Command, Ending, Limits};
use zeroize::Zeroizing;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::spec::Flag;

pub(super) const KEY_ENV: Flag =
    Flag::variable("key-env", "environment variable with the key, base64 of 32 bytes");
pub(super) const KEY_COMMAND: Flag = Flag::text("key-command", "program that prints the key");
pub(super) const KEY_COMMAND_ARGS: Flag = Flag::list(
    "key-command-args",
    "its arguments; a JSON array where one of them has a comma",
);

/// What the program and everything it starts may use. Somebody may have to unlock a key ring first.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(60),
    grace: Duration::from_secs(1),
    stdout: 4096,
    stderr: 0,
};

/// A key, and what may be told of it.
pub(super) struct NamedKey {
    pub(super) key: EncryptionKey,
    pub(super) source: EncryptionKeySource,
}

impl NamedKey {
    /// The key that the flags name; the variable wins.
    pub(super) fn of_flags(parsed: &Parsed, context: &Context<'_>) -> Result<Self, Failure> {
        let variable = parsed.text(KEY_ENV.name).trim();
        if !variable.is_empty() {
            let text = context.env(variable).map(Zeroizing::new).unwrap_or_default();
            if text.trim().is_empty() {
                return Err(Failure::invalid_input(format!(
                    "encryption key env not set: {variable}"
                )));
            }
            return Ok(Self {
                key: EncryptionKey::from_base64(&text)?,
                source: EncryptionKeySource {
                    mode: "env".to_owned(),
                    reference: variable.to_owned(),
                    command: String::new(),
                },
            });
        }
        let command = parsed.text(KEY_COMMAND.name).trim();
        if command.is_empty() {
            return Err(Failure::invalid_input(
                "missing key source: set --key-env or --key-command",
            ));
        }
        let text = answer(command, &arguments(parsed))?;
        Ok(Self {
            key: EncryptionKey::from_base64(&text)?,
            source: EncryptionKeySource {
                mode: "command".to_owned(),
                reference: String::new(),
                command: command.to_owned(),
            },
        })
    }
}

fn arguments(parsed: &Parsed) -> Vec<OsString> {
    let text = parsed.text(KEY_COMMAND_ARGS.name).trim();
    let array: Option<Vec<String>> = text
        .starts_with('[')
        .then(|| json::read(text.as_bytes()).ok())
        .flatten();
    let arguments = array.unwrap_or_else(|| parsed.list(KEY_COMMAND_ARGS.name));
    arguments.into_iter().map(OsString::from).collect()
}

/// What the program prints.
fn answer(program: &str, arguments: &[OsString]) -> Result<Zeroizing<String>, Failure> {
    let finished = child::run(&Command {
        args: arguments,
        ..Command::new(program.as_ref(), LIMITS)
    })
    .map_err(|error| Failure::invalid_input(error).context("key command"))?;
    let printed = Zeroizing::new(finished.stdout.bytes);
    let problem = match finished.ending {
        Ending::Exited(0) if finished.stdout.truncated => "printed more than a key".to_owned(),
        Ending::Exited(0) => {
            let text = std::str::from_utf8(&printed).unwrap_or_default().trim();
            return Ok(Zeroizing::new(text.to_owned()));
        }
        Ending::Exited(code) => format!("ended with exit code {code}"),
        Ending::Signalled(signal) => format!("was ended by signal {signal}"),
        Ending::TimedOut | Ending::Interrupted => {
            let text = format!("key command {program:?} took longer than {:?}", LIMITS.time);
            return Err(Failure::new(ErrorKind::Internal, text));
        }
    };
    Err(Failure::invalid_input(format!(
        "key command {program:?} {problem}"
    )))
}
