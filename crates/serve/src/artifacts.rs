//! Where the artifacts of a decision go: into the service's directories under names of its own, or, where that is
//! allowed, to where the client says.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use gait_artifact::Timestamp;
use gait_disk::path::{clean, local_or_absolute};
use gait_gate::trace;
use gait_mcp::{output::stamp, run_id};
use gait_runpack::output_path;

use crate::refusal::Refusal;
use crate::request::EvaluateRequest;

/// Bytes of a run id that fit into the names of files, which have up to 255.
const MAX_RUN_ID: usize = 200;

/// The directories of the service, as configured; a blank one means the working directory for traces and sessions, and
/// none at all for runpacks and packs.
#[derive(Debug, Clone, Default)]
pub struct Directories {
    /// Traces.
    pub traces: String,
    /// Runpacks.
    pub runpacks: String,
    /// Packs.
    pub packs: String,
    /// Journals of sessions.
    pub sessions: String,
    /// Whether clients may name files themselves.
    pub clients_may_name: bool,
}

/// Where the artifacts of one decision go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places {
    /// The trace.
    pub(crate) trace: Place,
    /// The runpack, when one is wanted.
    pub(crate) runpack: Option<Place>,
    /// The pack.
    pub(crate) pack: PackPlace,
    /// The session's journal, when the client names it.
    pub(crate) journal: Option<String>,
    /// What makes the names of this decision's artifacts unique.
    pub(crate) stamp: String,
}

/// A file and who chose it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The service did: no other file has its name.
    Fresh(String),
    /// The client did: a file that is there is replaced.
    Named(String),
}

impl Places {
    /// Refuses two artifacts in one file, of which only the last would be left.
    fn refuse_shared_files(&self) -> Result<(), Refusal> {
        let pack = match &self.pack {
            PackPlace::At(place) => Some(place),
            PackPlace::None | PackPlace::IfCallChangesState => None,
        };
        let files = [Some(&self.trace), self.runpack.as_ref(), pack];
        let files = files.into_iter().flatten().map(Place::path);
        let mut seen = BTreeSet::new();
        for file in files.chain(self.journal.as_deref()) {
            if !seen.insert(clean(file)) {
                return Err(unusable(format!(
                    "more than one artifact would be written to {file}"
                )));
            }
        }
        Ok(())
    }

    /// Whether there is nothing to be made but a trace.
    pub(crate) fn are_plain(&self) -> bool {
        self.runpack.is_none() && self.pack == PackPlace::None
    }
}

impl Place {
    /// The file.
    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Fresh(path) | Self::Named(path) => path,
        }
    }
}

/// Where a pack goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PackPlace {
    /// Nowhere.
    None,
    /// Here.
    At(Place),
    /// Into the service's directory if the call changes something.
    IfCallChangesState,
}

impl Directories {
    /// Where the artifacts that `request` asks for go. Everything that can be said of a path by its text is said here,
    /// before anything is decided or written.
    pub(crate) fn places(&self, request: &EvaluateRequest, stamp: String) -> Result<Places, Refusal> {
        let trace = self.named("trace_path", &request.trace_path)?;
        let runpack = self.named("runpack_out", &request.runpack_out)?;
        let pack = self.named("pack_out", &request.pack_out)?;
        let journal = self.named("session_journal", &request.session_journal)?;
        let run = run_id::normalize(&request.run_id).unwrap_or_default();
        if run.len() > MAX_RUN_ID {
            return Err(unusable(format!(
                "request.run_id is longer than {MAX_RUN_ID} characters"
            )));
        }
        let trace = match trace {
            Some(path) => {
                let path = trace::destination(path).map_err(unusable)?;
                Place::Named(path.to_string_lossy().into_owned())
            }
            None => Place::Fresh(join(&self.traces, &format!("trace_{run}_{stamp}.json"))),
        };
        let runpack = match runpack {
            Some(path) => Some(Place::Named(output_path(path).map_err(unusable)?)),
            None if request.emit_runpack && !self.runpacks.is_empty() => Some(Place::Fresh(join(
                &self.runpacks,
                &format!("runpack_{run}_{stamp}.zip"),
            ))),
            None => None,
        };
        let pack = match pack {
            Some(path) => {
                let path = local_or_absolute(Path::new(path)).map_err(unusable)?;
                PackPlace::At(Place::Named(path.to_string_lossy().into_owned()))
            }
            None if request.emit_pack => {
                let path = self.pack(&run, &stamp);
                let path = path.ok_or_else(|| unusable("request.emit_pack requires server --pack-dir"))?;
                PackPlace::At(path)
            }
            None if self.packs.is_empty() => PackPlace::None,
            None => PackPlace::IfCallChangesState,
        };
        let journal = journal.map(output_path).transpose().map_err(unusable)?;
        let places = Places {
            trace,
            runpack,
            pack,
            journal,
            stamp,
        };
        places.refuse_shared_files()?;
        Ok(places)
    }

