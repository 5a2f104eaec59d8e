//! The configurations of MCP clients, for the commands that change them.

use std::path::{Path, PathBuf};

use gait_canon::json::is_default;
use gait_client::location::{Places, System};
use gait_client::settings_file::SettingsFile;
use gait_client::survey::paths;
use gait_client::{Client, Configuration, Route, unified_diff};
use gait_disk::path::clean;
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::outcome::Report;
use crate::printable::printable;
use crate::spec::Flag;

pub(super) const CLIENT: Flag =
    Flag::text("client", "the program that starts the servers (required)").values(&Client::NAMES);
pub(super) const CONFIG: Flag = Flag::path(
    "config",
    "its configuration (default those of this directory and of the user)",
);
pub(super) const SERVER: Flag = Flag::list("server", "only the servers of these names");
pub(crate) const DRY_RUN: Flag = Flag::switch("dry-run", "show what would change, and change nothing");

/// What can be done about a server that the gateway cannot come in front of as it stands.
const UNCOVERABLE: &str =
    "the gateway cannot take its place with these settings; gait mcp gateway --servers can";

/// What was done, or would be.
#[derive(Serialize)]
pub(super) struct Output {
    ok: bool,
    client: &'static str,
    #[serde(skip_serializing_if = "is_default")]
    dry_run: bool,
    changed: bool,
    /// Servers that do not go through the gateway afterwards.
    not_covered: usize,
    files: Vec<FileReport>,
}

#[derive(Serialize)]
pub(super) struct FileReport {
    path: String,
    changed: bool,
    /// Where the file as it was is kept.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) backup: String,
    servers: Vec<ServerReport>,
    #[serde(skip_serializing_if = "String::is_empty")]
    diff: String,
}

#[derive(Serialize)]
struct ServerReport {
    name: String,
    place: String,
    line: usize,
    route: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    url: String,
    #[serde(skip)]
    is_coverable: bool,
}

/// A configuration that was read, and what it will say.
pub(super) struct Plan {
    pub(super) file: SettingsFile,
    pub(super) new: String,
}

impl Plan {
    /// What the configuration says; it is there.
    pub(super) fn text(&self) -> &str {
        self.file.text().unwrap_or_default()
    }

    pub(super) fn changes(&self) -> bool {
        self.text() != self.new
    }

    fn report(&self, client: Client, dry_run: bool) -> Result<FileReport, Failure> {
        let path = self.file.path().to_string_lossy();
        let servers = read(client, &self.new, self.file.path())?
            .servers()
            .iter()
            .map(|server| {
                let (route, url) = match &server.route {
                    Route::Direct => ("direct", ""),
                    Route::Gateway => ("gateway", ""),
                    Route::Remote(url) => ("remote", url.as_str()),
                };
                ServerReport {
                    name: server.name.clone(),
                    place: server.place.clone(),
                    line: server.line,
                    route,
                    url: url.to_owned(),
                    is_coverable: server.is_coverable(),
                }
            })
            .collect();
        let diff = if dry_run {
            unified_diff(self.text(), &self.new, &path)
        } else {
            String::new()
        };
        Ok(FileReport {
            changed: self.changes(),
            path: path.into_owned(),
            backup: String::new(),
            servers,
            diff,
        })
    }
}

/// The client that is meant.
pub(super) fn client(parsed: &Parsed) -> Result<Client, Failure> {
    match parsed.text(CLIENT.name).trim() {
        "" => Err(Failure::invalid_input("--client is required")),
        name => name.parse().map_err(Failure::invalid_input),
    }
}

/// The configurations that are meant and there, at least one.
pub(super) fn files(
    parsed: &Parsed,
    client: Client,
    context: &Context<'_>,
) -> Result<Vec<SettingsFile>, Failure> {
    let given = parsed.text(CONFIG.name).trim();
    let candidates = if given.is_empty() {
        let directory = absolute(".")?;
        paths(client, Some(&places(context)), Path::new(&directory))
    } else {
        vec![PathBuf::from(absolute(given)?)]
    };
    let mut files = Vec::new();
    for path in &candidates {
        let file = SettingsFile::open(path)?;
        if file.text().is_some() {
            files.push(file);
        }
    }
    if files.is_empty() {
        let looked: Vec<_> = candidates.iter().map(|path| path.to_string_lossy()).collect();
        return Err(Failure::invalid_input(format!(
            "{client} has no configuration at {}",
            looked.join(" or ")
        )));
    }
    Ok(files)
}

/// Where clients keep what is their user's.
pub(crate) fn places(context: &Context<'_>) -> Places {
    Places::new(System::current(), context.environment())
}

