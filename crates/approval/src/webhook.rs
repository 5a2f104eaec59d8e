//! Telling others that somebody should decide: one signed HTTP POST for each event.
//!
//! Telling is a courtesy. It happens on a thread of its own, ends, and decides nothing: a receiver that is slow, broken or
//! absent changes no verdict and delays none. What a call's arguments are is not told; who may see them looks into the
//! queue.
//!
//! A receiver verifies `Gait-Signature: v1=HEX`, the HMAC-SHA256 under the shared secret of `v1`, the value of
//! `Gait-Timestamp` (Unix seconds) and the body, joined by `.`; it refuses old timestamps, and takes deliveries with the
//! same `Gait-Delivery` for one.

use std::{
    io,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use gait_artifact::Timestamp;
use gait_canon::json;
use gait_gate::clock::Clock;
use gait_registry::fetch::{
    FetchError, FetchOptions, Fetcher, Message, Pacing, Proxies, RemotePolicy, RemoteUrl, Retry, Roots,
    Timeouts,
};
use serde::Serialize;

use crate::{
    details::Details,
    mac::{self, MacKey},
    queue::Entry,
};

/// The schema id of an event.
const SCHEMA_ID: &str = "gait.approval.event";
/// The schema version of an event.
const SCHEMA_VERSION: &str = "1.0.0";
/// The most events that wait to be told. More are dropped.
const MAX_WAITING: usize = 256;

/// Whom to tell, and how hard to try.
#[derive(Debug, Clone)]
pub struct WebhookSettings {
    /// Where events go.
    pub url: RemoteUrl,
    /// Signs them. The receiver has the same secret.
    pub secret: MacKey,
    /// The proxies on the way.
    pub proxies: Proxies,
    /// Whose certificates are believed.
    pub roots: Roots,
    /// How long an attempt may take.
    pub timeouts: Timeouts,
    /// How often, and how soon, to try again.
    pub retry: Retry,
}

impl WebhookSettings {
    /// Five attempts from half a second on, of ten seconds at most, to a server with a certificate of an authority that the
    /// operating system trusts.
    #[must_use]
    pub fn new(url: RemoteUrl, secret: MacKey) -> Self {
        Self {
            url,
            secret,
            proxies: Proxies::default(),
            roots: Roots::System,
            timeouts: Timeouts {
                connect: Duration::from_secs(5),
                read: Duration::from_secs(5),
                total: Duration::from_secs(10),
            },
            retry: Retry {
                max_attempts: 5,
                base_delay: Duration::from_millis(500),
            },
        }
    }
}

/// What is told (`gait.approval.event`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    schema_id: &'static str,
    schema_version: &'static str,
    #[serde(rename = "event")]
    kind: &'static str,
    delivery_id: String,
    created_at: Timestamp,
    request_id: String,
    status: &'static str,
    status_code: &'static str,
    tool_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    server: String,
    principal: String,
    risk_class: String,
    reason_codes: Vec<String>,
    trace_id: String,
    intent_digest: String,
    policy_digest: String,
    required_approvals: usize,
    approvers: Vec<String>,
    expires_at: Timestamp,
}

impl Event {
    /// The event that `entry` has come to be as it is: `approval_requested` while it is pending, `approval_settled` after.
    pub fn of(entry: &Entry, now: Timestamp) -> Result<Self, mac::MacKeyError> {
        let details = Details::of(entry, false);
        Ok(Self {
            schema_id: SCHEMA_ID,
            schema_version: SCHEMA_VERSION,
            kind: if entry.status.is_open() {
                "approval_requested"
            } else {
                "approval_settled"
            },
            delivery_id: mac::nonce()?,
            created_at: now.to_utc(),
            request_id: details.request_id.to_string(),
            status: details.status,
            status_code: details.status_code,
            tool_name: details.tool_name,
            server: details.server,
            principal: details.principal,
            risk_class: details.risk_class,
            reason_codes: details.reason_codes,
            trace_id: details.trace_id,
            intent_digest: details.intent_digest,
            policy_digest: details.policy_digest,
            required_approvals: details.required_approvals,
            approvers: details.approvers,
            expires_at: details.expires_at,
        })
    }

    /// Names the delivery, also when it is tried again.
    #[must_use]
    pub fn delivery_id(&self) -> &str {
        &self.delivery_id
    }
}

/// What came of telling an event.
#[derive(Debug)]
pub struct Delivery {
    /// Which; see [`Event::delivery_id`].
    pub delivery_id: String,
    /// The request that it was about.
    pub request_id: String,
    /// How many attempts were made.
    pub attempts: u32,
    /// The status code of the answer.
    pub outcome: Result<u16, DeliveryError>,
}

