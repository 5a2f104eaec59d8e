use super::*;

fn header() -> JournalLine {
    JournalHeader {
        session_id: "s".into(),
        run_id: "r".into(),
        ..JournalHeader::default()
    }
    .into()
}

fn event(sequence: i64) -> SessionEvent {
    SessionEvent {
        session_id: "s".into(),
        run_id: "r".into(),
        sequence,
        ..SessionEvent::default()
    }
}

/// The checkpoint over a range, linked to `previous`.
fn checkpoint(index: i64, range: [i64; 2], previous: &str) -> SessionCheckpoint {
    let mut checkpoint = SessionCheckpoint {
        session_id: "s".into(),
        run_id: "r".into(),
        checkpoint_index: index,
        sequence_start: range[0],
        sequence_end: range[1],
        manifest_digest: "m".into(),
        prev_checkpoint_digest: previous.into(),
        ..SessionCheckpoint::default()
    };
    checkpoint.checkpoint_digest = checkpoint.computed_digest().to_string();
    checkpoint
}

fn journal(lines: impl IntoIterator<Item = JournalLine>) -> Vec<u8> {
    lines
        .into_iter()
        .flat_map(|line| encode(&line).unwrap())
        .collect()
}

fn state_of(text: &[u8]) -> Result<SessionState, SessionError> {
    let whole = read(text, |_, _| Ok(()))?;
    Ok(whole.state(text.len() as u64, Timestamp::EPOCH_1980))
}

#[test]
fn a_journal_tells_its_state() {
    let first = checkpoint(1, [1, 2], "");
    let digest = first.checkpoint_digest.clone();
    let text = journal([
        header(),
        event(1).into(),
        event(2).into(),
        first.into(),
        event(3).into(),
    ]);
    let state = state_of(&text).unwrap();
    assert_eq!((state.event_count, state.last_sequence), (3, 3));
    assert_eq!((state.checkpoint_count, state.last_checkpoint_sequence), (1, 2));
    assert_eq!(state.last_checkpoint_digest, digest);
}

#[test]
fn a_fully_compacted_journal_goes_on_behind_its_last_checkpoint() {
    let first = checkpoint(1, [1, 2], "");
    let second = checkpoint(2, [3, 9], &first.checkpoint_digest);
    let lines = [header(), first.into(), second.into()];
    let state = state_of(&journal(lines.clone())).unwrap();
    assert_eq!((state.event_count, state.last_sequence), (0, 9));
    let longer = journal(lines.into_iter().chain([event(10).into()]));
    assert_eq!(state_of(&longer).unwrap().last_sequence, 10);
}

fn bare(record_type: &str) -> JournalLine {
    JournalLine {
        record_type: record_type.into(),
        ..JournalLine::default()
    }
}

/// A journal of a header and two events, then `line`.
fn after_events(line: impl Into<JournalLine>) -> Vec<u8> {
    journal([header(), event(1).into(), event(2).into(), line.into()])
}

/// The same with a checkpoint and a third event before `line`.
fn after_checkpoint(line: impl Into<JournalLine>) -> Vec<u8> {
    let first = checkpoint(1, [1, 2], "");
    journal([
        header(),
        event(1).into(),
        event(2).into(),
        first.into(),
        event(3).into(),
        line.into(),
    ])
}

fn assert_refused(text: &[u8], expected: &str) {
    let refusal = state_of(text).unwrap_err().to_string();
    assert!(
        refusal.starts_with(expected),
        "{refusal}, for {}",
        String::from_utf8_lossy(&text[..text.len().min(500)])
    );
}

#[test]
fn lines_and_headers_have_rules() {
    let blank = JournalHeader {
        session_id: " ".into(),
        run_id: "r".into(),
        ..JournalHeader::default()
    };
    for (text, expected) in [
        (Vec::new(), "session journal missing header"),
        (b"\n \n".to_vec(), "session journal missing header"),
        (b"{nope\n".to_vec(), "session journal parse line 1: "),
        (b"[]\n".to_vec(), "session journal parse line 1: "),
        (
            journal([bare("header")]),
            "session journal line 1 missing header payload",
        ),
        (
            journal([header(), header()]),
            "session journal contains duplicate header",
        ),
        (
            journal([blank.into()]),
            "session journal header missing session_id or run_id",
        ),
        (
            after_events(bare("mystery")),
            "session journal line 4 has unsupported record_type \"mystery\"",
        ),
    ] {
        assert_refused(&text, expected);
    }
}

#[test]
fn events_have_rules() {
    let foreign = SessionEvent {
        run_id: "other".into(),
        ..event(3)
    };
    for (text, expected) in [
        (
            journal([event(1).into()]),
            "session journal event encountered before header",
        ),
        (
            after_events(bare("event")),
            "session journal line 4 missing event payload",
        ),
        (
            after_events(event(4)),
            "session event sequence mismatch line 4: got 4 want 3",
        ),
        (
            after_events(event(2)),
            "session event sequence mismatch line 4: got 2 want 3",
        ),
        (after_events(foreign), "session event identity mismatch at line 4"),
    ] {
        assert_refused(&text, expected);
    }
}

#[test]
fn checkpoints_have_rules() {
    let first = || checkpoint(1, [1, 2], "");
    let digest = first().checkpoint_digest;
    let foreign = SessionCheckpoint {
        session_id: "other".into(),
        ..first()
    };
    let forged = SessionCheckpoint {
        checkpoint_digest: digest.to_uppercase(),
        ..first()
    };
    for (text, expected) in [
        (
            journal([first().into()]),
            "session journal checkpoint encountered before header",
        ),
        (
            after_events(bare("checkpoint")),
            "session journal line 4 missing checkpoint payload",
        ),
        (
            after_events(foreign),
            "session checkpoint identity mismatch at line 4",
        ),
        (
            after_events(checkpoint(2, [1, 2], "")),
            "session checkpoint index mismatch at line 4",
        ),
        (
            after_events(checkpoint(1, [0, 2], "")),
            "session checkpoint sequence range invalid at line 4",
        ),
        (
            after_events(checkpoint(1, [2, 1], "")),
            "session checkpoint sequence range invalid at line 4",
        ),
        (
            after_checkpoint(checkpoint(2, [2, 3], &digest)),
            "session checkpoint sequence overlap at line 6",
        ),
        (
            after_checkpoint(checkpoint(2, [3, 3], "else")),
            "session checkpoint digest linkage mismatch at line 6",
        ),
        (
            after_events(forged),
            "session checkpoint digest invalid at line 4",
        ),
    ] {
        assert_refused(&text, expected);
    }
}

#[test]
fn the_last_line_needs_no_end_and_blank_lines_do_not_matter() {
    let mut text = journal([header(), event(1).into()]);
    text.pop();
    text.splice(0..0, *b"\n\r\n");
    assert_eq!(state_of(&text).unwrap().last_sequence, 1);
}

#[test]
fn lines_have_a_limit() {
    let mut text = journal([header()]);
    let padding = MAX_LINE_BYTES - (text.len() - 1);
    text.splice(0..0, vec![b' '; padding]);
    assert!(state_of(&text).is_ok());
    text.insert(0, b' ');
    assert_refused(&text[..], "session journal line 1 is longer");
}

#[test]
fn what_is_not_of_its_own_line_is_not_looked_at() {
    let text = br#"{"record_type":"header","header":{"session_id":"s","run_id":"r","events":null},"event":{"sequence":9}}"#;
    assert_eq!(state_of(text).unwrap().event_count, 0);
}
