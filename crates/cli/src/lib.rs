//! The `gait` program: arguments in, text or one line of JSON out, an exit code.
//!
//! What comes in: the argument vector, the environment, the working directory. What goes out: text or JSON on standard
//! output, telemetry warnings on standard error, an exit code between 0 and 8 (or that of a wrapped child). Every
//! decision about tool calls is made in the library crates below; this one only speaks to the caller.
//!
//! The path of an invocation is one screen long: [`run`] takes the arguments, [`respond`] finds the command in the
//! table of [`commands`], [`arguments`] reads its flags, the command runs and hands back an [`outcome`], and [`render`]
//! turns that into what is printed. Usage, completions, manual pages and the reference documents all come from the same
//! table.

pub mod arguments;
pub mod commands;
pub mod config;
pub mod context;
mod demands;
mod dispatch;
pub mod env;
pub mod error;
mod facts;
pub mod help;
mod intent_file;
pub mod interface;
pub mod literal;
mod minting;
pub mod outcome;
mod pages;
pub mod policy_file;
mod printable;
mod progress;
pub mod reference;
pub mod render;
mod runpack_file;
pub mod spec;
mod telemetry;
pub mod version;
mod wrapper;

use std::ffi::OsString;
use std::io::{self, Write as _};

use context::Context;
pub use dispatch::respond;
use error::ErrorKind;
use render::Response;
use telemetry::Telemetry;

/// Runs one invocation with the whole argument vector, program name included, and returns the exit code.
pub fn run(arguments: impl Iterator<Item = OsString>) -> u8 {
    let arguments: Vec<String> = arguments
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let context = Context::of_process(&arguments).offering(commands::surface);
    observed(&context, || {
        let response = respond(&context);
        let exit = match print(&response) {
            Ok(()) => response.exit,
            Err(error) if let Some(exit) = response.exit_unheard => {
                let _ = writeln!(io::stderr(), "gait: the answer could not be printed: {error}");
                exit
            }
            // A reader that has seen enough (`gait --help | head -1`) is no failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => response.exit,
            // A result that nobody could read must not pass for a success.
            Err(_) => response.exit.max(ErrorKind::Io.exit_code()),
        };
        (exit, exit)
    })
}

/// Runs one invocation inside of a process that has more to do, and hands back what the program would print.
///
/// Working directory, environment and standard input are those of the process.
#[must_use]
pub fn invoke(arguments: &[String]) -> Response {
    let context = Context::of_process(arguments)
        .offering(commands::surface)
        .within_process();
    observed(&context, || {
        let response = respond(&context);
        (response.exit, response)
    })
}

/// Does `work`, which gives an exit code and more, and tells telemetry of its start and end.
fn observed<T>(context: &Context<'_>, work: impl FnOnce() -> (u8, T)) -> T {
    let telemetry = Telemetry::of_environment(context);
    if let Some(telemetry) = &telemetry {
        telemetry.start();
    }
    let (exit, done) = work();
    if let Some(telemetry) = &telemetry {
        telemetry.end(exit);
    }
    done
}

fn print(response: &Response) -> io::Result<()> {
    // What goes to standard error only comments on the result.
    let _ = io::stderr().write_all(response.stderr.as_bytes());
    let mut stdout = io::stdout();
    stdout.write_all(response.stdout.as_bytes())?;
    stdout.flush()
}
