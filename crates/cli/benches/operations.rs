//! Eleven operations within this process, in time and in allocations, on the inputs that a first run has.
//!
//! `perf/operation_budgets.json` says what each may cost, and `scripts/check_resource_budgets.py` reads both.
#![allow(clippy::unwrap_used, reason = "a benchmark")]

use std::{
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, OnceLock},
};

use divan::{AllocProfiler, Bencher};
use gait_artifact::{
    Timestamp,
    intent::IntentRequest,
    registry::{PACK_SCHEMA_ID, RegistryPack, SCHEMA_VERSION},
};
use gait_canon::{
    PrivateKey,
    json::{self, Value},
    sign,
};
use gait_disk::progress::Unwatched;
use gait_evidence::{
    EvidencePack, Template,
    incident::{DEFAULT_WINDOW, Incident},
    pack::Settings,
};
use gait_gate::{
    Deployment, Entrance, Fact, Gate, Signer, clock::SystemClock, profile::Profile,
    rate_limit::LocalRateLimiter,
};
use gait_mcp::{Adapter, Ask, Boundary, boundary::Presented};
use gait_pack::verify::verify_evidence;
use gait_policy::{CompiledPolicy, Facts, document, evaluate};
use gait_registry::{Cache, InstallRequest, Manifest, Publishers, Source};
use gait_runpack::{RunSummary, Runpack, diff::Privacy};
use gait_scout::drift::{self, Drift};
use tempfile::TempDir;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

const POLICY: &str = "default_verdict: block
rules:
  - {name: no-delete, priority: 10, effect: block, match: {tool_names: [tool.delete]}}
  - {name: ask-write, priority: 20, effect: require_approval, match: {tool_names: [tool.write], risk_classes: [high]}}
  - {name: safe-read, priority: 30, effect: allow, match: {tool_names: [tool.read], risk_classes: [low, medium]}}
";
const INTENT: &[u8] = br#"{"tool_name":"tool.read","args":{"path":"/srv/a.txt"},"targets":[{"kind":"path","value":"/srv/a.txt","operation":"read"}],"context":{"identity":"alice","workspace":"/repo","risk_class":"low"}}"#;
const MCP: &[u8] = br#"{"name":"tool.read","args":{"path":"/srv/a.txt"},"targets":[{"kind":"path","value":"/srv/a.txt","operation":"read"}],"context":{"identity":"alice","workspace":"/repo","risk_class":"low"},"created_at":"2026-03-01T00:00:00Z"}"#;
const OPENAI: &[u8] =
    br#"{"id":"call_1","type":"function","function":{"name":"tool.read","arguments":"{\"path\":\"/srv/a.txt\"}"}}"#;
const TOOLS: &str = "from langchain.tools import tool\n\n@tool\ndef send_mail(to):\n    pass\n\n@tool\ndef read_file(path):\n    pass\n";
const SERVERS: &str = r#"{"mcpServers":{"files":{"command":"files"},"mail":{"command":"mail"}}}"#;

fn now() -> Timestamp {
    "2026-02-05T00:00:00Z".parse().unwrap()
}

/// The directory of everything that is read here, made by the program itself.
fn workspace() -> &'static Path {
    static WORKSPACE: OnceLock<TempDir> = OnceLock::new();
    WORKSPACE
        .get_or_init(|| {
            let directory = tempfile::tempdir().unwrap();
            let root = directory.path();
            fs::write(root.join("manifest.json"), manifest()).unwrap();
            fs::write(root.join("key"), key().public().to_base64()).unwrap();
            gait(
                root,
                "registry install manifest.json --cache-dir verified --public-key key",
            );
            gait(root, "demo");
            gait(root, "guard pack run_demo --out evidence.zip");
            fs::create_dir(root.join("repository")).unwrap();
            fs::write(root.join("repository/tools.py"), TOOLS).unwrap();
            gait(root, "scout snapshot --roots repository --out old.json");
            fs::write(root.join("repository/mcp.json"), SERVERS).unwrap();
            gait(root, "scout snapshot --roots repository --out new.json");
            directory
        })
        .path()
}

fn gait(directory: &Path, arguments: &str) {
    let done = Command::new(env!("CARGO_BIN_EXE_gait"))
        .current_dir(directory)
        .args(arguments.split(' '))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(done.success(), "gait {arguments}");
}

fn key() -> PrivateKey {
    PrivateKey::from_seed(&[9; 32])
}

/// The manifest of a pack, signed with [`key`].
fn manifest() -> Vec<u8> {
    let pack = RegistryPack {
        schema_id: PACK_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        pack_name: "baseline".to_owned(),
        pack_version: "1.0.0".to_owned(),
        publisher: "acme".to_owned(),
        ..RegistryPack::default()
    };
    let mut value = json::to_value(&pack).unwrap();
    let unsigned = json::canonical_bytes(&value).unwrap();
    let digest = *Manifest::parse(&unsigned).unwrap().digest();
    let signature = json::to_value(&sign::sign(&digest, &key())).unwrap();
    let members = value.as_object_mut().unwrap();
    members.insert("signatures", Value::Array(vec![signature]));
    json::canonical_bytes(&value).unwrap()
}

fn runpack() -> PathBuf {
    workspace().join("gait-out/runpack_run_demo.zip")
}

