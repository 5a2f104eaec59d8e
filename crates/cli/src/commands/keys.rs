//! `gait keys`: the Ed25519 key files that traces and tokens are signed with.

pub(crate) mod init;
pub(crate) mod rotate;
pub(crate) mod verify;

use std::path::Path;

use gait_canon::{KeyId, PrivateKey};
use gait_disk::{atomic, path::clean};
use serde::Serialize;

use crate::error::Failure;
use crate::outcome::Report;
use crate::spec::{Flag, GroupSpec};

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "keys",
    summary: "Create, rotate and check Ed25519 key files",
    explain: "Manages the Ed25519 key files that traces, approvals and other records are signed and verified with.",
    help_succeeds: true,
};

/// Keys are for their owner alone.
const FILE_MODE: u32 = 0o600;

const OUT_DIR: Flag = Flag::path("out-dir", "directory of the key files").or("gait-out/keys");
const PREFIX: Flag = Flag::text("prefix", "first part of the file names").or("gait");

#[derive(Serialize)]
struct Created {
    ok: bool,
    prefix: String,
    key_id: String,
    public_key_path: String,
    private_key_path: String,
}

/// What to do about key files that exist.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Existing {
    Refuse,
    Replace,
}

/// Makes a new pair and writes `<directory>/<prefix>_private.key` and `<directory>/<prefix>_public.key`.
fn create(directory: &str, prefix: &str, existing: Existing) -> Result<Report, Failure> {
    if prefix.contains(['/', '\\']) {
        return Err(Failure::invalid_input("prefix must be a file name, not a path"));
    }
    let private_key_path = clean(&format!("{directory}/{prefix}_private.key"));
    let public_key_path = clean(&format!("{directory}/{prefix}_public.key"));
    atomic::create_directories(Path::new(directory))
        .map_err(|error| Failure::from(error).context("create keys directory"))?;
    if existing == Existing::Refuse {
        for (kind, path) in [("private", &private_key_path), ("public", &public_key_path)] {
            if Path::new(path).symlink_metadata().is_ok() {
                return Err(Failure::invalid_input(format!(
                    "{kind} key path already exists (use --force): {path}"
                )));
            }
        }
    }
    let key = PrivateKey::generate()?;
    write(&private_key_path, &key.to_base64(), existing)?;
    write(&public_key_path, &key.public().to_base64(), existing)?;
    Ok(report(
        prefix,
        key.public().key_id(),
        public_key_path,
        private_key_path,
    ))
}

/// Writes a key text and a line feed.
fn write(path: &str, text: &str, existing: Existing) -> Result<(), Failure> {
    // Keys may be written anywhere, so the path is made absolute before the writer checks it.
    let target = std::path::absolute(path).map_err(Failure::invalid_input)?;
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(text.len() + 1));
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(b'\n');
    match existing {
        Existing::Refuse => atomic::create_new(&target, &bytes, FILE_MODE)?,
        Existing::Replace => atomic::replace(&target, &bytes, FILE_MODE)?,
    }
    Ok(())
}

fn report(prefix: &str, key_id: KeyId, public_key_path: String, private_key_path: String) -> Report {
    let line = format!("keys init ok: key_id={key_id} public={public_key_path} private={private_key_path}");
    let prefix = prefix.to_owned();
    Report::new(&Created {
        ok: true,
        prefix,
        key_id: key_id.to_string(),
        public_key_path,
        private_key_path,
    })
    .line(line)
}

/// The value of a flag that must not be blank, trimmed.
fn required<'a>(name: &str, value: &'a str) -> Result<&'a str, Failure> {
    let trimmed = value.trim();
    if trimmed.is_empty() {
        return Err(Failure::invalid_input(format!("{name} must not be empty")));
    }
    Ok(trimmed)
}
