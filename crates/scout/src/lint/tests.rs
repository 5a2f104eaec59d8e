use proptest::prelude::*;

use super::*;

/// The codes of what is found, with `+` in front of those that are allowed.
fn codes(name: &str, text: &str) -> Vec<String> {
    let mark = |finding: Finding| {
        let allowed = if finding.reason.is_some() { "+" } else { "" };
        format!("{allowed}{}", finding.rule.0.code)
    };
    lint_text(name, text).into_iter().map(mark).collect()
}

/// Names of files, texts, and the codes of what is unsafe in them.
const UNSAFE: &[(&str, &str, &str)] = &[
    (
        "a.sh",
        "gait run replay --real-tools --unsafe-real-tools x",
        "real_tools",
    ),
    ("a.sh", "gait run replay -unsafe-real-tools=true x", "real_tools"),
    ("a.yml", "  GAIT_ALLOW_REAL_REPLAY: \"1\"", "real_replay_switch"),
    ("a.sh", "export GAIT_ALLOW_REAL_REPLAY=1", "real_replay_switch"),
    (
        "a.yml",
        "  GAIT_ALLOW_REAL_REPLAY: ${{ inputs.real }}",
        "real_replay_switch",
    ),
    ("Dockerfile", "ENV GAIT_ALLOW_REAL_REPLAY 1", "real_replay_switch"),
    (
        "a.py",
        "os.environ[\"GAIT_ALLOW_REAL_REPLAY\"] = '1'",
        "real_replay_switch",
    ),
    (
        "a.yml",
        "- name: GAIT_ALLOW_REAL_REPLAY\n  value: \"1\"",
        "real_replay_switch",
    ),
    (
        "a.ps1",
        "$env:GAIT_ALLOW_REAL_REPLAY = \"1\"",
        "real_replay_switch",
    ),
    (
        "a.sh",
        "gait run replay --unsafe-real-tools-env MINE",
        "real_replay_switch",
    ),
    ("a.sh", "gait run record --unsafe-context-raw x", "raw_context"),
    ("a.env", "GAIT_CLAUDE_UNSAFE_FAIL_OPEN=yes", "fail_open"),
    ("a.sh", "tool --unsafe-anything", "unsafe_switch"),
    (
        "a.sh",
        "gait registry install --allow-insecure-http",
        "insecure_transport",
    ),
    (
        "a.sh",
        "gait contract verify --allow-development-signing",
        "development_signing",
    ),
    ("a.sh", "gait gate eval --key-mode dev", "development_key"),
    ("a.sh", "gait gate eval --key-mode=\"DEV\"", "development_key"),
    ("a.sh", "gait gate eval --key-mode \\\n  dev", "development_key"),
    ("a.yml", "args:\n  - --key-mode\n  - dev", "development_key"),
    (
        "a.json",
        "{\"args\": [\"--key-mode\", \"dev\"]}",
        "development_key",
    ),
    ("a.json", "{\"key_mode\" : \"dev\"}", "development_key"),
    ("config.yaml", "gate:\n  key_mode: dev", "development_key"),
    ("a.py", "run(key_mode='dev')", "development_key"),
    ("a.sh", "gait ui --allow-non-loopback", "exposed_service"),
    (
        "a.sh",
        "gait mcp serve --allow-client-artifact-paths",
        "client_paths",
    ),
    (
        "a.sh",
        "gait job resume --allow-env-mismatch",
        "environment_mismatch",
    ),
    (
        "a.yml",
        "- run: gait gate eval --intent i.json || true",
        "verdict_ignored",
    ),
    (
        "a.sh",
        "./bin/gait verify run_1 >/dev/null 2>&1 ||:",
        "verdict_ignored",
    ),
    (
        "a.sh",
        "gait regress run \\\n  --json || exit 0",
        "verdict_ignored",
    ),
    (
        "a.md",
        "Run `gait gate eval --key-mode dev` now.",
        "development_key",
    ),
    (
        "a.md",
        "```sh\ngait gate eval --key-mode dev\n```",
        "development_key",
    ),
    ("a.md", "    $ gait gate eval --key-mode dev", "development_key"),
    (
        "a.md",
        "    export GAIT_ALLOW_REAL_REPLAY=1",
        "real_replay_switch",
    ),
    (
        "Jenkinsfile",
        "sh 'gait gate eval --key-mode dev' // quick",
        "development_key",
    ),
];

