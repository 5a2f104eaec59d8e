//! `gait incident triage`: one page about what happened, what policy said, what changed since, and what to do about it.
//!
//! Reading, verifying and making happen here; what follows from them is for [`gait_evidence::triage`]. Nothing that is
//! missing or broken keeps the rest from being told, and no other process is started.

mod build;
mod evidence;
mod library;
mod source;
mod told;

use std::fmt::Display;
use std::path::PathBuf;

use gait_canon::json;
use gait_disk::atomic;
use gait_disk::path::clean;
use gait_evidence::triage::{Facts, GapKind, Library, Made, Status, Triage, conclude, shell_word};
use gait_regress::FixtureName;
use serde::Serialize;

use crate::arguments::Parsed;
use crate::commands::doctor;
use crate::commands::gate::invocation::joined;
use crate::commands::guard::CASE_ID;
use crate::commands::policy::facts::WRKR_INVENTORY;
use crate::commands::run::record::optional_signer;
use crate::context::Context;
use crate::demands::{self, Demands};
use crate::error::{EXIT_OK, ErrorKind, Failure, exit_code_of};
use crate::literal;
use crate::outcome::{CommandResult, Report};
use crate::pages;
use crate::spec::{CommandSpec, Flag};
use evidence::Gathered;

const DEFAULT_DIRECTORY: &str = "gait-out/triage";
/// The document beside what was made. It is written last, so where it is, the rest is too.
const DOCUMENT: &str = "triage.json";
/// The document quotes what agents were told; it is for its owner until it is shared.
const FILE_MODE: u32 = 0o600;
/// The most decisions that a policy is held to.
const MAX_POLICY_CHECKS: usize = 20;
/// The longest id; it is the name of a directory.
const MAX_ID_BYTES: usize = 100;

const OWN: [Flag; 13] = [
    Flag::path(
        "from",
        "run id, runpack, pack, trace, session journal or session chain (required)",
    ),
    Flag::path(
        "policy",
        "the policy in force; that of the project defaults unless given",
    ),
    Flag::list("trace", "traces beside those that are found"),
    Flag::list("intent", "intents beside those that are found"),
    Flag::text("run", "the run that a trace belongs to"),
    Flag::list("search", "directories to look for policies and intents in").or("."),
    Flag::path(
        "context-envelope",
        "evidence of the context the calls were decided in",
    ),
    WRKR_INVENTORY,
    Flag::text(
        "window",
        "how long before and after the run evidence belongs to it",
    )
    .or("24h"),
    CASE_ID,
    Flag::text(
        "key-mode",
        "where the key that signs the incident pack comes from; unsigned when nothing is said",
    )
    .values(&["dev", "prod"]),
    Flag::path(
        "out-dir",
        "directory of what is made, instead of gait-out/triage/<id>",
    ),
    pages::HTML,
];
const FLAGS: [Flag; OWN.len() + demands::FLAGS.len()] = joined(&[&OWN, &demands::FLAGS]);

pub(crate) const SPEC: CommandSpec = CommandSpec::new(
    "incident triage",
    "Tell on one page what happened, what policy said and what changed since",
)
.explain("Verifies the evidence of an incident, makes its decisions again with the policy of then and of now, and turns it into a regression fixture and an incident pack; exit code 0 says that all is there and as it was, 2 that evidence does not hold, 5 that the policy in force decides otherwise, 7 that something is missing.")
.positionals("[<run_id|path>]")
.flags(&FLAGS);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    triage_path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    html: &'a str,
    #[serde(flatten)]
    triage: &'a Triage,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let reference = crate::runpack_file::named(parsed, "missing required --from <run_id|path>")?;
    let given = parsed.text("window");
    let window = literal::duration(given.trim())
        .and_then(literal::Nanoseconds::positive)
        .ok_or_else(|| {
            Failure::invalid_input(format!("--window: {given:?} is no duration such as 24h or 1h30m"))
        })?;
    let demands = Demands::of(parsed, context)?;
    let signer = optional_signer(parsed, context)?;
    let source = source::Source::find(reference, context)?;

    let mut gathered = Gathered::of(&source, parsed, &demands, window, context);
    let library = library::library(parsed, &source, &gathered.recorded, &mut gathered.gaps)?;
    let triage_id = triage_id(&gathered, &source.path);
    let directory = match parsed.text("out-dir").trim() {
        "" => format!("{DEFAULT_DIRECTORY}/{triage_id}"),
        directory => clean(directory),
    };
    let workshop = build::Workshop {
        directory: &directory,
        window,
        case_id: parsed.text("case-id"),
        signer: signer.as_ref(),
        now: context.now(),
        producer_version: context.producer_version(),
    };
    let built = workshop.build(&mut gathered)?;
    let mut triage = conclude(
        Facts {
            triage_id,
            producer_version: context.producer_version(),
            subject: gathered.subject,
            calls: gathered.calls,
            recorded: gathered.recorded,
            evidence: gathered.evidence,
            gaps: gathered.gaps,
            doctor: doctor::examine(context),
            made: Made {
                directory: directory.clone(),
                ..built.made
            },
            automation: built.automation,
        },
        &library,
    );
    let checks = policy_checks(&triage, &library);
    if !checks.is_empty() {
        triage.automation.get_or_insert_default().policy_checks = checks;
    }
    let triage_path = write_document(&directory, &triage)?;
    let html = pages::wanted(parsed).unwrap_or_default();
    if !html.is_empty() {
        pages::write(html, pages::triage_page(&triage).html())?;
    }
    let output = Output {
        ok: triage.status == Status::Complete,
        triage_path: &triage_path,
        html,
        triage: &triage,
    };
    let page = (!html.is_empty()).then(|| pages::line(html));
    Ok(Report::new(&output)
        .lines(told::lines(&triage))
        .line(format!("triage: {triage_path}"))
        .lines(page)
        .diagnostics(signer.map(|signer| signer.notice()).unwrap_or_default())
        .exit(exit_of(triage.status)))
}

