//! Reviews what servers list against the lock file.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gait_artifact::Timestamp;
use gait_canon::json;

use crate::catalog::{Catalog, Definition, Review, Standing, TooManyTools};
use crate::pins::{Pins, PinsError};

/// Reviews the tools of servers against the pins of one lock file.
#[derive(Debug)]
pub struct Reviewer {
    path: PathBuf,
    /// Whether a server without pins is refused instead of being trusted once.
    demand_pins: bool,
    /// Nobody else writes the file while a server is trusted on first use.
    first_use: Mutex<()>,
}

/// Why a listing was not reviewed. None of its tools may be called then.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// The lock file is of no use.
    #[error(transparent)]
    Pins(#[from] PinsError),
    /// There is too much to review.
    #[error(transparent)]
    TooMany(#[from] TooManyTools),
    /// A definition has no canonical form.
    #[error(transparent)]
    Json(#[from] json::Error),
}

/// Where the tools of a server are kept as they were seen last, for somebody to look at: beside the lock file.
#[must_use]
pub fn seen_path(lock: &Path) -> PathBuf {
    lock.with_extension("seen.json")
}

/// How many tools of a server stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standings {
    /// Tools that clients see.
    pub offered: usize,
    /// Tools that the policy blocks always.
    pub out_of_reach: usize,
    /// Tools that somebody has to look at.
    pub quarantined: usize,
}

impl Reviewer {
    /// A reviewer by the lock file at `path`.
    #[must_use]
    pub const fn new(path: PathBuf, demand_pins: bool) -> Self {
        Self {
            path,
            demand_pins,
            first_use: Mutex::new(()),
        }
    }

    /// Reviews what `server` lists. A server that was never looked at is trusted as it is now, and pinned at `now`, unless
    /// pins are demanded.
    pub fn review(
        &self,
        server: &str,
        definitions: Vec<Definition>,
        permits: &dyn Fn(&str) -> bool,
        now: Timestamp,
    ) -> Result<Catalog, ReviewError> {
        let _alone = self.first_use.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pins = Pins::load(&self.path)?.unwrap_or_default();
        let is_first = pins.of(server).is_none() && !self.demand_pins;
        // Gateways that start together share the file, and none may lose what another has just pinned.
        let _lock = is_first.then(|| Pins::lock(&self.path)).transpose()?;
        if is_first {
            pins = Pins::load(&self.path)?.unwrap_or_default();
        }
        let known = pins.of(server).cloned();
        let nothing = (known.is_none() && self.demand_pins).then(Default::default);
        let catalog = Catalog::of(
            definitions,
            Review {
                pins: known.as_ref().or(nothing.as_ref()),
                permits,
            },
        )?;
        if known.is_none() && !self.demand_pins {
            pins.servers.insert(server.to_owned(), catalog.approve_all(now)?);
            pins.save(&self.path)?;
        } else if Standings::of(&catalog).quarantined > 0 {
            let seen = seen_path(&self.path);
            let _lock = Pins::lock(&seen)?;
            let mut pins = Pins::load(&seen)?.unwrap_or_default();
            pins.servers.insert(server.to_owned(), catalog.approve_all(now)?);
            pins.save(&seen)?;
        }
        Ok(catalog)
    }
}

impl Standings {
    /// The standings in `catalog`.
    #[must_use]
    pub fn of(catalog: &Catalog) -> Self {
        let mut standings = Self::default();
        for tool in catalog.tools() {
            *match tool.standing {
                Standing::Offered => &mut standings.offered,
                Standing::OutOfReach => &mut standings.out_of_reach,
                Standing::Quarantined(_) => &mut standings.quarantined,
            } += 1;
        }
        standings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        frame,
        listing::{Listing, Next},
    };

    fn listed(tools: &str) -> Vec<Definition> {
        let text = format!("{{\"tools\":{tools}}}");
        let document = frame::read(text.as_bytes()).unwrap();
        let Ok(Next::Done(definitions)) = Listing::default().take(document.root()) else {
            panic!("the listing goes on");
        };
        definitions
    }

    #[test]
    fn the_first_look_is_remembered() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mcp.lock.json");
        let permits = |_: &str| true;
        let review = |server: &str, tools: &str, demand| {
            let reviewer = Reviewer::new(path.clone(), demand);
            let catalog = reviewer.review(server, listed(tools), &permits, Timestamp::EPOCH_1980);
            Standings::of(&catalog.unwrap())
        };
        let standings = |offered, quarantined| Standings {
            offered,
            quarantined,
            ..Standings::default()
        };
        assert_eq!(review("a", r#"[{"name":"x"}]"#, true), standings(0, 1));
        assert_eq!(review("a", r#"[{"name":"x"}]"#, false), standings(1, 0));
        assert_eq!(
            review("a", r#"[{"name":"x"},{"name":"y"}]"#, false),
            standings(1, 1)
        );
        assert_eq!(
            review("b", r#"[{"name":"x"},{"name":"y"}]"#, false),
            standings(2, 0)
        );
        assert_eq!(review("a", r#"[{"name":"x"}]"#, true), standings(1, 0));
        // What was held back is there to be looked at.
        let seen = Pins::load(&seen_path(&path)).unwrap().unwrap();
        assert_eq!(seen.of("a").unwrap().len(), 2);
    }

    #[test]
    fn gateways_that_start_together_keep_each_others_pins() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mcp.lock.json");
        let servers: Vec<String> = (0..16).map(|number| format!("s{number}")).collect();
        std::thread::scope(|scope| {
            for server in &servers {
                // As processes do that know nothing of each other.
                let reviewer = Reviewer::new(path.clone(), false);
                scope.spawn(move || {
                    let tools = listed(r#"[{"name":"x"}]"#);
                    reviewer
                        .review(server, tools, &|_| true, Timestamp::EPOCH_1980)
                        .unwrap();
                });
            }
        });
        assert_eq!(Pins::load(&path).unwrap().unwrap().servers.len(), servers.len());
    }

    #[test]
    fn a_lock_file_that_makes_no_sense_lets_nothing_through() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mcp.lock.json");
        std::fs::write(&path, "{").unwrap();
        let reviewer = Reviewer::new(path, false);
        let refusal = reviewer.review("a", Vec::new(), &|_| true, Timestamp::EPOCH_1980);
        assert!(matches!(refusal, Err(ReviewError::Pins(PinsError::Parse(_)))));
    }
}
