//! Grading all fixtures of a configuration.

use std::num::NonZero;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use gait_artifact::Timestamp;
use gait_artifact::regress::{
    ConfiguredFixture, GradeStatus, GraderResult, RESULT_SCHEMA_ID, RegressResult, SCHEMA_VERSION,
};
use gait_disk::Progress;

use crate::config::{Config, ConfigError};
use crate::fixture::{self, Candidate, Fixture, FixtureError};
use crate::grade::{ContextRules, grade};
use crate::metadata::{Metadata, MetadataError};

/// Fewer fixtures than this are graded sooner than threads are started.
const WORTH_A_THREAD: usize = 4;

/// How fixtures are graded.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The configuration, relative to the root.
    pub config: &'a Path,
    /// Whether every candidate must have acted on the context of its fixture.
    pub context_conformance: bool,
    /// Whether that context may have been retrieved at other times.
    pub allow_context_runtime_drift: bool,
    /// The version that the result names.
    pub producer_version: &'a str,
    /// How many threads grade. The result does not depend on it.
    pub threads: NonZero<usize>,
}

/// Why fixtures could not be graded. A candidate that cannot be used is no such reason, but a failure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A fixture cannot be used; the first by name.
    #[error(transparent)]
    Fixture(#[from] FixtureError),
    /// There is nothing to grade.
    #[error("no fixtures configured")]
    NoFixtures,
}

/// Grades the fixtures of a configuration below `root` while `progress` watches. Nothing is written.
pub fn run(root: &Path, options: &Options<'_>, progress: &dyn Progress) -> Result<RegressResult, RunError> {
    let config = Config::read(&root.join(options.config))?;
    let listed: Vec<_> = config
        .fixtures
        .iter()
        .map(|configured| Listed::of(root, configured))
        .collect();
    progress.expect(listed.iter().map(|listed| listed.size).sum());
    let asked_by_fixture = listed
        .iter()
        .flat_map(|listed| &listed.metadata)
        .any(Metadata::speaks_of_context);
    let context = (options.context_conformance || asked_by_fixture).then_some(ContextRules {
        enforce: options.context_conformance,
        allow_runtime_drift: options.allow_context_runtime_drift,
    });

    let graded = in_parallel(listed, options.threads, |listed| {
        let size = listed.size;
        let graded = listed.grade(root, context);
        progress.advance(size);
        graded
    });
    let graded = graded.into_iter().collect::<Result<Vec<_>, _>>()?;
    let first = graded.first().ok_or(RunError::NoFixtures)?;
    let created_at = first.created_at.or(Timestamp::EPOCH_1980).to_utc();
    let mut graders: Vec<_> = graded.into_iter().flat_map(|graded| graded.graders).collect();
    graders.sort_by(|a, b| a.name.cmp(&b.name));
    let failed = graders.iter().any(|grader| grader.status == GradeStatus::Fail);
    Ok(RegressResult {
        schema_id: RESULT_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        created_at,
        producer_version: options.producer_version.to_owned(),
        fixture_set: config.fixture_set,
        status: if failed {
            GradeStatus::Fail
        } else {
            GradeStatus::Pass
        },
        graders,
    })
}

/// A fixture whose runpack is still to be read: runs can be large, and only as many are held as there are threads.
struct Listed<'a> {
    configured: &'a ConfiguredFixture,
    metadata: Result<Metadata, MetadataError>,
    /// Bytes of the runpacks that are to be read, as far as they are there.
    size: u64,
}

struct Graded {
    /// When the fixture's run began.
    created_at: Timestamp,
    graders: Vec<GraderResult>,
}

impl<'a> Listed<'a> {
    fn of(root: &Path, configured: &'a ConfiguredFixture) -> Self {
        let metadata = fixture::metadata(root, configured);
        let runpack = fixture::shown(configured);
        let candidate = metadata
            .as_ref()
            .ok()
            .and_then(|metadata| fixture::candidate(metadata, &runpack));
        let size_of = |path: &String| root.join(path).metadata().map_or(0, |file| file.len());
        Self {
            size: size_of(&runpack).saturating_add(candidate.as_ref().map_or(0, size_of)),
            configured,
            metadata,
        }
    }

    fn grade(self, root: &Path, context: Option<ContextRules>) -> Result<Graded, FixtureError> {
        let fixture = Fixture::load(root, self.configured, self.metadata)?;
        let candidate = Candidate::of(root, &fixture);
        Ok(Graded {
            created_at: fixture.runpack.run.created_at,
            graders: grade(&fixture, &candidate, context),
        })
    }
}

/// What `work` makes of each item, in the order of the items.
fn in_parallel<T: Send, R: Send>(
    items: Vec<T>,
    threads: NonZero<usize>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    if items.len() < WORTH_A_THREAD || threads.get() == 1 {
        return items.into_iter().map(work).collect();
    }
    let threads = threads.get().min(items.len());
    let queue = Mutex::new(items.into_iter().enumerate());
    let take = || queue.lock().ok()?.next();
    let worker = || {
        std::iter::from_fn(take)
            .map(|(index, item)| (index, work(item)))
            .collect::<Vec<_>>()
    };
    let mut done = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let joined = workers.into_iter().map(thread::ScopedJoinHandle::join);
        let parts = joined.map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        parts.flatten().collect::<Vec<_>>()
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}
