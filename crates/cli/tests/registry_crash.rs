//! Installs whose program is killed in the middle of its work.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use gait_artifact::registry::{PACK_SCHEMA_ID, RegistryPack, SCHEMA_VERSION};
use gait_canon::json::{self, Value};
use gait_canon::{PrivateKey, sign};
use gait_registry::{Cache, Manifest};

/// How often a program is killed.
const KILLS: u32 = 60;

fn key() -> PrivateKey {
    PrivateKey::from_seed(&[9; 32])
}

/// Writes the signed manifest of a version, large enough to take a while.
fn publish(directory: &Path, version: &str) {
    let pack = RegistryPack {
        schema_id: PACK_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        pack_name: "p".to_owned(),
        pack_version: version.to_owned(),
        compatibility: (0..2_000).map(|number| number.to_string()).collect(),
        ..RegistryPack::default()
    };
    let mut value = json::to_value(&pack).unwrap();
    let unsigned = Manifest::parse(&json::canonical_bytes(&value).unwrap()).unwrap();
    let signature = json::to_value(&sign::sign(unsigned.digest(), &key())).unwrap();
    let object = value.as_object_mut().unwrap();
    object.insert("signatures", Value::Array(vec![signature]));
    fs::write(directory.join(version), json::canonical_bytes(&value).unwrap()).unwrap();
}

fn install(directory: &Path, version: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gait"));
    command
        .args(["registry", "install", version])
        .args(["--cache-dir", "cache", "--public-key", "key"])
        .current_dir(directory)
        .stdout(Stdio::piped());
    command
}

/// Installs and kills the program after `patience`; tells whether it had acknowledged.
fn install_and_kill(directory: &Path, version: &str, patience: Duration) -> bool {
    let started = Instant::now();
    let mut child = install(directory, version).spawn().unwrap();
    while started.elapsed() < patience && child.try_wait().unwrap().is_none() {
        thread::yield_now();
    }
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .starts_with("registry install ok")
}

#[test]
fn the_cache_holds_the_old_or_the_new_after_every_kill() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("key"), key().public().to_base64()).unwrap();
    for version in ["1", "2"] {
        publish(root.path(), version);
    }
    let started = Instant::now();
    assert!(install(root.path(), "2").output().unwrap().status.success());
    let usual = started.elapsed();
    let cache = Cache::new(root.path().join("cache").to_str().unwrap());
    let mut pinned = "2".to_owned();
    for kill in 0..KILLS {
        let version = if pinned == "1" { "2" } else { "1" };
        let acknowledged = install_and_kill(root.path(), version, usual * kill * 3 / (KILLS * 2));
        let packs = cache.list().unwrap();
        for cached in &packs {
            assert!(cached.manifest.verify(&key().public()).is_ok(), "kill {kill}");
        }
        let now: Vec<&str> = packs
            .iter()
            .filter(|cached| {
                cached
                    .pin
                    .as_ref()
                    .is_some_and(|pin| pin.admits(&cached.manifest))
            })
            .map(|cached| cached.manifest.pack().pack_version.as_str())
            .collect();
        assert_eq!(now.len(), 1, "kill {kill}: {now:?}");
        assert!(
            now == [version] || (!acknowledged && now == [pinned.as_str()]),
            "kill {kill}"
        );
        pinned = now[0].to_owned();
    }
}

#[test]
fn a_disk_that_is_full_keeps_what_was_installed() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("key"), key().public().to_base64()).unwrap();
    for version in ["1", "2"] {
        publish(root.path(), version);
    }
    assert!(install(root.path(), "1").output().unwrap().status.success());
    // No file may grow beyond two blocks, and a manifest takes more. The signal for that is ignored, so that writing fails as
    // it does on a full disk.
    let mut full = Command::new("sh");
    full.args(["-c", "trap '' XFSZ; ulimit -f 2; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_gait"))
        .args(install(root.path(), "2").get_args())
        .current_dir(root.path());
    let output = full.output().unwrap();
    assert!(!output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("registry install error: "), "{said}");

    let packs = Cache::new(root.path().join("cache").to_str().unwrap())
        .list()
        .unwrap();
    let versions: Vec<_> = packs
        .iter()
        .map(|cached| cached.manifest.pack().pack_version.as_str())
        .collect();
    assert_eq!(versions, ["1"]);
    assert!(
        packs[0]
            .pin
            .as_ref()
            .is_some_and(|pin| pin.admits(&packs[0].manifest))
    );
    assert!(
        install(root.path(), "2").output().unwrap().status.success(),
        "once there is room"
    );
}
