//! Profiles: how much a deployment demands beyond its policy.

use std::str::FromStr;

use gait_artifact::{Verdict, policy::Policy};

use crate::entrance::Entrance;

/// How much a deployment demands beyond its policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Nothing beyond the policy.
    Standard,
    /// What a production deployment must have: real keys, no laxness by default, brokered credentials.
    OssProd,
}

/// The text names no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unsupported --profile value {0:?} (expected standard or oss-prod)")]
pub struct UnknownProfile(pub String);

impl Profile {
    /// The name used in flags, configuration and output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::OssProd => "oss-prod",
        }
    }

    /// Whether facts that can't be had must stop a call of this risk class instead of being done without.
    #[must_use]
    pub fn is_strict_for(self, risk_class: &str) -> bool {
        self == Self::OssProd || matches!(risk_class, "high" | "critical")
    }

    /// What this profile demands of a policy, the first unmet demand as an error.
    ///
    /// At the MCP boundary only the default verdict is looked at: a rule that demands a broker blocks its calls there
    /// when there is none.
    pub fn check_policy(
        self,
        policy: &Policy,
        has_broker: bool,
        entrance: Entrance,
    ) -> Result<(), ProfileError> {
        if self == Self::Standard {
            return Ok(());
        }
        if policy.default_verdict == Verdict::Allow {
            return Err(ProfileError::DefaultAllow);
        }
        if !entrance.demands_brokered_rules() {
            return Ok(());
        }
        let mut risky = policy.rules.iter().filter(|rule| {
            rule.effect != Verdict::Block
                && rule
                    .matching
                    .risk_classes
                    .iter()
                    .any(|class| class == "high" || class == "critical")
        });
        let brokered = risky.clone().count();
        if !risky.all(|rule| rule.broker.require_broker_credential) {
            return Err(ProfileError::UnbrokeredHighRisk);
        }
        if brokered > 0 && !has_broker {
            return Err(ProfileError::NoBroker);
        }
        Ok(())
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "standard" => Ok(Self::Standard),
            "oss-prod" => Ok(Self::OssProd),
            other => Err(UnknownProfile(other.to_owned())),
        }
    }
}

/// A demand of a profile that a deployment doesn't meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Simulation enforces nothing.
    #[error("oss-prod profile does not allow --simulate")]
    Simulate,
    /// Throw-away keys prove nothing later.
    #[error("oss-prod profile requires --key-mode prod")]
    KeyMode,
    /// There is nothing to sign with.
    #[error("oss-prod profile requires --private-key or --private-key-env")]
    SigningKey,
    /// What no rule names would be allowed.
    #[error(
        "oss-prod profile rejects policy default_verdict=allow; use default_verdict: block or require_approval"
    )]
    DefaultAllow,
    /// A risky call could use any credential.
    #[error(
        "oss-prod profile requires high-risk allow/approval rules to set require_broker_credential: true"
    )]
    UnbrokeredHighRisk,
    /// Rules demand a broker and there is none.
    #[error("oss-prod profile requires --credential-broker for high-risk policies")]
    NoBroker,
    /// Delegation tokens would be checked against the trace key.
    #[error(
        "oss-prod profile requires explicit delegation verify key (--delegation-public-key/--delegation-public-key-env or private key source)"
    )]
    DelegationKey,
    /// Approval tokens would be checked against the trace key.
    #[error(
        "oss-prod profile requires explicit approval verify key (--approval-public-key/--approval-public-key-env or approval private key source)"
    )]
    ApprovalKey,
}

#[cfg(test)]
mod tests {
    use gait_policy::document;

    use super::*;

    #[test]
    fn names_are_exact() {
        for profile in [Profile::Standard, Profile::OssProd] {
            assert_eq!(profile.as_str().parse(), Ok(profile));
        }
        for name in ["", "Standard", "oss_prod"] {
            assert_eq!(name.parse::<Profile>(), Err(UnknownProfile(name.to_owned())));
        }
    }

    #[test]
    fn production_is_strict_at_any_risk() {
        for (risk, standard) in [
            ("high", true),
            ("critical", true),
            ("medium", false),
            ("low", false),
            ("", false),
        ] {
            assert_eq!(Profile::Standard.is_strict_for(risk), standard, "{risk}");
            assert!(Profile::OssProd.is_strict_for(risk), "{risk}");
        }
    }

    #[test]
    fn production_demands_brokered_credentials_for_high_risk() {
        let check = |policy: &str, has_broker| {
            let policy = document::read(policy.as_bytes()).unwrap();
            let entrance = Entrance::CommandLine;
            assert_eq!(
                Profile::Standard.check_policy(&policy, has_broker, entrance),
                Ok(())
            );
            Profile::OssProd.check_policy(&policy, has_broker, entrance)
        };
        let rule = |members: &str| format!("{{default_verdict: block, rules: [{{name: r, {members}}}]}}");
        let brokered =
            rule("effect: allow, match: {risk_classes: [critical]}, require_broker_credential: true");
        for (policy, has_broker, answer) in [
            (
                "{default_verdict: allow}".to_owned(),
                true,
                Err(ProfileError::DefaultAllow),
            ),
            ("{default_verdict: dry_run}".to_owned(), false, Ok(())),
            (
                rule("effect: block, match: {risk_classes: [high]}"),
                false,
                Ok(()),
            ),
            (rule("effect: allow, match: {risk_classes: [low]}"), false, Ok(())),
            (
                rule("effect: require_approval, match: {risk_classes: [high]}"),
                true,
                Err(ProfileError::UnbrokeredHighRisk),
            ),
            (brokered.clone(), false, Err(ProfileError::NoBroker)),
            (brokered, true, Ok(())),
        ] {
            assert_eq!(check(&policy, has_broker), answer, "{policy}");
        }
    }
}
