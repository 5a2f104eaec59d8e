//! Where keys come from: a file or a variable, by the rules of the signing modes.

use std::fs::File;
use std::io::{self, Read as _};

use zeroize::Zeroizing;

use super::{KeyKind, PrivateKey, PublicKey};

/// What a caller has to say when it signed with a throw-away key.
pub const EPHEMERAL_KEY_WARNING: &str =
    "dev mode: ephemeral keypair generated; signatures will not verify across machines";

/// A key file holds 89 bytes at most; anything beyond this is some other file.
const MAX_KEY_FILE_BYTES: u64 = 64 << 10;

/// Looks an environment variable up.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key file cannot be read.
    #[error("read {kind} key: {path}: {source}")]
    Read {
        /// Which half.
        kind: KeyKind,
        /// The path as given.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The key text is not base64.
    #[error("decode {kind} key: not standard padded base64")]
    Encoding {
        /// Which half.
        kind: KeyKind,
    },
    /// The key has the wrong size.
    #[error("invalid {kind} key length: {length}")]
    Length {
        /// Which half.
        kind: KeyKind,
        /// Bytes found.
        length: usize,
    },
    /// The second half of a private key is not the public key of its seed.
    #[error("invalid private key: its public half does not belong to its seed")]
    Halves,
    /// The variable is unset or blank.
    #[error("{kind} key env not set: {name}")]
    VariableNotSet {
        /// Which half.
        kind: KeyKind,
        /// The variable.
        name: String,
    },
    /// Both a path and a variable are given.
    #[error("{kind} key source: set either path or env")]
    TwoSources {
        /// Which half.
        kind: KeyKind,
    },
    /// Development mode makes its own keys.
    #[error("dev mode does not accept explicit key sources")]
    SourceInDevMode,
    /// Production mode needs a key.
    #[error("prod mode requires a private key source")]
    SourceRequired,
    /// The public key given beside the private one is not its own.
    #[error("public key does not match private key")]
    PairMismatch,
    /// No such mode.
    #[error("unsupported key mode: {0:?}")]
    UnsupportedMode(String),
    /// Nothing to verify with.
    #[error("public key not configured")]
    NotConfigured,
    /// The operating system has no randomness to give.
    #[error("generate key: no system randomness")]
    NoRandomness,
}

/// Where one half of a key pair is to be found. An empty text counts as not given; a blank one does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySource {
    /// Path of a file with the key text.
    pub path: Option<String>,
    /// Name of an environment variable with the key text.
    pub env: Option<String>,
}

impl KeySource {
    fn path(&self) -> Option<&str> {
        self.path.as_deref().filter(|path| !path.is_empty())
    }

    fn env(&self) -> Option<&str> {
        self.env.as_deref().filter(|name| !name.is_empty())
    }

    /// Whether a path or a variable is given.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.path().is_some() || self.env().is_some()
    }

    fn refuse_two(&self, kind: KeyKind) -> Result<(), KeyError> {
        if self.path().is_some() && self.env().is_some() {
            return Err(KeyError::TwoSources { kind });
        }
        Ok(())
    }

    /// The key text, or `None` when no source is given.
    fn text(
        &self,
        kind: KeyKind,
        environment: Environment<'_>,
    ) -> Result<Option<Zeroizing<String>>, KeyError> {
        self.refuse_two(kind)?;
        if let Some(path) = self.path() {
            let text = read_text(path).map_err(|source| KeyError::Read {
                kind,
                path: path.to_owned(),
                source,
            })?;
            return Ok(Some(text));
        }
        let Some(name) = self.env() else { return Ok(None) };
        match environment(name).map(Zeroizing::new) {
            Some(text) if !text.trim().is_empty() => Ok(Some(text)),
            _ => Err(KeyError::VariableNotSet {
                kind,
                name: name.to_owned(),
            }),
        }
    }

    fn private_key(&self, environment: Environment<'_>) -> Result<Option<PrivateKey>, KeyError> {
        let text = self.text(KeyKind::Private, environment)?;
        text.map(|text| PrivateKey::from_base64(&text)).transpose()
    }

    fn public_key(&self, environment: Environment<'_>) -> Result<Option<PublicKey>, KeyError> {
        let text = self.text(KeyKind::Public, environment)?;
        text.map(|text| PublicKey::from_base64(&text)).transpose()
    }
}

