//! Whether the keys that the command line names can sign.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use gait_canon::keys::{KeySource, signing_key, verify_key};

use super::check::{Outcome, quoted};
use super::site::Site;

/// Permission bits that let others change a file.
const WRITABLE: u32 = 0o022;
/// Permission bits that let others do anything with it.
const OPEN: u32 = 0o077;

pub(super) fn ambiguity(site: &Site<'_>) -> Outcome {
    for (kind, source) in [("private", &site.private_key), ("public", &site.public_key)] {
        if source.path.is_some() && source.env.is_some() {
            return Outcome::fail(format!("the {kind} key is given as a file and as a variable"))
                .fix(format!("set only one of --{kind}-key or --{kind}-key-env"));
        }
    }
    Outcome::pass("every key has one source at most")
}

pub(super) fn permissions(site: &Site<'_>) -> Outcome {
    let private = (site.private_key.path.as_ref(), true);
    let public = (site.public_key.path.as_ref(), false);
    [private, public]
        .into_iter()
        .find_map(|(path, secret)| trouble_with(path?, secret && site.strict))
        .unwrap_or_else(|| Outcome::pass("nobody else can change a key file"))
}

/// What is wrong with who may do what with the key file at `path`; a secret one should not even be read.
fn trouble_with(path: &str, secret: bool) -> Option<Outcome> {
    let word = quoted(path);
    let found = match fs::metadata(path) {
        Err(error) => {
            return Some(
                Outcome::warn(format!("the key file {path} cannot be looked at: {error}"))
                    .fix(format!("ls -l {word}")),
            );
        }
        Ok(found) if found.is_dir() => {
            return Some(
                Outcome::warn(format!("the key file {path} is a directory"))
                    .fix(format!("set key path to a file: {word}")),
            );
        }
        Ok(found) => found,
    };
    if found.mode() & WRITABLE != 0 {
        return Some(
            Outcome::warn(format!("others can change the key file {path}")).fix(format!("chmod go-w {word}")),
        );
    }
    (secret && found.mode() & OPEN != 0).then(|| {
        Outcome::fail(format!("others can read the private key {path}")).fix(format!("chmod go-rwx {word}"))
    })
}

pub(super) fn config(site: &Site<'_>) -> Outcome {
    let given = site.private_key.is_given() || site.public_key.is_given();
    match site.key_mode.as_str() {
        "dev" if given => Outcome::warn("key mode dev takes a new key each time and ignores the given ones")
            .fix("remove explicit key flags/env or use --key-mode prod"),
        "dev" => Outcome::pass("key mode dev takes a new key each time"),
        "prod" => production_keys(site),
        mode => Outcome::fail(format!("there is no key mode {mode:?}"))
            .fix("use --key-mode dev or --key-mode prod"),
    }
}

fn production_keys(site: &Site<'_>) -> Outcome {
    let none = KeySource::default();
    if let Err(error) = signing_key("prod", &site.private_key, &none, site.environment) {
        return Outcome::fail(format!("the signing key cannot be used: {error}"))
            .fix("set --private-key <path> or --private-key-env <VAR> for prod mode");
    }
    let pair = signing_key("prod", &site.private_key, &site.public_key, site.environment)
        .and_then(|_| verify_key(&site.public_key, &site.private_key, site.environment));
    match pair {
        Ok(_) => Outcome::pass("the signing key can be used"),
        Err(error) => Outcome::fail(format!("the public key cannot be used: {error}"))
            .fix("set a valid --public-key/--public-key-env or matching private key source"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use gait_canon::PrivateKey;

    use super::*;
    use crate::commands::doctor::check::Status;
    use crate::commands::doctor::site::tests::site;

    fn key_file(directory: &Path, name: &str, text: &str) -> KeySource {
        let path = directory.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        KeySource {
            path: Some(path.to_str().unwrap().to_owned()),
            env: None,
        }
    }

    #[test]
    fn production_needs_a_key_and_its_other_half() {
        let directory = tempfile::tempdir().unwrap();
        let mut site = site(directory.path());
        let key = PrivateKey::from_seed(&[1; 32]);
        let private = key_file(directory.path(), "private", &key.to_base64());
        let other = PrivateKey::from_seed(&[2; 32]).public();
        assert_eq!(config(&site).status, Status::Pass);
        site.key_mode = "prod".to_owned();
        assert!(config(&site).fix_command.starts_with("set --private-key"));
        site.private_key = private;
        assert_eq!(config(&site).status, Status::Pass);
        site.public_key = key_file(directory.path(), "other", &other.to_base64());
        assert!(config(&site).fix_command.starts_with("set a valid --public-key"));
        site.public_key = key_file(directory.path(), "public", &key.public().to_base64());
        assert_eq!(config(&site).status, Status::Pass);
        site.key_mode = "dev".to_owned();
        assert_eq!(config(&site).status, Status::Warn);
        site.key_mode = "test".to_owned();
        assert_eq!(config(&site).fix_command, "use --key-mode dev or --key-mode prod");
        assert_eq!(ambiguity(&site).status, Status::Pass);
        site.public_key.env = Some("V".to_owned());
        assert_eq!(
            ambiguity(&site).fix_command,
            "set only one of --public-key or --public-key-env"
        );
    }

    #[test]
    fn key_files_are_for_their_owner() {
        let directory = tempfile::tempdir().unwrap();
        let mut site = site(directory.path());
        assert_eq!(permissions(&site).status, Status::Pass);
        site.private_key = key_file(directory.path(), "key", "");
        let path = site.private_key.path.clone().unwrap();
        for (mode, strict, want) in [
            (0o600, true, ""),
            (0o644, false, ""),
            (0o644, true, "chmod go-rwx "),
            (0o620, true, "chmod go-w "),
            (0o602, false, "chmod go-w "),
        ] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            site.strict = strict;
            let word = if want.is_empty() {
                String::new()
            } else {
                quoted(&path)
            };
            assert_eq!(
                permissions(&site).fix_command,
                format!("{want}{word}"),
                "{mode:o}"
            );
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(permissions(&site).fix_command, format!("ls -l '{path}'"));
        fs::create_dir(&path).unwrap();
        assert_eq!(
            permissions(&site).fix_command,
            format!("set key path to a file: '{path}'")
        );
    }
}
