//! `gait mcp uninstall`: let a client start its servers itself again.

use gait_client::settings_file::SettingsFile;
use gait_client::{Client, Route};

use super::clients::{
    CLIENT, CONFIG, DRY_RUN, Plan, SERVER, about, client, files, finish, meant, read, require_known,
};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::CommandResult;
use crate::spec::{CommandSpec, Flag};

pub(crate) const FORCE: Flag = Flag::switch(
    "force",
    "where the file was changed since, only take the gateway out and keep the changes",
);

pub(crate) const SPEC: CommandSpec = CommandSpec::new("mcp uninstall", "Take the gateway out from between an MCP client and its servers")
    .explain("Gives a client's configuration back byte for byte as it was before `gait mcp install`. A file that was changed since is left alone unless --force says to only take the gateway out.")
    .flags(&[CLIENT, CONFIG, SERVER, FORCE, DRY_RUN]);

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let client = client(parsed)?;
    let names = parsed.list(SERVER.name);
    let files = files(parsed, client, context)?;
    require_known(&files, client, &names)?;
    let force = parsed.flag(FORCE.name);
    let plans = files
        .into_iter()
        .map(|file| plan(file, client, &names, force))
        .collect::<Result<Vec<_>, Failure>>()?;
    finish(parsed, client, &plans, |plan| {
        if !names.is_empty() || !plan.file.restore()? {
            plan.file.amend(&plan.new)?;
        }
        Ok(None)
    })
}

fn plan(file: SettingsFile, client: Client, names: &[String], force: bool) -> Result<Plan, Failure> {
    let text = file.text().unwrap_or_default();
    let configuration = read(client, text, file.path())?;
    let original = file.original()?.flatten().filter(|_| names.is_empty());
    let meant = meant(&configuration, names);
    let has_gateway = configuration
        .servers()
        .iter()
        .any(|server| server.route == Route::Gateway);
    let new = match original {
        Some(original) => original,
        None if !names.is_empty() && meant.is_empty() => text.to_owned(),
        None if names.is_empty() && has_gateway && !force => {
            return Err(Failure::invalid_input(format!(
                "{} was changed since the gateway came into it and cannot be given back as it was",
                file.path().display()
            ))
            .hint("use --force to take only the gateway out and keep the changes"));
        }
        None => configuration
            .unwrapped(&meant)
            .map_err(|error| about(file.path(), error))?,
    };
    Ok(Plan { file, new })
}
