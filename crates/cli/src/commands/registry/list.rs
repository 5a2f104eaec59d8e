//! `gait registry list`: what is in the cache.

use gait_registry::CachedPack;
use serde::Serialize;

use super::{CACHE_DIR, NO_HOME, cache};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::spec::CommandSpec;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("registry list", "List the installed pack manifests")
    .explain("Shows every manifest in the cache and whether it is the pinned one of its name.")
    .flags(&[CACHE_DIR]);

#[derive(Serialize)]
struct Output {
    ok: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    packs: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    pack_name: String,
    pack_version: String,
    digest: String,
    metadata_path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pin_path: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pin_digest: String,
    pin_verified: bool,
}

impl Listed {
    fn of(cached: &CachedPack) -> Self {
        let pack = cached.manifest.pack();
        let pin = cached.pin.as_ref();
        Self {
            pack_name: pack.pack_name.clone(),
            pack_version: pack.pack_version.clone(),
            digest: cached.manifest.digest().to_string(),
            metadata_path: cached.metadata_path.display().to_string(),
            pin_path: pin.map(|_| cached.pin_path.display().to_string()),
            pin_digest: pin.map_or_else(String::new, |pin| pin.as_str().to_owned()),
            pin_verified: pin.is_some_and(|pin| pin.admits(&cached.manifest)),
        }
    }
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    if !parsed.positionals().is_empty() {
        return Err(Failure::unexpected_positionals());
    }
    let cache = cache(parsed, context).ok_or_else(|| Failure::invalid_input(NO_HOME))?;
    let packs: Vec<Listed> = cache.list()?.iter().map(Listed::of).collect();
    let output = Output { ok: true, packs };
    let packs = output.packs.iter();
    Ok(Report::new(&output)
        .line(format!("registry list ok: {} packs", packs.len()))
        .lines(packs.map(|pack| {
            format!(
                "- {}@{} sha256:{}",
                pack.pack_name, pack.pack_version, pack.digest
            )
        })))
}
