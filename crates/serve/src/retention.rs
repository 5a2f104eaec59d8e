//! Old artifacts of the service go: those that are too old, and those beyond the number that is kept.
//!
//! A class of artifacts is looked through after an answered request, in the directory of the class only and by name. Looking
//! takes as long as the directory is long, so it happens at most a twentieth of the time; where it takes long it happens
//! beside the requests, and the next answer tells what went.
//!
//! What a request has written is never removed before it is answered. Sessions go as a whole: journal, state and chain
//! count as one, and a session that somebody works on stays.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use gait_disk::path::clean;

/// A look through a directory is followed by this many times its duration without one.
const PAUSES: u32 = 20;

/// A look that took longer than this is not taken while somebody waits for an answer.
const LONG: Duration = Duration::from_millis(10);

/// What is younger than this is never too old: whoever was told of it may just be about to read it.
const FRESH: Duration = Duration::from_secs(10);

/// A session that was written to this recently is at work, whatever its age may be.
const SESSION_AT_WORK: Duration = Duration::from_secs(60);

/// A kind of artifacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Traces of decisions.
    Trace,
    /// Runpacks of decisions and of checkpoints.
    Runpack,
    /// Packs.
    Pack,
    /// Journals of sessions with their states and chains.
    Session,
}

impl Class {
    const fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Runpack => "runpack",
            Self::Pack => "pack",
            Self::Session => "session",
        }
    }

    /// Whether a file is one of this class, by its name in lower case.
    fn has(self, name: &str) -> bool {
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        match self {
            Self::Trace => name.contains("trace") && extension == "json",
            Self::Runpack => extension == "zip" && (name.starts_with("runpack_") || name.contains("_cp_")),
            Self::Pack => name.starts_with("pack_") && extension == "zip",
            Self::Session => ["json", "jsonl", "state"].contains(&extension),
        }
    }

    /// What the files are called that go together.
    fn group(self, name: &str) -> &str {
        if self != Self::Session {
            return name;
        }
        let journal = name.strip_suffix(".state.json").unwrap_or(name);
        if let Some(base) = journal.strip_suffix("_chain.json") {
            return base;
        }
        journal.rsplit_once('.').map_or(journal, |(base, _)| base)
    }
}

/// What is kept of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The class.
    pub class: Class,
    /// Where its files are; blank for nowhere.
    pub directory: String,
    /// Older files go, though never within ten seconds.
    pub max_age: Option<Duration>,
    /// All but so many of the newest go. Sessions are counted, not their files.
    pub max_count: Option<usize>,
}

/// Removes old artifacts. Threads share it; its methods wait for the disk.
#[derive(Debug, Default)]
pub struct Retention {
    shelves: Vec<Arc<Shelf>>,
    protected: Arc<Mutex<HashMap<PathBuf, usize>>>,
}

/// The files of a request that is not answered yet. They stay as long as this value does.
#[derive(Debug)]
#[must_use = "the files are protected as long as this value is there"]
pub struct Protected {
    files: Vec<PathBuf>,
    all: Arc<Mutex<HashMap<PathBuf, usize>>>,
}

impl Drop for Protected {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        for file in &self.files {
            if let Some(count) = all.get_mut(file) {
                *count -= 1;
                if *count == 0 {
                    all.remove(file);
                }
            }
        }
    }
}

impl Retention {
    /// Retention by `rules`, which are followed in their order. Rules that keep everything cost nothing.
    #[must_use]
    pub fn new(rules: Vec<Rule>) -> Self {
        let keeps_all = |rule: &Rule| rule.max_age.is_none() && rule.max_count.is_none();
        let shelves = rules
            .into_iter()
            .filter(|rule| !keeps_all(rule) && !rule.directory.trim().is_empty())
            .map(|rule| Arc::new(Shelf::new(rule)))
            .collect();
        Self {
            shelves,
            protected: Arc::default(),
        }
    }

    /// Keeps `files` from being removed until the value is dropped: when the request that writes them is answered. To be
    /// called before they are written.
    pub fn protect<P: AsRef<str>>(&self, files: impl IntoIterator<Item = P>) -> Protected {
        let files: Vec<_> = if self.shelves.is_empty() {
            Vec::new()
        } else {
            files
                .into_iter()
                .map(|file| PathBuf::from(clean(file.as_ref())))
                .collect()
        };
        let mut all = self.protected.lock().unwrap_or_else(PoisonError::into_inner);
        for file in &files {
            *all.entry(file.clone()).or_default() += 1;
        }
        drop(all);
        Protected {
            files,
            all: Arc::clone(&self.protected),
        }
    }

    /// Removes what the rules do not keep at the time `now`; gives what the answer says of it.
    #[must_use]
    pub fn run(&self, now: SystemTime) -> Vec<String> {
        let mut told = Vec::new();
        for shelf in &self.shelves {
            told.append(&mut shelf.look(now, &self.protected));
        }
        told
    }
}

/// A class in its directory.
#[derive(Debug)]
struct Shelf {
    rule: Rule,
    state: Mutex<ShelfState>,
}

