//! Whether what other commands left on the disk is in order: jobs, the registry's cache, the gate's lock.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use gait_artifact::text;
use gait_disk::read::read_bounded;
use gait_job::divergences;

use super::check::{Outcome, quoted};
use super::site::{Site, below};
use crate::config::ProjectConfig;
use crate::literal::{Nanoseconds, format_duration};

/// No pin is longer, in bytes.
const MAX_PIN_BYTES: usize = 4 << 10;
/// The gate holds its lock for moments; after so many seconds its owner is gone.
const STALE_LOCK_SECONDS: i64 = 30;

pub(super) fn jobs(site: &Site<'_>) -> Outcome {
    match divergences(Path::new(&below(&site.output_dir, "jobs"))) {
        Ok(found) if found.is_empty() => Outcome::pass("state and events of every job agree"),
        Ok(found) => {
            let list: Vec<String> = found
                .into_iter()
                .map(|(job, divergence)| format!("{job}:{divergence}"))
                .collect();
            Outcome::fail(format!("state and events of jobs disagree: {}", list.join(",")))
        }
        Err(error) => Outcome::fail(format!("the jobs cannot be read: {error}")),
    }
}

pub(super) fn registry_cache(site: &Site<'_>) -> Outcome {
    const MAKE: &str = "mkdir -p ~/.gait/registry";
    let Some(home) = &site.home else {
        return Outcome::warn("HOME is not set, so the registry has no cache").fix(MAKE);
    };
    let cache = below(home, ".gait/registry");
    match fs::metadata(&cache) {
        Ok(found) if !found.is_dir() => {
            return Outcome::fail("the registry's cache is not a directory");
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Outcome::warn("the registry has no cache yet").fix(MAKE);
        }
        Err(error) => {
            return Outcome::warn(format!("the registry's cache cannot be looked at: {error}")).fix(MAKE);
        }
    }
    match bad_pins(Path::new(&cache)) {
        0 => Outcome::pass("the registry's cache is in order"),
        count => Outcome::warn(format!("{count} pins of the registry's cache lead to no pack"))
            .fix(format!("gait registry list --cache-dir {}", quoted(&cache))),
    }
}

/// How many pins name a pack that the cache does not hold.
fn bad_pins(cache: &Path) -> usize {
    let pins: Vec<PathBuf> = names_in(&cache.join("pins"))
        .filter(|name| name.to_string_lossy().ends_with(".pin"))
        .map(|name| cache.join("pins").join(name))
        .collect();
    if pins.is_empty() {
        return 0;
    }
    let held = packs_in(cache);
    pins.iter()
        .filter(|pin| !pinned(pin).is_some_and(|digest| held.contains(&digest)))
        .count()
}

/// The digest in a pin, when it is one.
fn pinned(pin: &Path) -> Option<String> {
    let bytes = read_bounded(pin, MAX_PIN_BYTES).ok()?;
    let content = text::trim_lower(std::str::from_utf8(&bytes).ok()?);
    let digest = content.strip_prefix("sha256:").unwrap_or(&content);
    text::is_hex64(digest).then(|| digest.to_owned())
}

/// The digests of the manifests in the cache, from their directories `<name>/<version>/<digest>`.
fn packs_in(cache: &Path) -> BTreeSet<String> {
    let below = |directory: PathBuf| {
        names_in(&directory)
            .map(move |name| directory.join(name))
            .collect::<Vec<_>>()
    };
    below(cache.to_owned())
        .into_iter()
        .flat_map(below)
        .flat_map(below)
        .filter(|digest| digest.join("registry_pack.json").is_file())
        .filter_map(|digest| Some(digest.file_name()?.to_str()?.to_owned()))
        .collect()
}

/// The names in a directory; none when it cannot be listed.
fn names_in(directory: &Path) -> impl Iterator<Item = OsString> + use<> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.file_name()))
}

/// The locks beside every place where the gate may keep its counters.
pub(super) fn rate_limit_lock(site: &Site<'_>) -> Outcome {
    let mut locks = vec![
        below(&site.output_dir, "gate_rate_limits.json.lock"),
        below(&site.workdir, ".gait-out/gate_rate_limits.json.lock"),
    ];
    locks.extend(configured_lock(site).filter(|lock| !locks.contains(lock)));
    locks
        .iter()
        .find_map(|lock| trouble_with(lock, site))
        .unwrap_or_else(|| Outcome::pass("no lock of the gate was left behind"))
}

