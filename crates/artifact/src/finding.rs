//! What a verifier noticed beyond what it must refuse.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something about an artifact that its reader should know.
///
/// The standard profile reports findings beside its verdict; the strict profile counts every finding as a failure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// What kind of thing.
    pub code: FindingCode,
    /// The file, entry, line or member it is about; empty when it is about the whole artifact.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
}

impl Finding {
    /// A finding about `subject`.
    #[must_use]
    pub fn new(code: FindingCode, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            subject: subject.into(),
            message: message.into(),
        }
    }
}

/// The line of text mode behind `finding: `.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.subject.is_empty() {
            write!(f, "{}: {}", self.code, self.message)
        } else {
            write!(f, "{} {}: {}", self.code, self.subject, self.message)
        }
    }
}

/// The kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingCode {
    /// A key was given and nothing is signed.
    SignatureMissing,
    /// One of several signatures does not hold.
    SignatureInvalid,
    /// The archive holds a file that the manifest does not declare.
    UndeclaredEntry,
    /// A manifest declares a file twice.
    RepeatedDeclaration,
    /// The name of an entry would leave the directory it is unpacked into.
    UnsafeEntryName,
    /// An entry is a symbolic link or encrypted.
    UnusualEntry,
    /// The archive holds bytes that belong to no entry.
    TrailingBytes,
    /// The manifest carries a member that its digest does not cover.
    UncoveredMember,
    /// Parts that must name the same run name different ones.
    RunIdMismatch,
    /// A chain leaves out sequence numbers.
    SequenceGap,
    /// A part belongs to another session.
    ForeignSession,
    /// A part belongs to another run.
    ForeignRun,
    /// A document names a member twice; the last counts, and another reader may take the first.
    RepeatedMember,
    /// A file has the declared digest, and no reader can make sense of it.
    UnreadableContent,
    /// A member has a value that no writer gives it.
    UnknownValue,
    /// A stated digest is not that of the content beside it.
    DigestMismatch,
    /// A stated count is not the number of records.
    CountMismatch,
    /// The proof chain is missing, or is about other files.
    ProofMismatch,
    /// An identifier does not follow from what it identifies.
    IdMismatch,
    /// Parts of one artifact tell different things about the same fact.
    Inconsistent,
}

/// The word that stands for it in JSON.
impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_told_in_a_line() {
        let finding = |subject| Finding::new(FindingCode::IdMismatch, subject, "it does not follow");
        assert_eq!(finding("t").to_string(), "id_mismatch t: it does not follow");
        assert_eq!(finding("").to_string(), "id_mismatch: it does not follow");
    }
}
