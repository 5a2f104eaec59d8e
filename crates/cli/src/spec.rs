//! The declarative description of a command: what every face of the program (parser, usage text, completions, manual
//! pages, reference) is made from.
//!
//! A command is one file `commands/<command>.rs` with a constant and a function:
//!
//! ```ignore
//! pub(crate) const SPEC: CommandSpec = CommandSpec::new("keys init", "Create an Ed25519 key pair")
//!     .explain("Writes a new private and public key file, so that traces can be signed and verified.")
//!     .flags(&[
//!         Flag::path("out-dir", "directory of the key files").or("gait-out/keys"),
//!         Flag::switch("force", "replace existing files"),
//!     ]);
//!
//! pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
//!     let directory = parsed.text("out-dir").trim();
//!     // ...
//!     Ok(Report::new(&output).line(format!("keys init ok: key_id={key_id}")))
//! }
//! ```
//!
//! It becomes part of the program by one line in [`crate::commands::SECTIONS`]. `--json` and `--help` need no
//! declaration.

use gait_canon::json::Object;

/// What a flag's value is, for the parser and for completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// On or off; takes a value only with `=`.
    Switch,
    /// Any text.
    Text,
    /// A file or directory name.
    Path,
    /// The name of an environment variable.
    Variable,
    /// Comma-separated texts.
    List,
    /// A 64-bit integer literal such as `10`, `0x1f` or `1_000`.
    Integer,
    /// A duration literal such as `300ms` or `2h45m`.
    Duration,
}

impl ValueKind {
    /// The placeholder of the value in usage texts; empty for a switch.
    #[must_use]
    pub const fn placeholder(self) -> &'static str {
        match self {
            Self::Switch => "",
            Self::Text => "<text>",
            Self::Path => "<path>",
            Self::Variable => "<name>",
            Self::List => "<a,b,...>",
            Self::Integer => "<n>",
            Self::Duration => "<duration>",
        }
    }
}

/// One flag of a command.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// The name without dashes.
    pub name: &'static str,
    /// What its value is.
    pub kind: ValueKind,
    /// The value when the flag is absent, as it would be written on the command line.
    pub default: &'static str,
    /// The values that make sense, for completions and usage; the parser does not enforce them.
    pub values: &'static [&'static str],
    /// What the flag does: a phrase without a full stop.
    pub help: &'static str,
}

impl Flag {
    /// A flag that is on or off, off by default.
    #[must_use]
    pub const fn switch(name: &'static str, help: &'static str) -> Self {
        Self::new(name, ValueKind::Switch, help)
    }

    /// A flag with a text value.
    #[must_use]
    pub const fn text(name: &'static str, help: &'static str) -> Self {
        Self::new(name, ValueKind::Text, help)
    }

    /// A flag that names a file or directory.
    #[must_use]
    pub const fn path(name: &'static str, help: &'static str) -> Self {
        Self::new(name, ValueKind::Path, help)
    }

    /// A flag that names an environment variable.
    #[must_use]
    pub const fn variable(name: &'static str, help: &'static str) -> Self {
        Self::new(name, ValueKind::Variable, help)
    }

    /// A flag with comma-separated values.
    #[must_use]
    pub const fn list(name: &'static str, help: &'static str) -> Self {
        Self::new(name, ValueKind::List, help)
    }

    /// A flag with an integer value.
    #[must_use]
    pub const fn integer(name: &'static str, help: &'static str) -> Self {
        Self::new(name, ValueKind::Integer, help)
    }

    /// A flag with a duration value.
    #[must_use]
    pub const fn duration(name: &'static str, help: &'static str) -> Self {
        Self::new(name, ValueKind::Duration, help)
    }

    /// Sets the value an absent flag has.
    #[must_use]
    pub const fn or(mut self, default: &'static str) -> Self {
        self.default = default;
        self
    }

    /// Names the values that make sense.
    #[must_use]
    pub const fn values(mut self, values: &'static [&'static str]) -> Self {
        self.values = values;
        self
    }

    const fn new(name: &'static str, kind: ValueKind, help: &'static str) -> Self {
        Self {
            name,
            kind,
            default: "",
            values: &[],
            help,
        }
    }
}

/// Where a command's flags may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentOrder {
    /// Anywhere, also behind positional arguments.
    Interspersed,
    /// In front of the first positional argument; everything behind it is positional.
    FlagsFirst,
}

/// How many positional arguments a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Positionals {
    /// None: one is an error before the command runs.
    None,
    /// Some: the command checks their number itself. The text is their form in the usage line, such as `<path>`.
    Some(&'static str),
}

/// How an error is told in text mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorStyle {
    /// `<label> error: <text>` on standard output; without a label the command's path stands there.
    Labelled(Option<&'static str>),
    /// The bare text on standard error.
    BareOnStderr,
}

