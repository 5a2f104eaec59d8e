//! Where a job runs, as one comparable text.

use gait_canon::Digest;

/// What a fingerprint is made from. It tells kinds of machines apart, not single ones, and stays the same when the
/// program is rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Environment<'a> {
    /// The processor architecture, e.g. `x86_64`.
    pub arch: &'a str,
    /// The operating system, e.g. `linux`.
    pub os: &'a str,
    /// The engine that drives the job.
    pub engine: &'a str,
}

impl Environment<'static> {
    /// The environment this program was built for.
    #[must_use]
    pub const fn of_build() -> Self {
        Self {
            arch: std::env::consts::ARCH,
            os: std::env::consts::OS,
            engine: "gait",
        }
    }
}

impl Environment<'_> {
    /// `envfp:` and 64 hex digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let Self { arch, os, engine } = self;
        let digest = Digest::of(format!("arch={arch}|engine={engine}|os={os}").as_bytes());
        format!("envfp:{digest}")
    }
}

/// The fingerprint to go by: `given` without surrounding white space, or that of this build when it is blank.
#[must_use]
pub fn given_or_own(given: &str) -> String {
    match given.trim() {
        "" => Environment::of_build().fingerprint(),
        given => given.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_counts() {
        let base = Environment {
            arch: "x86_64",
            os: "linux",
            engine: "gait",
        };
        let others = [
            Environment {
                arch: "aarch64",
                ..base
            },
            Environment { os: "macos", ..base },
            Environment {
                engine: "other",
                ..base
            },
        ];
        for other in others {
            assert_ne!(other.fingerprint(), base.fingerprint());
        }
        assert_eq!(
            base.fingerprint(),
            format!("envfp:{}", Digest::of(b"arch=x86_64|engine=gait|os=linux"))
        );
    }

    #[test]
    fn a_given_fingerprint_wins() {
        assert_eq!(given_or_own(" envfp:x\n"), "envfp:x");
        let own = given_or_own(" ");
        assert!(own.starts_with("envfp:") && own.len() == 70, "{own}");
    }
}
