//! The four answers of a policy decision.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What a policy decision says about a tool call, from the laxest to the strictest.
///
/// There is deliberately no default: a verdict exists only because something decided it. The order of the variants is
/// the order of strictness, so `max` combines two verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The call may execute. No other verdict lets it.
    Allow,
    /// The call is to be reported as if it had been made, and not executed.
    DryRun,
    /// The call may execute once the required approvals are presented.
    RequireApproval,
    /// The call must not execute.
    Block,
}

impl Verdict {
    /// Every verdict, from the laxest to the strictest.
    pub const ALL: [Self; 4] = [Self::Allow, Self::DryRun, Self::RequireApproval, Self::Block];

    /// The word used in policies, artifacts and output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::DryRun => "dry_run",
            Self::RequireApproval => "require_approval",
            Self::Block => "block",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is none of the four verdict words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a verdict (expected allow, dry_run, require_approval or block)")]
pub struct UnknownVerdict(pub String);

impl FromStr for Verdict {
    type Err = UnknownVerdict;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|verdict| verdict.as_str() == text)
            .ok_or_else(|| UnknownVerdict(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strictness_is_the_order() {
        assert!(Verdict::ALL.is_sorted());
        assert_eq!(Verdict::DryRun.max(Verdict::Allow), Verdict::DryRun);
        assert_eq!(Verdict::RequireApproval.max(Verdict::Block), Verdict::Block);
    }

    #[test]
    fn words_read_back() {
        for verdict in Verdict::ALL {
            assert_eq!(verdict.to_string().parse(), Ok(verdict));
        }
        for word in ["", "Allow", " allow", "deny"] {
            assert_eq!(word.parse::<Verdict>(), Err(UnknownVerdict(word.to_owned())));
        }
    }
}
