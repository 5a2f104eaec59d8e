//! Reading a command's arguments: the flag grammar of Go's `flag` package, with flags allowed behind positionals where
//! the command says so.

use gait_canon::keys::KeySource;

use crate::literal::{self, Nanoseconds};
use crate::spec::{ArgumentOrder, CommandSpec, Flag, ValueKind};

/// An argument that cannot be read. The texts are those of Go's `flag` package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentError {
    /// No such flag.
    #[error("flag provided but not defined: -{0}")]
    Undefined(String),
    /// A flag that wants a value stands last.
    #[error("flag needs an argument: -{0}")]
    MissingValue(String),
    /// A switch with a value that is no boolean.
    #[error("invalid boolean value \"{value}\" for -{flag}: parse error")]
    Boolean {
        /// The flag's name.
        flag: String,
        /// What was given.
        value: String,
    },
    /// A value that does not have the form the flag wants.
    #[error("invalid value \"{value}\" for flag -{flag}: parse error")]
    Value {
        /// The flag's name.
        flag: String,
        /// What was given.
        value: String,
    },
    /// Three dashes, or dashes without a name.
    #[error("bad flag syntax: {0}")]
    Syntax(String),
    /// `-h`, or `--help` where it is no flag.
    #[error("flag: help requested")]
    Help,
}

/// The value of one flag that was given.
#[derive(Clone, Debug, PartialEq)]
enum FlagValue {
    Switch(bool),
    Text(String),
    Integer(i64),
    Duration(Nanoseconds),
}

/// A command's arguments, read by its [`CommandSpec`].
///
/// Reading a flag that the command did not declare is a mistake in the program: it stops a debug build and gives the
/// empty value in a release build.
#[derive(Clone, Debug)]
pub struct Parsed {
    spec: &'static CommandSpec,
    given: Vec<(&'static str, FlagValue)>,
    /// What stands in for flags that were not given, before their defaults.
    assumed: Vec<(&'static str, FlagValue)>,
    positionals: Vec<String>,
    separator: bool,
}

impl Parsed {
    /// Whether the switch `name` is on.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        match self.value(name) {
            Some(FlagValue::Switch(on)) => *on,
            _ => self
                .declared(name)
                .is_some_and(|flag| literal::boolean(flag.default) == Some(true)),
        }
    }

    /// The text of the flag `name` exactly as given, or its default.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        match self.value(name) {
            Some(FlagValue::Text(text)) => text,
            _ => self.declared(name).map_or("", |flag| flag.default),
        }
    }

    /// The items of the comma-separated flag `name`: trimmed, empty ones dropped.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<String> {
        self.text(name)
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// The integer of the flag `name`, or its default.
    #[must_use]
    pub fn int(&self, name: &str) -> i64 {
        match self.value(name) {
            Some(FlagValue::Integer(value)) => *value,
            _ => self
                .declared(name)
                .and_then(|flag| literal::integer(flag.default))
                .unwrap_or(0),
        }
    }

    /// The duration of the flag `name`, or its default.
    #[must_use]
    pub fn duration(&self, name: &str) -> Nanoseconds {
        match self.value(name) {
            Some(FlagValue::Duration(value)) => *value,
            _ => self
                .declared(name)
                .and_then(|flag| literal::duration(flag.default))
                .unwrap_or_default(),
        }
    }

    /// Whether the flag `name` stood on the command line, with whatever value.
    #[must_use]
    pub fn given(&self, name: &str) -> bool {
        self.count(name) > 0
    }

    /// Lets `value` stand in for the flag `name` unless that was given: before its default. Text that was given as blanks
    /// counts as not given. The error is that of the same value on the command line.
    pub fn assume(&mut self, name: &str, value: &str) -> Result<(), ArgumentError> {
        let Some(flag) = self.declared(name) else {
            return Ok(());
        };
        let is_blank = |value: &FlagValue| matches!(value, FlagValue::Text(text) if text.trim().is_empty());
        if self.given(name) && !self.value(name).is_some_and(is_blank) {
            return Ok(());
        }
        let value = read_value(flag, value)?;
        self.given.retain(|(given, _)| *given != name);
        self.assumed.push((flag.name, value));
        Ok(())
    }

    /// How many times the flag `name` stood on the command line.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.given.iter().filter(|(given, _)| *given == name).count()
    }

    /// The key source that a flag with a path and a flag with a variable's name give together.
    #[must_use]
    pub fn key_source(&self, path: &str, variable: &str) -> KeySource {
        let given = |flag: &str| {
            Some(self.text(flag))
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        KeySource {
            path: given(path),
            env: given(variable),
        }
    }

    /// The positional arguments.
    #[must_use]
    pub fn positionals(&self) -> &[String] {
        &self.positionals
    }

    /// Whether the arguments held a `--`.
    #[must_use]
    pub const fn separator(&self) -> bool {
        self.separator
    }

    /// The command these arguments are for.
    #[must_use]
    pub const fn spec(&self) -> &'static CommandSpec {
        self.spec
    }

    fn value(&self, name: &str) -> Option<&FlagValue> {
        self.assumed
            .iter()
            .chain(&self.given)
            .rev()
            .find(|(given, _)| *given == name)
            .map(|(_, value)| value)
    }

    fn declared(&self, name: &str) -> Option<Flag> {
        let flag = self.spec.flag(name);
        debug_assert!(flag.is_some(), "`gait {}` has no flag --{name}", self.spec.path);
        flag
    }
}

