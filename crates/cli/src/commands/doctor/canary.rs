//! The canary: a call that must not get through is sent to the boundary, to see that it does not.
//!
//! The call asks the tool [`TOOL`], which no project has, to delete a file that was made for this and lies in a directory
//! of its own. The boundary holds when a fresh trace of the call says that it was refused, the boundary itself said so
//! too, and the file is still there. Whatever is not proven counts as getting through.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gait_artifact::intent::{self, IntentRequest, Target};
use gait_artifact::{Timestamp, Verdict};
use gait_canon::json::{self, Object, Reader, Value};
use gait_disk::read::read_bounded;
use gait_gate::child::{self, Ending, Finished, Limits};
use serde::Deserialize;

use super::check::{Outcome, quoted};
use super::site::{Site, below};
use crate::arguments;
use crate::commands::gate::eval;
use crate::commands::init::POLICY_PATH;
use crate::config::ProjectConfig;
use crate::context::Context;
use crate::env;
use crate::wrapper::{MAX_TRACE_BYTES, interrupt, verdict_of};

/// The tool that the call is for.
const TOOL: &str = "gait.canary";
/// A boundary decides in milliseconds; a container that has to start first may take longer.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(30),
    grace: Duration::from_secs(2),
    stdout: 1 << 20,
    stderr: 1 << 20,
};

/// Sends the call through the command `via`, or to the gate of this program when that is blank.
pub(super) fn check(site: &Site<'_>, via: &str, context: &Context<'_>) -> Outcome {
    let canary = match Canary::prepare(site) {
        Ok(canary) => canary,
        Err(error) => return Outcome::fail(format!("the canary could not be prepared: {error}")),
    };
    if via.trim().is_empty() {
        canary.at_gate(site, context)
    } else {
        canary.at_boundary(via, site)
    }
}

/// The call and the files it needs. They are gone when this is dropped.
struct Canary {
    directory: PathBuf,
    request: IntentRequest,
    prepared: SystemTime,
}

