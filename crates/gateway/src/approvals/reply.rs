//! What clients answer when they are asked about a call.

use gait_canon::json::{Kind, Part};

/// What somebody answered to a [`Question`](super::Question).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// Go on.
    Accepted {
        /// Whether the box was ticked that makes the answer an approval.
        consents: bool,
    },
    /// The call is not wanted any more.
    Declined,
}

impl Reply {
    /// Reads the result of `elicitation/create`. Nothing but a plain answer is one.
    #[must_use]
    pub fn read(result: Part<'_>) -> Option<Self> {
        match result.get("action")?.as_str()? {
            "decline" | "cancel" => Some(Self::Declined),
            "accept" => {
                let content = result.get("content");
                let ticked = content.and_then(|content| content.get("approve"));
                Some(match ticked.filter(|ticked| ticked.kind() == Kind::Bool) {
                    Some(ticked) if ticked.as_bool() == Some(false) => Self::Declined,
                    ticked => Self::Accepted {
                        consents: ticked.is_some(),
                    },
                })
            }
            _ => None,
        }
    }
}
