//! A gateway that runs for the length of a test.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use gait_artifact::Timestamp;
use gait_artifact::mcp::McpServer;
use gait_canon::keys::KeySource;
use gait_disk::ledger::{Ledger, LedgerOptions};
use gait_disk::reload::{OnInvalid, Reloading};
use gait_gate::clock::SystemClock;
use gait_gate::credential::BrokerSettings;
use gait_gate::load::{DeploymentSettings, VerifyKeySource, World};
use gait_gate::profile::Profile;
use gait_gateway::call::Caller;
use gait_gateway::http::{Authorization, Gateway, Settings, Staff, Upstream};
use gait_gateway::judge::{Judge, Rules};
use gait_gateway::record::{Contents, RecordSettings, Records};
use gait_gateway::review::Reviewer;
use gait_http::{Access, Limits, ListenAddress};
use gait_job::JobStore;
use gait_mcp::boundary::{BoundarySettings, Presented};
use gait_mcp::sessions::SessionSettings;
use gait_runpack::session::{LockOverrides, LockProfile, LockSettings};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;

const POLICY: &str = "default_verdict: allow
rules:
  - {name: never-drop, effect: block, match: {tool_names: [drop]}}
  - {name: no-secrets, effect: block, match: {target_values: [/secret]}}
  - {name: no-leaks, effect: block, match: {tool_names: [send], provenance_sources: [external]}}
";

/// A gateway and the directory that it works in.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    directory: TempDir,
    records: Arc<Records>,
    end: watch::Sender<bool>,
    thread: Option<JoinHandle<bool>>,
}

impl Running {
    pub(crate) fn before(server: SocketAddr) -> Self {
        Self::with(server, Authorization::None)
    }

    #[allow(
        clippy::needless_pass_by_value,
        reason = "tests name the authorization where they start a gateway"
    )]
    pub(crate) fn with(server: SocketAddr, authorization: Authorization) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let staff = staff(directory.path());
        let records = Arc::clone(staff.judge.records());
        let gateway = Gateway::bind(
            &ListenAddress::parse("127.0.0.1:0").unwrap(),
            Settings {
                access: Access::Loopback,
                limits: Limits {
                    request_bytes: 1 << 20,
                    drain_time: Duration::from_secs(2),
                    ..Limits::default()
                },
                answer_time: Duration::from_secs(20),
                upstream: Upstream::new(&format!("http://{server}/mcp"), &authorization, false).unwrap(),
                staff,
            },
        )
        .unwrap();
        let address = gateway.local_addr();
        let (end, ending) = watch::channel(false);
        let thread = std::thread::spawn(move || {
            let runtime = Runtime::new().unwrap();
            let drained = runtime.block_on(gateway.serve(ending)).unwrap();
            runtime.shutdown_background();
            drained
        });
        Self {
            address,
            directory,
            records,
            end,
            thread: Some(thread),
        }
    }

    /// How many decisions have a trace.
    pub(crate) fn traces(&self) -> usize {
        let entries = fs::read_dir(self.directory.path().join("traces")).unwrap();
        entries
            .filter(|entry| {
                let name = entry.as_ref().unwrap().file_name();
                name.to_str().unwrap().starts_with("trace")
            })
            .count()
    }

    /// What is recorded in the journals of all sessions whose names end so, one line each.
    pub(crate) fn recorded(&self, kind: &str) -> Vec<String> {
        self.records.flush();
        let mut lines = Vec::new();
        for entry in fs::read_dir(self.directory.path().join("sessions")).unwrap() {
            let path = entry.unwrap().path();
            if path.to_str().unwrap().ends_with(kind) {
                lines.extend(fs::read_to_string(path).unwrap().lines().map(str::to_owned));
            }
        }
        lines
    }

    /// Tells the gateway to end; whether every request in work was answered.
    pub(crate) fn end(mut self) -> bool {
        self.end.send_replace(true);
        self.thread.take().unwrap().join().unwrap()
    }
}

fn staff(directory: &Path) -> Staff {
    let below = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    fs::write(below("policy.yaml"), POLICY).unwrap();
    let settings = BoundarySettings {
        policy: below("policy.yaml"),
        deployment: deployment(below("rates.json")),
        context_envelope: String::new(),
        job_root: below("jobs"),
        presented: Presented::default(),
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
    let files = vec![directory.join("policy.yaml")];
    let rules = Reloading::new(Box::new(load), files, OnInvalid::Refuse, Box::new(|_| ()));
    let traces = directory.join("traces");
    let (ledger, _) = Ledger::open(&traces.join(".ledger"), LedgerOptions::default()).unwrap();
    let caller = Caller {
        identity: "client".to_owned(),
        workspace: "/w".to_owned(),
        risk_class: "high".to_owned(),
        ..Caller::default()
    };
    let server = McpServer {
        server_id: "s".to_owned(),
        ..McpServer::default()
    };
    let recorded = RecordSettings {
        sessions: SessionSettings {
            directory: below("sessions"),
            runpacks: String::new(),
            lock: LockSettings::new(LockProfile::Standard, LockOverrides::default()),
            producer_version: "1.0.0".to_owned(),
            host: gait_runpack::record::host(),
            jobs: JobStore::new(""),
            open: 8,
        },
        contents: Contents::Digests,
    };
    let warn = |warning: &str| unreachable!("{warning}");
    let records = Records::default().remembered().written(recorded, warn).unwrap();
    Staff {
        judge: Arc::new(Judge::new(rules, ledger, traces, server, caller).with_records(Arc::new(records))),
        reviewer: Arc::new(Reviewer::new(directory.join("pins.json"), false)),
        now: Arc::new(|| Timestamp::EPOCH_1980),
        watch: Arc::new(|_| ()),
    }
}

fn deployment(rate_limit_state: String) -> DeploymentSettings {
    DeploymentSettings {
        profile: Profile::Standard,
        key_mode: "dev".to_owned(),
        signing_key: KeySource::default(),
        approval_key: VerifyKeySource::default(),
        delegation_key: VerifyKeySource::default(),
        script_key: VerifyKeySource::default(),
        kill_switch_state: String::new(),
        rate_limit_state,
        inventory: String::new(),
        scripts: String::new(),
        broker: BrokerSettings::default(),
    }
}
