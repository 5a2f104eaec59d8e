//! What a runpack is made from.

use std::{fmt, str::FromStr};

use gait_artifact::{
    runpack::{IntentRecord, Refs, ResultRecord, Run},
    text,
};

/// The records of a run, complete and ready to be sealed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Content {
    /// The run.
    pub run: Run,
    /// What was meant to be done, in order.
    pub intents: Vec<IntentRecord>,
    /// What came of it, in order.
    pub results: Vec<ResultRecord>,
    /// What was looked at.
    pub refs: Refs,
    /// Whether arguments and results are kept beside their digests.
    pub capture_mode: CaptureMode,
}

/// How much of a call a runpack keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CaptureMode {
    /// Digests only.
    #[default]
    Reference,
    /// Arguments and results too.
    Raw,
}

impl CaptureMode {
    /// Its name in a manifest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Raw => "raw",
        }
    }
}

impl fmt::Display for CaptureMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no capture mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("capture mode must be one of: reference, raw; not {0:?}")]
pub struct UnknownCaptureMode(pub String);

impl FromStr for CaptureMode {
    type Err = UnknownCaptureMode;

    /// Reads a name in lower case; white space around it is ignored, and a blank text means the default.
    fn from_str(name: &str) -> Result<Self, UnknownCaptureMode> {
        match text::trim(name) {
            "" | "reference" => Ok(Self::Reference),
            "raw" => Ok(Self::Raw),
            _ => Err(UnknownCaptureMode(name.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capture_modes_have_one_spelling() {
        assert_eq!("".parse(), Ok(CaptureMode::Reference));
        assert_eq!(" raw\n".parse(), Ok(CaptureMode::Raw));
        assert_eq!("reference".parse(), Ok(CaptureMode::Reference));
        for name in ["Raw", "full", "raw reference"] {
            assert_eq!(
                name.parse::<CaptureMode>(),
                Err(UnknownCaptureMode(name.to_owned()))
            );
        }
        for mode in [CaptureMode::Reference, CaptureMode::Raw] {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
    }
}
