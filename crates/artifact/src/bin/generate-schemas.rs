//! Writes the JSON Schemas of the artifacts to `schemas/v1` below the working directory, and the page of the reference that
//! lists them; with `--check` only compares.

use std::{env, fs, io, path::Path, process::ExitCode};

use gait_artifact::schema;

const ROOT: &str = "schemas/v1";
const PAGE: &str = "docs/reference/schemas.md";

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
    let files = schema::files().map_err(io::Error::other)?;
    let page = schema::reference_page(&files);
    let mut fresh = true;
    let schemas = files
        .iter()
        .map(|file| (Path::new(ROOT).join(&file.path), &file.text));
    for (path, text) in schemas.chain([(Path::new(PAGE).to_owned(), &page)]) {
        if fs::read(&path).is_ok_and(|found| found == text.as_bytes()) {
            continue;
        }
        if check {
            eprintln!("{} is stale", path.display());
            fresh = false;
        } else {
            write(&path, text)?;
        }
    }
    Ok(fresh)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(path, text)
}
