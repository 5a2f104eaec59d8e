//! `gait scout snapshot`: the tools and servers of a repository.

use std::num::NonZero;
use std::path::Path;
use std::thread;

use gait_artifact::policy::Policy;
use gait_artifact::text;
use gait_canon::json::is_default;
use gait_client::Route;
use gait_client::survey::{Found, survey};
use gait_disk::path::clean;
use gait_scout::snapshot::{Coverage, Scope, Surface};
use serde::Serialize;

use super::write;
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::policy_file;
use crate::printable::printable;
use crate::spec::{CommandSpec, Flag};

const ROOTS: Flag = Flag::list("roots", "directories to look through").or(".");
const INCLUDE: Flag = Flag::list(
    "include",
    "only files whose path contains or matches one of these",
);
const EXCLUDE: Flag = Flag::list("exclude", "no files whose path contains or matches one of these");
const POLICY: Flag = Flag::list(
    "policy",
    "also tell how much of what is found these policies name",
);
const OUT: Flag = Flag::path(
    "out",
    "where the snapshot goes, ./gait-out/inventory_snapshot_<snapshot_id>.json unless given",
);
const COVERAGE_OUT: Flag = Flag::path(
    "coverage-out",
    "where the coverage goes, ./gait-out/inventory_coverage_<snapshot_id>.json unless given",
);

pub(crate) const SPEC: CommandSpec = CommandSpec::new("scout snapshot", "List what agents may call from a repository")
    .explain("Searches sources and MCP configurations for tools and servers without running anything, so that policies can be held to what is really there.")
    .flags(&[ROOTS, INCLUDE, EXCLUDE, POLICY, OUT, COVERAGE_OUT]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    snapshot_path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    coverage_path: &'a str,
    snapshot_id: &'a str,
    #[serde(skip_serializing_if = "is_default")]
    items: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<&'a Coverage>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outside_gateway: Vec<Outside>,
}

/// A server that a client of a scanned project reaches past the gateway.
#[derive(Serialize)]
struct Outside {
    client: &'static str,
    server: String,
    path: String,
    line: usize,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let scope = Scope::new(&parsed.list(ROOTS.name))
        .including(&parsed.list(INCLUDE.name))
        .excluding(&parsed.list(EXCLUDE.name));
    let threads = thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    let surface = scope.scan(threads)?;
    let snapshot = surface.record(&scope.workspace(), context.now(), context.producer_version());
    let snapshot_id = &snapshot.snapshot_id;
    let path = path(parsed, OUT, "inventory_snapshot", snapshot_id);
    write(&path, &snapshot)?;

    let coverage = coverage(parsed, &surface, snapshot_id)?;
    let coverage_path = match &coverage {
        Some(coverage) => {
            let path = self::path(parsed, COVERAGE_OUT, "inventory_coverage", snapshot_id);
            write(&path, coverage)?;
            path
        }
        None => String::new(),
    };
    let output = Output {
        ok: true,
        snapshot_path: &path,
        coverage_path: &coverage_path,
        snapshot_id,
        items: snapshot.items.len(),
        coverage: coverage.as_ref(),
        outside_gateway: outside_gateway(&parsed.list(ROOTS.name)),
    };
    Ok(Report::new(&output)
        .line(format!("scout snapshot ok: {path}"))
        .lines(coverage.as_ref().map(line))
        .lines(output.outside_gateway.iter().map(Outside::line)))
}

/// The servers of clients' configurations in `roots` that do not go through the gateway. A configuration that has another form
/// than its client documents tells nothing here; `doctor` says so.
fn outside_gateway(roots: &[String]) -> Vec<Outside> {
    let found = roots.iter().flat_map(|root| survey(None, Path::new(root)));
    found
        .flat_map(
            |Found {
                 client,
                 path,
                 servers,
             }| {
                let path = clean(&path.to_string_lossy());
                let outside = servers.unwrap_or_default().into_iter();
                outside
                    .filter(|server| server.route != Route::Gateway)
                    .map(move |server| Outside {
                        client: client.as_str(),
                        server: server.name,
                        path: path.clone(),
                        line: server.line,
                    })
            },
        )
        .collect()
}

impl Outside {
    fn line(&self) -> String {
        let Self {
            client,
            server,
            path,
            line,
        } = self;
        format!(
            "outside the gateway: {client} server {} ({}:{line})",
            printable(server),
            printable(path)
        )
    }
}

/// The file that `flag` names, or the one in `gait-out` that is called after `snapshot_id`.
fn path(parsed: &Parsed, flag: Flag, name: &str, snapshot_id: &str) -> String {
    match parsed.text(flag.name).trim() {
        "" => format!("./gait-out/{name}_{snapshot_id}.json"),
        given => given.to_owned(),
    }
}

/// What the policies on the command line cover; nothing without policies.
fn coverage(parsed: &Parsed, surface: &Surface, snapshot_id: &str) -> Result<Option<Coverage>, Failure> {
    let paths = text::list(parsed.list(POLICY.name));
    if paths.is_empty() {
        return Ok(None);
    }
    let policies: Vec<Policy> = paths
        .iter()
        .map(|path| {
            policy_file::read(path).map_err(|failure| failure.context(&format!("load policy {path}")))
        })
        .collect::<Result<_, _>>()?;
    Ok(Some(surface.coverage(snapshot_id, &policies)))
}

fn line(coverage: &Coverage) -> String {
    format!(
        "coverage: discovered={} gated={} high_risk_ungated={} coverage_percent={:.2}",
        coverage.discovered_tools,
        coverage.gated_tools,
        coverage.high_risk_ungated_tools,
        coverage.coverage_percent
    )
}
