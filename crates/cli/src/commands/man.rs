//! `gait man`: the manual pages.

use std::path::Path;

use clap_mangen::Man;
use gait_disk::atomic;
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::interface;
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("man", "Print the manual page, or write one for every command")
    .explain("Prints the program's manual page, or writes the pages of the program and of each command to a directory.")
    .flags(&[Flag::path("out", "directory to write the pages to")]);

const FILE_MODE: u32 = 0o644;

#[derive(Serialize)]
struct Output {
    ok: bool,
    pages: Vec<String>,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let program = interface::program(&context.surface());
    let directory = parsed.text("out").trim();
    if directory.is_empty() {
        return Ok(Report::verbatim(String::from_utf8_lossy(&page(&program)?)));
    }
    atomic::create_directories(Path::new(directory))?;
    let mut pages = Vec::new();
    write_pages(&program, "gait", directory, &mut pages)?;
    let count = pages.len();
    Ok(Report::new(&Output { ok: true, pages }).line(format!("man ok: pages={count} dir={directory}")))
}

/// Writes the page of `command`, which is typed as `words`, and those of the commands below it.
fn write_pages(
    command: &clap::Command,
    words: &str,
    directory: &str,
    pages: &mut Vec<String>,
) -> Result<(), Failure> {
    let name = words.replace(' ', "-");
    let path = format!("{directory}/{name}.1");
    let target = std::path::absolute(&path).map_err(Failure::invalid_input)?;
    let named = command.clone().display_name(name).bin_name(words.to_owned());
    atomic::replace(&target, &page(&named)?, FILE_MODE)?;
    pages.push(path);
    for below in command.get_subcommands() {
        write_pages(below, &format!("{words} {}", below.get_name()), directory, pages)?;
    }
    Ok(())
}

fn page(command: &clap::Command) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    Man::new(command.clone())
        .render(&mut bytes)
        .map_err(|error| Failure::new(ErrorKind::Internal, error))?;
    Ok(bytes)
}