/// Why nobody was told.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The event has no JSON.
    #[error("encode the event: {0}")]
    Encode(#[from] json::Error),
    /// It did not arrive.
    #[error("deliver the event: {0}")]
    Send(#[from] FetchError),
}

/// Tells events, one after the other, on a thread of its own.
#[derive(Debug)]
pub struct Notifier {
    events: Option<SyncSender<Event>>,
    ending: Arc<Ending>,
}

impl Notifier {
    /// Starts the thread. `report` hears what came of each event, on that thread.
    pub fn start(
        settings: WebhookSettings,
        clock: Arc<dyn Clock>,
        report: impl FnMut(Delivery) + Send + 'static,
    ) -> io::Result<Self> {
        let (events, waiting) = sync_channel(MAX_WAITING);
        let ending = Arc::new(Ending::default());
        let courier = Courier {
            settings,
            clock,
            ending: Arc::clone(&ending),
        };
        thread::Builder::new()
            .name("gait-webhook".to_owned())
            .spawn(move || courier.work(&waiting, report))?;
        Ok(Self {
            events: Some(events),
            ending,
        })
    }

    /// Tells `event` some time later; `false` when so many wait that it is dropped. Never waits.
    #[must_use]
    pub fn notify(&self, event: Event) -> bool {
        self.events
            .as_ref()
            .is_some_and(|events| events.try_send(event).is_ok())
    }

    /// Lets what waits be told, for `patience` at most; whether all was. Dropping a notifier does not wait.
    #[must_use]
    pub fn finish(mut self, patience: Duration) -> bool {
        drop(self.events.take());
        self.ending.wait_for(patience, |state| state.is_done)
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        self.ending.change(|state| state.is_wanted = true);
    }
}

/// What the thread and its owner tell each other about the end.
#[derive(Debug, Default)]
struct Ending {
    state: Mutex<EndingState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct EndingState {
    /// Nobody waits for deliveries any more.
    is_wanted: bool,
    /// The thread has nothing to do any more.
    is_done: bool,
}

impl Ending {
    fn change(&self, change: impl FnOnce(&mut EndingState)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    /// Waits until `condition` holds, for `longest` at most; whether it holds.
    fn wait_for(&self, longest: Duration, condition: impl Fn(&EndingState) -> bool) -> bool {
        let started = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !condition(&state) {
            let left = longest.saturating_sub(started.elapsed());
            if left.is_zero() {
                return false;
            }
            let woken = self.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn is_wanted(&self) -> bool {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_wanted
    }
}

/// The thread's side.
struct Courier {
    settings: WebhookSettings,
    clock: Arc<dyn Clock>,
    ending: Arc<Ending>,
}

impl Courier {
    fn work(&self, events: &Receiver<Event>, mut report: impl FnMut(Delivery)) {
        let no_hosts = RemotePolicy::default();
        let options = FetchOptions {
            // Redirects are not followed, so nobody else is asked.
            policy: &no_hosts,
            proxies: self.settings.proxies.clone(),
            roots: self.settings.roots.clone(),
            timeouts: self.settings.timeouts,
            retry: self.settings.retry,
        };
        let fetcher = Fetcher::new(&options);
        for event in events {
            if self.ending.is_wanted() {
                break;
            }
            let mut attempts = 0;
            let outcome = self.deliver(&fetcher, &event, &mut attempts);
            report(Delivery {
                delivery_id: event.delivery_id,
                request_id: event.request_id,
                attempts,
                outcome,
            });
        }
        self.ending.change(|state| state.is_done = true);
    }

    fn deliver(
        &self,
        fetcher: &Fetcher<'_>,
        event: &Event,
        attempts: &mut u32,
    ) -> Result<u16, DeliveryError> {
        let body = json::line(event)?;
        let mut pacing = Pacing {
            pause: &mut |pause| {
                self.ending.wait_for(pause, |state| state.is_wanted);
            },
            jitter: &mut jitter,
        };
        let is_worth_it = |error: &FetchError| may_pass(error) && !self.ending.is_wanted();
        let retry = self.settings.retry;
        let sent = retry.run(&mut pacing, is_worth_it, || {
            *attempts += 1;
            self.send(fetcher, event, &body)
        });
        Ok(sent?)
    }

    /// One attempt. Each has the time at which it is made, so that receivers can refuse what is old.
    fn send(&self, fetcher: &Fetcher<'_>, event: &Event, body: &str) -> Result<u16, FetchError> {
        let timestamp = self.clock.now().unix_seconds().to_string();
        let signature = signature(&self.settings.secret, &timestamp, body.as_bytes());
        let message = Message {
            headers: &[
                ("Content-Type", "application/json"),
                ("Gait-Event", event.kind),
                ("Gait-Delivery", &event.delivery_id),
                ("Gait-Timestamp", &timestamp),
                ("Gait-Signature", &signature),
            ],
            body: body.as_bytes(),
        };
        fetcher.post(&self.settings.url, &message)
    }
}

/// The value of `Gait-Signature`.
#[must_use]
pub fn signature(secret: &MacKey, timestamp: &str, body: &[u8]) -> String {
    format!("v1={}", secret.tag(&[b"v1.", timestamp.as_bytes(), b".", body]))
}

/// Whether another attempt may succeed. Deliveries are named, so one that arrived unnoticed does no harm.
fn may_pass(error: &FetchError) -> bool {
    match error {
        FetchError::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
        FetchError::Transport { .. } => true,
        _ => false,
    }
}

/// A random duration of at most `most`; none where there is no randomness.
fn jitter(most: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or_default();
    most.mul_f64(f64::from(random) / f64::from(u32::MAX))
}
