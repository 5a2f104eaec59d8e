//! Writes the description of the service's routes to `docs/reference/openapi.json` below the working directory; with
//! `--check` only compares.

use std::{env, fs, process::ExitCode};

const PATH: &str = "docs/reference/openapi.json";

fn main() -> ExitCode {
    let check = match env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => {
            eprintln!("usage: generate-openapi [--check]");
            return ExitCode::from(6);
        }
    };
    let text = gait_serve::openapi::document();
    if fs::read(PATH).is_ok_and(|found| found == text.as_bytes()) {
        return ExitCode::SUCCESS;
    }
    if check {
        eprintln!("{PATH} is stale");
        return ExitCode::FAILURE;
    }
    match fs::write(PATH, text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("generate-openapi: {PATH}: {error}");
            ExitCode::FAILURE
        }
    }
}
