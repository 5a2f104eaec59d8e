//! The tools that a real replay knows, and what they do to the world.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use gait_artifact::runpack::IntentRecord;
use gait_artifact::text;
use gait_canon::Digest;
use gait_canon::json::Value;

/// How long a command may run.
pub const COMMAND_TIME_LIMIT: Duration = Duration::from_secs(5);
/// Bytes of a command's output that its digest covers.
pub const COMMAND_OUTPUT_LIMIT: usize = 64 * 1024;

/// Does to the world what tools ask for.
pub trait Executor {
    /// Makes `content` the content of the file at `path`, readable and writable by its owner alone, with the directories
    /// above it.
    fn write_file(&self, path: &Path, content: &[u8]) -> Result<(), ToolError>;

    /// Runs `command` in a shell to a successful end within [`COMMAND_TIME_LIMIT`]; when the time is up, all that it
    /// started is ended too. Gives the first [`COMMAND_OUTPUT_LIMIT`] bytes of what it wrote to standard output and standard error, in the
    /// order it was written.
    fn run_command(&self, command: &str) -> Result<Vec<u8>, ToolError>;
}

/// Why a tool failed. The text is what the digest of the step covers.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// An argument without which the tool can do nothing is absent or blank.
    #[error("{tool} requires args.{argument}")]
    MissingArgument {
        /// The tool.
        tool: &'static str,
        /// The argument.
        argument: &'static str,
    },
    /// The tool is allowed, and nothing here can run it.
    #[error("unsupported real tool: {0}")]
    Unsupported(String),
    /// The command ended with this code, which is not 0.
    #[error("exit status {0}")]
    Exit(i32),
    /// The command was ended by the signal of this number.
    #[error("signal: {}", signal_name(*.0))]
    Signal(i32),
    /// The command ended, and something it started still holds its output.
    #[error("the command left a process behind")]
    LeftRunning,
    /// Somebody asked the replay to end.
    #[error("interrupted")]
    Interrupted,
    /// The operating system refused.
    #[error(transparent)]
    System(Box<dyn Error + Send + Sync>),
}

impl ToolError {
    pub(super) fn digest(&self) -> Digest {
        Digest::of(self.to_string().as_bytes())
    }
}

/// A tool with its arguments.
enum Tool<'a> {
    Echo { message: &'a str },
    WriteFile { path: &'a str, content: &'a str },
    RunCommand { command: &'a str },
}

impl<'a> Tool<'a> {
    fn of(intent: &'a IntentRecord) -> Result<Self, ToolError> {
        // What is no text counts as absent.
        let argument = |name| {
            let value = intent.args.as_ref().and_then(|args| args.get(name));
            value.and_then(Value::as_str).map(text::trim).unwrap_or_default()
        };
        let required = |tool, name| match argument(name) {
            "" => Err(ToolError::MissingArgument { tool, argument: name }),
            value => Ok(value),
        };
        match text::trim_lower(&intent.tool_name).as_str() {
            "echo" | "tool.echo" => Ok(Self::Echo {
                message: argument("message"),
            }),
            "file.write" | "fs.write" | "write_file" => Ok(Self::WriteFile {
                path: required("file.write", "path")?,
                content: argument("content"),
            }),
            "shell.exec" | "exec" | "command.run" => Ok(Self::RunCommand {
                command: required("shell.exec", "command")?,
            }),
            _ => Err(ToolError::Unsupported(intent.tool_name.clone())),
        }
    }
}

/// Runs the tool of `intent` and gives the digest of its result.
pub(super) fn execute(intent: &IntentRecord, executor: &dyn Executor) -> Result<Digest, ToolError> {
    match Tool::of(intent)? {
        Tool::Echo { message: "" } => Ok(Digest::of(b"echo")),
        Tool::Echo { message } => Ok(Digest::of(message.as_bytes())),
        Tool::WriteFile { path, content } => {
            executor.write_file(Path::new(path), content.as_bytes())?;
            Ok(Digest::of(content.as_bytes()))
        }
        Tool::RunCommand { command } => {
            let output = executor.run_command(command)?;
            Ok(Digest::of(output.get(..COMMAND_OUTPUT_LIMIT).unwrap_or(&output)))
        }
    }
}

/// The names of POSIX signals with the numbers they have on Linux and macOS alike, in the words of Go's `syscall`.
fn signal_name(number: i32) -> String {
    let name = match number {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        6 => "aborted",
        8 => "floating point exception",
        9 => "killed",
        11 => "segmentation fault",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        _ => return format!("signal {number}"),
    };
    name.to_owned()
}
