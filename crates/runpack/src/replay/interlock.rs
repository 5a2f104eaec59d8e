//! What must be undone before tools run.

use std::collections::BTreeSet;

use gait_artifact::text;

/// The state of every interlock.
#[derive(Debug, Clone, Copy)]
pub struct Interlocks<'a> {
    /// Whether the caller said that tools shall run although that is unsafe.
    pub consent: bool,
    /// The tools that may run, by name.
    pub allowed: &'a [String],
    /// The name of the switch outside the command line, and its value.
    pub switch: (&'a str, Option<&'a str>),
}

/// An interlock that is still closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Locked {
    /// Nobody said that tools shall run although that is unsafe.
    #[error("real tools need explicit consent")]
    Consent,
    /// No tool is named.
    #[error("real tools need the names of the tools that may run")]
    AllowList,
    /// The switch of this name is off.
    #[error("real tools need {0}=1")]
    Switch(String),
}

/// The permission to run some tools. To have one is to have undone every interlock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealTools {
    // INVARIANT: not empty; trimmed, lower case, none blank.
    allowed: BTreeSet<String>,
}

impl RealTools {
    /// Asks for the permission; the first interlock that is closed refuses it.
    pub fn unlock(interlocks: &Interlocks<'_>) -> Result<Self, Locked> {
        if !interlocks.consent {
            return Err(Locked::Consent);
        }
        let names = interlocks.allowed.iter().map(|name| text::trim_lower(name));
        let allowed: BTreeSet<_> = names.filter(|name| !name.is_empty()).collect();
        if allowed.is_empty() {
            return Err(Locked::AllowList);
        }
        let (name, value) = interlocks.switch;
        if value.map(text::trim) != Some("1") {
            return Err(Locked::Switch(name.to_owned()));
        }
        Ok(Self { allowed })
    }

    /// Whether the tool called `name` may run, however it is spelt in upper and lower case.
    #[must_use]
    pub fn allow(&self, name: &str) -> bool {
        self.allowed.contains(&text::trim_lower(name))
    }
}
