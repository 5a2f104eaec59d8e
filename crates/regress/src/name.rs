//! Names of fixtures, which are also names of directories.

use std::fmt;

use gait_artifact::text;

/// The name of a fixture whose run id has nothing to make a name of.
const NAMELESS: &str = "fixture";

/// A name that can be a directory everywhere: small letters and digits, then also `.`, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FixtureName(String);

/// A text that is no name of a fixture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid fixture name: {0}")]
pub struct InvalidName(pub String);

impl FixtureName {
    /// `name` as it stands.
    pub fn parse(name: &str) -> Result<Self, InvalidName> {
        let starts_well =
            name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit());
        if starts_well && name.chars().all(is_kept) {
            Ok(Self(name.to_owned()))
        } else {
            Err(InvalidName(name.to_owned()))
        }
    }

    /// The name for the fixture of a run: its id, with a dash in place of what a name cannot have.
    #[must_use]
    pub fn of_run(run_id: &str) -> Self {
        let mut name = String::with_capacity(run_id.len());
        let mut replacing = false;
        for letter in text::lower(run_id).chars() {
            let keep = is_kept(letter);
            if keep {
                name.push(letter);
            } else if !replacing {
                name.push('-');
            }
            replacing = !keep;
        }
        match name.trim_matches(['-', '.', '_']) {
            "" => Self(NAMELESS.to_owned()),
            name => Self(name.to_owned()),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const fn is_kept(letter: char) -> bool {
    matches!(letter, 'a'..='z' | '0'..='9' | '.' | '_' | '-')
}

impl fmt::Display for FixtureName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn run_ids_become_names() {
        for (run_id, name) in [
            ("run_alpha", "run_alpha"),
            ("Run A  B!!v2.", "run-a-b-v2"),
            ("run_\u{e9}\u{df}\u{6f22}x", "run_-x"),
            ("a--b", "a--b"),
            ("../../etc", "etc"),
            ("_-.", NAMELESS),
            ("", NAMELESS),
        ] {
            assert_eq!(FixtureName::of_run(run_id).as_str(), name, "{run_id}");
        }
    }

    #[test]
    fn names_are_checked() {
        for name in ["a", "0", "a.b_c-d"] {
            assert!(FixtureName::parse(name).is_ok(), "{name}");
        }
        for name in ["", "A", "-x", ".x", "_x", "a/b", "a b", "\u{e9}", ".."] {
            assert!(FixtureName::parse(name).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn every_run_has_a_name_and_a_name_is_its_own(run_id in "\\PC*") {
            let name = FixtureName::of_run(&run_id);
            prop_assert_eq!(FixtureName::parse(name.as_str()), Ok(name.clone()));
        }
    }
}
