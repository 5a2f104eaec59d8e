//! A judge with a desk, and people who decide, for the length of a test.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gait_approval::state::Sealer;
use gait_approval::{Approval, Consent, Objection, Queue, QueueSettings, RequestId};
use gait_artifact::Timestamp;
use gait_artifact::mcp::McpServer;
use gait_canon::PrivateKey;
use gait_canon::keys::KeySource;
use gait_disk::ledger::{Ledger, LedgerOptions};
use gait_disk::reload::{OnInvalid, Reloading};
use gait_gate::clock::{Clock, SystemClock};
use gait_gate::credential::BrokerSettings;
use gait_gate::load::{DeploymentSettings, VerifyKeySource, World};
use gait_gate::profile::Profile;
use gait_gateway::answer::Ruling;
use gait_gateway::approvals::{
    ConsentInClient, Desk, DeskSettings, Hold, INPUT_KEY, Invitation, Medium, News, Petition, Presented,
};
use gait_gateway::call::{Caller, Wanted};
use gait_gateway::frame;
use gait_gateway::judge::{Judge, Outcome, Pending, Rules};
use gait_mcp::ToolCall;
use gait_mcp::boundary::{BoundarySettings, Presented as Standing};
use tempfile::TempDir;

/// Nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(30);
const POLICY: &str = "default_verdict: block
rules:
  - {name: ask, effect: require_approval, match: {tool_names: [drop]}}
";
const SECRET: &[u8] = b"a secret of some gateways";

/// A clock that tests move. It begins at the present, because the gate goes by that of the system.
#[derive(Debug)]
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        let ahead = self.0.load(Ordering::Acquire);
        Timestamp::from_unix(SystemClock.now().unix_seconds() + ahead, 0)
    }
}

/// What a test changes about a site.
pub(crate) struct Options {
    pub(crate) policy: &'static str,
    pub(crate) wait: Duration,
    pub(crate) risk_class: &'static str,
    pub(crate) consents: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            policy: POLICY,
            wait: PATIENCE,
            risk_class: "high",
            consents: false,
        }
    }
}

/// One gateway. Several can share a directory.
pub(crate) struct Site {
    pub(crate) directory: Arc<TempDir>,
    pub(crate) judge: Judge,
    pub(crate) queue: Queue,
    pub(crate) announced: Arc<Mutex<Vec<RequestId>>>,
    clock: Arc<Moved>,
}

/// A petition at the desk.
pub(crate) struct Case {
    pub(crate) call: ToolCall,
    pub(crate) hold: Hold,
    news: Receiver<News>,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Self {
        Self::beside(Arc::new(tempfile::tempdir().unwrap()), options)
    }

