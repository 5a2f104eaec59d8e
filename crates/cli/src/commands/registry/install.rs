//! `gait registry install`: a signed manifest into the cache.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use gait_canon::PublicKey;
use gait_canon::json::is_default;
use gait_registry::fetch::{FetchOptions, Pacing, Proxies, Retry, Roots, Timeouts};
use gait_registry::{Fetcher, InstallRequest, Installation, Pin, RemotePolicy, Source, install};
use serde::Serialize;

use super::{
    CACHE_DIR, NO_HOME, PRIVATE_KEY, PRIVATE_KEY_ENV, PUBLIC_KEY, PUBLIC_KEY_ENV, PUBLISHER_ALLOWLIST, cache,
    flag_or_positional, key, publishers,
};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

const SOURCE: Flag = Flag::text("source", "path or URL of the manifest");
const ALLOW_HOST: Flag = Flag::list("allow-host", "hosts that may be asked, also by redirects");
const PIN: Flag = Flag::text("pin", "digest the manifest must have, as sha256:<hex>");
const RETRY_MAX_ATTEMPTS: Flag =
    Flag::integer("retry-max-attempts", "how often a server is asked at most").or("3");
const RETRY_BASE_DELAY: Flag = Flag::duration(
    "retry-base-delay",
    "pause before the second attempt, doubled for each one more",
)
.or("200ms");
const ALLOW_INSECURE_HTTP: Flag = Flag::switch("allow-insecure-http", "accept sources without TLS");
const ALLOW_CACHED_FALLBACK: Flag = Flag::switch(
    "allow-cached-fallback",
    "when a server cannot be reached, take the pinned manifest from the cache",
);

const WITH_ARTIFACTS: Flag = Flag::switch(
    "with-artifacts",
    "also get the artifacts that the manifest lists, from beside it, and hold them to their digests",
);

pub(crate) const SPEC: CommandSpec = CommandSpec::new("registry install", "Install a signed pack manifest")
    .explain("Takes a pack's manifest from a file or an allowed host into the cache, if it is signed with the given key.")
    .positionals("[<path|url>]")
    .flags(&[
        SOURCE,
        CACHE_DIR,
        ALLOW_HOST,
        PUBLISHER_ALLOWLIST,
        PIN,
        PUBLIC_KEY,
        PUBLIC_KEY_ENV,
        PRIVATE_KEY,
        PRIVATE_KEY_ENV,
        RETRY_MAX_ATTEMPTS,
        RETRY_BASE_DELAY,
        ALLOW_INSECURE_HTTP,
        ALLOW_CACHED_FALLBACK,
        WITH_ARTIFACTS,
    ]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    source: &'a str,
    pack_name: &'a str,
    pack_version: &'a str,
    digest: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    publisher: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pack_source: &'a str,
    metadata_path: String,
    pin_path: String,
    #[serde(skip_serializing_if = "is_default")]
    artifacts_installed: usize,
    #[serde(skip_serializing_if = "is_default")]
    fallback_used: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback_path: Option<String>,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let source = flag_or_positional(parsed, SOURCE.name)
        .ok_or_else(|| Failure::invalid_input("expected --source <path|url>"))?;
    let key = key(parsed, context)?;
    let installation = installed(parsed, context, source, &key)?;
    let pack = installation.manifest.pack();
    let output = Output {
        ok: true,
        source,
        pack_name: &pack.pack_name,
        pack_version: &pack.pack_version,
        digest: installation.manifest.digest().to_string(),
        publisher: &pack.publisher,
        pack_source: &pack.source,
        metadata_path: installation.installed.metadata_path.display().to_string(),
        pin_path: installation.installed.pin_path.display().to_string(),
        artifacts_installed: installation.artifacts,
        fallback_used: installation.fallback_path.is_some(),
        fallback_path: installation
            .fallback_path
            .as_ref()
            .map(|path| path.display().to_string()),
    };
    let artifacts = Some(output.artifacts_installed).filter(|count| *count > 0);
    let fallback = output.fallback_path.iter();
    Ok(Report::new(&output)
        .line(format!(
            "registry install ok: {}@{}",
            pack.pack_name, pack.pack_version
        ))
        .line(format!("digest: sha256:{}", output.digest))
        .lines(artifacts.map(|count| format!("artifacts: {count}")))
        .lines(fallback.map(|path| format!("fallback: cached manifest {path}"))))
}

fn installed(
    parsed: &Parsed,
    context: &Context<'_>,
    source: &str,
    key: &PublicKey,
) -> Result<Installation, Failure> {
    let policy = RemotePolicy::new(
        parsed.list(ALLOW_HOST.name),
        parsed.flag(ALLOW_INSECURE_HTTP.name),
    );
    let source = Source::parse(source, &policy)?;
    let cache = cache(parsed, context).ok_or_else(|| Failure::new(ErrorKind::VerificationFailed, NO_HOME))?;
    let request = InstallRequest {
        source: &source,
        cache: &cache,
        key,
        publishers: &publishers(parsed),
        pin: Pin::parse(parsed.text(PIN.name)),
        allow_cached_fallback: parsed.flag(ALLOW_CACHED_FALLBACK.name),
        with_artifacts: parsed.flag(WITH_ARTIFACTS.name),
    };
    // Nothing of the network is set up for a file.
    let installation = install(&request, |url| {
        let options = FetchOptions {
            policy: &policy,
            proxies: Proxies::from_environment(context.environment()),
            roots: Roots::System,
            timeouts: Timeouts::default(),
            retry: retry(parsed),
        };
        let mut pacing = Pacing {
            pause: &mut std::thread::sleep,
            jitter: &mut jitter,
        };
        Fetcher::new(&options).fetch(url, &mut pacing)
    })?;
    Ok(installation)
}

/// What the flags say; numbers that mean nothing mean the usual.
fn retry(parsed: &Parsed) -> Retry {
    let usual = Retry::default();
    let attempts = parsed.int(RETRY_MAX_ATTEMPTS.name);
    Retry {
        max_attempts: if attempts > 0 {
            u32::try_from(attempts).unwrap_or(u32::MAX)
        } else {
            usual.max_attempts
        },
        base_delay: parsed
            .duration(RETRY_BASE_DELAY.name)
            .positive()
            .unwrap_or(usual.base_delay),
    }
}

/// A random duration below `most`. The keys of hash maps are random enough to keep clients out of step.
fn jitter(most: Duration) -> Duration {
    let thousandth = RandomState::new().hash_one(0) % 1000;
    most.mul_f64(f64::from(u16::try_from(thousandth).unwrap_or(0)) / 1000.0)
}