/// Reads the arguments behind the command's own words.
pub fn parse(spec: &'static CommandSpec, arguments: &[String]) -> Result<Parsed, ArgumentError> {
    let mut parsed = Parsed {
        spec,
        given: Vec::new(),
        assumed: Vec::new(),
        positionals: Vec::new(),
        separator: false,
    };
    if spec.raw {
        parsed.positionals = arguments.to_vec();
        return Ok(parsed);
    }
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--" {
            parsed.separator = true;
            parsed.positionals.extend(rest.cloned());
            break;
        }
        if argument.len() > 1 && argument.starts_with('-') {
            let given = read_flag(spec, argument, &mut rest)?;
            parsed.given.push(given);
        } else {
            parsed.positionals.push(argument.clone());
            if spec.order == ArgumentOrder::FlagsFirst {
                parsed.positionals.extend(rest.cloned());
                break;
            }
        }
    }
    Ok(parsed)
}

/// Reads one flag; a value that is not joined with `=` is taken from `rest`.
fn read_flag<'a>(
    spec: &CommandSpec,
    argument: &str,
    rest: &mut impl Iterator<Item = &'a String>,
) -> Result<(&'static str, FlagValue), ArgumentError> {
    let body = argument
        .strip_prefix("--")
        .or_else(|| argument.strip_prefix('-'))
        .unwrap_or(argument);
    if body.is_empty() || body.starts_with(['-', '=']) {
        return Err(ArgumentError::Syntax(argument.to_owned()));
    }
    let (name, joined) = match body.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (body, None),
    };
    let Some(flag) = spec.flag(name) else {
        return Err(match name {
            "h" | "help" => ArgumentError::Help,
            _ => ArgumentError::Undefined(name.to_owned()),
        });
    };
    let value = match joined {
        Some(value) => value,
        None if flag.kind == ValueKind::Switch => "true",
        None => rest
            .next()
            .ok_or_else(|| ArgumentError::MissingValue(name.to_owned()))?,
    };
    Ok((flag.name, read_value(flag, value)?))
}

/// Reads the value of `flag`.
fn read_value(flag: Flag, value: &str) -> Result<FlagValue, ArgumentError> {
    let invalid = || ArgumentError::Value {
        flag: flag.name.to_owned(),
        value: value.to_owned(),
    };
    Ok(match flag.kind {
        ValueKind::Switch => {
            FlagValue::Switch(literal::boolean(value).ok_or_else(|| ArgumentError::Boolean {
                flag: flag.name.to_owned(),
                value: value.to_owned(),
            })?)
        }
        ValueKind::Integer => FlagValue::Integer(literal::integer(value).ok_or_else(invalid)?),
        ValueKind::Duration => FlagValue::Duration(literal::duration(value).ok_or_else(invalid)?),
        _ => FlagValue::Text(value.to_owned()),
    })
}

