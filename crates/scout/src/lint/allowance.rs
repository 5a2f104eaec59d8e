//! Allowances: comments that say why something stands where it mustn't.
//!
//! ```text
//! # gait-lint: allow development_key -- the pipeline of the tutorial has nothing to protect
//! ```
//!
//! Behind code, such a comment is about its line. On a line of its own it is about the next command, or in Markdown about
//! the block of code that follows.

use std::ops::RangeInclusive;

use super::page::Row;
use super::rules::RULES;

const MARK: &str = "gait-lint:";
/// What a comment begins with, in the languages that are looked at.
const COMMENTS: [&str; 5] = ["#", "//", "<!--", "/*", "::"];
const ENDS: [&str; 2] = ["-->", "*/"];

/// A comment that allows something, or tries to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Allowance<'t> {
    /// Where its mark begins in the line, in bytes.
    pub(super) start: usize,
    /// What it allows and why; nothing when it can't be understood.
    pub(super) terms: Option<Terms<'t>>,
}

/// What is allowed, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Terms<'t> {
    pub(super) codes: Vec<&'static str>,
    pub(super) reason: &'t str,
}

impl<'t> Allowance<'t> {
    /// The allowance in a line.
    pub(super) fn in_line(line: &'t str) -> Option<Self> {
        let start = line.find(MARK)?;
        let before = line[..start].trim_end();
        COMMENTS.iter().any(|mark| before.ends_with(mark)).then(|| Self {
            start,
            terms: Terms::read(&line[start + MARK.len()..]),
        })
    }
}

impl<'t> Terms<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let (codes, reason) = text.trim().strip_prefix("allow ")?.split_once(" -- ")?;
        let ends = |reason: &'t str, end| reason.trim_end().strip_suffix(end).unwrap_or(reason);
        let reason = ENDS.into_iter().fold(reason, ends).trim();
        let code = |code: &str| {
            RULES
                .iter()
                .map(|rule| rule.code)
                .find(|known| *known == code.trim())
        };
        let codes = codes.split(',').map(code).collect::<Option<_>>()?;
        (!reason.is_empty()).then_some(Self { codes, reason })
    }
}

/// The rows that an allowance in row `at` is about, as indices.
pub(super) fn scope(rows: &[Row], at: usize) -> Option<RangeInclusive<usize>> {
    if matches!(rows[at], Row::Code { .. }) {
        return Some(at..=at);
    }
    let follows = rows[at + 1..]
        .iter()
        .position(|row| !matches!(row, Row::Blank | Row::Comment))?;
    let first = at + 1 + follows;
    let ends = |row: &Row| match rows[first] {
        Row::Opens => *row == Row::Closes,
        _ => *row != Row::Code { goes_on: true },
    };
    let length = match rows[first] {
        Row::Opens | Row::Code { .. } => rows[first..].iter().position(ends),
        Row::Blank | Row::Comment | Row::Prose | Row::Closes => return None,
    };
    Some(first..=length.map_or(rows.len() - 1, |length| first + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowances_name_codes_and_a_reason() {
        let allowance =
            Allowance::in_line("x # gait-lint: allow real_tools, fail_open -- a drill -- once").unwrap();
        assert_eq!(allowance.start, 4);
        let terms = allowance.terms.unwrap();
        assert_eq!(terms.codes, ["real_tools", "fail_open"]);
        assert_eq!(terms.reason, "a drill -- once");
        let reason = |line| Allowance::in_line(line).unwrap().terms.map(|terms| terms.reason);
        assert_eq!(reason("<!-- gait-lint: allow real_tools -- why -->"), Some("why"));
        assert_eq!(reason("/* gait-lint: allow real_tools -- why */"), Some("why"));
        for refused in [
            "# gait-lint: allow real_tools",
            "# gait-lint: allow real_tools -- ",
            "<!-- gait-lint: allow real_tools -- -->",
            "# gait-lint: allow everything -- why",
            "# gait-lint: allow real_tools,, fail_open -- why",
            "# gait-lint: allow  -- why",
            "# gait-lint: deny real_tools -- why",
        ] {
            assert_eq!(reason(refused), None, "{refused}");
        }
        assert_eq!(Allowance::in_line("say `gait-lint: allow x -- y`"), None);
    }

    #[test]
    fn scopes_are_commands_and_blocks() {
        use Row::{Blank, Closes, Comment, Opens, Prose};
        let (code, goes_on) = (Row::Code { goes_on: false }, Row::Code { goes_on: true });
        for (rows, at, expected) in [
            (&[code, code][..], 0, Some(0..=0)),
            (&[Comment, Blank, Comment, goes_on, code, code], 0, Some(3..=4)),
            (&[Comment, Opens, code, Blank, code, Closes, code], 0, Some(1..=5)),
            (&[Comment, Opens, code], 0, Some(1..=2)),
            (&[Comment, Prose, code], 0, None),
            (&[code, Comment, Closes], 1, None),
            (&[Comment], 0, None),
            (&[Comment, goes_on], 0, Some(1..=1)),
        ] {
            assert_eq!(scope(rows, at), expected, "{rows:?} {at}");
        }
    }
}
