//! The command broker: a program that reads the request on its standard input and answers on its standard output.

use std::{ffi::OsString, time::Duration};

use gait_artifact::{Timestamp, credential::CredentialRequest, text};
use gait_canon::json;

use super::{BrokerConfigurationError, CredentialAnswer, CredentialBroker, IssueError, provider::Provider};
use crate::child::{self, Command, Ending, Limits};

/// What the program and everything it starts may use: five seconds, and 16 KiB for the answer. What it says on
/// standard error is not kept.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(5),
    grace: Duration::ZERO,
    stdout: 16_384,
    stderr: 0,
};
/// The longest reference, in bytes.
const MAX_REFERENCE_BYTES: usize = 256;
/// The longest reference made of the names that a provider gives, in bytes.
const MAX_PROVIDER_REFERENCE_BYTES: usize = 1024;

/// A broker that runs a program for every credential.
#[derive(Debug)]
pub(super) struct CommandBroker {
    program: String,
    arguments: Vec<OsString>,
}

impl CommandBroker {
    /// A broker that runs `program`, if the comma-separated `allowlist` names it or is empty.
    pub(super) fn new(
        program: &str,
        arguments: &[String],
        allowlist: &str,
    ) -> Result<Self, BrokerConfigurationError> {
        let program = text::trim(program);
        if program.is_empty() {
            return Err(BrokerConfigurationError::NoCommand);
        }
        let mut allowed = allowlist
            .split(',')
            .map(text::trim)
            .filter(|entry| !entry.is_empty())
            .peekable();
        if allowed.peek().is_some() && !allowed.any(|entry| is_same_command(entry, program)) {
            return Err(BrokerConfigurationError::CommandNotAllowed);
        }
        Ok(Self {
            program: program.to_owned(),
            arguments: arguments.iter().map(OsString::from).collect(),
        })
    }

    /// What the program says to `request`.
    fn run(&self, request: &CredentialRequest) -> Result<Vec<u8>, IssueError> {
        let input = json::line(request).map_err(|_| IssueError::Request)?;
        let finished = child::run(&Command {
            args: &self.arguments,
            stdin: input.as_bytes(),
            ..Command::new(self.program.as_ref(), LIMITS)
        })
        .map_err(|_| IssueError::Command)?;
        match finished.ending {
            Ending::Exited(0) if !finished.stdout.truncated => Ok(finished.stdout.bytes),
            _ => Err(IssueError::Command),
        }
    }
}

impl CredentialBroker for CommandBroker {
    fn name(&self) -> &'static str {
        "command"
    }

    fn answer(&self, request: &CredentialRequest, _now: Timestamp) -> Result<CredentialAnswer, IssueError> {
        if self.program.contains(char::is_whitespace) {
            return Err(IssueError::CommandText);
        }
        read_answer(&self.run(request)?, request)
    }
}

/// Whether an entry of the list means the command: a name without directory is the program found in `PATH`, and
/// nothing in some directory that happens to have that name.
fn is_same_command(entry: &str, program: &str) -> bool {
    entry.contains('/') == program.contains('/') && text::clean_path(entry) == text::clean_path(program)
}

/// Reads what the program said: the receipt of a known provider, or an answer of its own.
fn read_answer(output: &[u8], request: &CredentialRequest) -> Result<CredentialAnswer, IssueError> {
    let value = json::parse(output).map_err(|_| IssueError::Answer("not a JSON document"))?;
    if value.as_object().is_none() {
        return Err(IssueError::Answer("not a JSON object"));
    }
    if let Some(provider) = Provider::of(&value) {
        let answer = provider.read(&value, request)?;
        check_reference(&answer.credential_ref, MAX_PROVIDER_REFERENCE_BYTES)?;
        return Ok(answer);
    }
    let mut answer: CredentialAnswer =
        json::from_value(&value).map_err(|_| IssueError::Answer("a member is malformed"))?;
    check_reference(&answer.credential_ref, MAX_REFERENCE_BYTES)?;
    answer.bind_to(request);
    if text::is_blank(&answer.issued_by) {
        "command".clone_into(&mut answer.issued_by);
    }
    Ok(answer)
}