/// The configuration `text` of the file at `path`.
pub(super) fn read<'t>(client: Client, text: &'t str, path: &Path) -> Result<Configuration<'t>, Failure> {
    Configuration::read(client, text).map_err(|error| about(path, error))
}

/// An error about the file at `path`.
pub(crate) fn about(path: &Path, error: impl Into<Failure>) -> Failure {
    error.into().context(&path.to_string_lossy())
}

/// Those of `names` that `configuration` has. None of them may be in no configuration at all.
pub(super) fn meant(configuration: &Configuration<'_>, names: &[String]) -> Vec<String> {
    let has = |name: &&String| configuration.servers().iter().any(|server| server.name == **name);
    names.iter().filter(has).cloned().collect()
}

/// Fails when one of `names` is in none of the `files`.
pub(super) fn require_known(files: &[SettingsFile], client: Client, names: &[String]) -> Result<(), Failure> {
    let mut missing = names.to_vec();
    for file in files {
        let known = meant(
            &read(client, file.text().unwrap_or_default(), file.path())?,
            names,
        );
        missing.retain(|name| !known.contains(name));
    }
    match missing.first() {
        Some(name) => Err(Failure::invalid_input(format!("{client} has no server {name:?}"))),
        None => Ok(()),
    }
}

/// `path` from the root of the file system, so that it means the same wherever it is used.
pub(crate) fn absolute(path: &str) -> Result<String, Failure> {
    let absolute = std::path::absolute(path)
        .map_err(|error| Failure::new(ErrorKind::Io, error).context(&format!("resolve {path}")))?;
    let text = absolute
        .to_str()
        .ok_or_else(|| Failure::invalid_input(format!("the directory of {path} has no name in UTF-8")))?;
    Ok(clean(text))
}

/// This program as others start it: the file that `given` names, else the one that runs.
pub(crate) fn program(given: &str) -> Result<String, Failure> {
    if !given.trim().is_empty() {
        return absolute(given.trim());
    }
    let running = std::env::current_exe()
        .map_err(|error| Failure::new(ErrorKind::Io, error).context("find this program"))?;
    running
        .into_os_string()
        .into_string()
        .map_err(|_| Failure::invalid_input("this program's path is not UTF-8; use --program"))
}

/// Carries the plans out with `act`, unless it is a dry run, and tells. `act` says where the file as it was is kept.
pub(super) fn finish(
    parsed: &Parsed,
    client: Client,
    plans: &[Plan],
    act: impl Fn(&Plan) -> Result<Option<PathBuf>, Failure>,
) -> Result<Report, Failure> {
    let dry_run = parsed.flag(DRY_RUN.name);
    // Everything that can fail on its content fails before the first file is written.
    let mut files = plans
        .iter()
        .map(|plan| plan.report(client, dry_run))
        .collect::<Result<Vec<_>, _>>()?;
    for (plan, file) in plans
        .iter()
        .zip(&mut files)
        .filter(|(plan, _)| plan.changes() && !dry_run)
    {
        if let Some(backup) = act(plan)? {
            file.backup = backup.to_string_lossy().into_owned();
        }
    }
    let servers = || files.iter().flat_map(|file| &file.servers);
    let output = Output {
        ok: true,
        client: client.as_str(),
        dry_run,
        changed: files.iter().any(|file| file.changed),
        not_covered: servers().filter(|server| server.route != "gateway").count(),
        files,
    };
    let lines: Vec<String> = output
        .files
        .iter()
        .flat_map(|file| lines(file, dry_run))
        .collect();
    Ok(Report::new(&output)
        .line(format!(
            "{} ok: {client}{}",
            parsed.spec().path,
            if dry_run { " (nothing was written)" } else { "" }
        ))
        .lines(lines))
}

fn lines(file: &FileReport, dry_run: bool) -> Vec<String> {
    let state = match (file.changed, dry_run) {
        (false, _) => "unchanged",
        (true, false) => "changed",
        (true, true) => "would change",
    };
    let mut lines = vec![format!("{}: {state}", printable(&file.path))];
    if !file.backup.is_empty() {
        lines.push(format!("  as it was: {}", printable(&file.backup)));
    }
    for server in &file.servers {
        let name = printable(&server.name);
        lines.push(match server.route {
            "gateway" => format!("- {name}: through the gateway"),
            "remote" if server.is_coverable => {
                format!("- {name}: connected to directly at {}", printable(&server.url))
            }
            "remote" => format!(
                "- {name}: connected to directly at {}; {UNCOVERABLE}",
                printable(&server.url)
            ),
            _ => format!("- {name}: started directly"),
        });
    }
    lines.extend(file.diff.lines().map(|line| printable(line).into_owned()));
    lines
}
