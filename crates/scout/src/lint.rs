//! Unsafe settings in what people copy and machines run: workflows, scripts, configurations, documents.
//!
//! Texts are read line by line. A line of a script or configuration counts without its comments; of Markdown count blocks
//! of code, code spans that call `gait`, and indented lines that do so or set a variable: mentioning a flag is no use of
//! it. What is found can be allowed by a comment that names the rule's code and gives a reason:
//!
//! ```text
//! # gait-lint: allow development_key -- the pipeline of the tutorial has nothing to protect
//! ```
//!
//! [`lint`] reads files and directories, [`lint_text`] one text; [`sarif`] is the form in which code hosts show findings.

mod allowance;
mod page;
mod rules;
pub mod sarif;
mod word;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use gait_disk::{ReadError, read::read_bounded};
use serde::{Serialize, Serializer};

use self::allowance::{Allowance, Terms, scope};
use self::page::{Page, Segment, Syntax};
use self::word::Words;
use crate::walk::{Walk, WalkError};

pub use self::rules::{Level, RULES, Rule, all as all_rules};

/// The largest file that is read, in bytes. What is larger was not written by people.
const MAX_BYTES: usize = 4 << 20;
/// The most findings of one file that are told, and the most allowances that count.
const MAX_FINDINGS: usize = 1000;

/// Something that a rule speaks against.
#[derive(Debug, Clone, Copy)]
pub struct Broken(pub &'static Rule);

impl PartialEq for Broken {
    fn eq(&self, other: &Self) -> bool {
        self.0.code == other.0.code
    }
}

impl Eq for Broken {}

impl Serialize for Broken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.code.serialize(serializer)
    }
}

/// Something unsafe, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule it breaks; its code when written.
    #[serde(rename = "code")]
    pub rule: Broken,
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The first character in the line, from 1.
    pub column: usize,
    /// The word it was found by.
    pub text: String,
    /// Why it is allowed, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A file that was passed over, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The file.
    pub path: String,
    /// Why.
    pub reason: SkipReason,
}

/// Why a file was passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// It holds more than 4 MiB.
    TooLarge,
    /// It is no text.
    Binary,
    /// It has more findings than are told; those that are told are its first.
    TooManyFindings,
}

/// A line for people.
impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.reason {
            SkipReason::TooLarge => "too large",
            SkipReason::Binary => "no text",
            SkipReason::TooManyFindings => "more findings than are told",
        };
        write!(f, "{}: {reason}", self.path)
    }
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many files were read.
    pub files: usize,
    /// What nobody allowed, by file and place.
    pub findings: Vec<Finding>,
    /// What comments allow, by file and place.
    pub allowed: Vec<Finding>,
    /// What was passed over, though its name says that it counts; by file.
    pub skipped: Vec<Skipped>,
}

/// Why files can't be looked at.
#[derive(Debug, thiserror::Error)]
pub enum LintError {
    /// Nothing is at a path, or it may not be looked at.
    #[error("stat {}: {source}", path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory can't be listed.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// A file can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Looks at files, and at those below directories that are workflows, scripts, configurations or documents by their name.
///
/// Every file is looked at once, in the order of paths. Below directories, links are passed over.
pub fn lint(paths: &[PathBuf]) -> Result<Report, LintError> {
    let mut report = Report::default();
    for path in files(paths)? {
        report.add(&path)?;
    }
    Ok(report)
}

impl Report {
    fn add(&mut self, path: &Path) -> Result<(), LintError> {
        let name = path.to_string_lossy().into_owned();
        let skipped = |reason| Skipped {
            path: name.clone(),
            reason,
        };
        let bytes = match read_bounded(path, MAX_BYTES) {
            Err(ReadError::TooLarge { .. }) => {
                self.skipped.push(skipped(SkipReason::TooLarge));
                return Ok(());
            }
            bytes => bytes?,
        };
        if bytes.contains(&0) {
            self.skipped.push(skipped(SkipReason::Binary));
            return Ok(());
        }
        self.files += 1;
        let found = lint_text(&name, &String::from_utf8_lossy(&bytes));
        if found.len() >= MAX_FINDINGS {
            self.skipped.push(skipped(SkipReason::TooManyFindings));
        }
        let (allowed, findings): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|finding| finding.reason.is_some());
        self.allowed.extend(allowed);
        self.findings.extend(findings);
        Ok(())
    }
}

