//! Writes the reference documents below `docs/reference/`, or with `--list` names them.

use std::path::Path;
use std::process::ExitCode;

use gait_cli::reference::{DOCUMENTS, REGENERATE};

fn main() -> std::io::Result<ExitCode> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    match std::env::args().nth(1).as_deref() {
        Some("--write") => {
            std::fs::create_dir_all(&directory)?;
            for document in DOCUMENTS {
                std::fs::write(directory.join(document.file), (document.text)())?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Some("--list") => {
            for document in DOCUMENTS {
                println!("{}", document.file);
            }
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprintln!("usage: {REGENERATE}");
            Ok(ExitCode::FAILURE)
        }
    }
}
