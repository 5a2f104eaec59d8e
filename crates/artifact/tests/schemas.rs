//! The published schemas are those of the types.
#![cfg(feature = "schema")]

use std::{collections::BTreeSet, fs, path::Path};

use gait_artifact::schema;

const COMMAND: &str = schema::REGENERATE;

#[test]
fn published_schemas_are_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/v1");
    let mut generated = BTreeSet::new();
    for file in schema::files().unwrap() {
        let published = fs::read_to_string(root.join(&file.path)).unwrap_or_default();
        assert!(
            published == file.text,
            "schemas/v1/{} is stale; run `{COMMAND}`",
            file.path
        );
        generated.insert(file.path);
    }
    for family in fs::read_dir(&root).unwrap() {
        let family = family.unwrap();
        for entry in fs::read_dir(family.path()).unwrap() {
            let path = Path::new(&family.file_name()).join(entry.unwrap().file_name());
            let path = path.to_string_lossy().replace('\\', "/");
            assert!(generated.contains(&path), "schemas/v1/{path} belongs to no type");
        }
    }
}

#[test]
fn the_reference_lists_them() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/schemas.md");
    let published = fs::read_to_string(page).unwrap_or_default();
    assert!(
        published == schema::reference_page(&schema::files().unwrap()),
        "docs/reference/schemas.md is stale; run `{COMMAND}`"
    );
}
