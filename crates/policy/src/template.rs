//! Policies to start from, with comments that say what each rule is for.

use gait_artifact::text;

/// A policy document that ships with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Template {
    /// Allows by default.
    Low,
    /// Asks by default.
    Medium,
    /// Blocks by default.
    High,
}

impl Template {
    /// Every template, the laxest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The canonical name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "baseline-lowrisk",
            Self::Medium => "baseline-mediumrisk",
            Self::High => "baseline-highrisk",
        }
    }

    /// Every name that [`by_name`] knows, the canonical one first.
    #[must_use]
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Low => &["baseline-lowrisk", "baseline_low_risk", "low"],
            Self::Medium => &["baseline-mediumrisk", "baseline_medium_risk", "medium"],
            Self::High => &["baseline-highrisk", "baseline_high_risk", "high"],
        }
    }

    /// The document.
    #[must_use]
    pub const fn yaml(self) -> &'static str {
        match self {
            Self::Low => include_str!("../../../policies/templates/low.yaml"),
            Self::Medium => include_str!("../../../policies/templates/medium.yaml"),
            Self::High => include_str!("../../../policies/templates/high.yaml"),
        }
    }
}

/// The template of that name, whatever its case and with blanks around it.
#[must_use]
pub fn by_name(name: &str) -> Option<Template> {
    let name = text::trim_lower(name);
    Template::ALL
        .into_iter()
        .find(|template| template.names().contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{digest::policy_digest, document::read_text};

    #[test]
    fn the_digests_are_those_users_have_pinned() {
        for (template, digest) in [
            (
                Template::Low,
                "aa9e4371c827fc38f26c95588061b8376f20ef6524917ebab69bcc41aa3ed5c9",
            ),
            (
                Template::Medium,
                "878ec724f40b96d97dbf669a907c70622073d513952bfb6d40e483754eb564ce",
            ),
            (
                Template::High,
                "41b506a8ca148efc6033d567c214be8ffde2a2f2fb51c4533310b777a888b339",
            ),
        ] {
            let policy = read_text(template.yaml()).unwrap();
            assert_eq!(policy_digest(&policy).to_string(), digest, "{template:?}");
        }
    }

    #[test]
    fn every_name_is_known() {
        for template in Template::ALL {
            assert_eq!(template.names()[0], template.name());
            for name in template.names() {
                assert_eq!(by_name(&format!(" {} ", name.to_uppercase())), Some(template));
            }
        }
        assert_eq!(by_name("strict"), None);
    }
}