    /// A gateway that shares the directory of another one.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "tests name the options where they start a gateway"
    )]
    pub(crate) fn beside(directory: Arc<TempDir>, options: Options) -> Self {
        let below = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        fs::write(below("policy.yaml"), options.policy).unwrap();
        fs::write(below("key"), key().to_base64()).unwrap();
        let settings = BoundarySettings {
            policy: below("policy.yaml"),
            deployment: deployment(below("key"), below("rates.json")),
            context_envelope: String::new(),
            job_root: below("jobs"),
            presented: Standing::default(),
        };
        let load = move || {
            let world = World {
                environment: &(Arc::new(|_: &str| None) as _),
                clock: &SystemClock,
                producer_version: "1.0.0",
            };
            let boundary = settings.load(&world).map_err(|error| error.to_string())?;
            Ok(Rules {
                boundary,
                waits: false,
            })
        };
        let files = vec![directory.path().join("policy.yaml")];
        let rules = Reloading::new(Box::new(load), files, OnInvalid::Refuse, Box::new(|_| ()));
        let traces = directory.path().join("traces");
        let (ledger, _) = Ledger::open(&traces.join(".ledger"), LedgerOptions::default()).unwrap();
        let caller = Caller {
            identity: "client".to_owned(),
            workspace: "/w".to_owned(),
            risk_class: options.risk_class.to_owned(),
            session_id: "s".to_owned(),
            ..Caller::default()
        };
        let server = McpServer {
            server_id: "files".to_owned(),
            ..McpServer::default()
        };
        let queue = Queue::new(below("approvals"), QueueSettings::default());
        let clock = Arc::new(Moved(AtomicI64::new(0)));
        let announced = Arc::<Mutex<Vec<RequestId>>>::default();
        let log = Arc::clone(&announced);
        let desk = Desk::open(DeskSettings {
            queue: queue.clone(),
            sealer: Sealer::new(SECRET).unwrap(),
            wait: options.wait,
            consent: options.consents.then(|| ConsentInClient {
                key: key(),
                ttl: PATIENCE,
                producer_version: "1.0.0".to_owned(),
            }),
            clock: Arc::clone(&clock) as _,
            announce: Box::new(move |entry, _| log.lock().unwrap().push(entry.request.id().clone())),
        })
        .unwrap();
        let judge = Judge::new(rules, ledger, traces, server, caller).with_desk(Some(desk));
        Self {
            directory,
            judge,
            queue,
            announced,
            clock,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::AcqRel);
    }

    /// What is decided of a call with these params.
    pub(crate) fn judge(&self, params: &str) -> Outcome {
        let wanted = wanted(params);
        let call = wanted.to_call(&self.judge.server, None, &self.judge.caller, Vec::new());
        let (tell, told) = mpsc::channel();
        self.judge
            .judge(call, None, move |outcome| tell.send(outcome).unwrap());
        told.recv_timeout(PATIENCE).unwrap()
    }

    /// What is decided of a call that was approved.
    pub(crate) fn judge_again(&self, case: Case, news: News) -> Outcome {
        let News::Approved(approved) = news else {
            unreachable!("not approved: {news:?}");
        };
        let (tell, told) = mpsc::channel();
        self.judge
            .judge_approved(case.call, &approved, move |outcome| tell.send(outcome).unwrap());
        told.recv_timeout(PATIENCE).unwrap()
    }

    /// Brings a call to the desk.
    pub(crate) fn bring(&self, params: &str, medium: Medium) -> Case {
        let outcome = self.judge(params);
        let Pending { request, call } = *outcome.pending.unwrap();
        let (tell, news) = mpsc::channel();
        let petition = Petition {
            pending: request,
            ruling: outcome.ruling,
            presented: wanted(params).presented,
            medium,
        };
        let hold = self.judge.desk().unwrap().receive(petition, move |news| {
            _ = tell.send(news);
        });
        Case { call, hold, news }
    }

    /// The form that a client gets that brings such a call.
    pub(crate) fn invite(&self, params: &str) -> Invitation {
        match self.bring(params, Medium::ComeBack).next() {
            News::ComeBack(invitation) => invitation,
            news => unreachable!("no form: {news:?}"),
        }
    }

    /// A call that is held, and the request that people decide about.
    pub(crate) fn hold(&self) -> (Case, RequestId) {
        let case = self.bring(&params("", ""), Medium::Wait);
        assert!(matches!(case.next(), News::Waits(_)));
        (case, self.asked())
    }

    /// The same call once more, which asks about the same request.
    pub(crate) fn hold_again(&self) -> (Case, RequestId) {
        let asked = self.announced.lock().unwrap().len();
        let held = self.hold();
        assert_eq!(self.announced.lock().unwrap().len(), asked);
        held
    }

    /// The newest request.
    pub(crate) fn asked(&self) -> RequestId {
        self.announced.lock().unwrap().last().unwrap().clone()
    }

    pub(crate) fn approve(&self, id: &RequestId) -> Approval {
        let consent = Consent {
            approver: "alice".to_owned(),
            reason_code: "CHG-1".to_owned(),
            ttl: Duration::from_secs(60),
        };
        self.queue
            .approve(id, consent, &key(), "1.0.0", self.now())
            .unwrap()
    }

    pub(crate) fn deny(&self, id: &RequestId) {
        let objection = Objection {
            by: "alice".to_owned(),
            reason_code: "no".to_owned(),
        };
        self.queue.deny(id, &objection, self.now()).unwrap();
    }

    pub(crate) fn traces(&self) -> usize {
        let entries = fs::read_dir(self.directory.path().join("traces")).unwrap();
        entries
            .filter(|entry| {
                entry
                    .as_ref()
                    .unwrap()
                    .file_name()
                    .to_str()
                    .unwrap()
                    .starts_with("trace")
            })
            .count()
    }
}

impl Case {
    pub(crate) fn next(&self) -> News {
        self.news.recv_timeout(PATIENCE).unwrap()
    }

    /// What the client is refused with.
    pub(crate) fn refused(&self) -> Ruling {
        match self.next() {
            News::Refused(ruling) => ruling,
            news => unreachable!("not refused: {news:?}"),
        }
    }
}

/// Params of a call, with what the client comes back with.
pub(crate) fn params(state: &str, action: &str) -> String {
    params_of("{\"all\":true}", state, action)
}

pub(crate) fn params_of(arguments: &str, state: &str, action: &str) -> String {
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}"#;
    let state = if state.is_empty() {
        String::new()
    } else {
        format!(",\"requestState\":{}", gait_canon::json::compact(&state.into()))
    };
    let responses = if action.is_empty() {
        String::new()
    } else {
        format!(",\"inputResponses\":{{\"{INPUT_KEY}\":{action}}}")
    };
    format!(r#"{{"name":"drop","arguments":{arguments},{meta}{state}{responses}}}"#)
}

fn wanted(params: &str) -> Wanted {
    let document = frame::read(params.as_bytes()).unwrap();
    Wanted::read(Some(document.root())).unwrap()
}

/// What a call with these params brings along.
pub(crate) fn presented(params: &str) -> Presented {
    wanted(params).presented
}

pub(crate) fn has(ruling: &Ruling, code: &str) -> bool {
    ruling.reason_codes.iter().any(|known| known == code)
}

fn key() -> PrivateKey {
    PrivateKey::from_seed(&[1; 32])
}

fn deployment(key: String, rate_limit_state: String) -> DeploymentSettings {
    let key = KeySource {
        path: Some(key),
        env: None,
    };
    DeploymentSettings {
        profile: Profile::Standard,
        key_mode: "prod".to_owned(),
        signing_key: key.clone(),
        approval_key: VerifyKeySource {
            public: KeySource::default(),
            private: key,
        },
        delegation_key: VerifyKeySource::default(),
        script_key: VerifyKeySource::default(),
        kill_switch_state: String::new(),
        rate_limit_state,
        inventory: String::new(),
        scripts: String::new(),
        broker: BrokerSettings::default(),
    }
}

/// Where the queue is.
pub(crate) fn queue_of(site: &Site) -> PathBuf {
    site.queue.root().to_path_buf()
}