/// Whether arguments that could not be read, or were read only up to a point, ask for JSON: the last `--json` in front
/// of a `--` counts, wherever it stands, unless it is the value of another flag.
#[must_use]
pub fn wants_json(spec: &CommandSpec, arguments: &[String]) -> bool {
    let mut json = false;
    let mut rest = arguments.iter().take_while(|argument| *argument != "--");
    while let Some(argument) = rest.next() {
        let Some(body) = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-')) else {
            continue;
        };
        let (name, joined) = body
            .split_once('=')
            .map_or((body, None), |(name, value)| (name, Some(value)));
        let takes_next = || spec.flag(name).is_some_and(|flag| flag.kind != ValueKind::Switch);
        if name == "json" {
            json = joined.map_or(Some(true), literal::boolean).unwrap_or(json);
        } else if !spec.json_after_mistakes && spec.flag(name).is_none() {
            break;
        } else if joined.is_none() && takes_next() {
            rest.next();
        }
    }
    json
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    static MIXED: CommandSpec = CommandSpec::new("mixed", "a command with every kind of flag")
        .positionals("[<x>...]")
        .flags(&[
            Flag::text("name", "a text").or("gait"),
            Flag::switch("force", "a switch"),
            Flag::integer("count", "a number").or("3"),
            Flag::duration("timeout", "a duration").or("30s"),
            Flag::list("tags", "a list"),
        ]);
    static FIRST: CommandSpec = CommandSpec::new("first", "a command with flags first")
        .positionals("[<x>...]")
        .flags_first();

    fn words(line: &str) -> Vec<String> {
        line.split(' ')
            .filter(|word| !word.is_empty())
            .map(|word| word.replace('~', " "))
            .collect()
    }

    fn read(spec: &'static CommandSpec, line: &str) -> Result<Parsed, ArgumentError> {
        parse(spec, &words(line))
    }

    #[test]
    fn one_dash_or_two_joined_or_not() {
        for line in ["--name x", "-name x", "--name=x", "-name=x", "--name y --name x"] {
            assert_eq!(read(&MIXED, line).unwrap().text("name"), "x", "{line}");
        }
        assert_eq!(read(&MIXED, "--name=a=b").unwrap().text("name"), "a=b");
        assert_eq!(read(&MIXED, "--name=").unwrap().text("name"), "");
        assert_eq!(read(&MIXED, "--name --force").unwrap().text("name"), "--force");
        assert_eq!(read(&MIXED, "--name --").unwrap().text("name"), "--");
    }

    #[test]
    fn absent_flags_have_their_defaults() {
        let parsed = read(&MIXED, "").unwrap();
        assert_eq!(parsed.text("name"), "gait");
        assert_eq!(parsed.int("count"), 3);
        assert_eq!(parsed.duration("timeout"), Nanoseconds(30_000_000_000));
        assert!(!parsed.flag("force") && !parsed.flag("json") && !parsed.given("name"));
        assert!(parsed.list("tags").is_empty());
    }

    #[test]
    fn lists_are_trimmed_and_blanks_dropped() {
        assert_eq!(read(&MIXED, "--tags ~a~,,b,~").unwrap().list("tags"), ["a", "b"]);
    }

    #[test]
    fn switches_take_values_only_with_an_equals_sign() {
        assert!(read(&MIXED, "--force").unwrap().flag("force"));
        assert!(!read(&MIXED, "--force --force=F").unwrap().flag("force"));
        let parsed = read(&MIXED, "--force false").unwrap();
        assert!(parsed.flag("force"));
        assert_eq!(parsed.positionals(), ["false"]);
    }

    #[test]
    fn flags_may_follow_positionals_where_the_command_says_so() {
        let parsed = read(&MIXED, "a --name x - b --json").unwrap();
        assert_eq!(
            (parsed.positionals(), parsed.text("name")),
            (&words("a - b")[..], "x")
        );
        assert!(parsed.flag("json"));
        let parsed = read(&FIRST, "--json a --json=false").unwrap();
        assert_eq!(parsed.positionals(), ["a", "--json=false"]);
        assert!(parsed.flag("json"));
    }

    #[test]
    fn nothing_behind_a_double_dash_is_a_flag() {
        for spec in [&MIXED, &FIRST] {
            let parsed = read(spec, "--json -- -x --json=false --").unwrap();
            assert_eq!(parsed.positionals(), ["-x", "--json=false", "--"]);
            assert!(parsed.flag("json") && parsed.separator());
        }
    }

    #[test]
    fn errors_name_the_flag_with_one_dash() {
        for (line, want) in [
            ("--nope", "flag provided but not defined: -nope"),
            ("--nope=1", "flag provided but not defined: -nope"),
            ("-abc", "flag provided but not defined: -abc"),
            ("--name", "flag needs an argument: -name"),
            (
                "--force=maybe",
                "invalid boolean value \"maybe\" for -force: parse error",
            ),
            (
                "--count ten",
                "invalid value \"ten\" for flag -count: parse error",
            ),
            (
                "--timeout=5",
                "invalid value \"5\" for flag -timeout: parse error",
            ),
            ("---x", "bad flag syntax: ---x"),
            ("--=x", "bad flag syntax: --=x"),
            ("-=x", "bad flag syntax: -=x"),
            ("-h", "flag: help requested"),
            ("-Name x", "flag provided but not defined: -Name"),
        ] {
            assert_eq!(read(&MIXED, line).unwrap_err().to_string(), want, "{line}");
        }
    }

    #[test]
    fn json_is_honoured_wherever_it_stands() {
        for (line, want) in [
            ("--nope --json", true),
            ("--json --nope", true),
            ("a --json", true),
            ("--json=false", false),
            ("--json --json=0", false),
            ("-json=T", true),
            ("--name --json", false),
            ("-- --json", false),
            ("", false),
        ] {
            assert_eq!(wants_json(&MIXED, &words(line)), want, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_arguments_are_read_or_refused(words in proptest::collection::vec("-{0,3}[a-z]{0,5}=?[0-9a-z]{0,3}|--json|--name|--", 0..6)) {
            for spec in [&MIXED, &FIRST] {
                let _ = (parse(spec, &words), wants_json(spec, &words));
            }
        }

        #[test]
        fn words_behind_a_double_dash_arrive_as_they_are(words in proptest::collection::vec(".{0,8}", 0..5)) {
            let mut arguments = vec!["--".to_owned()];
            arguments.extend(words.iter().cloned());
            let parsed = parse(&MIXED, &arguments).unwrap();
            prop_assert_eq!(parsed.positionals(), words);
        }
    }
}
