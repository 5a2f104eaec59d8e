//! Bad input gets the documented error, quickly, and leaves no file behind.
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs::{self, File},
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

const POLICY: &str = "\
default_verdict: block
rules:
  - name: reads
    effect: allow
    match: {tool_names: [fs.read]}
";
const INTENT: &str = r#"{
  "tool_name": "fs.read",
  "args": {"path": "/srv/a"},
  "targets": [{"kind": "path", "value": "/srv/a", "operation": "read"}],
  "context": {"identity": "alice", "workspace": "/srv", "risk_class": "low"}
}"#;

/// A directory with a good policy and a good intent.
struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        bench.write("policy.yaml", POLICY);
        bench.write("intent.json", INTENT);
        bench
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), content).unwrap();
    }

    fn files(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect()
    }

    fn gait(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_gait"))
            .args(arguments)
            .current_dir(self.path())
            .output()
            .unwrap()
    }

    /// Runs `gait gate eval` with `more` flags, which must fail with `exit` and leave no file behind.
    fn refused(&self, more: &[&str], exit: i32) -> String {
        let before = self.files();
        let arguments = [
            "gate",
            "eval",
            "--policy",
            "policy.yaml",
            "--intent",
            "intent.json",
            "--json",
        ];
        let output = self.gait(&[&arguments, more].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(exit), "{text}");
        assert!(
            text.starts_with('{') && text.contains("\"ok\":false") && text.ends_with("}\n"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1);
        assert_eq!(self.files(), before, "{text}");
        text
    }
}

