//! What users can see does not change without an entry in the contract changelog.
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use gait_canon::digest::Hasher;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file below `folder`, sorted by its path from the root.
fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            let list = if entry.file_type().unwrap().is_dir() {
                &mut open
            } else {
                &mut found
            };
            list.push(name);
        }
    }
    found.sort_unstable();
    found
}

/// One digest over all that is generated for users: the reference and the schemas.
fn surface() -> String {
    let mut hasher = Hasher::new();
    for file in ["docs/reference", "schemas/v1"].into_iter().flat_map(files) {
        let content = fs::read(root().join(&file)).unwrap();
        hasher.update(format!("{file} {}\n", content.len()).as_bytes());
        hasher.update(&content);
    }
    hasher.finish().to_string()
}

#[test]
fn the_newest_entry_describes_the_surface() {
    let changelog = fs::read_to_string(root().join("CONTRACT_CHANGELOG.md")).unwrap();
    let recorded = changelog.lines().find_map(|line| line.strip_prefix("Surface: "));
    let surface = surface();
    assert_eq!(
        recorded,
        Some(surface.as_str()),
        "docs/reference or schemas/v1 changed: add an entry to CONTRACT_CHANGELOG.md that says what changed for \
         callers, with the line `Surface: {surface}`"
    );
}

#[test]
fn every_entry_says_something() {
    let changelog = fs::read_to_string(root().join("CONTRACT_CHANGELOG.md")).unwrap();
    for entry in changelog.split("\n## ").skip(1) {
        let title = entry.lines().next().unwrap();
        assert!(
            entry.lines().any(|line| line.starts_with("Surface: ")),
            "{title}: no surface"
        );
        assert!(
            entry.lines().any(|line| line.starts_with("- ")),
            "{title}: says nothing"
        );
    }
}
