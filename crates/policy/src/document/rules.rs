//! The rules of a policy, each brought into normal form as soon as it is read.

use gait_artifact::policy::Rule;

use super::{draft::RuleDraft, error::InvalidSetting, rule};
use crate::yaml::{Error, Given, Place, Read, Value};

/// For how many rules room is made before any of them is read.
const RESERVED: usize = 4096;

/// The rules, or the first error in a setting of one.
///
/// A draft is much larger than the rule it becomes, so there is one at a time. An error in the structure of the document
/// comes before any error in a setting, wherever the two stand; so the latter waits until everything has been read.
#[derive(Debug)]
pub(super) struct Rules(Result<Vec<Rule>, InvalidSetting>);

impl Rules {
    /// The rules by priority, then name. Rules of one name and priority keep their order.
    pub(super) fn sorted(self) -> Result<Vec<Rule>, InvalidSetting> {
        let mut rules = self.0?;
        let order = |a: &Rule, b: &Rule| (a.priority, &a.name).cmp(&(b.priority, &b.name));
        // Sorting would make room to move rules about in.
        if !rules.is_sorted_by(|a, b| order(a, b).is_le()) {
            rules.sort_by(order);
        }
        Ok(rules)
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self(Ok(Vec::new()))
    }
}

impl<'d> Read<'d> for Rules {
    fn read(value: Value<'d>, place: &Place<'_>) -> Result<Self, Error> {
        let items = place.items(value)?;
        let mut rules = Ok(Vec::with_capacity(items.len().min(RESERVED)));
        for (index, item) in items.enumerate() {
            let place = place.index(index);
            let draft = Given::<RuleDraft<'_>>::item(item, &place)?;
            if let Ok(read) = &mut rules {
                match rule::rule(&place, &draft) {
                    Ok(rule) => read.push(rule),
                    Err(error) => rules = Err(error),
                }
            }
        }
        Ok(Self(rules))
    }
}
