//! Secrets: held so that they can't be shown, and recognised where none may be.

use gait_artifact::text;
use gait_canon::Digest;
use zeroize::Zeroizing;

/// A secret. It is wiped from memory when dropped and can't be printed.
pub(super) struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes `value` without the white space around it; nothing when only that is there.
    pub(super) fn new(value: String) -> Option<Self> {
        let secret = Self(Zeroizing::new(value));
        (!text::is_blank(&secret.0)).then_some(secret)
    }

    /// The first 16 hex digits of its SHA-256: tells two secrets apart. A guessable secret can be guessed from it.
    pub(super) fn fingerprint(&self) -> String {
        let mut digest = Digest::of(text::trim(&self.0).as_bytes()).to_string();
        digest.truncate(16);
        digest
    }
}

/// What references may start with. What follows is examined by itself.
const REFERENCE_PREFIXES: [&str; 11] = [
    "ref:",
    "stub:",
    "cmd:",
    "env:",
    "aws_sts:",
    "github_oidc:",
    "vault_dynamic:",
    "gcp_sts:",
    "azure_federated:",
    "okta_cyberark:",
    "file:",
];

/// How well-known kinds of credentials start: access tokens of GitHub, GitLab, Slack and model providers, access key
/// ids of AWS, tokens of Vault, private keys.
const SECRET_PREFIXES: [&str; 16] = [
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "sk-",
    "AKIA",
    "ASIA",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "hvs.",
    "hvb.",
    "-----BEGIN",
];

/// The shortest text that is long enough to be a credential of these kinds.
const SHORTEST_SECRET: usize = 20;

/// Whether the text of a member that holds references starts like a credential, however short it is.
pub(super) fn looks_like_secret(value: &str) -> bool {
    let value = without_reference_prefixes(value);
    SECRET_PREFIXES.iter().any(|prefix| value.starts_with(prefix))
}

/// Whether a text that may be any name is a credential: `sk-team` is a name.
pub(super) fn is_secret(value: &str) -> bool {
    let value = without_reference_prefixes(value);
    let is_token = value.len() >= SHORTEST_SECRET
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    value.starts_with("-----BEGIN") || (is_token && looks_like_secret(value))
}

fn without_reference_prefixes(value: &str) -> &str {
    let mut rest = text::trim(value);
    'stripping: loop {
        for prefix in REFERENCE_PREFIXES {
            if let Some((start, tail)) = rest.split_at_checked(prefix.len())
                && start.eq_ignore_ascii_case(prefix)
            {
                rest = text::trim(tail);
                continue 'stripping;
            }
        }
        return rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_ignore_white_space_around() {
        let fingerprint = |text: &str| Secret::new(text.to_owned()).map(|secret| secret.fingerprint());
        assert_eq!(fingerprint(" s3cr3t-value ").as_deref(), Some("1f3fa74b1208842a"));
        assert_eq!(fingerprint("s3cr3t-value"), fingerprint("s3cr3t-value\n"));
        assert_eq!(fingerprint(" \n"), None);
    }

    #[test]
    fn references_that_start_like_credentials_are_recognised() {
        for text in [
            "ghp_abc",
            "AKIAABCDEF",
            "sk-123",
            "github_pat_1",
            "ref:ghp_x",
            " REF: env: sk-1",
            "-----BEGIN X",
        ] {
            assert!(looks_like_secret(text), "{text}");
        }
        for text in [
            "cmd:abc",
            "ref:1",
            "akiaabc",
            "task-1",
            "arn:aws:iam::1:role/sk-x",
            "",
            "ref:",
        ] {
            assert!(!looks_like_secret(text), "{text}");
        }
    }

    #[test]
    fn names_are_not_credentials() {
        for text in [
            "sk-team",
            "sk-org/some-long-repository-name",
            "AKIA",
            "ghp_x",
            "sk-team@long.example.organisation",
        ] {
            assert!(!is_secret(text), "{text}");
        }
        for text in [
            "AKIAIOSFODNN7EXAMPLE",
            "sk-0123456789abcdefghij",
            "-----BEGIN KEY-----",
            "ref:ghp_0123456789abcdefgh",
        ] {
            assert!(is_secret(text), "{text}");
        }
    }
}
