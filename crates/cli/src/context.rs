//! What a command may know of the world around it.

use std::cell::OnceCell;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use gait_artifact::Timestamp;
use gait_canon::digest::short_id;

use crate::spec::Surface;

/// A look-up of environment variables that threads can share.
pub type SharedEnvironment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The seams to environment, clock and terminal, so that a command can be tested with others.
pub struct Context<'a> {
    arguments: &'a [String],
    environment: &'a dyn Fn(&str) -> Option<String>,
    clock: &'a dyn Fn() -> SystemTime,
    started: Instant,
    terminal: &'a dyn Fn() -> bool,
    surface: fn() -> Surface,
    process_goes_on: bool,
    correlation_id: OnceCell<String>,
}

impl<'a> Context<'a> {
    /// A context for the whole argument vector `arguments`, program name included.
    #[must_use]
    pub fn new(
        arguments: &'a [String],
        environment: &'a dyn Fn(&str) -> Option<String>,
        clock: &'a dyn Fn() -> SystemTime,
        terminal: &'a dyn Fn() -> bool,
    ) -> Self {
        Self {
            arguments,
            environment,
            clock,
            started: Instant::now(),
            terminal,
            surface: Surface::default,
            process_goes_on: false,
            correlation_id: OnceCell::new(),
        }
    }

    /// The context of this process.
    #[must_use]
    pub fn of_process(arguments: &'a [String]) -> Self {
        Self::new(arguments, &process_environment, &SystemTime::now, &|| {
            std::io::stdout().is_terminal()
        })
    }

    /// The same, for a program that offers what `surface` says.
    #[must_use]
    pub const fn offering(mut self, surface: fn() -> Surface) -> Self {
        self.surface = surface;
        self
    }

    /// The same, in a process that has more to do after this command.
    #[must_use]
    pub const fn within_process(mut self) -> Self {
        self.process_goes_on = true;
        self
    }

    /// Whether the process has more to do after this command, so that what is not needed any more must be given back.
    #[must_use]
    pub const fn process_goes_on(&self) -> bool {
        self.process_goes_on
    }

    /// All that the program offers.
    #[must_use]
    pub fn surface(&self) -> Surface {
        (self.surface)()
    }

    /// Names this command line: the same arguments give the same 24 hexadecimal characters.
    #[must_use]
    pub fn correlation_id(&self) -> &str {
        self.correlation_id.get_or_init(|| {
            if self.arguments.is_empty() {
                return "0".repeat(24);
            }
            let trimmed: Vec<_> = self.arguments.iter().map(|argument| argument.trim()).collect();
            short_id(&trimmed.join("\u{1f}"))
        })
    }

    /// The version written into every artifact.
    #[must_use]
    pub fn producer_version(&self) -> &'static str {
        crate::version::producer_version()
    }

    /// The value of the environment variable `name`.
    #[must_use]
    pub fn env(&self, name: &str) -> Option<String> {
        (self.environment)(name)
    }

    /// The look-up of environment variables, for library functions that take one.
    pub const fn environment(&self) -> &'a dyn Fn(&str) -> Option<String> {
        self.environment
    }

    /// A look-up of the process's own environment, for what may be used from other threads.
    #[must_use]
    pub fn shared_environment(&self) -> SharedEnvironment {
        Arc::new(process_environment)
    }

    /// The wall clock, in UTC.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let time = (self.clock)();
        match time.duration_since(UNIX_EPOCH) {
            Ok(since) => Timestamp::from_unix(
                i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
                since.subsec_nanos(),
            ),
            // A clock before 1970 is wrong; the epoch is as good as any other instant.
            Err(_) => Timestamp::from_unix(0, 0),
        }
    }

    /// Whole milliseconds since the process began its work.
    #[must_use]
    pub fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether standard output is a terminal.
    #[must_use]
    pub fn on_terminal(&self) -> bool {
        (self.terminal)()
    }

    /// The whole argument vector, program name included.
    #[must_use]
    pub const fn arguments(&self) -> &'a [String] {
        self.arguments
    }
}

fn process_environment(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}