/// Reads at most the size of a key file; a device or a large file cannot make this run on.
fn read_text(path: &str) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    File::open(path)?
        .take(MAX_KEY_FILE_BYTES + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > MAX_KEY_FILE_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "not a key file: larger than 64 KiB",
        ));
    }
    Ok(text)
}

/// How signing keys are come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyMode {
    /// A throw-away pair for each call.
    Dev,
    /// A configured key.
    Prod,
}

impl KeyMode {
    /// Reads `dev` or `prod` in any letter case; blank means `prod`.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mode = text.trim().to_lowercase();
        match mode.as_str() {
            "dev" => Ok(Self::Dev),
            "prod" | "" => Ok(Self::Prod),
            _ => Err(KeyError::UnsupportedMode(mode)),
        }
    }
}

/// A key to sign with.
#[derive(Debug, Clone)]
pub struct ResolvedKey {
    /// The key.
    pub key: PrivateKey,
    /// Whether it was made for this call and nobody else knows it; then [`EPHEMERAL_KEY_WARNING`] is due.
    pub is_ephemeral: bool,
}

/// The key to sign with in `mode`. A public source given beside the private one must be its other half.
pub fn signing_key(
    mode: &str,
    private: &KeySource,
    public: &KeySource,
    environment: Environment<'_>,
) -> Result<ResolvedKey, KeyError> {
    match KeyMode::parse(mode)? {
        KeyMode::Dev if private.is_given() || public.is_given() => Err(KeyError::SourceInDevMode),
        KeyMode::Dev => Ok(ResolvedKey {
            key: PrivateKey::generate()?,
            is_ephemeral: true,
        }),
        KeyMode::Prod => {
            let key = private
                .private_key(environment)?
                .ok_or(KeyError::SourceRequired)?;
            match public.public_key(environment)? {
                Some(other) if other != key.public() => Err(KeyError::PairMismatch),
                _ => Ok(ResolvedKey {
                    key,
                    is_ephemeral: false,
                }),
            }
        }
    }
}

