//! The reference documents say what the program does.

use std::path::Path;

use gait_cli::reference::{DOCUMENTS, REGENERATE};

#[test]
fn the_reference_is_up_to_date() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    for document in DOCUMENTS {
        let written = std::fs::read_to_string(directory.join(document.file)).unwrap_or_default();
        assert!(
            written == (document.text)(),
            "docs/reference/{} is out of date; run `{REGENERATE}`",
            document.file
        );
    }
}
