//! Writes the reference documents below `docs/reference/`, or with `--check` compares them.

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
        Some("--check") => {
            let mut code = ExitCode::SUCCESS;
            for document in DOCUMENTS {
                if std::fs::read_to_string(directory.join(document.file)).ok() != Some((document.text)()) {
                    eprintln!(
                        "docs/reference/{} is out of date; run `{REGENERATE}`",
                        document.file
                    );
                    code = ExitCode::FAILURE;
                }
            }
            Ok(code)
        }
        _ => {
            eprintln!("usage: {REGENERATE}");
            Ok(ExitCode::FAILURE)
        }
    }
}