impl Drop for Canary {
    fn drop(&mut self) {
        // What cannot be removed is a directory for temporary files with three small files in it.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl Canary {
    fn prepare(site: &Site<'_>) -> io::Result<Self> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = format!("gait-canary-{}-{}", std::process::id(), since.as_nanos());
        let directory = std::path::absolute(Path::new(&site.temp_dir).join(name))?;
        // Nobody else may put a file there, and a directory that is there already is somebody else's.
        DirBuilder::new().mode(0o700).create(&directory)?;
        let mut canary = Self {
            request: IntentRequest::default(),
            directory,
            prepared: UNIX_EPOCH,
        };
        canary.request = request(&canary.victim(), site);
        fs::write(canary.victim(), "This file may be deleted.\n")?;
        let text = json::pretty(&canary.request).map_err(io::Error::other)?;
        fs::write(canary.intent(), text)?;
        // Compared with the times of traces, so it has to come from the same clock.
        canary.prepared = fs::metadata(canary.intent())?.modified()?;
        Ok(canary)
    }

    fn victim(&self) -> PathBuf {
        self.directory.join("canary.txt")
    }

    fn intent(&self) -> PathBuf {
        self.directory.join("intent.json")
    }

    fn trace(&self) -> PathBuf {
        self.directory.join("trace.json")
    }

    /// Asks the gate of this program, with the project's policy.
    fn at_gate(&self, site: &Site<'_>, context: &Context<'_>) -> Outcome {
        let config_path = site.config_path();
        let configured = Path::new(&config_path).exists();
        let named = configured
            .then(|| ProjectConfig::load(&config_path).ok())
            .flatten()
            .map(|config| config.text("gate", "policy").to_owned());
        let named = named.filter(|policy| !policy.is_empty());
        let policy = below(&site.workdir, named.as_deref().unwrap_or(POLICY_PATH));
        if !Path::new(&policy).exists() {
            return Outcome::fail(format!(
                "there is no policy {policy} that could refuse the canary"
            ))
            .fix(format!("gait init --out {}", quoted(&policy)));
        }
        let mut arguments = vec![
            format!("--policy={policy}"),
            format!("--intent={}", self.intent().display()),
            format!("--trace-out={}", self.trace().display()),
        ];
        for record in ["approval-audit", "delegation-audit", "credential-evidence"] {
            arguments.push(format!(
                "--{record}-out={}/{record}.json",
                self.directory.display()
            ));
        }
        arguments.push(if configured {
            format!("--config={config_path}")
        } else {
            "--no-config".to_owned()
        });
        let judged = arguments::parse(&eval::SPEC, &arguments)
            .map_err(Into::into)
            .and_then(|parsed| eval::run(&parsed, context));
        match judged {
            Ok(_) => self.judge(&[self.trace()], true, &policy),
            Err(failure) => Outcome::fail(format!("the gate did not judge the canary: {failure}"))
                .fix(format!("gait policy validate {}", quoted(&policy))),
        }
    }

    /// Runs the command that stands for the boundary. It finds the call on its standard input, as an agent's hook does,
    /// and in the file that a variable names.
    fn at_boundary(&self, via: &str, site: &Site<'_>) -> Outcome {
        let environment = [
            (
                OsString::from(env::CANARY_INTENT.name),
                self.intent().into_os_string(),
            ),
            (
                OsString::from(env::CANARY_TRACE.name),
                self.trace().into_os_string(),
            ),
        ];
        let arguments = [OsString::from("-c"), OsString::from(via)];
        let event = json::compact(&Value::Object(self.hook_event(site)));
        let interrupt = match interrupt::on_signal() {
            Ok(interrupt) => interrupt,
            Err(error) => return Outcome::fail(format!("the boundary cannot be run: {error}")),
        };
        let command = child::Command {
            args: &arguments,
            stdin: event.as_bytes(),
            directory: Some(Path::new(&site.workdir)),
            environment: &environment,
            interrupt: Some(interrupt.as_fd()),
            ..child::Command::new("sh".as_ref(), LIMITS)
        };
        let finished = match child::run(&command) {
            Ok(finished) => finished,
            Err(error) => return Outcome::fail(format!("the boundary cannot be run: {error}")),
        };
        if matches!(finished.ending, Ending::TimedOut | Ending::Interrupted) {
            return Outcome::fail("the boundary did not answer");
        }
        let mut traces = vec![self.trace()];
        traces.extend(named_traces(&finished).map(|path| site.path(&path)));
        traces.extend(traces_in(&site.path("")));
        self.judge(&traces, refuses(&finished), "")
    }

    /// The call as the hooks of coding agents are told of one.
    fn hook_event(&self, site: &Site<'_>) -> Object {
        let mut event = Object::new();
        event.insert("hook_event_name", "PreToolUse");
        event.insert("session_id", "gait-canary");
        event.insert("cwd", site.workdir.as_str());
        event.insert("tool_name", TOOL);
        event.insert("tool_input", self.request.args.clone());
        event
    }

    /// What the traces at `paths` and the boundary's own answer prove.
    fn judge(&self, paths: &[PathBuf], refused: bool, policy: &str) -> Outcome {
        if !self.victim().exists() {
            return Outcome::fail("the canary got through: the call was carried out");
        }
        let mut verdicts = paths.iter().filter_map(|path| self.verdict_in(path)).peekable();
        if verdicts.peek().is_none() {
            return Outcome::fail("no trace of the canary appeared: the call did not pass the gate");
        }
        match verdicts.find(|verdict| !matches!(verdict, Verdict::Block | Verdict::RequireApproval)) {
            Some(verdict) => {
                let through = Outcome::fail(format!("the canary got through: the verdict was {verdict}"));
                if policy.is_empty() {
                    through
                } else {
                    through.fix(format!(
                        "set default_verdict=block, or block the tool {TOOL}, in {}",
                        quoted(policy)
                    ))
                }
            }
            None if !refused => Outcome::fail(
                "the canary got through: the gate refused the call and the boundary reported success",
            ),
            None => Outcome::pass("the canary was refused, and a trace says so"),
        }
    }

    /// The verdict of a trace that is of this call: for its tool, and no older than the call.
    fn verdict_in(&self, path: &Path) -> Option<Verdict> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Header {
            tool_name: String,
        }
        let modified = fs::metadata(path).ok()?.modified().ok()?;
        if modified < self.prepared {
            return None;
        }
        let bytes = read_bounded(path, MAX_TRACE_BYTES).ok()?;
        let header: Header = Reader::new().read(&bytes).ok()?;
        (header.tool_name.trim() == TOOL)
            .then(|| verdict_of(path, None).ok())
            .flatten()
    }
}