/// The key to verify with: a public source wins, and a private one beside it is not even read; alone it gives its public half.
pub fn verify_key(
    public: &KeySource,
    private: &KeySource,
    environment: Environment<'_>,
) -> Result<PublicKey, KeyError> {
    public.refuse_two(KeyKind::Public)?;
    private.refuse_two(KeyKind::Private)?;
    if let Some(key) = public.public_key(environment)? {
        return Ok(key);
    }
    match private.private_key(environment)? {
        Some(key) => Ok(key.public()),
        None => Err(KeyError::NotConfigured),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A directory of its own, removed at the end of the test.
    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("gait-keys-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn file(&self, name: &str, content: &[u8]) -> KeySource {
            let path = self.0.join(name);
            std::fs::write(&path, content).unwrap();
            KeySource {
                path: Some(path.to_str().unwrap().to_owned()),
                env: None,
            }
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn key() -> PrivateKey {
        PrivateKey::from_seed(&[1; 32])
    }

    fn environment(name: &str) -> Option<String> {
        match name {
            "PRIVATE" => Some(key().to_base64().to_string()),
            "PUBLIC" => Some(format!(" {}\n", key().public().to_base64())),
            "OTHER" => Some(PrivateKey::from_seed(&[2; 32]).public().to_base64()),
            "BLANK" => Some(" \n".to_owned()),
            _ => None,
        }
    }

    fn env(name: &str) -> KeySource {
        KeySource {
            path: Some(String::new()),
            env: Some(name.to_owned()),
        }
    }

    fn both() -> KeySource {
        KeySource {
            path: Some("p".to_owned()),
            env: Some("PRIVATE".to_owned()),
        }
    }

    const NONE: KeySource = KeySource {
        path: None,
        env: None,
    };

    #[test]
    fn signing_modes() {
        let dev = signing_key(" Dev ", &NONE, &NONE, &environment).unwrap();
        assert!(dev.is_ephemeral);
        assert_ne!(
            dev.key.public(),
            signing_key("dev", &NONE, &NONE, &environment)
                .unwrap()
                .key
                .public()
        );
        for mode in ["prod", "PROD", "", " "] {
            let prod = signing_key(mode, &env("PRIVATE"), &env("PUBLIC"), &environment).unwrap();
            assert_eq!((prod.is_ephemeral, prod.key.public()), (false, key().public()));
        }
    }

    #[test]
    fn signing_refusals() {
        let cases = [
            (
                "dev",
                env("PRIVATE"),
                NONE,
                "dev mode does not accept explicit key sources",
            ),
            (
                "dev",
                NONE,
                env("X"),
                "dev mode does not accept explicit key sources",
            ),
            (
                "prod",
                NONE,
                env("PUBLIC"),
                "prod mode requires a private key source",
            ),
            ("prod", both(), NONE, "private key source: set either path or env"),
            (
                "prod",
                env("PRIVATE"),
                both(),
                "public key source: set either path or env",
            ),
            (
                "prod",
                env("PRIVATE"),
                env("OTHER"),
                "public key does not match private key",
            ),
            ("prod", env("UNSET"), NONE, "private key env not set: UNSET"),
            ("prod", env("BLANK"), NONE, "private key env not set: BLANK"),
            ("prod", env("PUBLIC"), NONE, "invalid private key length: 32"),
            ("Staging ", NONE, NONE, "unsupported key mode: \"staging\""),
        ];
        for (mode, private, public, expected) in cases {
            let error = signing_key(mode, &private, &public, &environment).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn verify_key_choice() {
        let public = key().public();
        assert_eq!(verify_key(&env("PUBLIC"), &NONE, &environment).unwrap(), public);
        assert_eq!(verify_key(&NONE, &env("PRIVATE"), &environment).unwrap(), public);
        assert_eq!(
            verify_key(&env("PUBLIC"), &env("UNSET"), &environment).unwrap(),
            public
        );
        let cases = [
            (NONE, NONE, "public key not configured"),
            (both(), NONE, "public key source: set either path or env"),
            (
                env("PUBLIC"),
                both(),
                "private key source: set either path or env",
            ),
            (env("UNSET"), env("PRIVATE"), "public key env not set: UNSET"),
            (env("PRIVATE"), NONE, "invalid public key length: 64"),
        ];
        for (public, private, expected) in cases {
            assert_eq!(
                verify_key(&public, &private, &environment)
                    .unwrap_err()
                    .to_string(),
                expected
            );
        }
    }

    #[test]
    fn key_files() {
        let directory = Directory::new("files");
        let file = directory.file("private", format!("{}\n", *key().to_base64()).as_bytes());
        assert_eq!(verify_key(&NONE, &file, &environment).unwrap(), key().public());
        let refused = [
            (directory.file("large", &vec![b'A'; 70_000]), "larger than 64 KiB"),
            (directory.file("binary", b"\xFF\xFE"), "valid UTF-8"),
            (
                KeySource {
                    path: Some(" ".to_owned()),
                    env: None,
                },
                "read private key:  : ",
            ),
            (
                KeySource {
                    path: directory.0.to_str().map(str::to_owned),
                    env: None,
                },
                "read private key: ",
            ),
        ];
        for (source, expected) in refused {
            let error = verify_key(&NONE, &source, &environment).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
