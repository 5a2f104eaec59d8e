use proptest::prelude::*;

use super::*;

fn line(extra: &str) -> String {
    format!(
        r#"{{"created_at":"2026-03-01T00:00:00Z","command":"demo","environment":{{"os":"linux","arch":"amd64"}}{extra}}}"#
    )
}

fn of(log: &str) -> Result<AdoptionReport, AdoptionError> {
    report(log.as_bytes(), "log", "1")
}

#[test]
fn an_empty_log_names_every_step_of_activation() {
    let report = of("\n \n").unwrap();
    assert_eq!(report.created_at, Timestamp::EPOCH_1980);
    assert!(report.first_event_at.is_zero() && !report.activation_complete);
    assert_eq!(report.blockers.len(), 4);
    assert_eq!(report.blockers[3], "missing A4: run `gait regress run`");
}

#[test]
fn a_line_that_is_no_event_fails_the_report() {
    for (extra, want) in [
        (r#","schema_id":"x""#, "line 1: unsupported schema_id \"x\""),
        (
            r#","schema_version":"2""#,
            "line 1: unsupported schema_version \"2\"",
        ),
        (
            r#","exit_code":256"#,
            "line 1: exit_code must be between 0 and 255, not 256",
        ),
        (
            r#","exit_code":-1"#,
            "line 1: exit_code must be between 0 and 255, not -1",
        ),
        (r#","elapsed_ms":"x""#, "parse adoption log line 1"),
        (r#","command":" ""#, "line 1: command is required"),
        (
            r#","environment":{"os":"x"}"#,
            "line 1: environment.arch is required",
        ),
    ] {
        let text = of(&line(extra)).map_err(|error| error.to_string());
        assert!(
            text.as_ref().is_err_and(|text| text.contains(want)),
            "{extra}: {text:?}"
        );
    }
    assert!(
        of(&format!("{}\n{{\n", line("")))
            .unwrap_err()
            .to_string()
            .contains("line 2")
    );
}

#[test]
fn lines_have_a_limit() {
    let padded = |length: usize| {
        let bare = line(r#","x":"""#).len();
        line(&format!(r#","x":"{}""#, "y".repeat(length - bare)))
    };
    for end in ["", "\n"] {
        assert_eq!(of(&(padded(MAX_LINE_BYTES - 1) + end)).unwrap().total_events, 1);
        let error = of(&(padded(MAX_LINE_BYTES) + end)).unwrap_err();
        assert!(matches!(error, AdoptionError::LongLine { line: 1 }), "{error}");
    }
}

#[test]
fn workflows_are_named_or_guessed() {
    for (command, workflow, want) in [
        ("verify", "", Some(0)),
        ("verify", " gait-policy-test-rollout ", Some(2)),
        ("verify", "ours", None),
        ("regress bootstrap", " ", Some(1)),
        ("demo", "", None),
    ] {
        let event = Event {
            command: command.to_owned(),
            workflow_id: workflow.to_owned(),
            ..Event::default()
        };
        assert_eq!(event.workflow(), want, "{command} {workflow}");
    }
}

#[test]
fn the_most_common_failure_is_the_lower_of_two() {
    let log: Vec<String> = [6, 2, 0]
        .iter()
        .map(|code| {
            line(&format!(
                r#","workflow_id":"gait-capture-runpack","exit_code":{code}"#
            ))
        })
        .collect();
    let codes = |lines: &[String]| of(&lines.join("\n")).unwrap().skill_workflows[0].most_common_failure_code;
    assert_eq!(codes(&log[..2]), 2);
    assert_eq!(codes(&log), 0);
}

proptest! {
    #[test]
    fn every_event_is_counted_once(outcomes in prop::collection::vec((any::<bool>(), 0_u8..4, 0_i64..9), 0..40)) {
        let lines: Vec<String> = outcomes
            .iter()
            .map(|(success, name, elapsed)| line(&format!(
                r#","success":{success},"command":"c{name}","elapsed_ms":{elapsed},"milestones":["A1"]"#
            )))
            .collect();
        let report = of(&lines.join("\n")).unwrap();
        prop_assert_eq!(report.total_events, outcomes.len() as u64);
        prop_assert_eq!(report.success_events + report.failed_events, report.total_events);
        let by_command: u64 = report.commands.iter().map(|count| count.total).sum();
        prop_assert_eq!(by_command, report.total_events);
        for median in report.activation_medians_ms.values() {
            prop_assert!(*median < 9);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = report(bytes.as_slice(), "log", "1");
    }
}
