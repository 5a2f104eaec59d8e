//! The queue: requests that wait for people, on the local disk.
//!
//! Several processes use one queue at once. What changes it happens under one lock; what must happen once creates a file
//! that must not be there yet, so a lock that fails to exclude somebody changes nothing about that. Looking takes no
//! lock: a request only moves forward.

mod decide;
mod layout;
mod redeem;
#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use gait_artifact::{Timestamp, approval::ApprovalToken};
use gait_canon::PublicKey;
use gait_gate::{
    approval::{self, ApprovalFailure, ApprovalStage, ApprovalTerms},
    clock::Clock,
};

use self::layout::Layout;
pub use self::{
    decide::{Approval, Consent, Objection},
    redeem::Redeemed,
};
use crate::{
    call::PendingCall,
    error::QueueError,
    request::{Request, RequestId},
    status::Status,
};

/// The first pause between two looks at a request that somebody waits for.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// The longest one: people do not notice it.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// From so many requests on, old ones are looked for when another one comes.
const TIDY_FROM: usize = 256;

/// How long a queue waits and how much it keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSettings {
    /// How long people have to decide.
    pub decide_within: Duration,
    /// How long a request is kept that is over.
    pub keep: Duration,
    /// The most requests that are kept.
    pub capacity: usize,
}

impl Default for QueueSettings {
    /// Ten minutes, a day, and 4096 requests.
    fn default() -> Self {
        Self {
            decide_within: Duration::from_secs(10 * 60),
            keep: Duration::from_secs(24 * 60 * 60),
            capacity: 4096,
        }
    }
}

/// A queue of requests for approval. Threads and processes can share one.
#[derive(Debug, Clone)]
pub struct Queue {
    layout: Layout,
    settings: QueueSettings,
}

/// What asking gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The request.
    pub id: RequestId,
    /// Where it stands: somebody may have decided about the same call already.
    pub status: Status,
    /// When the time to decide is over, in UTC.
    pub expires_at: Timestamp,
    /// Whether the request is new, so that people should hear of it.
    pub is_new: bool,
}

/// A request and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The request.
    pub request: Request,
    /// Where it stands.
    pub status: Status,
    /// Tokens that count at this instant, sorted by path; none once the request was ended or used.
    pub approvals: Vec<ApprovalToken>,
}

/// The approvals that count for a call at one instant.
struct Approvals {
    /// Their files and tokens in normal form, sorted by path.
    valid: Vec<(PathBuf, ApprovalToken)>,
    /// Whether they are enough.
    are_enough: bool,
    /// Whether some ended.
    any_ended: bool,
    /// Who gave them, sorted.
    approvers: Vec<String>,
}

/// What approvals must be good for, and how many it takes.
struct Demand<'a> {
    terms: &'a ApprovalTerms,
    key: &'a PublicKey,
    required: usize,
    distinct: bool,
    now: Timestamp,
}

impl Approvals {
    /// Where a request with these approvals stands that nobody ended and nobody used.
    fn status(&self, request: &Request, now: Timestamp) -> Status {
        if self.are_enough {
            Status::Approved {
                approvers: self.approvers.clone(),
            }
        } else if now < request.expires_at() {
            Status::Pending {
                approvals: self.valid.len(),
            }
        } else if self.any_ended {
            Status::Lapsed
        } else {
            Status::TimedOut
        }
    }
}

