//! JUnit documents, held by a validator to the schema that continuous integration holds them to.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Output};

use gait_artifact::Timestamp;
use gait_artifact::regress::{GradeStatus, GraderResult, RegressResult};
use gait_regress::{JunitForm, junit};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/junit.xsd");
/// What [`JunitForm::Plain`] has at its root and no schema of Jenkins knows.
const UNKNOWN_COUNT: &str = r#" skipped="0""#;

/// Whether xmllint is there. Where `GAIT_TEST_XMLLINT` says that it is required, it must be.
fn has_validator() -> bool {
    let found = Command::new("xmllint").arg("--version").output().is_ok();
    let required = std::env::var("GAIT_TEST_XMLLINT").is_ok_and(|value| value == "required");
    assert!(found || !required, "xmllint is required and not there");
    if !found {
        println!("skipped: there is no xmllint");
    }
    found
}

fn validate(document: &str) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("junit.xml");
    fs::write(&path, document).unwrap();
    Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema", SCHEMA])
        .arg(path)
        .output()
        .unwrap()
}

#[track_caller]
fn assert_valid(document: &str) {
    let output = validate(document);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{document}");
}

fn result(fixture_set: &str, graders: &[(&str, &[&str])]) -> RegressResult {
    let graders = graders.iter().map(|&(name, reasons)| GraderResult {
        name: name.to_owned(),
        status: if reasons.is_empty() {
            GradeStatus::Pass
        } else {
            GradeStatus::Fail
        },
        reason_codes: reasons.iter().map(|&reason| reason.to_owned()).collect(),
        context_conformance: None,
        details: BTreeMap::from([
            ("expected".to_owned(), "<a & b>\u{0}".into()),
            ("actual".to_owned(), 2_i64.into()),
        ]),
    });
    RegressResult {
        schema_id: String::new(),
        schema_version: String::new(),
        created_at: Timestamp::from_unix(1_770_249_600, 500_000_000),
        producer_version: String::new(),
        fixture_set: fixture_set.to_owned(),
        status: GradeStatus::Pass,
        graders: graders.collect(),
    }
}

fn results() -> [RegressResult; 4] {
    [
        result("empty", &[]),
        result("default", &[("f/diff", &[]), ("f/trajectory", &[])]),
        result(
            "default",
            &[("f/diff", &["unexpected_diff", "odd"]), ("alone", &["x"])],
        ),
        result("<&\"'\u{1}\n>", &[("\u{fffe}/]]>", &["<r>"]), ("/", &[])]),
    ]
}

#[test]
fn detailed_documents_are_valid() {
    if !has_validator() {
        return;
    }
    for result in results() {
        assert_valid(&junit(&result, JunitForm::Detailed));
    }
}

#[test]
fn plain_documents_are_valid_but_for_a_count_of_their_root() {
    if !has_validator() {
        return;
    }
    for result in results() {
        let document = junit(&result, JunitForm::Plain);
        let output = validate(&document);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && said.contains("attribute 'skipped'"),
            "{said}"
        );
        assert_valid(&document.replacen(UNKNOWN_COUNT, "", 1));
    }
}

#[test]
fn the_schema_refuses_what_is_none() {
    if !has_validator() {
        return;
    }
    let document = junit(&results()[2], JunitForm::Detailed);
    for (from, to) in [
        (r#"tests="2""#, r#"tests="two""#),
        (r#"<failure message="x""#, "<failure"),
        ("<testcase", r#"<testcase skip="1""#),
        ("</testsuite>", ""),
        (r#"time="0""#, r#"time="soon""#),
    ] {
        let broken = document.replacen(from, to, 1);
        assert_ne!(broken, document, "{from}");
        assert!(!validate(&broken).status.success(), "{to}");
    }
}