/// Refuses a reference that is blank, too long or not a single line of text.
fn check_reference(reference: &str, max_bytes: usize) -> Result<(), IssueError> {
    let reference = text::trim(reference);
    if reference.is_empty() || reference.len() > max_bytes || reference.contains(char::is_control) {
        return Err(IssueError::Answer(
            "the credential reference is blank, too long or not a line of text",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::credential::issue;

    fn shell(script: &str) -> CommandBroker {
        CommandBroker::new("sh", &["-c".to_owned(), script.to_owned()], "").unwrap()
    }

    fn issue_with(script: &str) -> Result<String, IssueError> {
        let request = CredentialRequest {
            tool_name: "tool.write".to_owned(),
            ..CredentialRequest::default()
        };
        issue(&shell(script), &request, Timestamp::EPOCH_1980).map(|issued| issued.credential_ref)
    }

    #[test]
    fn the_list_names_programs_or_files() {
        for (entry, program, allowed) in [
            ("bin/issue.sh", "./bin/../bin/issue.sh", true),
            ("/usr/bin/issue", "/usr/bin//issue", true),
            ("issue", "issue", true),
            ("other, issue ,", "issue", true),
            ("issue", "/tmp/issue", false),
            ("issue", "./issue", false),
            ("/usr/bin/issue", "issue", false),
            ("bin/issue", "/bin/issue", false),
        ] {
            assert_eq!(
                CommandBroker::new(program, &[], entry).is_ok(),
                allowed,
                "{entry} {program}"
            );
        }
        assert!(CommandBroker::new("/any/program", &[], " , ").is_ok());
    }

    #[test]
    fn the_request_comes_on_standard_input() {
        let script = r#"grep -q '"ToolName":"tool.write"' && echo '{"credential_ref":" cmd:1 "}'"#;
        assert_eq!(issue_with(script).unwrap(), "cmd:1");
    }

    #[test]
    fn what_is_said_on_standard_error_is_dropped() {
        assert_eq!(
            issue_with(r#"echo note >&2; echo '{"credential_ref":"cmd:1"}'"#).unwrap(),
            "cmd:1"
        );
    }

    #[test]
    fn failures_repeat_nothing_of_what_was_said() {
        for script in [
            r#"echo '{"credential_ref":"hunter2"}'; echo hunter2 >&2; exit 3"#,
            "echo hunter2",
            "exit 0",
            r#"echo '["hunter2"]'"#,
            r#"echo '{"issued_by":"hunter2"}'"#,
            r#"echo '{"credential_ref":"  "}'"#,
            r#"printf '{"credential_ref":"hunter2%0257d"}' 1"#,
            r#"printf '{"credential_ref":"hunter2\\tb"}'"#,
            r#"head -c 17000 /dev/zero | tr '\0' ' '; echo '{"credential_ref":"hunter2"}'"#,
            r#"echo '{"credential_ref":"cmd:1","issued_at":"hunter2"}'"#,
            r#"echo '{"credential_ref":"ghp_hunter2"}'"#,
        ] {
            let error = issue_with(script).unwrap_err();
            assert!(
                !format!("{error} {error:?}").contains("hunter2"),
                "{script}: {error:?}"
            );
        }
    }

    #[test]
    fn a_command_is_not_handed_to_a_shell() {
        let broker = CommandBroker::new("sh broker.sh", &[], "").unwrap();
        let result = issue(&broker, &CredentialRequest::default(), Timestamp::EPOCH_1980);
        assert!(matches!(result, Err(IssueError::CommandText)));
        let missing = CommandBroker::new("no-such-command-anywhere", &[], "").unwrap();
        let result = issue(&missing, &CredentialRequest::default(), Timestamp::EPOCH_1980);
        assert!(matches!(result, Err(IssueError::Command)));
    }

    proptest! {
        #[test]
        fn no_answer_panics(output in ".{0,200}") {
            let _ = read_answer(output.as_bytes(), &CredentialRequest::default());
        }
    }
}
