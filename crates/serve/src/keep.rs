//! Keeping decisions: durable before they are told, at the price of one flush for all that are made at the same time.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use gait_disk::atomic;
use gait_disk::ledger::{Gather, Hurry, Ledger, LedgerError, LedgerOptions};
use tokio::sync::{OnceCell, oneshot};
use tokio::task::spawn_blocking;

use crate::artifacts::Place;
use crate::records::Record;

/// The ledger's directory in that of the traces.
const DIRECTORY: &str = ".ledger";

/// Permission bits of every file.
const FILE_MODE: u32 = 0o600;

/// Makes records durable.
///
/// The log is begun with the first record, so that a service that never decided leaves no file.
#[derive(Debug)]
pub(crate) struct Keeper {
    directory: PathBuf,
    ledger: OnceCell<Ledger>,
    hurry: Arc<OnceLock<Hurry>>,
}

/// Why a record was not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A file that the client named can't be written: mostly the client's own fault.
    #[error(transparent)]
    Named(gait_disk::Error),
    #[error("the service is ending")]
    Ending,
}

impl Keeper {
    /// A keeper whose log is kept beside the traces in `traces`. What an earlier process left undone there is made good
    /// first.
    pub(crate) fn open(traces: &str) -> Result<Self, LedgerError> {
        let traces = if traces.is_empty() { "." } else { traces };
        let directory = Path::new(traces).join(DIRECTORY);
        let left_behind = fs::read_dir(&directory).is_ok_and(|mut entries| entries.next().is_some());
        let keeper = Self {
            directory,
            ledger: OnceCell::new(),
            hurry: Arc::default(),
        };
        if left_behind {
            let ledger = keeper.known(open(&keeper.directory)?);
            // Nobody else has the keeper yet.
            _ = keeper.ledger.set(ledger);
        }
        Ok(keeper)
    }

    /// Whether the disk has failed, so that nothing can be kept until somebody looks after it.
    pub(crate) fn has_failed(&self) -> bool {
        self.ledger.get().is_some_and(|ledger| ledger.failure().is_some())
    }

    /// Makes the records durable, in order.
    pub(crate) async fn keep(&self, records: Vec<Record>) -> Result<(), KeepError> {
        let ledger = self.ledger.get_or_try_init(|| self.begin()).await?;
        let (named, fresh): (Vec<_>, Vec<_>) = records
            .into_iter()
            .partition(|record| matches!(record.place, Place::Named(_)));
        if !named.is_empty() {
            let replaced = spawn_blocking(move || replace_all(&named)).await;
            replaced.map_err(|_| KeepError::Ending)??;
        }
        let mut kept = Vec::with_capacity(fresh.len());
        for record in fresh {
            let (tell, told) = oneshot::channel();
            ledger.record_then(record.path(), record.bytes, move |result, bytes| {
                // Nobody may be waiting any more.
                _ = tell.send((result, bytes));
            });
            kept.push(told);
        }
        for told in kept {
            let (result, _) = told.await.map_err(|_| LedgerError::Closed)?;
            result?;
        }
        Ok(())
    }

    /// What threads do that have nothing else to do: nobody waits for them then.
    pub(crate) fn rest(&self) -> impl Fn() + Clone + Send + Sync + use<> {
        let hurry = Arc::clone(&self.hurry);
        move || {
            if let Some(hurry) = hurry.get() {
                hurry.now();
            }
        }
    }

    async fn begin(&self) -> Result<Ledger, LedgerError> {
        let directory = self.directory.clone();
        let opened = spawn_blocking(move || open(&directory)).await;
        Ok(self.known(opened.unwrap_or(Err(LedgerError::Closed))?))
    }

    /// `ledger`, of which threads that rest know from now on.
    fn known(&self, ledger: Ledger) -> Ledger {
        _ = self.hurry.set(ledger.hurry());
        ledger
    }
}

fn open(directory: &Path) -> Result<Ledger, LedgerError> {
    let options = LedgerOptions {
        file_mode: FILE_MODE,
        gather: Gather::UntilHurried,
        ..LedgerOptions::default()
    };
    let (ledger, recovery) = Ledger::open(directory, options)?;
    if recovery.restored > 0 || recovery.present > 0 {
        tracing::warn!(
            restored = recovery.restored,
            present = recovery.present,
            "recovered traces"
        );
    }
    for path in &recovery.kept {
        tracing::error!(segment = %path.display(), "traces exist with other content; their log was set aside");
    }
    Ok(ledger)
}

/// Puts the files that a client named in place of those that are there.
fn replace_all(records: &[Record]) -> Result<(), KeepError> {
    for record in records {
        let path = record.path();
        atomic::create_parents(&path)
            .and_then(|()| atomic::replace(&path, &record.bytes, FILE_MODE))
            .map_err(KeepError::Named)?;
    }
    Ok(())
}