    /// The path that the client gives for `key`, if it gives one and may.
    fn named<'a>(&self, key: &str, path: &'a str) -> Result<Option<&'a str>, Refusal> {
        let path = path.trim();
        if path.is_empty() {
            return Ok(None);
        }
        if !self.clients_may_name {
            return Err(unusable(format!(
                "request.{key} is not allowed by server configuration"
            )));
        }
        Ok(Some(path))
    }

    /// A pack of the run `run` in the service's directory, if there is one.
    pub(crate) fn pack(&self, run: &str, stamp: &str) -> Option<Place> {
        let run = run.get(..MAX_RUN_ID).unwrap_or(run);
        (!self.packs.is_empty()).then(|| Place::Fresh(join(&self.packs, &format!("pack_{run}_{stamp}.zip"))))
    }

    /// The record `name` of a decision beside its trace.
    pub(crate) fn beside_trace(&self, name: &str, stamp: &str) -> String {
        join(&self.traces, &format!("{name}_{stamp}.json"))
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "`map_err` hands errors over by value"
)]
fn unusable(error: impl ToString) -> Refusal {
    Refusal::Unusable(error.to_string())
}

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() {
        return name.to_owned();
    }
    clean(&format!("{directory}/{name}"))
}

/// Instants of which no two are the same, so that they can stand in names of files.
#[derive(Debug, Default)]
pub(crate) struct Stamper(AtomicI64);

impl Stamper {
    /// `now`, or one nanosecond after the last instant given where that is later, as `20260131T235959.000000001` in UTC.
    pub(crate) fn next(&self, now: Timestamp) -> String {
        const SECOND: i64 = 1_000_000_000;
        let now = now
            .unix_seconds()
            .saturating_mul(SECOND)
            .saturating_add(i64::from(now.subsec_nanos()));
        let after = |last: i64| now.max(last.saturating_add(1));
        let last = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(after(last)));
        let instant = after(last.unwrap_or_else(|last| last));
        let nanoseconds = u32::try_from(instant.rem_euclid(SECOND)).unwrap_or_default();
        stamp(Timestamp::from_unix(instant.div_euclid(SECOND), nanoseconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directories(clients_may_name: bool) -> Directories {
        Directories {
            traces: "./t".to_owned(),
            runpacks: "rp".to_owned(),
            packs: "pk".to_owned(),
            sessions: "s".to_owned(),
            clients_may_name,
        }
    }

    #[test]
    fn no_two_stamps_are_the_same() {
        let stamper = Stamper::default();
        let now = Timestamp::from_unix(1_769_903_999, 7);
        assert_eq!(stamper.next(now), "20260131T235959.000000007");
        assert_eq!(stamper.next(now), "20260131T235959.000000008");
        assert_eq!(
            stamper.next(Timestamp::from_unix(0, 0)),
            "20260131T235959.000000009"
        );
    }

    #[test]
    fn artifacts_have_names_of_the_service() {
        let request = EvaluateRequest {
            run_id: " a b ".to_owned(),
            emit_runpack: true,
            ..EvaluateRequest::default()
        };
        let places = directories(false).places(&request, "S".to_owned()).unwrap();
        assert_eq!(places.trace, Place::Fresh("t/trace_run_a_b_S.json".to_owned()));
        assert_eq!(
            places.runpack,
            Some(Place::Fresh("rp/runpack_run_a_b_S.zip".to_owned()))
        );
        assert_eq!(places.pack, PackPlace::IfCallChangesState);
        let request = EvaluateRequest {
            emit_runpack: true,
            ..EvaluateRequest::default()
        };
        let places = Directories::default().places(&request, "S".to_owned()).unwrap();
        assert_eq!(places.trace, Place::Fresh("trace__S.json".to_owned()));
        assert_eq!((places.runpack, places.pack), (None, PackPlace::None));
    }

    #[test]
    fn clients_name_files_only_where_they_may() {
        let named = |key: &str| {
            let mut request = EvaluateRequest::default();
            let path = match key {
                "trace_path" => &mut request.trace_path,
                "runpack_out" => &mut request.runpack_out,
                "pack_out" => &mut request.pack_out,
                _ => &mut request.session_journal,
            };
            *path = " x ".to_owned();
            request
        };
        for key in ["trace_path", "runpack_out", "pack_out", "session_journal"] {
            let refused = directories(false).places(&named(key), String::new()).unwrap_err();
            assert!(refused.to_string().contains(key));
            assert!(directories(true).places(&named(key), String::new()).is_ok());
        }
        let places = directories(true)
            .places(&named("trace_path"), String::new())
            .unwrap();
        assert_eq!(places.trace, Place::Named("x".to_owned()));
        for climbing in ["../x", "a/../../x"] {
            for key in ["trace_path", "runpack_out", "pack_out", "session_journal"] {
                let mut request = named(key);
                for path in [
                    &mut request.trace_path,
                    &mut request.runpack_out,
                    &mut request.pack_out,
                    &mut request.session_journal,
                ] {
                    if !path.is_empty() {
                        *path = climbing.to_owned();
                    }
                }
                assert!(
                    directories(true).places(&request, String::new()).is_err(),
                    "{key}"
                );
            }
        }
        let request = EvaluateRequest {
            trace_path: "a/x".to_owned(),
            pack_out: "a/./x".to_owned(),
            ..EvaluateRequest::default()
        };
        assert!(directories(true).places(&request, String::new()).is_err());
        let emit = EvaluateRequest {
            emit_pack: true,
            ..EvaluateRequest::default()
        };
        assert!(Directories::default().places(&emit, String::new()).is_err());
    }
}