fn assert_tells(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

#[test]
fn the_bench_itself_is_good() {
    let bench = Bench::new();
    let output = bench.gait(&[
        "gate",
        "eval",
        "--policy",
        "policy.yaml",
        "--intent",
        "intent.json",
        "--trace-out",
        "t.json",
    ]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(bench.files().contains("t.json"));
}

#[test]
fn policies_are_refused_with_line_and_key() {
    for (policy, parts) in [
        ("rules: [\n", &["line"][..]),
        ("rules:\n\t- name: x\n", &["line 2"]),
        ("default_verdict: allow\nrules: 7\n", &["line 2", "rules"]),
        (
            "rules:\n  - name: r\n    effect: allow\n    priority: high\n",
            &["line 4", "rules[0].priority"],
        ),
        (
            "rules:\n  - name: r\n    effect: allow\n    mach: {}\n",
            &["line 4", "mach"],
        ),
        (
            "rules:\n  - name: r\n    effect: allow\n    effect: block\n",
            &["line 4", "effect"],
        ),
        (
            "rules:\n  - name: r\n    effect: allow\n    match: {tool_names: [x], true: y}\n",
            &["line 4", "match"],
        ),
        (
            "default_verdict: allow\n---\ndefault_verdict: block\n",
            &["line 3"],
        ),
        ("default_verdict: deny\n", &["line 1", "default_verdict"]),
        ("\u{FEFF}default_verdict: block\n", &["line 1"]),
    ] {
        let bench = Bench::new();
        bench.write("policy.yaml", policy);
        assert_tells(&bench.refused(&[], 6), parts);
    }
}

#[test]
fn intents_are_refused_with_line_and_member() {
    let with = |from: &str, to: &str| {
        assert!(INTENT.contains(from));
        INTENT.replace(from, to)
    };
    for (intent, parts) in [
        (INTENT[..INTENT.len() - 1].to_owned(), &["line 6"][..]),
        (format!("{INTENT}{{}}"), &["line 6"]),
        (format!("\u{FEFF}{INTENT}"), &["line 1"]),
        (with("\"fs.read\"", "7"), &["line 2", "tool_name"]),
        (with("\"targets\"", "\"target\""), &["line 4", "target"]),
        (with("\"targets\"", "\"Targets\""), &["line 4", "Targets"]),
        (
            with("\"operation\"", "\"kind\""),
            &["line 4", "duplicate", "kind"],
        ),
        (
            with("\"path\", \"value\"", "\"pathway\", \"value\""),
            &["targets[0].kind", "pathway"],
        ),
        (with("\"low\"", "\"\""), &["context.risk_class"]),
        (
            with(
                "\"args\": {",
                "\"args\": {\"api_key\": \"sk-live-0123456789abcdef\", ",
            ),
            &["args"],
        ),
    ] {
        let bench = Bench::new();
        bench.write("intent.json", intent);
        let text = bench.refused(&[], 6);
        assert_tells(&text, parts);
        assert!(!text.contains("sk-live"), "a secret is repeated: {text}");
    }
}

#[test]
fn names_that_are_not_what_they_look_like_are_refused() {
    for name in [
        "fs.re\\u200bad",
        "fs.\\u202edaer",
        "fs.re\\u0430d",
        "ｆｓ.ｒｅａｄ",
        "fs.read\\ufe0f",
    ] {
        let bench = Bench::new();
        bench.write("intent.json", INTENT.replace("fs.read", name));
        assert_tells(&bench.refused(&[], 6), &["tool_name"]);
    }
}

#[test]
fn bombs_are_refused() {
    let deep_json = format!("{}{}", "[".repeat(1 << 20), "]".repeat(1 << 20));
    let deep_yaml = "[".repeat(1 << 20);
    let mut aliases = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..40 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        let items = below.trim_end_matches(", ");
        writeln!(aliases, "a{level}: &a{level} [{items}]").unwrap();
    }
    for policy in [
        deep_yaml.as_str(),
        &aliases,
        &"- ".repeat(1 << 19),
        &"{a: ".repeat(1 << 19),
    ] {
        let bench = Bench::new();
        bench.write("policy.yaml", policy);
        bench.refused(&[], 6);
    }
    for intent in [
        deep_json.as_str(),
        &"{\"args\":".repeat(1 << 18),
        &format!("{{\"args\":{{\"a\":{deep_json}}}}}"),
    ] {
        let bench = Bench::new();
        bench.write("intent.json", intent);
        bench.refused(&[], 6);
    }
    let bench = Bench::new();
    bench.write("intent.json", INTENT.replace("\"/srv/a\"}", "1e999}"));
    bench.refused(&[], 6);
}

#[test]
fn huge_files_are_refused_unread() {
    for name in ["policy.yaml", "intent.json"] {
        let bench = Bench::new();
        File::create(bench.path().join(name))
            .unwrap()
            .set_len(100 << 20)
            .unwrap();
        assert_tells(&bench.refused(&[], 6), &["larger than"]);
    }
    for flag in [
        "--context-envelope",
        "--private-key",
        "--kill-switch-state",
        "--config",
    ] {
        let bench = Bench::new();
        File::create(bench.path().join("huge"))
            .unwrap()
            .set_len(100 << 20)
            .unwrap();
        bench.refused(&[flag, "huge", "--key-mode", "prod"], 6);
    }
}

#[test]
fn files_that_are_not_there_or_not_files_are_refused() {
    for (flag, path) in [
        ("--policy", "absent.yaml"),
        ("--policy", "."),
        ("--policy", "/dev/zero"),
        ("--intent", "absent.json"),
        ("--intent", "."),
        ("--intent", "/dev/zero"),
        ("--config", "absent.yaml"),
        ("--private-key", "absent.key"),
        ("--approved-script-public-key", "policy.yaml/key"),
    ] {
        let bench = Bench::new();
        let registry: &[&str] = if flag.starts_with("--approved") {
            &["--approved-script-registry", "none.json"]
        } else {
            &[]
        };
        let mode: &[&str] = if flag == "--private-key" {
            &["--key-mode", "prod"]
        } else {
            &[]
        };
        bench.refused(&[&[flag, path], registry, mode].concat(), 6);
    }
}

#[test]
fn traces_that_can_not_be_written_are_an_error() {
    for path in ["policy.yaml/t.json", "../t.json", ".", "/proc/self/t.json"] {
        Bench::new().refused(&["--trace-out", path], 6);
    }
    let bench = Bench::new();
    std::os::unix::fs::symlink("/tmp/elsewhere.json", bench.path().join("link.json")).unwrap();
    assert_tells(
        &bench.refused(&["--trace-out", "link.json"], 6),
        &["symbolic link"],
    );
}

#[test]
fn a_full_disk_leaves_nothing_half_written() {
    let bench = Bench::new();
    let disk = bench.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let script = format!(
        "mount -t tmpfs -o size=16k none disk && cp policy.yaml intent.json disk/ && cd disk && \
         (cat /dev/zero >filler 2>/dev/null; \
          {} gate eval --policy policy.yaml --intent intent.json --json; echo \"exit $?\"; ls -A)",
        env!("CARGO_BIN_EXE_gait")
    );
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", &script])
        .current_dir(bench.path())
        .output();
    let Some(output) = output.ok().filter(|output| output.status.success()) else {
        eprintln!("skipped: this user can't mount a small file system");
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let (answer, rest) = text.split_once('\n').unwrap();
    assert_tells(answer, &["\"ok\":false", "No space left"]);
    assert_eq!(rest, "exit 6\nfiller\nintent.json\npolicy.yaml\n", "{text}");
}