/// The lock of the counters that the project defaults name.
fn configured_lock(site: &Site<'_>) -> Option<String> {
    let path = site.config_path();
    if !Path::new(&path).exists() {
        return None;
    }
    // Trouble with the file itself is for another check.
    let config = ProjectConfig::load(&path).ok()?;
    let state = config.text("gate", "rate_limit_state");
    (!state.is_empty()).then(|| below(&site.workdir, &format!("{state}.lock")))
}

fn trouble_with(lock: &str, site: &Site<'_>) -> Option<Outcome> {
    let found = match fs::symlink_metadata(lock) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => return Some(Outcome::warn(format!("{lock} cannot be looked at: {error}"))),
        Ok(found) if found.is_dir() => {
            return Some(Outcome::warn(format!("{lock} is a directory, not a lock")));
        }
        Ok(found) => found,
    };
    let age = site.now.unix_seconds().saturating_sub(found.mtime());
    (age > STALE_LOCK_SECONDS).then(|| {
        let age = format_duration(Nanoseconds(age.saturating_mul(1_000_000_000)));
        Outcome::warn(format!("the gate's lock {lock} was left behind {age} ago"))
            .fix(format!("rm -f {}", quoted(lock)))
    })
}

#[cfg(test)]
mod tests {
    use gait_artifact::Timestamp;

    use super::*;
    use crate::commands::doctor::check::Status;
    use crate::commands::doctor::site::tests::site;

    fn file(path: &str, content: &str) {
        fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    #[test]
    fn pins_lead_to_packs() {
        let directory = tempfile::tempdir().unwrap();
        let mut site = site(directory.path());
        assert_eq!(registry_cache(&site).status, Status::Warn);
        let cache = format!("{}/home/.gait/registry", directory.path().display());
        fs::create_dir_all(&cache).unwrap();
        assert_eq!(registry_cache(&site).status, Status::Pass);

        let digest = "a".repeat(64);
        file(
            &format!("{cache}/pins/a.pin"),
            &format!(" SHA256:{}\n", digest.to_uppercase()),
        );
        let bad = registry_cache(&site);
        assert_eq!(bad.status, Status::Warn);
        assert_eq!(
            bad.fix_command,
            format!("gait registry list --cache-dir '{cache}'")
        );
        file(&format!("{cache}/a/1.0.0/{digest}/registry_pack.json"), "{}");
        assert_eq!(registry_cache(&site).status, Status::Pass);
        for content in ["", "zz", "../../a", &"g".repeat(64)] {
            file(&format!("{cache}/pins/b.pin"), content);
            assert_eq!(registry_cache(&site).status, Status::Warn, "{content}");
        }

        site.home = None;
        assert_eq!(registry_cache(&site).fix_command, "mkdir -p ~/.gait/registry");
    }

    #[test]
    fn locks_are_found_wherever_the_gate_keeps_its_counters() {
        for path in [
            "gait-out/gate_rate_limits.json",
            ".gait-out/gate_rate_limits.json",
            "state/rates.json",
        ] {
            let directory = tempfile::tempdir().unwrap();
            let mut site = site(directory.path());
            file(
                &site.config_path(),
                "gate: {rate_limit_state: ./state/rates.json}\n",
            );
            assert_eq!(rate_limit_lock(&site).status, Status::Pass);
            let lock = format!("{}/{path}.lock", site.workdir);
            file(&lock, "");
            let written = fs::metadata(&lock).unwrap().mtime();
            site.now = Timestamp::from_unix(written + STALE_LOCK_SECONDS, 0);
            assert_eq!(rate_limit_lock(&site).status, Status::Pass, "{path}");
            site.now = Timestamp::from_unix(written + STALE_LOCK_SECONDS + 1, 0);
            let stale = rate_limit_lock(&site);
            assert_eq!(stale.fix_command, format!("rm -f '{lock}'"));
            assert!(stale.message.ends_with("31s ago"), "{}", stale.message);
        }
    }

    #[test]
    fn a_configuration_beside_the_point_is_no_trouble_here() {
        let directory = tempfile::tempdir().unwrap();
        let site = site(directory.path());
        file(&site.config_path(), "gate: [");
        assert_eq!(rate_limit_lock(&site).status, Status::Pass);
    }
}