/// Everything the frame knows about a command without running it.
#[derive(Clone, Copy, Debug)]
pub struct CommandSpec {
    /// The words that select it, separated by single spaces.
    pub path: &'static str,
    /// What it does, in a phrase without a full stop.
    pub summary: &'static str,
    /// The line `--explain` prints: why the command is there.
    pub explain: &'static str,
    /// Its own flags; see [`CommandSpec::all_flags`] for those every command has.
    pub flags: &'static [Flag],
    /// Where flags may stand.
    pub order: ArgumentOrder,
    /// Flags it once had, and the flags to use instead, all with their dashes. They are refused with advice.
    pub retired_flags: &'static [(&'static str, &'static str)],
    /// Its positional arguments.
    pub positionals: Positionals,
    /// How its errors are told in text mode.
    pub error_style: ErrorStyle,
    /// Whether `--json` is a flag of the command.
    pub json: bool,
    /// Whether a `--json` behind a flag that the command does not have still counts.
    pub json_after_mistakes: bool,
    /// Whether `--help` is a flag of the command.
    pub help: bool,
    /// Whether it reads its arguments itself: nothing is parsed and all of them arrive as positionals.
    pub raw: bool,
    /// The keys that every JSON error of the command carries, usage errors included.
    pub error_fields: Option<fn() -> Object>,
    /// Whether its JSON objects are documents of their own, without correlation id and error envelope.
    pub bare: bool,
}

const JSON: Flag = Flag::switch("json", "print one line of JSON");
const HELP: Flag = Flag::switch("help", "print this text");

impl CommandSpec {
    /// A command with interspersed flags, no positional arguments and no flags but `--json` and `--help`.
    #[must_use]
    pub const fn new(path: &'static str, summary: &'static str) -> Self {
        Self {
            path,
            summary,
            explain: summary,
            flags: &[],
            retired_flags: &[],
            order: ArgumentOrder::Interspersed,
            positionals: Positionals::None,
            error_style: ErrorStyle::Labelled(None),
            json: true,
            json_after_mistakes: true,
            help: true,
            raw: false,
            error_fields: None,
            bare: false,
        }
    }

    /// Sets the line of `--explain`.
    #[must_use]
    pub const fn explain(mut self, line: &'static str) -> Self {
        self.explain = line;
        self
    }

    /// Sets the command's own flags.
    #[must_use]
    pub const fn flags(mut self, flags: &'static [Flag]) -> Self {
        self.flags = flags;
        self
    }

    /// Names flags that the command once had, and what replaced them.
    #[must_use]
    pub const fn retired_flags(mut self, flags: &'static [(&'static str, &'static str)]) -> Self {
        self.retired_flags = flags;
        self
    }

    /// Lets flags stand only in front of positional arguments.
    #[must_use]
    pub const fn flags_first(mut self) -> Self {
        self.order = ArgumentOrder::FlagsFirst;
        self
    }

    /// Accepts positional arguments, written like this in the usage line.
    #[must_use]
    pub const fn positionals(mut self, form: &'static str) -> Self {
        self.positionals = Positionals::Some(form);
        self
    }

    /// Sets the label of text errors, where it is not the path.
    #[must_use]
    pub const fn label(mut self, label: &'static str) -> Self {
        self.error_style = ErrorStyle::Labelled(Some(label));
        self
    }

    /// Prints text errors bare and on standard error.
    #[must_use]
    pub const fn errors_on_stderr(mut self) -> Self {
        self.error_style = ErrorStyle::BareOnStderr;
        self
    }

    /// Leaves out the `--help` flag.
    #[must_use]
    pub const fn without_help(mut self) -> Self {
        self.help = false;
        self
    }

    /// Tells a flag that the command does not have in text, unless `--json` stands before it: scripts rely on that.
    #[must_use]
    pub const fn json_before_mistakes(mut self) -> Self {
        self.json_after_mistakes = false;
        self
    }

    /// Leaves out the `--json` flag.
    #[must_use]
    pub const fn without_json(mut self) -> Self {
        self.json = false;
        self
    }

    /// Hands the arguments over as they are.
    #[must_use]
    pub const fn raw(mut self) -> Self {
        self.raw = true;
        self
    }

    /// Sets the keys that every JSON error of the command carries.
    #[must_use]
    pub const fn error_fields(mut self, fields: fn() -> Object) -> Self {
        self.error_fields = Some(fields);
        self
    }

    /// Prints JSON objects as they are, without correlation id and error envelope.
    #[must_use]
    pub const fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    /// The command's own flags, then `--json` and `--help` where it has them.
    pub fn all_flags(&self) -> impl Iterator<Item = Flag> {
        let shared = [self.json.then_some(JSON), self.help.then_some(HELP)];
        self.flags.iter().copied().chain(shared.into_iter().flatten())
    }

    /// The flag called `name`, if the command has it.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<Flag> {
        self.all_flags().find(|flag| flag.name == name)
    }

    /// The label of text errors.
    #[must_use]
    pub const fn error_label(&self) -> &'static str {
        match self.error_style {
            ErrorStyle::Labelled(Some(label)) => label,
            ErrorStyle::Labelled(None) | ErrorStyle::BareOnStderr => self.path,
        }
    }
}

/// A word that only gathers sub-commands, such as `keys`.
#[derive(Clone, Copy, Debug)]
pub struct GroupSpec {
    /// The words that select it.
    pub path: &'static str,
    /// What its sub-commands have in common, in a phrase without a full stop.
    pub summary: &'static str,
    /// The line `--explain` prints.
    pub explain: &'static str,
    /// Whether asking for help is a success. Scripts rely on the groups where it is not.
    pub help_succeeds: bool,
}

/// All that the program offers, for the commands that describe it.
#[derive(Clone, Debug, Default)]
pub struct Surface {
    /// Every command, in order.
    pub commands: Vec<&'static CommandSpec>,
    /// The words that gather them.
    pub groups: &'static [GroupSpec],
}
