//! What is looked for: the table of rules, and the patterns they are made of.

use std::fmt;

use serde::Serialize;

use super::word::Word;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Safe only under circumstances that the text doesn't show.
    Warning,
    /// Unsafe wherever it is real.
    Error,
}

/// As in the output of compilers.
impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// Something that must not stand in what people copy or machines run.
#[derive(Debug)]
pub struct Rule {
    /// Names the rule, e.g. `development_key`.
    pub code: &'static str,
    /// How serious a finding is.
    pub level: Level,
    /// What was found, in a phrase without a full stop.
    pub what: &'static str,
    /// What may come of it, in a sentence.
    pub why: &'static str,
    /// What to do instead, in a sentence.
    pub fix: &'static str,
    patterns: &'static [Pattern],
}

/// How a rule shows in a text.
#[derive(Debug)]
enum Pattern {
    /// A switch of this name that isn't turned off.
    Switch(&'static str),
    /// A switch whose name begins so, and that isn't turned off.
    Switches(&'static str),
    /// A flag with this value; with any value when it is blank.
    Flag(&'static str, &'static str),
    /// A key of a configuration or call with this value.
    Key(&'static str, &'static str),
    /// A variable that is given a value which may mean yes.
    Variable(&'static str),
    /// A command whose exit code is thrown away.
    Ignored,
}

/// Every rule. Of those that a word matches, the first counts.
pub static RULES: &[Rule] = &[
    Rule {
        code: "real_tools",
        level: Level::Error,
        what: "a replay may call real tools",
        why: "A replay with this consent repeats the side effects of the run: it deletes, pays and sends again.",
        fix: "Replay without it; recorded results then stand in for the tools.",
        patterns: &[Pattern::Switch("unsafe-real-tools")],
    },
    Rule {
        code: "real_replay_switch",
        level: Level::Error,
        what: "the interlock of real replays is open",
        why: "The variable is the last interlock of a replay with real tools. Set in a workflow, it is open for every step.",
        fix: "Leave the variable unset, and let a person set it for the one replay that needs it.",
        patterns: &[
            Pattern::Variable("GAIT_ALLOW_REAL_REPLAY"),
            Pattern::Flag("unsafe-real-tools-env", ""),
        ],
    },
    Rule {
        code: "raw_context",
        level: Level::Error,
        what: "context is recorded raw",
        why: "Raw context puts prompts, documents and secrets into a file that is made to be handed around.",
        fix: "Record references or digests of the context.",
        patterns: &[Pattern::Switch("unsafe-context-raw")],
    },
    Rule {
        code: "fail_open",
        level: Level::Error,
        what: "calls that could not be judged are allowed",
        why: "With this variable a broken policy or a missing program lets every tool call through.",
        fix: "Leave the variable unset: a call that could not be judged is then refused.",
        patterns: &[Pattern::Variable("GAIT_CLAUDE_UNSAFE_FAIL_OPEN")],
    },
    Rule {
        code: "unsafe_switch",
        level: Level::Error,
        what: "a safety check is turned off",
        why: "Switches that are called unsafe give up a guarantee that others rely on.",
        fix: "Leave the switch out.",
        patterns: &[Pattern::Switches("unsafe-")],
    },
    Rule {
        code: "insecure_transport",
        level: Level::Error,
        what: "a connection without protection is accepted",
        why: "Whoever sits between can read and replace what is sent.",
        fix: "Use an https address.",
        patterns: &[Pattern::Switches("allow-insecure-")],
    },
    Rule {
        code: "development_signing",
        level: Level::Error,
        what: "the public development key is accepted",
        why: "Everybody has that key, so a signature made with it says nothing.",
        fix: "Sign with a key of your own, and verify with its public part.",
        patterns: &[Pattern::Switch("allow-development-signing")],
    },
    Rule {
        code: "development_key",
        level: Level::Error,
        what: "a throw-away key signs",
        why: "Nobody can tell later who signed, so the signature proves nothing.",
        fix: "Make a key with `gait keys init`, and sign with `--key-mode prod` and `--private-key` or `--private-key-env`.",
        patterns: &[Pattern::Flag("key-mode", "dev"), Pattern::Key("key_mode", "dev")],
    },
    Rule {
        code: "exposed_service",
        level: Level::Error,
        what: "a service for one machine listens to others",
        why: "The local pages have no authentication; who reaches them can run commands.",
        fix: "Listen on a loopback address.",
        patterns: &[Pattern::Switch("allow-non-loopback")],
    },
    Rule {
        code: "client_paths",
        level: Level::Warning,
        what: "clients choose which files the server writes",
        why: "A client can then overwrite whatever the server may write.",
        fix: "Let the server's own configuration say where artifacts go.",
        patterns: &[Pattern::Switch("allow-client-artifact-paths")],
    },
    Rule {
        code: "environment_mismatch",
        level: Level::Warning,
        what: "a job resumes in another environment",
        why: "What was approved for one environment then happens in another.",
        fix: "Resume where the job was paused, or submit it anew.",
        patterns: &[Pattern::Switch("allow-env-mismatch")],
    },
    Rule {
        code: "verdict_ignored",
        level: Level::Error,
        what: "the exit code of a check is thrown away",
        why: "A refusal, a failed verification and a broken installation then all look like success.",
        fix: "Let the step fail, or act on the exit code.",
        patterns: &[Pattern::Ignored],
    },
];

/// An allowance that can't be understood.
pub(super) static BAD_ALLOWANCE: Rule = Rule {
    code: "bad_allowance",
    level: Level::Error,
    what: "a comment allows nothing",
    why: "An allowance counts only when it names codes that exist and gives a reason.",
    fix: "Write `gait-lint: allow <code> -- <reason>`.",
    patterns: &[],
};

/// An allowance that nothing needs.
pub(super) static UNUSED_ALLOWANCE: Rule = Rule {
    code: "unused_allowance",
    level: Level::Warning,
    what: "a comment allows what isn't there",
    why: "It would hide what somebody adds later.",
    fix: "Remove the comment.",
    patterns: &[],
};

/// Every rule there can be a finding of, in the order of documents.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().chain([&BAD_ALLOWANCE, &UNUSED_ALLOWANCE])
}

/// How many words a command may have until its end is no longer looked for.
const LONGEST_COMMAND: usize = 64;

/// The commands whose exit code is an answer.
const ANSWERS: [&str; 9] = [
    "check", "contract", "enforce", "gate", "lint", "pack", "policy", "regress", "verify",
];

/// The rule that the first of `words` breaks, given the words behind it.
pub(super) fn broken_by<'t>(words: &(impl Iterator<Item = Word<'t>> + Clone)) -> Option<&'static Rule> {
    let mut rest = words.clone();
    let word = rest.next()?;
    let matches = |pattern: &Pattern| pattern.matches(word, &rest);
    RULES.iter().find(|rule| rule.patterns.iter().any(matches))
}

