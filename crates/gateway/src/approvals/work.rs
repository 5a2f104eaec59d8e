//! The work of the desk.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use gait_approval::state::{MAX_CARRIED_BYTES, StateError};
use gait_approval::{
    DecisionError, Entry, MacKeyError, Objection, QueueError, Refusal, RequestId, Status, nonce,
};
use gait_artifact::Timestamp;

use super::petition::{Approved, Invitation, Medium, News, Petition, Question};
use super::reply::Reply;
use super::settings::DeskSettings;
use super::words::{self, Commands};
use crate::answer::Ruling;

/// Time between two looks at requests that calls wait for: people do not notice it.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Time between two messages that a call still waits.
const TELL_EVERY: Duration = Duration::from_secs(5);
/// Calls that may wait at a time. Others are told to come back.
const MAX_WAITING: usize = 256;
/// How long a client may take to come back after the time to decide is over; so it hears how that ended.
const STATE_GRACE: Duration = Duration::from_secs(15 * 60);
/// Why requests are taken back.
const DECLINED: &str = "declined_in_client";
/// The reason code of what nobody can find out.
const UNAVAILABLE: &str = "approval_queue_unavailable";

/// What the desk is to do.
#[derive(Debug)]
pub(super) enum Job {
    Receive(Box<Petition>, Voice),
    Reply(u64, Reply),
    GiveUp(u64),
    End,
}

/// How the one who asked is told.
pub(super) struct Voice {
    pub(super) number: u64,
    pub(super) is_abandoned: Arc<AtomicBool>,
    pub(super) then: Box<dyn FnMut(News) + Send>,
}

impl fmt::Debug for Voice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Voice").field(&self.number).finish()
    }
}

/// A call that is held.
struct Waiting {
    petition: Box<Petition>,
    id: RequestId,
    voice: Voice,
    /// When it began, and when it ends.
    since: Instant,
    until: Instant,
    /// How often it was told that it still waits.
    told: u32,
}

/// Where a petition stands that is not refused.
enum Standing {
    Approved(Approved),
    Open(Box<Entry>),
}

/// Why a petition is refused.
struct Refused {
    code: &'static str,
    id: Option<RequestId>,
    advice: String,
}

