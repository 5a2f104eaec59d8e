//! A service that runs for the length of a test.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use gait_artifact::runpack::RunEnv;
use gait_canon::keys::KeySource;
use gait_disk::reload::{First, Load, OnInvalid};
use gait_gate::clock::SystemClock;
use gait_gate::credential::BrokerSettings;
use gait_gate::load::{DeploymentSettings, VerifyKeySource, World};
use gait_gate::profile::Profile;
use gait_job::JobStore;
use gait_mcp::boundary::{BoundarySettings, Presented};
use gait_runpack::session::{LockOverrides, LockProfile, LockSettings};
use gait_serve::{
    Access, Decider, DecisionSettings, Directories, Ending, ExtAuthzSettings, Limits, ListenAddress, Service,
    SessionSettings, Settings, VerdictStatus, Waiting,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// A call that every policy here knows.
pub(crate) const CALL: &str = r#"{"call":{"name":"tool.search","args":{"q":"s3cret-argument"},
    "context":{"identity":"agent","workspace":"/w","risk_class":"high"}}}"#;

/// What differs from test to test.
pub(crate) struct Manner {
    pub(crate) policy: &'static str,
    pub(crate) access: Access,
    pub(crate) limits: Limits,
    pub(crate) on_invalid: OnInvalid,
    pub(crate) verdict_status: VerdictStatus,
    pub(crate) clients_may_name: bool,
    pub(crate) ext_authz: Option<ExtAuthzSettings>,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            policy: "default_verdict: allow\n",
            access: Access::Loopback,
            limits: Limits::default(),
            on_invalid: OnInvalid::Refuse,
            verdict_status: VerdictStatus::Compat,
            clients_may_name: false,
            ext_authz: None,
        }
    }
}

/// A service and the directory that it works in.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    /// Where proxies ask, if they can.
    pub(crate) proxies: Option<SocketAddr>,
    pub(crate) directory: TempDir,
    end: watch::Sender<bool>,
    thread: JoinHandle<Ending>,
}

impl Running {
    pub(crate) fn start(manner: Manner) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("policy.yaml"), manner.policy).unwrap();
        let service = Service::bind(
            &ListenAddress::parse("127.0.0.1:0").unwrap(),
            settings(&directory, manner),
        )
        .unwrap();
        let address = service.local_addr();
        let proxies = service.ext_authz_addr();
        let (end, ending) = watch::channel(false);
        let thread = std::thread::spawn(move || {
            let runtime = Runtime::new().unwrap();
            runtime.block_on(service.serve(ending)).unwrap()
        });
        Self {
            address,
            proxies,
            directory,
            end,
            thread,
        }
    }

    pub(crate) fn policy(&self) -> PathBuf {
        self.directory.path().join("policy.yaml")
    }

    /// The names of all traces.
    pub(crate) fn traces(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.directory.path().join("traces")) else {
            return Vec::new();
        };
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.starts_with('.'))
            .collect()
    }

    /// Tells the service to end.
    pub(crate) fn tell_to_end(&self) {
        self.end.send_replace(true);
    }

    /// Tells the service to end and waits until it has.
    pub(crate) fn end(self) -> Ending {
        self.tell_to_end();
        self.thread.join().unwrap()
    }
}

/// Waits until `holds` does.
pub(crate) fn wait_until(holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never came to hold");
        std::thread::yield_now();
    }
}

fn settings(directory: &TempDir, manner: Manner) -> Settings {
    let below = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let policy = below("policy.yaml");
    let directories = Directories {
        traces: below("traces"),
        runpacks: below("runpacks"),
        packs: String::new(),
        sessions: below("sessions"),
        clients_may_name: manner.clients_may_name,
    };
    let boundary = BoundarySettings {
        policy: policy.clone(),
        deployment: deployment(below("rates.json")),
        context_envelope: String::new(),
        job_root: below("jobs"),
        presented: Presented::default(),
    };
    let load: Load<Decider> = Box::new(move || {
        let world = World {
            environment: &(Arc::new(|_: &str| None) as _),
            clock: &SystemClock,
            producer_version: "1.0.0",
        };
        let boundary = boundary.load(&world).map_err(|error| error.to_string())?;
        let waiting = Waiting::under(boundary.gate().policy(), &Presented::default(), false);
        Ok(Decider { boundary, waiting })
    });
    Settings {
        access: manner.access,
        limits: manner.limits,
        first: First::read(vec![policy.into()], &load),
        load,
        on_invalid: manner.on_invalid,
        decisions: DecisionSettings {
            adapter: "mcp".to_owned(),
            verdict_status: manner.verdict_status,
            export_log: String::new(),
            export_otel: String::new(),
            kill_switch_state: String::new(),
            sessions: SessionSettings {
                directory: directories.sessions.clone(),
                runpacks: directories.runpacks.clone(),
                lock: LockSettings::new(LockProfile::Standard, LockOverrides::default()),
                producer_version: "1.0.0".to_owned(),
                host: RunEnv::default(),
                jobs: JobStore::new(below("jobs")),
                open: 8,
            },
            retention: Vec::new(),
            directories,
            clock: &SystemClock,
        },
        log: None,
        ext_authz: manner.ext_authz,
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
