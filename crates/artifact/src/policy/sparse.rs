//! Settings that most rules leave alone.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// A group of settings that needs no memory while all of them are unset.
///
/// Policies of thousands of rules are common, and most rules use few of the things a rule can say. The group is read
/// like a `T`, whether or not there is one.
#[derive(Clone, Default)]
pub struct Sparse<T>(Option<Box<T>>);

/// A group of settings that can be left alone as a whole.
pub trait Unset: Default + PartialEq + 'static {
    /// The group in which nothing is set; the same as its default.
    const UNSET: &'static Self;
}

impl<T: Unset> From<T> for Sparse<T> {
    fn from(settings: T) -> Self {
        Self((settings != *T::UNSET).then(|| Box::new(settings)))
    }
}

impl<T: Unset> Deref for Sparse<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::UNSET)
    }
}

impl<T: Unset> DerefMut for Sparse<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

impl<T: Unset> PartialEq for Sparse<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Unset + Eq> Eq for Sparse<T> {}

impl<T: Unset + fmt::Debug> fmt::Debug for Sparse<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{
        AgentControls, BrokerControls, CredentialControls, DelegationMatch, DestinationMatch, InventoryMatch,
        Rule, SkillMatch, TargetMatch, WrittenRule,
    };

    fn unset_is_default<T: Unset + fmt::Debug>() {
        assert_eq!(T::UNSET, &T::default());
        assert!(Sparse::from(T::default()).0.is_none());
    }

    #[test]
    fn nothing_is_set_by_default() {
        unset_is_default::<AgentControls>();
        unset_is_default::<BrokerControls>();
        unset_is_default::<CredentialControls>();
        unset_is_default::<DelegationMatch>();
        unset_is_default::<DestinationMatch>();
        unset_is_default::<InventoryMatch>();
        unset_is_default::<SkillMatch>();
        unset_is_default::<TargetMatch>();
        unset_is_default::<WrittenRule>();
    }

    #[test]
    fn set_and_unset_again_equals_unset() {
        let mut controls = Sparse::from(AgentControls {
            require_agent_owner: true,
            ..AgentControls::default()
        });
        assert_ne!(controls, Sparse::default());
        controls.require_agent_owner = false;
        assert_eq!(controls, Sparse::default());
    }

    #[test]
    fn a_plain_rule_is_small() {
        assert!(size_of::<Rule>() <= 384, "{} bytes", size_of::<Rule>());
    }
}