/// Does the work until it is told to end. Who waits then is told so.
pub(super) fn run(settings: DeskSettings, jobs: &Receiver<Job>) {
    let commands = Commands::new(&settings.queue.root().to_string_lossy());
    let mut worker = Worker {
        settings,
        commands,
        waiting: Vec::new(),
    };
    let mut looked = Instant::now();
    loop {
        let job = if worker.waiting.is_empty() {
            jobs.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            jobs.recv_timeout(LOOK_EVERY.saturating_sub(looked.elapsed()))
        };
        match job {
            Ok(Job::Receive(petition, voice)) => worker.receive(petition, voice),
            Ok(Job::Reply(number, reply)) => worker.replied(number, reply),
            Ok(Job::GiveUp(number)) => worker.give_up(|waiting| waiting.voice.number == number),
            Ok(Job::End) | Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if looked.elapsed() >= LOOK_EVERY {
            worker.look();
            looked = Instant::now();
        }
    }
    worker.give_up(|_| true);
}

/// Refuses a petition that nobody works on.
pub(super) fn refuse_without_worker(petition: &Petition, mut voice: Voice) {
    let refused = Refused::because(UNAVAILABLE, &"nobody looks after approvals any more");
    (voice.then)(News::Refused(refused.ruling(petition)));
}

struct Worker {
    settings: DeskSettings,
    commands: Commands,
    waiting: Vec<Waiting>,
}

impl Worker {
    fn now(&self) -> Timestamp {
        self.settings.clock.now()
    }

    fn receive(&mut self, petition: Box<Petition>, mut voice: Voice) {
        if voice.is_abandoned.load(Ordering::Acquire) {
            return;
        }
        let news = match self.first(&petition) {
            Err(refused) => News::Refused(refused.ruling(&petition)),
            Ok((Standing::Approved(approved), _)) => News::Approved(approved),
            Ok((Standing::Open(entry), carried)) => {
                let is_short = carried.len() <= MAX_CARRIED_BYTES;
                if petition.medium == Medium::ComeBack && is_short {
                    self.invite(&petition, &entry, &carried)
                } else {
                    return self.hold(petition, &entry, voice);
                }
            }
        };
        (voice.then)(news);
    }

    /// The first look at a petition, and what its client carries for the server.
    fn first(&mut self, petition: &Petition) -> Result<(Standing, String), Refused> {
        let Some(state) = petition.presented.sealed_state() else {
            let standing = self.ask(petition)?;
            return Ok((standing, petition.presented.carried()));
        };
        let now = self.now();
        let opened = self.settings.sealer.open(state, &petition.pending, now)?;
        self.settings.queue.spend(&opened)?;
        let id = &opened.request_id;
        match petition.presented.reply() {
            Some(Reply::Declined) => return Err(self.withdraw(id, petition)),
            Some(Reply::Accepted { consents: true }) => self.consent(id)?,
            Some(Reply::Accepted { consents: false }) | None => {}
        }
        let standing = self.standing(id, petition)?;
        Ok((standing, opened.carried))
    }

    fn ask(&mut self, petition: &Petition) -> Result<Standing, Refused> {
        let now = self.now();
        let asked = self.settings.queue.ask(&petition.pending, now)?;
        if asked.is_new {
            let entry = self.settings.queue.look(&asked.id, now)?;
            (self.settings.announce)(&entry, now);
        }
        self.standing(&asked.id, petition)
    }

    /// Where the request stands. An approval is used up by looking.
    fn standing(&self, id: &RequestId, petition: &Petition) -> Result<Standing, Refused> {
        let now = self.now();
        let known = |refused: Refused| refused.about(id);
        let queue = &self.settings.queue;
        let entry = queue.look(id, now).map_err(|error| known(error.into()))?;
        match &entry.status {
            Status::Pending { .. } => Ok(Standing::Open(Box::new(entry))),
            Status::Approved { .. } => {
                let redeemed = queue.redeem(id, &petition.pending, now);
                let redeemed = redeemed.map_err(|error| known(error.into()))?;
                let names = redeemed
                    .tokens
                    .into_iter()
                    .map(|path| path.into_os_string().into_string());
                let tokens = names.collect::<Result<_, _>>().map_err(|name| {
                    known(Refused::because(
                        UNAVAILABLE,
                        &format!("{} is no text", name.display()),
                    ))
                })?;
                Ok(Standing::Approved(Approved {
                    request_id: id.to_string(),
                    tokens,
                }))
            }
            status => Err(known(Refused::settled(status))),
        }
    }

    /// Approves a request because of an answer in the client, where that is enough.
    fn consent(&self, id: &RequestId) -> Result<(), Refused> {
        let now = self.now();
        let Some(consent) = &self.settings.consent else {
            return Ok(());
        };
        let entry = self.settings.queue.look(id, now)?;
        if !entry.status.is_open() || !consent.covers(&entry) {
            return Ok(());
        }
        let approved = consent.approve(&self.settings.queue, &entry, now);
        approved.map_err(|error| Refused::from(error).about(id))
    }

    /// Takes a request back for the client.
    fn withdraw(&self, id: &RequestId, petition: &Petition) -> Refused {
        let objection = Objection {
            by: format!("client:{}", petition.pending.principal),
            reason_code: DECLINED.to_owned(),
        };
        let withdrawn = self.settings.queue.withdraw(id, &objection, self.now());
        let refused = match withdrawn {
            Ok(closing) => Refused::settled(&Status::Withdrawn(closing)),
            Err(error) => error.into(),
        };
        refused.about(id)
    }

    fn question(&self, entry: &Entry, waits: bool) -> Result<Question, MacKeyError> {
        let consent = self.settings.consent.as_ref();
        let takes_consent = consent.is_some_and(|consent| consent.covers(entry));
        Ok(Question {
            nonce: nonce()?,
            message: self.commands.question(entry, waits, takes_consent),
            takes_consent,
        })
    }

    fn pending(&self, entry: &Entry, petition: &Petition) -> Ruling {
        let refused = Refused {
            code: entry.status.reason_code(),
            id: Some(entry.request.id().clone()),
            advice: self.commands.pending(entry),
        };
        refused.ruling(petition)
    }

    /// Sends the client away with a form.
    fn invite(&self, petition: &Petition, entry: &Entry, carried: &str) -> News {
        let id = entry.request.id();
        let ends = entry.request.expires_at().saturating_add(STATE_GRACE);
        let state = self.settings.sealer.seal(id, &petition.pending, carried, ends);
        let question = self.question(entry, false).map_err(QueueError::from);
        match state.and_then(|state| Ok((state, question?))) {
            Ok((state, question)) => News::ComeBack(Invitation {
                question,
                state,
                ruling: self.pending(entry, petition),
            }),
            Err(error) => News::Refused(Refused::from(error).about(id).ruling(petition)),
        }
    }

    /// Holds a call until somebody has decided, if there is time and room.
    fn hold(&mut self, petition: Box<Petition>, entry: &Entry, mut voice: Voice) {
        if self.settings.wait.is_zero() || self.waiting.len() >= MAX_WAITING {
            let ruling = self.pending(entry, &petition);
            return (voice.then)(News::Refused(ruling));
        }
        match self.question(entry, true) {
            Ok(question) => (voice.then)(News::Waits(question)),
            Err(error) => {
                let refused = Refused::from(QueueError::from(error));
                return (voice.then)(News::Refused(refused.ruling(&petition)));
            }
        }
        let since = Instant::now();
        self.waiting.push(Waiting {
            petition,
            id: entry.request.id().clone(),
            voice,
            since,
            until: since + self.settings.wait,
            told: 0,
        });
    }

    /// Looks after every call that is held.
    fn look(&mut self) {
        let held = std::mem::take(&mut self.waiting);
        for mut waiting in held {
            if waiting.voice.is_abandoned.load(Ordering::Acquire) {
                continue;
            }
            match self.standing(&waiting.id, &waiting.petition) {
                Ok(Standing::Open(entry)) if Instant::now() >= waiting.until => {
                    let ruling = self.pending(&entry, &waiting.petition);
                    (waiting.voice.then)(News::Refused(ruling));
                }
                Ok(Standing::Open(_)) => {
                    if waiting.since.elapsed() >= TELL_EVERY * (waiting.told + 1) {
                        waiting.told += 1;
                        (waiting.voice.then)(News::StillWaits(waiting.told));
                    }
                    self.waiting.push(waiting);
                }
                Ok(Standing::Approved(approved)) => (waiting.voice.then)(News::Approved(approved)),
                Err(refused) => {
                    let ruling = refused.ruling(&waiting.petition);
                    (waiting.voice.then)(News::Refused(ruling));
                }
            }
        }
    }

    /// Does what somebody answered about a call that is held.
    fn replied(&mut self, number: u64, reply: Reply) {
        let found = self.waiting.iter().position(|one| one.voice.number == number);
        let Some(place) = found else { return };
        let waiting = &self.waiting[place];
        let refused = match reply {
            Reply::Declined => Some(self.withdraw(&waiting.id, &waiting.petition)),
            Reply::Accepted { consents: true } => self.consent(&waiting.id).err(),
            Reply::Accepted { consents: false } => None,
        };
        match refused {
            Some(refused) => {
                let mut waiting = self.waiting.swap_remove(place);
                let ruling = refused.ruling(&waiting.petition);
                (waiting.voice.then)(News::Refused(ruling));
            }
            None => self.look(),
        }
    }

    /// Ends the waiting of some calls before its time.
    fn give_up(&mut self, is_meant: impl Fn(&Waiting) -> bool) {
        for waiting in self.waiting.iter_mut().filter(|waiting| is_meant(waiting)) {
            waiting.until = waiting.since;
        }
        self.look();
    }
}

impl Refused {
    fn because(code: &'static str, why: &dyn fmt::Display) -> Self {
        Self {
            code,
            id: None,
            advice: format!("Approval: {why}."),
        }
    }

    fn settled(status: &Status) -> Self {
        Self {
            code: status.reason_code(),
            id: None,
            advice: words::settled(status),
        }
    }

    fn about(mut self, id: &RequestId) -> Self {
        self.id = Some(id.clone());
        self
    }

    /// What the client of a petition is told.
    fn ruling(self, petition: &Petition) -> Ruling {
        let mut ruling = petition.ruling.clone();
        ruling.object(self.code);
        ruling.approval_request_id = self.id.map(|id| id.to_string()).unwrap_or_default();
        ruling.advice = self.advice;
        ruling
    }
}

impl From<QueueError> for Refused {
    fn from(error: QueueError) -> Self {
        // Paths of the operator are not the client's business.
        let why: &dyn fmt::Display = match &error {
            QueueError::Unknown(_) | QueueError::Full(_) | QueueError::TooLarge { .. } => &error,
            QueueError::Altered { .. } => &"the request was changed after it was made",
            _ => &"the queue of requests cannot be used",
        };
        Self::because(error.reason_code(), why)
    }
}

impl From<StateError> for Refused {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Queue(error) => error.into(),
            error => Self::because(error.reason_code(), &error),
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Queue(error) => error.into(),
            Refusal::Status(status) => Self::settled(&status),
            refusal => Self::because(refusal.reason_code(), &refusal),
        }
    }
}

impl From<DecisionError> for Refused {
    fn from(error: DecisionError) -> Self {
        match error {
            DecisionError::Queue(error) => error.into(),
            DecisionError::Settled(status) => Self::settled(&status),
            error => Self::because(error.reason_code(), &error),
        }
    }
}
