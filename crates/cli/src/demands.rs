//! What a verifying command demands: the key signatures must be by, and how much else must be in order.

use gait_artifact::finding::Finding;
use gait_canon::PublicKey;
use gait_canon::keys::{self, KeyError};
use gait_runpack::VerifyOptions;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::spec::Flag;

/// The flags of verifying commands.
pub(crate) const FLAGS: [Flag; 6] = [
    Flag::text(
        "profile",
        "how much must be in order; strict also wants signatures and refuses every finding",
    )
    .or("standard")
    .values(&["standard", "strict"]),
    Flag::switch("require-signature", "fail unless a signature by the key is there"),
    Flag::path("public-key", "file of the key that verifies"),
    Flag::variable(
        "public-key-env",
        "environment variable with the key that verifies",
    ),
    Flag::path("private-key", "file of a private key, whose public half verifies"),
    Flag::variable(
        "private-key-env",
        "environment variable with a private key, whose public half verifies",
    ),
];

/// How much must be in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Findings are told beside the verdict.
    Standard,
    /// A signature is required, and every finding is a failure.
    Strict,
}

/// What the flags demand.
pub(crate) struct Demands {
    pub(crate) profile: Profile,
    pub(crate) key: Option<PublicKey>,
    require_signature: bool,
}

impl Demands {
    /// Reads the flags, in this order: profile, whether a strict one has a key, the key.
    pub(crate) fn of(parsed: &Parsed, context: &Context<'_>) -> Result<Self, Failure> {
        let given = parsed.text("profile");
        let profile = match given.trim().to_lowercase().as_str() {
            "" | "standard" => Profile::Standard,
            "strict" => Profile::Strict,
            _ => {
                return Err(Failure::invalid_input(format!(
                    "unsupported --profile value {given:?} (expected standard or strict)"
                )));
            }
        };
        let public = parsed.key_source("public-key", "public-key-env");
        let private = parsed.key_source("private-key", "private-key-env");
        if profile == Profile::Strict && !public.is_given() && !private.is_given() {
            return Err(Failure::invalid_input(
                "strict verify profile requires --public-key/--public-key-env or private key source",
            ));
        }
        let key = match keys::verify_key(&public, &private, context.environment()) {
            Ok(key) => Some(key),
            Err(KeyError::NotConfigured) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            profile,
            key,
            require_signature: profile == Profile::Strict || parsed.flag("require-signature"),
        })
    }

    /// The demands as the library takes them.
    pub(crate) const fn options(&self) -> VerifyOptions<'_> {
        VerifyOptions {
            key: self.key.as_ref(),
            require_signature: self.require_signature,
            thorough: matches!(self.profile, Profile::Strict),
        }
    }

    /// Whether what has been found may pass.
    pub(crate) fn accepts(&self, findings: &[Finding]) -> bool {
        self.profile == Profile::Standard || findings.is_empty()
    }
}

/// The line of text mode about a finding.
pub(crate) fn finding_line(finding: &Finding) -> String {
    format!("finding: {finding}")
}