impl Queue {
    /// The queue in the directory `root`, which is made when somebody asks.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, settings: QueueSettings) -> Self {
        Self {
            layout: Layout::new(root.into()),
            settings,
        }
    }

    /// Its directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.layout.root()
    }

    /// Asks for the approval of `call`.
    ///
    /// The same call of the same caller under the same policy has one request at a time: asking again gives the one that
    /// waits, the approval that is not used yet, or the denial while the time to decide lasts. So a caller that cannot wait
    /// comes back and asks again, and nobody is asked twice for what they have just refused.
    pub fn ask(&self, call: &PendingCall, now: Timestamp) -> Result<Asked, QueueError> {
        let _lock = self.layout.lock()?;
        let request = Request::new(call, now, self.settings.decide_within)?;
        if let Some(asked) = self.standing(&request, call, now)? {
            return Ok(asked);
        }
        self.make_room(now)?;
        self.layout.store(&request)?;
        Ok(Asked {
            id: request.id().clone(),
            status: Status::Pending { approvals: 0 },
            expires_at: request.expires_at(),
            is_new: true,
        })
    }

    /// What is known already of the call that `new` would ask for.
    fn standing(
        &self,
        new: &Request,
        call: &PendingCall,
        now: Timestamp,
    ) -> Result<Option<Asked>, QueueError> {
        for id in self.layout.ids()? {
            // Those that were used answer nothing any more, and may be many.
            if !id.shares_call_with(new.id()) || self.layout.is_redeemed(&id) {
                continue;
            }
            // A request that was tampered with answers nothing.
            let Ok(entry) = self.look(&id, now) else { continue };
            let is_same = entry.request.check(call).is_ok()
                && call.required_approvals.max(1) == entry.request.required_approvals()
                && call.distinct_approvers == entry.request.distinct_approvers();
            let stands = match entry.status {
                Status::Pending { .. } | Status::Approved { .. } => true,
                Status::Denied(_) => now < entry.request.expires_at(),
                _ => false,
            };
            if is_same && stands {
                return Ok(Some(Asked {
                    id,
                    expires_at: entry.request.expires_at(),
                    status: entry.status,
                    is_new: false,
                }));
            }
        }
        Ok(None)
    }

    /// Where the request stands.
    pub fn poll(&self, id: &RequestId, now: Timestamp) -> Result<Status, QueueError> {
        self.look(id, now).map(|entry| entry.status)
    }

    /// Waits until the request is no longer pending or `deadline` has come, and gives where it stands then.
    ///
    /// The time to decide ends the wait as well. A caller who may be interrupted waits in short pieces.
    pub fn wait(&self, id: &RequestId, clock: &dyn Clock, deadline: Timestamp) -> Result<Status, QueueError> {
        let mut pause = FIRST_PAUSE;
        loop {
            let now = clock.now();
            let status = self.poll(id, now)?;
            if !status.is_open() || now >= deadline {
                return Ok(status);
            }
            thread::sleep(pause.min(deadline.since(now)));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The ids of all requests that are kept, sorted.
    pub fn ids(&self) -> Result<Vec<RequestId>, QueueError> {
        self.layout.ids()
    }

    /// The request, and where it stands.
    pub fn look(&self, id: &RequestId, now: Timestamp) -> Result<Entry, QueueError> {
        let request = self.layout.load(id)?;
        if let Some(status) = self.settled(id)? {
            return Ok(Entry {
                request,
                status,
                approvals: Vec::new(),
            });
        }
        let terms = request.terms();
        let approvals = self.approvals(
            id,
            &Demand {
                terms: &terms,
                key: request.approval_key(),
                required: request.required_approvals(),
                distinct: request.distinct_approvers(),
                now,
            },
        )?;
        Ok(Entry {
            status: approvals.status(&request, now),
            request,
            approvals: approvals.valid.into_iter().map(|(_, token)| token).collect(),
        })
    }

    /// Where a request stands about which nothing can be decided any more.
    fn settled(&self, id: &RequestId) -> Result<Option<Status>, QueueError> {
        if let Some(redemption) = self.layout.redemption(id)? {
            return Ok(Some(Status::Redeemed(redemption)));
        }
        Ok(self.layout.closing(id)?.map(|closing| {
            if closing.withdrawn {
                Status::Withdrawn(closing)
            } else {
                Status::Denied(closing)
            }
        }))
    }

    /// The approvals of a request that count for `demand`, by the gate's own rules. Used ones do not.
    fn approvals(&self, id: &RequestId, demand: &Demand<'_>) -> Result<Approvals, QueueError> {
        let mut valid = Vec::new();
        let mut any_ended = false;
        for (path, token) in self.layout.tokens(id)? {
            match approval::validate(&token, demand.terms, demand.key, demand.now) {
                Ok(verified) => {
                    let token = verified.token();
                    if !self.layout.is_used(&token.digest()?) {
                        valid.push((path, token.clone()));
                    }
                }
                Err(ApprovalFailure::Expired) => any_ended = true,
                // Anybody can put a file there.
                Err(_) => {}
            }
        }
        let stage = ApprovalStage {
            required: demand.required,
            distinct_approvers: demand.distinct,
            terms: demand.terms,
            key: demand.key,
            now: demand.now,
        };
        let tokens: Vec<_> = valid.iter().map(|(_, token)| token.clone()).collect();
        let outcome = approval::judge(&stage, &tokens);
        Ok(Approvals {
            valid,
            are_enough: outcome.granted,
            any_ended,
            approvers: outcome.approvers,
        })
    }

    /// Forgets what is over and old; when that is not enough, what is over. The lock must be held.
    fn make_room(&self, now: Timestamp) -> Result<(), QueueError> {
        let kept = self.layout.ids()?.len();
        if kept < TIDY_FROM.min(self.settings.capacity) {
            return Ok(());
        }
        for keep in [self.settings.keep, Duration::ZERO] {
            self.tidy(now, keep)?;
            let kept = self.layout.ids()?.len();
            if kept < self.settings.capacity {
                return Ok(());
            }
        }
        Err(QueueError::Full(self.settings.capacity))
    }

    /// Forgets requests that were over for longer than `keep`. That a token is used is known for as long as the token
    /// would hold, and `settings.keep` longer.
    fn tidy(&self, now: Timestamp, keep: Duration) -> Result<(), QueueError> {
        for id in self.layout.ids()? {
            let is_over = match self.look(&id, now) {
                Ok(entry) => entry.status.is_final() && now.since(entry.request.expires_at()) > keep,
                Err(QueueError::Unknown(_)) => true,
                // What was tampered with is kept for people to see.
                Err(_) => false,
            };
            if is_over {
                self.layout.remove(&id)?;
            }
        }
        let kept = self.settings.keep;
        self.layout.forget(|end| now.since(end) > kept)
    }
}
