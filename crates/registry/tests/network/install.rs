//! Installing: what reaches the cache, and what never does.

use std::fs;
use std::path::Path;
use std::time::Duration;

use gait_artifact::registry::FailureReason;
use gait_canon::PrivateKey;
use gait_registry::fetch::{FetchOptions, Pacing, Proxies, Retry, Roots, Timeouts};
use gait_registry::{
    Cache, Fetcher, InstallError, InstallRequest, Installation, Manifest, Pin, Publishers, RemotePolicy,
    Source, VerifyOptions, install, verify,
};

use crate::sample::{key, manifest, manifest_listing};
use crate::server::{Behaviour, Server};

/// What the caller of [`run`] demands.
#[derive(Default)]
struct Demands<'a> {
    pin: Option<Pin>,
    publishers: &'a [&'a str],
    fallback: bool,
    artifacts: bool,
}

fn run(cache: &Cache, source: &str, demands: &Demands<'_>) -> Result<Installation, InstallError> {
    let policy = RemotePolicy::new(["127.0.0.1"], true);
    let source = Source::parse(source, &policy)?;
    let request = InstallRequest {
        source: &source,
        cache,
        key: &key().public(),
        publishers: &Publishers::new(demands.publishers),
        pin: demands.pin,
        allow_cached_fallback: demands.fallback,
        with_artifacts: demands.artifacts,
    };
    install(&request, |url| {
        let options = FetchOptions {
            policy: &policy,
            proxies: Proxies::default(),
            roots: Roots::Only(Vec::new()),
            timeouts: Timeouts::default(),
            retry: Retry::default(),
        };
        let mut pacing = Pacing {
            pause: &mut |_| {},
            jitter: &mut |_| Duration::ZERO,
        };
        Fetcher::new(&options).fetch(url, &mut pacing)
    })
}

fn pin_of(bytes: &[u8]) -> Pin {
    Pin::of(*Manifest::parse(bytes).unwrap().digest())
}

fn cache_in(root: &Path) -> Cache {
    Cache::new(root.join("cache").to_str().unwrap())
}