const fn exit_of(status: Status) -> u8 {
    match status {
        Status::Complete => EXIT_OK,
        Status::Partial => ErrorKind::DependencyMissing.exit_code(),
        Status::Changed => ErrorKind::RegressFailed.exit_code(),
        Status::Contradicted => ErrorKind::VerificationFailed.exit_code(),
    }
}

/// The name of the incident: that of its session or run, else of its first decision, else of the file. It follows from the
/// evidence, so a second triage of the same takes the place of the first.
fn triage_id(gathered: &Gathered, path: &str) -> String {
    let subject = &gathered.subject;
    let traced = gathered
        .recorded
        .first()
        .map_or("", |recorded| recorded.trace_id.as_str());
    let stem = PathBuf::from(path);
    let stem = stem.file_stem().unwrap_or_default().to_string_lossy();
    let named = [&subject.session_id, &subject.run_id, traced, &stem]
        .into_iter()
        .find(|name| !name.trim().is_empty())
        .unwrap_or_default();
    let name = FixtureName::of_run(named);
    // Such names are ASCII, so any place is between two characters.
    let name = name.as_str();
    name[..name.len().min(MAX_ID_BYTES)].to_owned()
}

/// Commands that ask the policy in force, or else the one that decided, and fail when it says something else than was said.
fn policy_checks(triage: &Triage, library: &Library) -> Vec<String> {
    let mut checks: Vec<String> = Vec::new();
    for decision in &triage.decisions {
        let decided = library.policy(&decision.recorded.policy_digest);
        let (Some(policy), Some(verdict)) = (
            library.in_force.as_ref().or(decided),
            decision
                .then
                .verdict
                .or_else(|| decision.recorded.verdict.parse().ok()),
        ) else {
            continue;
        };
        if decision.intent_path.is_empty() || checks.len() == MAX_POLICY_CHECKS {
            continue;
        }
        let command = format!(
            "gait policy test {} {}",
            shell_word(&policy.path),
            shell_word(&decision.intent_path)
        );
        let check = match exit_code_of(verdict) {
            EXIT_OK => command,
            // A shell that stops at the first failure must get as far as the comparison.
            code => format!("code=0; {command} || code=$?; test $code = {code}"),
        };
        if !checks.contains(&check) {
            checks.push(check);
        }
    }
    checks
}

fn write_document(directory: &str, triage: &Triage) -> Result<String, Failure> {
    let path = clean(&format!("{directory}/{DOCUMENT}"));
    let text = json::pretty(triage)? + "\n";
    let file = std::path::absolute(&path).map_err(Failure::invalid_input)?;
    if let Some(parent) = file.parent() {
        atomic::create_directories(parent)?;
    }
    atomic::replace(&file, text.as_bytes(), FILE_MODE)?;
    Ok(path)
}

/// A gap of `kind`.
fn gap(kind: GapKind, message: &dyn Display, fix: &str) -> gait_evidence::triage::Gap {
    gait_evidence::triage::Gap {
        kind,
        message: message.to_string(),
        fix: fix.to_owned(),
    }
}
