//! Finding the policies and intents that decisions rest on, by their digests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gait_artifact::intent::IntentRequest;
use gait_disk::path::clean;
use gait_disk::read::read_bounded;
use gait_evidence::triage::{Gap, GapKind, KnownPolicy, Library, Recorded};
use gait_policy::{CompiledPolicy, document};

use super::gap;
use super::source::Source;
use crate::arguments::Parsed;
use crate::commands::policy::facts::inventory;
use crate::config::{DEFAULT_PATH, ProjectConfig};
use crate::error::Failure;
use crate::facts::context_envelope;
use crate::{intent_file, policy_file};

/// The largest file that is looked at.
const MAX_BYTES: usize = 1 << 20;
/// The most files that are looked at.
const MAX_FILES: usize = 5000;
/// How far below a directory is looked.
const MAX_DEPTH: usize = 5;
/// Directories that hold what programs made of sources, and never the sources of decisions.
const PASSED_OVER: [&str; 4] = ["target", "node_modules", "dist", "venv"];

/// What the decisions can be made again with. Files that were named must be what they are named as; those that are found need
/// not.
pub(super) fn library(
    parsed: &Parsed,
    source: &Source,
    recorded: &[Recorded],
    gaps: &mut Vec<Gap>,
) -> Result<Library, Failure> {
    let mut library = Library::default();
    library.envelope = context_envelope(parsed.text("context-envelope"))?;
    library.inventory = inventory(parsed)?;
    library.in_force = policy_in_force(parsed, gaps)?;
    for path in parsed.list("intent") {
        let intent = intent_file::read(&path)?
            .normalize()
            .map_err(Failure::invalid_input)?;
        library.add_intent(intent, &path);
    }
    let wanted = Wanted::of(recorded);
    if wanted.policies.is_empty() && wanted.intents.is_empty() {
        return Ok(library);
    }
    let mut walk = Walk::default();
    for directory in parsed.list("search") {
        walk.below(Path::new(&directory), 0);
    }
    if let Some(directory) = Path::new(&source.path).parent() {
        walk.below(directory, MAX_DEPTH);
    }
    for path in &walk.found {
        wanted.take(path, &mut library);
    }
    Ok(library)
}

/// The policy that `--policy` or else the project defaults name. Defaults that lead nowhere are a gap.
fn policy_in_force(parsed: &Parsed, gaps: &mut Vec<Gap>) -> Result<Option<KnownPolicy>, Failure> {
    let known = |path: &str| {
        policy_file::read(path).map(|policy| KnownPolicy {
            path: path.to_owned(),
            policy: CompiledPolicy::new(policy),
        })
    };
    let named = parsed.text("policy").trim();
    if !named.is_empty() {
        return known(named).map(Some);
    }
    let config = ProjectConfig::load(DEFAULT_PATH)?;
    match config.text("gate", "policy").trim() {
        "" => Ok(None),
        path => match known(path) {
            Ok(known) => Ok(Some(known)),
            Err(failure) => {
                let fix = "mend it, or name another with --policy";
                gaps.push(gap(GapKind::PolicyNow, &failure, fix));
                Ok(None)
            }
        },
    }
}

/// The digests that are looked for, as lower-case texts.
struct Wanted {
    policies: BTreeSet<String>,
    intents: BTreeSet<String>,
}

impl Wanted {
    fn of(recorded: &[Recorded]) -> Self {
        let digests = |of: fn(&Recorded) -> &String| -> BTreeSet<String> {
            let digests = recorded.iter().map(|recorded| of(recorded).trim().to_lowercase());
            digests.filter(|digest| !digest.is_empty()).collect()
        };
        Self {
            policies: digests(|recorded| &recorded.policy_digest),
            intents: digests(|recorded| &recorded.intent_digest),
        }
    }

    /// Adds what is in a file to `library`, if it is looked for.
    fn take(&self, path: &Path, library: &mut Library) {
        let Ok(bytes) = read_bounded(path, MAX_BYTES) else {
            return;
        };
        if is_json(path) {
            let intent = IntentRequest::read(&bytes).and_then(IntentRequest::normalize);
            if let Ok(intent) = intent
                && self.intents.contains(&intent.digest().to_string())
            {
                library.add_intent(intent, &path.to_string_lossy());
            }
            return;
        }
        let Ok(policy) = document::read(&bytes) else {
            return;
        };
        let policy = CompiledPolicy::new(policy);
        if self.policies.contains(&policy.digest().to_string()) {
            library.add_policy(KnownPolicy {
                path: clean(&path.to_string_lossy()),
                policy,
            });
        }
    }
}

/// Files that may be policies or intents, in the order of their paths.
#[derive(Default)]
struct Walk {
    found: BTreeSet<PathBuf>,
}

impl Walk {
    /// Adds the files below `directory`, which is `depth` deep. Links are not followed, so there is an end.
    fn below(&mut self, directory: &Path, depth: usize) {
        let directory = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            directory
        };
        let Ok(entries) = fs::read_dir(directory) else {
            return;
        };
        let mut paths: Vec<_> = entries.flatten().collect();
        paths.sort_by_key(fs::DirEntry::file_name);
        for entry in paths {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let path = PathBuf::from(clean(&entry.path().to_string_lossy()));
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                let is_hidden = name.starts_with('.') && name != ".gait";
                if depth < MAX_DEPTH && !is_hidden && !PASSED_OVER.contains(&name.as_ref()) {
                    self.below(&entry.path(), depth + 1);
                }
            } else if kind.is_file() && self.found.len() < MAX_FILES && (is_json(&path) || is_yaml(&path)) {
                self.found.insert(path);
            }
        }
    }
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| {
            endings
                .iter()
                .any(|ending| extension.eq_ignore_ascii_case(ending))
        })
}

fn is_json(path: &Path) -> bool {
    has_ending(path, &["json"])
}

fn is_yaml(path: &Path) -> bool {
    has_ending(path, &["yaml", "yml"])
}