#[test]
fn what_does_not_hold_leaves_no_trace() {
    let root = tempfile::tempdir().unwrap();
    let cache = cache_in(root.path());
    let good = manifest("a", "1", &key());
    let foreign = manifest("a", "1", &PrivateKey::from_seed(&[8; 32]));
    let other_pin = pin_of(&manifest("a", "2", &key()));
    let escape = String::from_utf8(good.clone())
        .unwrap()
        .replace(r#""pack_name":"a""#, r#""pack_name":"../../a""#);
    let with_unsigned_member =
        String::from_utf8(good.clone())
            .unwrap()
            .replacen('{', r#"{"post_install":"rm","#, 1);
    let none = Demands::default();
    let pinned = Demands {
        pin: Some(other_pin),
        ..Demands::default()
    };
    let restricted = Demands {
        publishers: &["other"],
        ..Demands::default()
    };
    for (bytes, demands) in [
        (&b"{}"[..], &none),
        (&good[..good.len() - 1], &none),
        (escape.as_bytes(), &none),
        (with_unsigned_member.as_bytes(), &none),
        (&foreign, &none),
        (&good, &pinned),
        (&good, &restricted),
    ] {
        let file = root.path().join("source.json");
        fs::write(&file, bytes).unwrap();
        let server = Server::plain([Behaviour::document(bytes)]);
        for source in [file.to_str().unwrap(), &server.url("/p.json")] {
            assert!(run(&cache, source, demands).is_err(), "{}", bytes.escape_ascii());
        }
    }
    assert!(!root.path().join("cache").exists());
}

#[test]
fn a_fetched_manifest_is_kept_and_verifies() {
    let root = tempfile::tempdir().unwrap();
    let cache = cache_in(root.path());
    let bytes = manifest("a", "1", &key());
    let server = Server::plain([
        Behaviour::status(503),
        Behaviour::redirect(302, "/p2"),
        Behaviour::document(&bytes),
    ]);
    let demands = Demands {
        pin: Some(pin_of(&bytes)),
        publishers: &["ACME"],
        ..Demands::default()
    };
    let installation = run(&cache, &server.url("/p"), &demands).unwrap();
    assert_eq!(installation.fallback_path, None);
    let path = installation.installed.metadata_path.to_str().unwrap().to_owned();
    let options = VerifyOptions {
        key: &key().public(),
        publishers: &Publishers::new(["acme"]),
        cache: None,
    };
    let verification = verify(&path, &options).unwrap();
    assert!(verification.is_ok() && verification.pin_verified());

    let newer = root.path().join("newer.json");
    fs::write(&newer, manifest("a", "2", &key())).unwrap();
    run(&cache, newer.to_str().unwrap(), &Demands::default()).unwrap();
    let changed = fs::read_to_string(&path)
        .unwrap()
        .replace("policy.yaml", "other.yaml");
    fs::write(&path, changed).unwrap();
    let options = VerifyOptions {
        publishers: &Publishers::new(["other"]),
        cache: Some(&cache),
        ..options
    };
    assert_eq!(
        verify(&path, &options).unwrap().failure_reasons(),
        [
            FailureReason::PinMismatch,
            FailureReason::PublisherNotAllowed,
            FailureReason::SignatureNotVerified
        ]
    );
}

#[test]
fn the_cache_stands_in_only_for_what_is_pinned_and_signed() {
    let root = tempfile::tempdir().unwrap();
    let cache = cache_in(root.path());
    let bytes = manifest("a", "1", &key());
    let file = root.path().join("source.json");
    fs::write(&file, &bytes).unwrap();
    let installed = run(&cache, file.to_str().unwrap(), &Demands::default()).unwrap();
    let path = installed.installed.metadata_path;

    let down = Server::plain([Behaviour::status(404)]);
    let attempt = |fallback, pin| {
        let demands = Demands {
            pin,
            fallback,
            ..Demands::default()
        };
        run(&cache, &down.url("/p"), &demands)
    };
    let stood_in = attempt(true, Some(pin_of(&bytes))).unwrap();
    assert_eq!(stood_in.fallback_path.as_ref(), Some(&path));
    assert!(matches!(
        attempt(false, Some(pin_of(&bytes))),
        Err(InstallError::Fetch(_))
    ));
    let absent = pin_of(&manifest("a", "2", &key()));
    for pin in [None, Some(absent), Pin::parse("sha256:")] {
        assert!(matches!(attempt(true, pin), Err(InstallError::Fallback { .. })));
    }

    let lying = Server::plain([Behaviour::document(b"{}")]);
    let demands = Demands {
        pin: Some(pin_of(&bytes)),
        fallback: true,
        ..Demands::default()
    };
    let refused = run(&cache, &lying.url("/p"), &demands).unwrap_err();
    assert!(
        matches!(refused, InstallError::Manifest(_)),
        "a bad answer is an answer: {refused}"
    );

    // Somebody who can write to the cache still cannot sign.
    fs::write(&path, manifest("a", "1", &PrivateKey::from_seed(&[8; 32]))).unwrap();
    let refused = attempt(true, Some(pin_of(&bytes))).unwrap_err();
    assert!(matches!(refused, InstallError::Signature(_)), "{refused}");
    let other = String::from_utf8(bytes.clone())
        .unwrap()
        .replace("policy.yaml", "other.yaml");
    fs::write(&path, other).unwrap();
    let refused = attempt(true, Some(pin_of(&bytes))).unwrap_err();
    assert!(matches!(refused, InstallError::Pin(_)), "{refused}");
}

#[test]
fn installs_at_once_leave_one_of_them_pinned() {
    let root = tempfile::tempdir().unwrap();
    let cache = cache_in(root.path());
    let versions: Vec<String> = (0..8).map(|version| version.to_string()).collect();
    std::thread::scope(|scope| {
        for version in &versions {
            let (cache, file) = (&cache, root.path().join(version));
            scope.spawn(move || {
                fs::write(&file, manifest("a", version, &key())).unwrap();
                run(cache, file.to_str().unwrap(), &Demands::default()).unwrap();
            });
        }
    });
    let packs = cache.list().unwrap();
    let present: Vec<_> = packs
        .iter()
        .map(|cached| &cached.manifest.pack().pack_version)
        .collect();
    assert_eq!(present, versions.iter().collect::<Vec<_>>());
    let pinned = packs
        .iter()
        .filter(|cached| cached.pin.as_ref().unwrap().admits(&cached.manifest));
    assert_eq!(pinned.count(), 1);
}

#[test]
fn a_link_in_place_of_a_manifest_is_not_written_through() {
    let root = tempfile::tempdir().unwrap();
    let cache = cache_in(root.path());
    let file = root.path().join("source.json");
    fs::write(&file, manifest("a", "1", &key())).unwrap();
    let installed = run(&cache, file.to_str().unwrap(), &Demands::default()).unwrap();
    let path = installed.installed.metadata_path;
    let target = root.path().join("precious");
    fs::write(&target, "precious").unwrap();
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&target, &path).unwrap();
    assert!(matches!(
        run(&cache, file.to_str().unwrap(), &Demands::default()),
        Err(InstallError::Cache(_))
    ));
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
}

/// What the artifact of the manifests in [`with_artifacts`] holds.
const ARTIFACT: &[u8] = b"rules: []\n";

/// A manifest that lists an artifact, and one whose artifact is not what it states.
fn with_artifacts() -> [Vec<u8>; 2] {
    [gait_canon::Digest::of(ARTIFACT).to_string(), "0".repeat(64)]
        .map(|sha256| manifest_listing("a", &sha256, &key()))
}

#[test]
fn artifacts_are_installed_with_their_manifest_or_neither_is() {
    let demands = Demands {
        artifacts: true,
        ..Demands::default()
    };
    let [good, bad] = with_artifacts();
    for (manifest, artifact, installed) in [
        (&good, Some(ARTIFACT), true),
        (&good, Some(&b"rules: [all]\n"[..]), false),
        (&good, None, false),
        (&bad, Some(ARTIFACT), false),
    ] {
        let root = tempfile::tempdir().unwrap();
        let cache = cache_in(root.path());
        let shop = root.path().join("shop");
        fs::create_dir_all(shop.join("policies")).unwrap();
        fs::write(shop.join("p.json"), manifest).unwrap();
        let mut behaviours = vec![Behaviour::document(manifest)];
        match artifact {
            Some(content) => {
                fs::write(shop.join("policies/a.yaml"), content).unwrap();
                behaviours.push(Behaviour::document(content));
            }
            None => behaviours.push(Behaviour::status(404)),
        }
        let server = Server::plain(behaviours);
        let file = shop.join("p.json");
        for source in [file.to_str().unwrap(), &server.url("/shop/p.json?v=1")] {
            match run(&cache, source, &demands) {
                Ok(installation) => {
                    assert!(installed, "{source}");
                    assert_eq!(installation.artifacts, 1);
                    let directory = installation.installed.metadata_path.parent().unwrap().to_owned();
                    assert_eq!(
                        fs::read(directory.join("artifacts/policies/a.yaml")).unwrap(),
                        ARTIFACT
                    );
                }
                Err(error) => {
                    assert!(
                        !installed && matches!(error, InstallError::Artifact(_)),
                        "{error}"
                    );
                    assert!(cache.list().unwrap().is_empty());
                }
            }
        }
        assert_eq!(server.requests()[1], "GET /shop/policies/a.yaml");
    }
}

#[test]
fn artifacts_of_the_cache_take_the_place_of_those_that_cannot_be_had() {
    let root = tempfile::tempdir().unwrap();
    let cache = cache_in(root.path());
    let [good, _] = with_artifacts();
    let server = Server::plain([
        Behaviour::document(&good),
        Behaviour::document(ARTIFACT),
        Behaviour::HangUp,
    ]);
    let demands = Demands {
        pin: Some(pin_of(&good)),
        fallback: true,
        artifacts: true,
        ..Demands::default()
    };
    let first = run(&cache, &server.url("/p.json"), &demands).unwrap();
    assert_eq!(first.fallback_path, None);
    let again = run(&cache, &server.url("/p.json"), &demands).unwrap();
    assert!(again.fallback_path.is_some());
    let kept = first
        .installed
        .metadata_path
        .with_file_name("artifacts")
        .join("policies/a.yaml");
    fs::write(&kept, "rules: [all]\n").unwrap();
    assert!(matches!(
        run(&cache, &server.url("/p.json"), &demands),
        Err(InstallError::Artifact(_))
    ));
}
