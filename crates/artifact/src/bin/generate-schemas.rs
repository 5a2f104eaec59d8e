//! Writes the JSON Schemas of the artifacts to `schemas/v1` below the working directory; with `--check` only compares.

use std::{env, fs, io, path::Path, process::ExitCode};

use gait_artifact::schema::{self, SchemaFile};

const ROOT: &str = "schemas/v1";

fn main() -> ExitCode {
    let check = match env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => {
            eprintln!("usage: generate-schemas [--check]");
            return ExitCode::from(6);
        }
    };
    match run(check) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("generate-schemas: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every file is now as generated.
fn run(check: bool) -> io::Result<bool> {
    let mut fresh = true;
    for file in schema::files().map_err(io::Error::other)? {
        let path = Path::new(ROOT).join(&file.path);
        if fs::read(&path).is_ok_and(|found| found == file.text.as_bytes()) {
            continue;
        }
        if check {
            eprintln!("{} is stale", path.display());
            fresh = false;
        } else {
            write(&path, &file)?;
        }
    }
    Ok(fresh)
}

fn write(path: &Path, file: &SchemaFile) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(path, &file.text)
}