#[test]
fn unsafe_settings_are_found_in_every_notation() {
    for (name, text, expected) in UNSAFE {
        assert_eq!(codes(name, text), [*expected], "{name}: {text}");
    }
}

#[test]
fn what_is_off_or_only_mentioned_is_not_found() {
    for (name, text) in [
        ("a.sh", "gait run replay --unsafe-real-tools=false x"),
        ("a.sh", "# never pass --unsafe-real-tools"),
        ("a.sh", "gait verify x # --unsafe-real-tools"),
        ("Jenkinsfile", "// --unsafe-real-tools"),
        ("a.sh", "gait gate eval --key-mode prod"),
        ("a.sh", "gait gate eval --key-mode\ngait dev"),
        ("a.yml", "key_mode: prod"),
        ("a.yml", "GAIT_ALLOW_REAL_REPLAY: \"0\""),
        ("a.yml", "GAIT_ALLOW_REAL_REPLAY: \"\"\nB: 1"),
        ("a.yml", "GAIT_ALLOW_REAL_REPLAY:\nB: 1"),
        ("a.sh", "GAIT_ALLOW_REAL_REPLAY= gait verify x"),
        ("a.sh", "test \"$GAIT_ALLOW_REAL_REPLAY\" = 1"),
        ("a.sh", "echo ${GAIT_ALLOW_REAL_REPLAY:-0}"),
        ("a.py", "if environ.get(\"GAIT_ALLOW_REAL_REPLAY\") == \"1\":"),
        ("a.sh", "unset GAIT_ALLOW_REAL_REPLAY"),
        ("a.sh", "gait verify x || exit 1"),
        ("a.sh", "gait verify x; rm y || true"),
        ("a.sh", "gait verify x && rm y || true"),
        ("a.sh", "gait verify x\nrm y || true"),
        ("a.sh", "gait demo || true"),
        ("a.md", "The flag `--unsafe-real-tools` asks for `key_mode: dev`."),
        ("a.md", "Never pass --unsafe-real-tools."),
        ("a.md", "Nobody sets `GAIT_ALLOW_REAL_REPLAY=1`."),
        ("a.md", "| `--key-mode dev` | a throw-away key |"),
        ("a.sh", "tool --safe --unsafe --not-unsafe-x"),
    ] {
        assert_eq!(codes(name, text), [""; 0], "{name}: {text}");
    }
}

#[test]
fn comments_allow_with_a_reason() {
    let allow = "gait-lint: allow development_key -- a tutorial";
    for (name, text, expected) in [
        (
            "a.sh",
            format!("gait x --key-mode dev # {allow}"),
            &["+development_key"][..],
        ),
        (
            "a.sh",
            format!("# {allow}\n\n# so\ngait x \\\n --key-mode dev"),
            &["+development_key"],
        ),
        (
            "a.sh",
            format!("# {allow}\ngait x\ngait x --key-mode dev"),
            &["unused_allowance", "development_key"],
        ),
        (
            "a.sh",
            format!("gait x --key-mode dev\n# {allow}"),
            &["development_key", "unused_allowance"],
        ),
        (
            "a.md",
            format!("<!-- {allow} -->\n```sh\ngait x\n\ngait x --key-mode dev\n```\n`gait --key-mode dev`"),
            &["+development_key", "development_key"],
        ),
        (
            "a.sh",
            format!("gait --key-mode dev --unsafe-x # {allow}"),
            &["+development_key", "unsafe_switch"],
        ),
        (
            "a.sh",
            "gait --unsafe-x # gait-lint: allow unsafe_switch".to_owned(),
            &["unsafe_switch", "bad_allowance"],
        ),
        (
            "a.sh",
            "gait # gait-lint: allow bad_allowance -- no".to_owned(),
            &["bad_allowance"],
        ),
    ] {
        assert_eq!(codes(name, &text), expected, "{text}");
    }
    let found = lint_text("a.sh", &format!("gait x --key-mode dev # {allow}"));
    assert_eq!(found[0].reason.as_deref(), Some("a tutorial"));
}

