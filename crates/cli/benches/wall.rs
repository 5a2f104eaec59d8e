//! Wall time of whole processes of the release program: `cargo build --release && cargo bench -p gait-cli --bench wall`.
//!
//! Prints minimum and median in milliseconds for each command, beside those of `true`, which tell how long starting any
//! program takes on this machine.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Error},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const RUNS: usize = 300;

const INTENT: &str = r#"{
  "tool_name": "fs.read",
  "args": {"path": "/srv/a"},
  "targets": [{"kind": "path", "value": "/srv/a", "operation": "read"}],
  "context": {"identity": "alice", "workspace": "/srv", "risk_class": "low"}
}"#;

fn main() -> io::Result<()> {
    let gait = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/release/gait")
        .canonicalize()?;
    let directory = tempfile::tempdir()?;
    let here = directory.path();
    fs::write(here.join("few.yaml"), policy(3))?;
    fs::write(here.join("many.yaml"), policy(1000))?;
    fs::write(here.join("intent.json"), INTENT)?;
    measure(here, &gait, "keys init --out-dir . --prefix key --force", 1)?;

    let eval = |policy: &str| {
        format!(
            "gate eval --policy {policy} --intent intent.json --json --trace-out t.json --key-mode prod --private-key key_private.key"
        )
    };
    println!("{:<28} {:>8} {:>8}  (ms, {RUNS} runs)", "", "min", "median");
    report("true", &measure(here, &PathBuf::from("true"), "", RUNS)?);
    for (name, arguments) in [
        ("version", "version".to_owned()),
        ("gate eval, 3 rules", eval("few.yaml")),
        ("gate eval, 1,000 rules", eval("many.yaml")),
        (
            "policy validate, 1,000 rules",
            "policy validate many.yaml --json".to_owned(),
        ),
        (
            "policy test, 3 rules",
            "policy test few.yaml intent.json --json".to_owned(),
        ),
        (
            "trace verify",
            "trace verify t.json --public-key key_public.key --json".to_owned(),
        ),
    ] {
        report(name, &measure(here, &gait, &arguments, RUNS)?);
    }
    for (name, arguments) in [
        ("demo", "demo --json"),
        ("verify, demo run", "verify run_demo --json"),
        ("run inspect, demo run", "run inspect run_demo --json"),
        ("run replay, demo run", "run replay run_demo --json"),
        ("run diff, demo run", "run diff run_demo run_demo --json"),
        ("pack build, demo run", "pack build run_demo --out p.zip --json"),
        ("pack verify, demo run", "pack verify p.zip --json"),
        ("demo --durable", "demo --durable --json"),
    ] {
        report(name, &measure(here, &gait, arguments, RUNS)?);
    }
    measure(
        here,
        &gait,
        "run session start --journal s.jsonl --session-id s --run-id run_s",
        1,
    )?;
    let append = "run session append --journal s.jsonl --tool fs.read --verdict allow --json";
    report("run session append", &measure(here, &gait, append, RUNS)?);
    Ok(())
}

/// A policy whose last rule allows the intent, behind rules about other tools.
fn policy(rules: usize) -> String {
    let mut text = String::from("default_verdict: block\nrules:\n");
    for number in 1..rules {
        let _ = write!(
            text,
            "  - name: rule-{number}\n    priority: {number}\n    effect: allow\n    match:\n      \
             tool_names: [tool.t{number}]\n      risk_classes: [low, medium]\n    reason_codes: [reason_{number}]\n"
        );
    }
    text + "  - name: reads\n    priority: 5000\n    effect: allow\n    match: {tool_names: [fs.read]}\n"
}

/// The time each of `runs` runs took, shortest first.
fn measure(directory: &Path, program: &Path, arguments: &str, runs: usize) -> io::Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        let mut command = Command::new(program);
        command
            .args(arguments.split_whitespace())
            .current_dir(directory)
            .stdout(Stdio::null());
        let start = Instant::now();
        let status = command.status()?;
        times.push(start.elapsed());
        if !status.success() {
            return Err(Error::other(format!(
                "{} {arguments}: {status}",
                program.display()
            )));
        }
    }
    times.sort_unstable();
    Ok(times)
}

fn report(name: &str, times: &[Duration]) {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    let (minimum, median) = (times[0], times[times.len() / 2]);
    println!(
        "{name:<28} {:>8.3} {:>8.3}",
        milliseconds(minimum),
        milliseconds(median)
    );
}