/// The files that `paths` name or hold.
fn files(paths: &[PathBuf]) -> Result<BTreeSet<PathBuf>, LintError> {
    let mut files = BTreeSet::new();
    for path in paths {
        let metadata = fs::metadata(path).map_err(|source| LintError::Path {
            path: path.clone(),
            source,
        })?;
        if !metadata.is_dir() {
            files.insert(path.strip_prefix(".").unwrap_or(path).to_owned());
            continue;
        }
        for file in Walk::new(path) {
            let file = file?;
            let is_file = fs::symlink_metadata(&file).is_ok_and(|metadata| metadata.is_file());
            if is_file && counts(&file) {
                files.insert(file);
            }
        }
    }
    Ok(files)
}

/// Whether the name of a file says that people copy from it or machines run it; a name that says nothing is that of a
/// script when the file begins as one.
fn counts(path: &Path) -> bool {
    const NAMES: [&str; 6] = [
        "Containerfile",
        "Dockerfile",
        "Jenkinsfile",
        "Justfile",
        "Makefile",
        "Procfile",
    ];
    const EXTENSIONS: [&str; 26] = [
        "bash", "bat", "cfg", "cmd", "conf", "env", "fish", "groovy", "ini", "ipynb", "js", "json", "jsonc",
        "markdown", "md", "mdx", "mjs", "mk", "ps1", "py", "sh", "toml", "ts", "txt", "yaml", "yml",
    ];
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let extension = name
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase());
    if NAMES.iter().any(|known| name.starts_with(known)) || name.starts_with(".env") {
        return true;
    }
    match extension {
        Some(extension) => EXTENSIONS.contains(&extension.as_str()),
        None => is_script(path),
    }
}

/// Whether the file at `path` says which program runs it.
fn is_script(path: &Path) -> bool {
    let mut start = [0; 2];
    fs::File::open(path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok()) && start == *b"#!"
}

/// What is unsafe in the text of the file `path`, by place. Of very many findings, the first thousand.
#[must_use]
pub fn lint_text(path: &str, text: &str) -> Vec<Finding> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let page = Page::of(text, Syntax::of_name(name));
    let lines: Vec<_> = text.lines().collect();
    let mut findings = unsafe_words(path, &lines, &page.segments);
    let comments = lines.iter().enumerate();
    let allowances = comments.filter_map(|(row, line)| Some((row, Allowance::in_line(line)?)));
    for (row, allowance) in allowances.take(MAX_FINDINGS) {
        let scope = scope(&page.rows, row);
        let rule = match &allowance.terms {
            None => &rules::BAD_ALLOWANCE,
            Some(terms)
                if allow(&mut findings, terms, |line| {
                    scope.as_ref().is_some_and(|rows| rows.contains(&(line - 1)))
                }) =>
            {
                continue;
            }
            Some(_) => &rules::UNUSED_ALLOWANCE,
        };
        if findings.len() == MAX_FINDINGS {
            break;
        }
        findings.push(Finding {
            rule: Broken(rule),
            path: path.to_owned(),
            line: row + 1,
            column: lines[row][..allowance.start].chars().count() + 1,
            text: lines[row][allowance.start..].trim_end().to_owned(),
            reason: None,
        });
    }
    findings.sort_by_key(|finding| (finding.line, finding.column));
    findings
}

/// Gives the findings that `terms` are about their reason, and tells whether there are any.
fn allow(findings: &mut [Finding], terms: &Terms<'_>, is_about: impl Fn(usize) -> bool) -> bool {
    let mut used = false;
    for finding in findings {
        if is_about(finding.line) && terms.codes.contains(&finding.rule.0.code) {
            finding.reason = Some(terms.reason.to_owned());
            used = true;
        }
    }
    used
}

fn unsafe_words(path: &str, lines: &[&str], segments: &[Segment<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    // The place reached in the line, in bytes and characters: lines may be long, and findings in them many.
    let (mut at_line, mut bytes, mut characters) = (0, 0, 0);
    let mut words = Words::new(segments);
    loop {
        let rule = rules::broken_by(&words);
        let Some(word) = words.next() else { break };
        let Some(rule) = rule else { continue };
        if word.line != at_line {
            (at_line, bytes, characters) = (word.line, 0, 0);
        }
        characters += lines[word.line - 1][bytes..word.start].chars().count();
        bytes = word.start;
        findings.push(Finding {
            rule: Broken(rule),
            path: path.to_owned(),
            line: word.line,
            column: characters + 1,
            text: word.text.to_owned(),
            reason: None,
        });
        if findings.len() == MAX_FINDINGS {
            break;
        }
    }
    findings
}

#[cfg(test)]
mod tests;