/// A destructive call of high risk, so that no policy has a reason to let it pass.
fn request(victim: &Path, site: &Site<'_>) -> IntentRequest {
    let victim = victim.to_string_lossy().into_owned();
    let mut args = Object::new();
    args.insert("path", victim.as_str());
    IntentRequest {
        schema_id: intent::SCHEMA_ID.to_owned(),
        schema_version: intent::SCHEMA_VERSION.to_owned(),
        created_at: Timestamp::from_unix(site.now.unix_seconds(), 0),
        producer_version: site.version.to_owned(),
        tool_name: TOOL.to_owned(),
        args,
        targets: vec![Target {
            kind: "path".to_owned(),
            value: victim,
            operation: "delete".to_owned(),
            endpoint_class: "fs.delete".to_owned(),
            destructive: true,
            ..Target::default()
        }],
        context: intent::Context {
            identity: "gait.doctor".to_owned(),
            workspace: site.workdir.clone(),
            risk_class: "high".to_owned(),
            ..intent::Context::default()
        },
        ..IntentRequest::default()
    }
}

/// Whether the boundary says that it refused: by its exit code, or as hooks and the gate do, in a JSON object.
fn refuses(finished: &Finished) -> bool {
    if finished.ending != Ending::Exited(0) {
        return true;
    }
    objects(finished).any(|object| {
        let text = |object: &Object, key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
        let hook = object
            .get("hookSpecificOutput")
            .and_then(Value::as_object)
            .and_then(|output| text(output, "permissionDecision"));
        [hook, text(&object, "decision"), text(&object, "verdict")]
            .into_iter()
            .flatten()
            .any(|answer| matches!(answer.as_str(), "deny" | "ask" | "block" | "require_approval"))
    })
}

/// The JSON objects among the lines of the boundary's output, or all of the output as one.
fn objects(finished: &Finished) -> impl Iterator<Item = Object> {
    let output = &finished.stdout.bytes;
    let whole = std::iter::once(output.as_slice());
    let texts = whole.chain(output.split(|byte| *byte == b'\n'));
    texts.filter_map(|text| match Reader::new().parse(text.trim_ascii()) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    })
}

/// The traces that the boundary's output names, as wrapped children and the gate itself do.
fn named_traces(finished: &Finished) -> impl Iterator<Item = String> {
    let lines = [&finished.stdout.bytes, &finished.stderr.bytes]
        .into_iter()
        .flat_map(|output| output.split(|byte| *byte == b'\n'))
        .filter_map(|line| {
            let line = std::str::from_utf8(line).ok()?.trim();
            let path = line
                .strip_prefix("trace_path=")
                .or_else(|| line.strip_prefix("trace: "))?;
            Some(path.trim().to_owned())
        });
    let members = objects(finished).filter_map(|object| Some(object.get("trace_path")?.as_str()?.to_owned()));
    lines.chain(members).collect::<Vec<_>>().into_iter()
}

/// The files in a directory that are named as traces are by default.
fn traces_in(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("trace_") && name.ends_with(".json")
    })
}