#[test]
fn places_are_told_in_characters() {
    let found = lint_text("d/a.sh", "\r\n é --unsafe-a é --unsafe-b\r\n");
    let places: Vec<_> = found
        .iter()
        .map(|finding| (finding.line, finding.column, finding.text.as_str()))
        .collect();
    assert_eq!(places, [(2, 4, "--unsafe-a"), (2, 17, "--unsafe-b")]);
}

#[test]
fn hostile_texts_are_cheap() {
    let flags = "--unsafe-x ".repeat(20_000);
    assert_eq!(lint_text("a", &flags).len(), MAX_FINDINGS);
    let commands = "gait verify ".repeat(20_000);
    assert_eq!(lint_text("a", &commands), []);
    let comments = "# gait-lint: allow unsafe_switch -- x\n".repeat(20_000) + "--unsafe-x";
    assert!(lint_text("a", &comments).len() <= MAX_FINDINGS);
    assert_eq!(lint_text("a.md", &"`".repeat(1 << 20)), []);
}

fn directory(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    directory
}

#[test]
fn directories_are_read_once_and_in_order() {
    let unsafe_line = b"gait --unsafe-x".as_slice();
    let large = vec![b' '; MAX_BYTES + 1];
    let directory = directory(&[
        (".github/workflows/ci.yml", unsafe_line),
        ("b.md", b"```\ngait --unsafe-x\n```"),
        ("a/run", b"#!/bin/sh\ngait --unsafe-x"),
        ("a/data", unsafe_line),
        ("a/main.rs", unsafe_line),
        ("large.txt", &large),
        ("binary.txt", b"--unsafe-x\0"),
        ("latin.txt", b"\xe9 --unsafe-x"),
    ]);
    let root = directory.path();
    std::os::unix::fs::symlink(root.join("b.md"), root.join("link.md")).unwrap();
    let report = lint(&[root.to_owned(), root.join("b.md"), root.join("a/main.rs")]).unwrap();
    let short = |path: &str| path.strip_prefix(root.to_str().unwrap()).unwrap().to_owned();
    let found: Vec<_> = report
        .findings
        .iter()
        .map(|finding| short(&finding.path))
        .collect();
    assert_eq!(
        found,
        [
            "/.github/workflows/ci.yml",
            "/a/main.rs",
            "/a/run",
            "/b.md",
            "/latin.txt"
        ]
    );
    assert_eq!(report.files, 5);
    let skipped: Vec<_> = report
        .skipped
        .iter()
        .map(|skipped| (short(&skipped.path), skipped.reason))
        .collect();
    assert_eq!(
        skipped,
        [
            ("/binary.txt".to_owned(), SkipReason::Binary),
            ("/large.txt".to_owned(), SkipReason::TooLarge)
        ]
    );
    assert!(matches!(lint(&[root.join("gone")]), Err(LintError::Path { .. })));
}

proptest! {
    #[test]
    fn every_text_can_be_read(text in "(gait|verify|--unsafe-x|--key-mode|dev|GAIT_ALLOW_REAL_REPLAY|[ \\n\"'`=:#|~&;\\\\é-]|# gait-lint: allow unsafe_switch -- r){0,40}") {
        for name in ["a.sh", "a.md", "a.js"] {
            let lines: Vec<_> = text.lines().collect();
            for finding in lint_text(name, &text) {
                let line: String = lines[finding.line - 1].chars().skip(finding.column - 1).collect();
                prop_assert!(line.starts_with(&finding.text));
            }
        }
    }

    #[test]
    fn comments_never_add_findings(text in "[a-z =\\n-]{0,60}") {
        let commented = text.replace('\n', " # --unsafe-x\n") + " # --unsafe-x";
        prop_assert_eq!(codes("a.sh", &text), codes("a.sh", &commented));
    }
}