#[divan::bench(name = "evaluate policy")]
fn evaluate_policy(bencher: Bencher<'_, '_>) {
    let policy = CompiledPolicy::new(document::read(POLICY.as_bytes()).unwrap());
    let intent = IntentRequest::read(INTENT).unwrap().normalize().unwrap();
    let facts = Facts {
        now: now(),
        inventory: None,
    };
    bencher.bench(|| evaluate(&policy, black_box(&intent), &facts));
}

#[divan::bench(name = "verify runpack zip")]
fn verify_runpack(bencher: Bencher<'_, '_>) {
    let path = runpack();
    bencher.bench(|| {
        let options = gait_runpack::VerifyOptions::default();
        let found = gait_runpack::verify(black_box(&path), &options, &Unwatched).unwrap();
        assert!(found.is_ok());
    });
}

#[divan::bench(name = "diff runpacks")]
fn diff_runpacks(bencher: Bencher<'_, '_>) {
    let path = runpack();
    bencher.bench(|| {
        let open = || Runpack::open(black_box(&path)).unwrap();
        gait_runpack::diff::diff(&open(), &open(), Privacy::Full).unwrap()
    });
}

#[divan::bench(name = "scout snapshot")]
fn scout_snapshot(bencher: Bencher<'_, '_>) {
    let root = workspace().join("repository");
    bencher.bench(|| gait_scout::scan(black_box(&root)).unwrap());
}

#[divan::bench(name = "diff snapshots")]
fn diff_snapshots(bencher: Bencher<'_, '_>) {
    let read = |name: &str| drift::read(&workspace().join(name)).unwrap();
    let (old, new) = (read("old.json"), read("new.json"));
    bencher.bench(|| Drift::between(black_box(&old), black_box(&new)));
}

#[divan::bench(name = "verify guard pack")]
fn verify_guard_pack(bencher: Bencher<'_, '_>) {
    let path = workspace().join("evidence.zip");
    bencher.bench(|| {
        let options = gait_pack::verify::VerifyOptions::default();
        let found = verify_evidence(black_box(&path), &options, &Unwatched).unwrap();
        assert!(found.is_ok());
    });
}

#[divan::bench(name = "build incident pack")]
fn build_incident_pack(bencher: Bencher<'_, '_>) {
    let (path, out) = (runpack(), workspace().join("incident.zip"));
    let settings = Settings {
        case_id: "",
        template: Template::IncidentResponse,
        render_pdf: false,
        producer_version: "1.0.0",
        now: now(),
    };
    bencher.bench(|| {
        let run = RunSummary::open(black_box(&path)).unwrap();
        let incident = Incident::around(&path, &run, DEFAULT_WINDOW, settings.now).unwrap();
        let mut pack = EvidencePack::of_incident(&run, incident, &settings).unwrap();
        pack.write(&out).unwrap();
    });
}

#[divan::bench(name = "registry install (local)")]
fn registry_install(bencher: Bencher<'_, '_>) {
    let root = workspace();
    let cache = Cache::new(root.join("installed").to_str().unwrap());
    let (source, key) = (Source::File(root.join("manifest.json")), key().public());
    let publishers = Publishers::new(["acme"]);
    bencher.bench(|| {
        let request = InstallRequest {
            source: black_box(&source),
            cache: &cache,
            key: &key,
            publishers: &publishers,
            pin: None,
            allow_cached_fallback: false,
            with_artifacts: false,
        };
        gait_registry::install(&request, |_| unreachable!("the source is a file")).unwrap()
    });
}

#[divan::bench(name = "registry verify installed")]
fn registry_verify(bencher: Bencher<'_, '_>) {
    let cache = Cache::new(workspace().join("verified").to_str().unwrap());
    let installed = cache.list().unwrap();
    let path = installed[0].metadata_path.to_str().unwrap();
    let (key, publishers) = (key().public(), Publishers::new(["acme"]));
    bencher.bench(|| {
        let options = gait_registry::VerifyOptions {
            key: &key,
            publishers: &publishers,
            cache: Some(&cache),
        };
        let found = gait_registry::verify(black_box(path), &options).unwrap();
        assert!(found.is_ok());
    });
}

#[divan::bench(name = "decode OpenAI tool call")]
fn decode_openai(bencher: Bencher<'_, '_>) {
    bencher.bench(|| Adapter::OpenAi.decode(black_box(OPENAI)).unwrap());
}

#[divan::bench(name = "evaluate tool call (MCP)")]
fn evaluate_tool_call(bencher: Bencher<'_, '_>) {
    let gate = Gate::new(Deployment {
        policy: CompiledPolicy::new(document::read(POLICY.as_bytes()).unwrap()),
        profile: Profile::Standard,
        signer: Signer {
            key: key(),
            warning: None,
        },
        approval_key: Fact::NotConfigured,
        delegation_key: Fact::NotConfigured,
        kill_switch: Fact::NotConfigured,
        inventory: Fact::NotConfigured,
        scripts: Fact::NotConfigured,
        script_key: Fact::NotConfigured,
        broker: None,
        rate_limiter: Arc::new(LocalRateLimiter::new("unused.json")),
        dispatch: None,
        clock: &SystemClock,
        producer_version: "1.0.0",
        entrance: Entrance::McpBoundary,
    });
    let boundary = Boundary::new(gate.unwrap(), None, Presented::default());
    bencher.bench(|| {
        let ask = Ask {
            payload: black_box(MCP),
            adapter: "mcp",
            ..Ask::default()
        };
        boundary.decide(&ask).unwrap()
    });
}
