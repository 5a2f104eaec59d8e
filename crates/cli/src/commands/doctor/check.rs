//! What a check finds.

use serde::Serialize;

use super::site::Site;

/// How a check came out, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// Nothing to do.
    Pass,
    /// Works, and could work better.
    Warn,
    /// Does not work, or is not safe.
    Fail,
}

impl Status {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What part of the program a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Scope {
    /// Every installation.
    Universal,
    /// A checkout of the program's sources.
    RepoCheckout,
    /// A deployment that has to hold.
    ProductionReadiness,
    /// The boundary between agent and tools.
    Boundary,
}

/// What a check found, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Outcome {
    /// How it came out.
    pub(super) status: Status,
    /// What was found.
    pub(super) message: String,
    /// A command, or else short advice.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) fix_command: String,
    /// Whether nothing can be done about it here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) non_fixable: bool,
}

impl Outcome {
    pub(super) fn pass(message: impl Into<String>) -> Self {
        Self::new(Status::Pass, message)
    }

    pub(super) fn warn(message: impl Into<String>) -> Self {
        Self::new(Status::Warn, message)
    }

    pub(super) fn fail(message: impl Into<String>) -> Self {
        Self::new(Status::Fail, message)
    }

    /// Says what to do.
    pub(super) fn fix(mut self, command: impl Into<String>) -> Self {
        self.fix_command = command.into();
        self
    }

    /// Says that nothing can be done.
    pub(super) fn beyond_repair(mut self) -> Self {
        self.non_fixable = true;
        self
    }

    fn new(status: Status, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            fix_command: String::new(),
            non_fixable: false,
        }
    }
}

/// A check by its name.
pub(super) type Check = (&'static str, fn(&Site<'_>) -> Outcome);

/// What the check `name` found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) name: &'static str,
    pub(super) scope: Scope,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
}

/// `path` as one word of a shell command.
pub(super) fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_one_word_of_a_command() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
