//! Results as pages for a browser: each command's result becomes the view that [`gait_page`] makes a document of.

mod regress;
mod run;
mod session;
mod triage;

use std::path::Path;

use gait_artifact::Timestamp;
use gait_artifact::finding::Finding;
use gait_disk::atomic;
use gait_page::{Badge, Check, PageError, Text, Tone};

pub(crate) use regress::regress_page;
pub(crate) use run::run_page;
pub(crate) use session::{SessionView, session_page};
pub(crate) use triage::triage_page;

use crate::arguments::Parsed;
use crate::error::Failure;
use crate::spec::Flag;

/// Where the page goes.
pub(crate) const HTML: Flag = Flag::path("html", "file that gets the same as a page for a browser");

/// Pages hold what agents were told; they are for their owner until they are shared.
const FILE_MODE: u32 = 0o600;

/// The file that `--html` names; nothing when no page is wanted.
pub(crate) fn wanted(parsed: &Parsed) -> Option<&str> {
    Some(parsed.text(HTML.name).trim()).filter(|path| !path.is_empty())
}

/// Writes a page, whole or not at all, with the directories above it.
pub(crate) fn write(path: &str, page: Result<String, PageError>) -> Result<(), Failure> {
    let page = page?;
    let file = Path::new(path);
    let written = match file.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => atomic::create_directories(directory),
        _ => Ok(()),
    };
    written
        .and_then(|()| atomic::write_or_replace(file, page.as_bytes(), FILE_MODE))
        .map_err(|error| Failure::from(error).context("write page"))
}

/// The line of text mode about a page.
pub(crate) fn line(path: &str) -> String {
    format!("html: {path}")
}

/// An instant to the second, in UTC; nothing for the zero one.
fn instant(at: Timestamp) -> Text<'static> {
    if at.is_zero() {
        Text::default()
    } else {
        at.to_utc().whole_seconds().to_string().into()
    }
}

/// What was looked at, how it came out, and a line about it.
fn check<'a>(name: &'a str, word: &'a str, notes: Vec<Text<'a>>) -> Check<'a> {
    Check {
        name: name.into(),
        badge: Badge::of(word),
        notes,
        fix: Text::default(),
    }
}

/// Findings do not fail a verification by themselves.
fn finding_check<'a>(finding: &Finding) -> Check<'a> {
    let name = if finding.subject.is_empty() {
        finding.code.to_string()
    } else {
        format!("{} {}", finding.code, finding.subject)
    };
    Check {
        name: name.into(),
        badge: Badge::new(Tone::Warn, "finding"),
        notes: vec![finding.message.clone().into()],
        fix: Text::default(),
    }
}

/// How often each word was said, the strictest verdicts first.
fn counts<'a>(words: impl Iterator<Item = &'a str>) -> Vec<(Badge<'a>, usize)> {
    const VERDICTS: [&str; 4] = ["block", "require_approval", "dry_run", "allow"];
    let mut counts = VERDICTS.map(|verdict| (verdict, 0));
    let mut others = 0;
    for word in words.filter(|word| !word.is_empty()) {
        match counts.iter_mut().find(|(verdict, _)| *verdict == word) {
            Some((_, count)) => *count += 1,
            None => others += 1,
        }
    }
    let mut badges: Vec<_> = counts
        .into_iter()
        .map(|(verdict, count)| (Badge::of(verdict), count))
        .collect();
    badges.push((Badge::new(Tone::Plain, "other"), others));
    badges.retain(|(_, count)| *count > 0);
    badges
}
