//! From what a deployment is configured with to the deployment: keys, facts and brokers, read from where they are.

use std::{fmt, path::Path, sync::Arc};

use gait_canon::{
    PublicKey,
    keys::{self, KeyError, KeySource},
};
use gait_policy::CompiledPolicy;

use crate::{
    clock::Clock,
    credential::{self, BrokerConfigurationError, BrokerSettings, Environment},
    entrance::Entrance,
    facts::{self, Fact},
    gate::{Deployment, Signer},
    kill_switch::KillSwitchFile,
    profile::{Profile, ProfileError},
    rate_limit::LocalRateLimiter,
    script::Registry,
};

/// What a deployment is configured with beside its policy: paths, names and where keys are. A blank path means that the
/// deployment does without.
#[derive(Debug, Clone)]
pub struct DeploymentSettings {
    /// What is demanded beyond the policy.
    pub profile: Profile,
    /// `dev` or `prod`.
    pub key_mode: String,
    /// The key that signs traces.
    pub signing_key: KeySource,
    /// The key that verifies approval tokens.
    pub approval_key: VerifyKeySource,
    /// The key that verifies delegation tokens.
    pub delegation_key: VerifyKeySource,
    /// The key that verifies approved scripts.
    pub script_key: VerifyKeySource,
    /// The state of the kill switch.
    pub kill_switch_state: String,
    /// The counters of rate limits; need not exist yet.
    pub rate_limit_state: String,
    /// The tool inventory.
    pub inventory: String,
    /// The registry of approved scripts.
    pub scripts: String,
    /// Who hands out credentials.
    pub broker: BrokerSettings,
}

/// Where a key that verifies is: itself, or as the public half of a private one.
#[derive(Debug, Clone, Default)]
pub struct VerifyKeySource {
    /// The key.
    pub public: KeySource,
    /// The private key it is half of.
    pub private: KeySource,
}

/// The world around a deployment.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// Where keys and credentials may be named.
    pub environment: &'a Environment,
    /// Tells the time.
    pub clock: &'static dyn Clock,
    /// Version of the program, as records name it.
    pub producer_version: &'static str,
}