impl Pattern {
    fn matches<'t>(&self, word: Word<'t>, rest: &(impl Iterator<Item = Word<'t>> + Clone)) -> bool {
        match *self {
            Self::Switch(name) => word.flag() == Some(name) && !is_off(word, rest.clone().next()),
            Self::Switches(prefix) => {
                word.flag().is_some_and(|flag| flag.starts_with(prefix)) && !is_off(word, rest.clone().next())
            }
            Self::Flag(name, value) => {
                word.flag() == Some(name)
                    && (value.is_empty()
                        || value_behind(word, rest).is_some_and(|word| word.text.eq_ignore_ascii_case(value)))
            }
            Self::Key(name, value) => {
                word.text == name
                    && word.is_assigned()
                    && value_behind(word, rest).is_some_and(|word| word.text.eq_ignore_ascii_case(value))
            }
            Self::Variable(name) => word.text == name && may_be_yes(word, rest),
            Self::Ignored => word.is_program("gait") && is_ignored(rest.clone().take(LONGEST_COMMAND)),
        }
    }
}

/// Whether the switch `word` is given a value that turns it off, as in `--force=false`.
fn is_off(word: Word<'_>, next: Option<Word<'_>>) -> bool {
    word.tail.starts_with('=') && !word.ends_line && next.is_some_and(|next| is_no(next.text))
}

fn is_no(value: &str) -> bool {
    let value = value.trim_start_matches('-').to_ascii_lowercase();
    matches!(
        value.as_str(),
        "" | "0" | "f" | "false" | "n" | "no" | "off" | "null" | "~"
    )
}

fn is_yes(value: &str) -> bool {
    matches!(
        value.to_ascii_lowercase().as_str(),
        "1" | "t" | "true" | "y" | "yes" | "on"
    )
}

/// The value that belongs to `word`: the next word, also on the next line, where a list or a pair of `name` and `value`
/// may hold it.
fn value_behind<'t>(word: Word<'t>, rest: &(impl Iterator<Item = Word<'t>> + Clone)) -> Option<Word<'t>> {
    if word.ends_line {
        rest.clone().find(|word| !matches!(word.text, "-" | "value"))
    } else {
        rest.clone().next()
    }
}

/// Whether the variable `word` is set to something that isn't plainly a no. Where no sign of assignment is there, it must
/// plainly be a yes.
fn may_be_yes<'t>(word: Word<'t>, rest: &(impl Iterator<Item = Word<'t>> + Clone)) -> bool {
    if word.is_compared() || word.is_emptied() {
        return false;
    }
    let Some(value) = value_behind(word, rest) else {
        return false;
    };
    if word.is_assigned() && !word.ends_line {
        !is_no(value.text)
    } else {
        is_yes(value.text)
    }
}

/// Whether the command that goes on with `words` gives an answer that nobody looks at.
fn is_ignored<'t>(mut words: impl Iterator<Item = Word<'t>>) -> bool {
    let Some(mut word) = words.next().filter(|word| ANSWERS.contains(&word.text)) else {
        return false;
    };
    while !word.ends_command {
        let Some(next) = words.next() else { return false };
        if next.text == "||" {
            return match words.next().map(|word| word.text) {
                Some("true" | ":") => true,
                Some("exit") => words.next().is_some_and(|word| word.text == "0"),
                _ => false,
            };
        }
        word = next;
    }
    false
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_is_told_once_and_in_full() {
        let codes: Vec<_> = all().map(|rule| rule.code).collect();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
        for rule in all() {
            assert!(
                rule.code
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
                "{}",
                rule.code
            );
            assert!(!rule.what.ends_with('.'), "{}", rule.code);
            assert!(
                rule.why.ends_with('.') && rule.fix.ends_with('.'),
                "{}",
                rule.code
            );
        }
    }
}