#[derive(Debug, Default)]
struct ShelfState {
    looking: bool,
    last: Option<Look>,
    /// What a look beside the requests found.
    untold: Vec<String>,
}

/// When a look ended and how long it took.
#[derive(Debug, Clone, Copy)]
struct Look {
    ended: Instant,
    took: Duration,
}

/// Files that go together.
#[derive(Debug)]
struct Group {
    modified: SystemTime,
    name: String,
    files: Vec<OsString>,
}

/// How many files went.
#[derive(Debug, Default, PartialEq, Eq)]
struct Removed {
    by_age: usize,
    by_count: usize,
}

type Paths = Mutex<HashMap<PathBuf, usize>>;

impl Shelf {
    fn new(rule: Rule) -> Self {
        Self {
            rule,
            state: Mutex::default(),
        }
    }

    /// Looks through the directory if it is time for that.
    fn look(self: &Arc<Self>, now: SystemTime, protected: &Arc<Paths>) -> Vec<String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let told = std::mem::take(&mut state.untold);
        let due = state
            .last
            .is_none_or(|last| last.ended.elapsed() >= last.took.saturating_mul(PAUSES));
        if state.looking || !due {
            return told;
        }
        state.looking = true;
        let long = state.last.is_some_and(|last| last.took > LONG);
        drop(state);
        if !long {
            return [told, self.clear(now, protected)].concat();
        }
        let (this, paths) = (Arc::clone(self), Arc::clone(protected));
        let beside = thread::Builder::new()
            .name("retention".to_owned())
            .spawn(move || {
                let mut found = this.clear(now, &paths);
                let mut state = this.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.untold.append(&mut found);
            });
        if beside.is_err() {
            self.state.lock().unwrap_or_else(PoisonError::into_inner).looking = false;
        }
        told
    }

    /// Looks through the directory; gives what is to be said of it.
    fn clear(&self, now: SystemTime, protected: &Paths) -> Vec<String> {
        let began = Instant::now();
        let mut removed = Removed::default();
        let outcome = self.remove_surplus(now, protected, &mut removed);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.looking = false;
        state.last = Some(Look {
            ended: Instant::now(),
            took: began.elapsed(),
        });
        drop(state);
        let class = self.rule.class.name();
        match outcome {
            Err(error) => vec![format!("retention_{class}_error={error}")],
            Ok(()) if removed == Removed::default() => Vec::new(),
            Ok(()) => vec![format!(
                "retention_{class}_removed_age={} removed_count={}",
                removed.by_age, removed.by_count
            )],
        }
    }

    fn remove_surplus(&self, now: SystemTime, protected: &Paths, removed: &mut Removed) -> io::Result<()> {
        let mut groups = self.groups()?;
        // Newest first; among those of one time the greater name.
        groups.sort_unstable_by(|a, b| (b.modified, &b.name).cmp(&(a.modified, &a.name)));
        for (place, group) in groups.iter().enumerate() {
            let age = now.duration_since(group.modified).unwrap_or_default();
            let too_old = self.rule.max_age.is_some_and(|limit| age > limit.max(FRESH));
            let too_many = self.rule.max_count.is_some_and(|limit| place >= limit);
            if !(too_old || too_many) || self.is_at_work(group, age) {
                continue;
            }
            for file in &group.files {
                if self.remove(Path::new(file), protected)? {
                    removed.by_age += usize::from(too_old);
                    removed.by_count += usize::from(too_many);
                }
            }
        }
        Ok(())
    }

    fn groups(&self) -> io::Result<Vec<Group>> {
        let class = self.rule.class;
        let mut groups: HashMap<String, Group> = HashMap::new();
        for entry in fs::read_dir(&self.rule.directory)? {
            let entry = entry?;
            let file = entry.file_name();
            let name = file.to_string_lossy();
            if !class.has(&name.to_lowercase()) {
                continue;
            }
            // Links are not followed.
            let metadata = match entry.metadata() {
                Ok(metadata) if metadata.is_file() => metadata,
                Ok(_) => continue,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let modified = metadata.modified()?;
            let name = class.group(&name).to_owned();
            let group = groups.entry(name.clone()).or_insert_with(|| Group {
                modified,
                name,
                files: Vec::new(),
            });
            group.modified = group.modified.max(modified);
            group.files.push(file);
        }
        Ok(groups.into_values().collect())
    }

    /// Whether files are those of a session that somebody works on.
    fn is_at_work(&self, group: &Group, age: Duration) -> bool {
        self.rule.class == Class::Session
            && (age < SESSION_AT_WORK
                || group.files.iter().any(|file| {
                    let mut lock = file.clone();
                    lock.push(".lock");
                    Path::new(&self.rule.directory).join(lock).exists()
                }))
    }

    /// Removes a file unless a request that is not answered yet has written it.
    fn remove(&self, file: &Path, protected: &Paths) -> io::Result<bool> {
        let path = Path::new(&self.rule.directory).join(file);
        // The lock is held until the file is gone: nobody can begin to rely on it meanwhile.
        let protected = protected.lock().unwrap_or_else(PoisonError::into_inner);
        if protected.contains_key(Path::new(&clean(&path.to_string_lossy()))) {
            return Ok(false);
        }
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