/// Why there can be no deployment as configured.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is nothing to sign with.
    #[error(transparent)]
    SigningKey(#[from] KeyError),
    /// There is no broker of that kind.
    #[error(transparent)]
    Broker(#[from] BrokerConfigurationError),
    /// The profile demands more.
    #[error(transparent)]
    Profile(#[from] ProfileError),
}

impl DeploymentSettings {
    /// What the profile demands of the way traces are signed; no file is read.
    pub fn check_signing(&self) -> Result<(), ProfileError> {
        if self.profile == Profile::Standard {
            return Ok(());
        }
        if self.key_mode != "prod" {
            return Err(ProfileError::KeyMode);
        }
        if !self.signing_key.is_given() {
            return Err(ProfileError::SigningKey);
        }
        Ok(())
    }

    /// The deployment: the signing key is read first, and without it nothing is.
    ///
    /// Facts that can't be had are noted as [`Fact::Unavailable`]: whether a call can do without them depends on the call.
    pub fn load(
        &self,
        policy: CompiledPolicy,
        entrance: Entrance,
        world: &World<'_>,
    ) -> Result<Deployment<'static>, LoadError> {
        self.check_signing()?;
        let environment = &**world.environment;
        let no_public_key = KeySource::default();
        let signing = keys::signing_key(&self.key_mode, &self.signing_key, &no_public_key, environment)?;
        let broker = credential::resolve(&self.broker, world.environment)?;
        Ok(Deployment {
            policy,
            profile: self.profile,
            signer: Signer {
                warning: signing.is_ephemeral.then_some(keys::EPHEMERAL_KEY_WARNING),
                key: signing.key,
            },
            approval_key: self.approval_key.load(environment),
            delegation_key: self.delegation_key.load(environment),
            kill_switch: configured(self.kill_switch_state.trim(), |path| {
                KillSwitchFile::new(path).load()
            }),
            inventory: configured(self.inventory.trim(), facts::read_inventory),
            scripts: configured(self.scripts.trim(), |path| Registry::load(Path::new(path))),
            script_key: self.script_key.load(environment),
            broker: broker.map(Arc::from),
            rate_limiter: Arc::new(LocalRateLimiter::new(&self.rate_limit_state)),
            dispatch: None,
            clock: world.clock,
            producer_version: world.producer_version,
            entrance,
        })
    }
}

impl VerifyKeySource {
    /// The key, where one is configured.
    fn load(&self, environment: keys::Environment<'_>) -> Fact<PublicKey> {
        if !self.public.is_given() && !self.private.is_given() {
            return Fact::NotConfigured;
        }
        Fact::loaded(keys::verify_key(&self.public, &self.private, environment))
    }
}

/// A fact from the file at `path`, where one is named.
fn configured<T, E: fmt::Display>(path: &str, load: impl Fn(&str) -> Result<T, E>) -> Fact<T> {
    if path.is_empty() {
        Fact::NotConfigured
    } else {
        Fact::loaded(load(path))
    }
}

#[cfg(test)]
mod tests {
    use gait_policy::document;

    use super::*;
    use crate::clock::SystemClock;

    fn settings() -> DeploymentSettings {
        DeploymentSettings {
            profile: Profile::Standard,
            key_mode: "dev".to_owned(),
            signing_key: KeySource::default(),
            approval_key: VerifyKeySource::default(),
            delegation_key: VerifyKeySource::default(),
            script_key: VerifyKeySource::default(),
            kill_switch_state: String::new(),
            rate_limit_state: String::new(),
            inventory: " ".to_owned(),
            scripts: String::new(),
            broker: BrokerSettings::default(),
        }
    }

    fn load(settings: &DeploymentSettings) -> Result<Deployment<'static>, LoadError> {
        let environment: Environment = Arc::new(|_| None);
        let world = World {
            environment: &environment,
            clock: &SystemClock,
            producer_version: "1.0.0",
        };
        let policy = document::read(b"{default_verdict: block}").unwrap();
        settings.load(CompiledPolicy::new(policy), Entrance::CommandLine, &world)
    }

    #[test]
    fn what_is_not_configured_is_not_looked_for() {
        let found = load(&settings()).unwrap();
        assert!(matches!(found.kill_switch, Fact::NotConfigured));
        assert!(matches!(found.inventory, Fact::NotConfigured));
        assert!(matches!(found.scripts, Fact::NotConfigured));
        assert!(matches!(found.approval_key, Fact::NotConfigured));
        assert!(found.broker.is_none());
        assert_eq!(found.signer.warning, Some(keys::EPHEMERAL_KEY_WARNING));
    }

    #[test]
    fn facts_that_are_gone_are_noted() {
        let gone = "/nonexistent/file".to_owned();
        let source = KeySource {
            path: Some(gone.clone()),
            env: None,
        };
        let found = load(&DeploymentSettings {
            kill_switch_state: gone.clone(),
            inventory: gone,
            approval_key: VerifyKeySource {
                public: source,
                ..VerifyKeySource::default()
            },
            ..settings()
        })
        .unwrap();
        assert!(matches!(found.kill_switch, Fact::Unavailable(_)));
        assert!(matches!(found.inventory, Fact::Unavailable(_)));
        assert!(matches!(found.approval_key, Fact::Unavailable(_)));
    }

    #[test]
    fn production_signs_with_a_key_that_lasts() {
        let production = DeploymentSettings {
            profile: Profile::OssProd,
            ..settings()
        };
        assert_eq!(production.check_signing(), Err(ProfileError::KeyMode));
        let keyless = DeploymentSettings {
            key_mode: "prod".to_owned(),
            ..production
        };
        assert_eq!(keyless.check_signing(), Err(ProfileError::SigningKey));
        assert!(matches!(
            load(&keyless),
            Err(LoadError::Profile(ProfileError::SigningKey))
        ));
        assert!(matches!(
            load(&DeploymentSettings {
                key_mode: "prod".to_owned(),
                ..settings()
            }),
            Err(LoadError::SigningKey(_))
        ));
    }
}
