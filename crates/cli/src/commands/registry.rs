//! `gait registry`: packs that others publish, installed only when they are signed.

pub(crate) mod install;
pub(crate) mod list;
pub(crate) mod verify;

use gait_canon::PublicKey;
use gait_canon::keys;
use gait_registry::{Cache, Publishers};

use crate::arguments::Parsed;
use crate::context::Context;
use crate::env;
use crate::error::Failure;
use crate::spec::{Flag, GroupSpec};

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "registry",
    summary: "Install and verify packs that others publish",
    explain: "Keeps a local cache of signed pack manifests, so that what is installed is what its publisher signed.",
    help_succeeds: true,
};

const CACHE_DIR: Flag = Flag::path(
    "cache-dir",
    "the cache, instead of .gait/registry in the home directory",
);
const PUBLISHER_ALLOWLIST: Flag = Flag::list(
    "publisher-allowlist",
    "publishers whose packs are taken; all by default",
);
const PUBLIC_KEY: Flag = Flag::path("public-key", "file of the key that verifies");
const PUBLIC_KEY_ENV: Flag = Flag::variable(
    "public-key-env",
    "environment variable with the key that verifies",
);
const PRIVATE_KEY: Flag = Flag::path("private-key", "file of a private key, whose public half verifies");
const PRIVATE_KEY_ENV: Flag = Flag::variable(
    "private-key-env",
    "environment variable with a private key, whose public half verifies",
);

/// The key that the key flags give.
fn key(parsed: &Parsed, context: &Context<'_>) -> Result<PublicKey, Failure> {
    let public = parsed.key_source(PUBLIC_KEY.name, PUBLIC_KEY_ENV.name);
    let private = parsed.key_source(PRIVATE_KEY.name, PRIVATE_KEY_ENV.name);
    Ok(keys::verify_key(&public, &private, context.environment())?)
}

fn publishers(parsed: &Parsed) -> Publishers {
    Publishers::new(parsed.list(PUBLISHER_ALLOWLIST.name))
}

/// The cache that `--cache-dir` names.
fn named_cache(parsed: &Parsed) -> Option<Cache> {
    let named = parsed.text(CACHE_DIR.name).trim();
    (!named.is_empty()).then(|| Cache::new(named))
}

/// The cache that `--cache-dir` names, or the one of the user; none without a home directory.
fn cache(parsed: &Parsed, context: &Context<'_>) -> Option<Cache> {
    named_cache(parsed).or_else(|| {
        let home = context.env(env::HOME.name).filter(|home| !home.is_empty())?;
        Some(Cache::new(&format!("{home}/.gait/registry")))
    })
}

const NO_HOME: &str = "there is no home directory for the cache; name one with --cache-dir";

/// The text of the flag `name`, or the only positional argument in its place.
fn flag_or_positional<'a>(parsed: &'a Parsed, name: &str) -> Option<&'a str> {
    let chosen = match (parsed.text(name).trim(), parsed.positionals()) {
        ("", [only]) => only.trim(),
        (given, []) => given,
        _ => "",
    };
    (!chosen.is_empty()).then_some(chosen)
}
