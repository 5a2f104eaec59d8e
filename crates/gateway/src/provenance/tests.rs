use gait_canon::json;
use proptest::prelude::*;

use super::*;
use crate::frame;

const LETTER: &str = "Dear colleague, the number is DE44-5001-0517 and the meeting has been moved to the old library, and the account stays open.";

fn learn(memory: &mut Memory, result: &str, is_external: bool, trace: &str) {
    let document = frame::read(result.as_bytes()).unwrap();
    let source = Source {
        is_external,
        trace_id: trace.to_owned(),
        digest: String::new(),
    };
    memory.learn(document.root(), source);
}

fn learn_text(memory: &mut Memory, text: &str, is_external: bool, trace: &str) {
    let text = json::compact(&text.into());
    learn(
        memory,
        &format!(r#"{{"content":[{{"type":"text","text":{text}}}]}}"#),
        is_external,
        trace,
    );
}

fn trace(memory: &mut Memory, arguments: &str) -> Vec<String> {
    let arguments: Object = json::read(arguments.as_bytes()).unwrap();
    let entries = memory.trace(&arguments);
    let entries = entries
        .into_iter()
        .map(|entry| format!("{} {} {}", entry.arg_path, entry.source, entry.source_ref));
    entries.collect()
}

#[test]
fn arguments_that_carry_results_have_their_source() {
    let mut memory = Memory::new();
    learn_text(&mut memory, LETTER, true, "t1");
    learn(
        &mut memory,
        r#"{"structuredContent":{"rows":[{"owner":"eve@example.org","n":123456789}]}}"#,
        false,
        "t2",
    );
    assert_eq!(
        trace(
            &mut memory,
            r#"{"to":"eve@example.org","body":{"parts":["hi","FYI: the Meeting has been moved\\nto the old library, and the account"]}}"#
        ),
        [
            "$.to tool_output t2",
            "$.body.parts[1] external t1",
            "$.body.parts[1] tool_output t1"
        ]
    );
    assert_eq!(
        trace(&mut memory, r#"{"the id":123456789}"#),
        [r#"$["the id"] tool_output t2"#]
    );
    assert_eq!(
        trace(&mut memory, r#"{"url":"https://x.example/?q=de44-5001-0517"}"#),
        ["$.url external t1", "$.url tool_output t1"]
    );
    assert!(
        trace(
            &mut memory,
            r#"{"to":"bob@example.org","body":"see you at the meeting"}"#
        )
        .is_empty()
    );
}

#[test]
fn what_the_client_said_first_is_its_own() {
    let mut memory = Memory::new();
    let arguments = r#"{"path":"/home/a/report.txt"}"#;
    assert!(trace(&mut memory, arguments).is_empty());
    learn_text(
        &mut memory,
        "wrote /home/a/report.txt, see also /home/a/index.txt",
        true,
        "t1",
    );
    assert!(trace(&mut memory, arguments).is_empty());
    let other = r#"{"path":"/home/a/index.txt"}"#;
    assert_eq!(trace(&mut memory, other).len(), 2);
    assert_eq!(
        trace(&mut memory, other).len(),
        2,
        "saying it again does not make it the client's own"
    );
}

#[test]
fn names_of_arguments_are_those_of_the_schema() {
    let mut memory = Memory::new();
    learn_text(&mut memory, "recipient_1 is the field", true, "t1");
    assert!(trace(&mut memory, r#"{"recipient_1":"bob"}"#).is_empty());
    learn_text(&mut memory, LETTER, true, "t2");
    let arguments = format!("{{{}:1}}", json::compact(&LETTER.into()));
    assert_eq!(trace(&mut memory, &arguments).len(), 2);
}

#[test]
fn pictures_come_back_whole() {
    let mut memory = Memory::new();
    let data = "iVBORw0KGgo".repeat(40);
    learn(
        &mut memory,
        &format!(r#"{{"content":[{{"type":"image","mimeType":"image/png","data":"{data}"}}]}}"#),
        false,
        "t1",
    );
    assert_eq!(
        trace(&mut memory, &format!(r#"{{"file":"{data}"}}"#)),
        ["$.file tool_output t1"]
    );
}

#[test]
fn what_cannot_be_looked_at_counts_as_returned() {
    let long = "a b ".repeat(MAX_ARGUMENT_BYTES / 4 + 1);
    assert_eq!(
        trace(&mut Memory::new(), &format!(r#"{{"body":"{long}"}}"#)),
        ["$ external ", "$ tool_output "]
    );
    let mut ignorant = Memory::ignorant();
    assert_eq!(
        trace(&mut ignorant, r#"{"to":"bob@example.org","n":1,"subject":"hi"}"#),
        ["$.to external ", "$.to tool_output "]
    );
}

#[test]
fn many_places_are_named_together() {
    let mut memory = Memory::new();
    learn_text(&mut memory, "eve@example.org", false, "t1");
    let many = vec!["\"eve@example.org\""; MAX_PLACES + 1].join(",");
    let traced = trace(&mut memory, &format!("{{\"to\":[{many}]}}"));
    assert_eq!(traced.len(), MAX_PLACES + 2);
    assert_eq!(traced.last().unwrap(), "$ tool_output ");
}

proptest! {
    #[test]
    fn a_copied_passage_is_found_wherever_it_is_put(passage in "[a-zA-Z0-9 ,.]{100,200}", at in "[a-z]{1,8}") {
        let letters = passage.chars().filter(char::is_ascii_alphanumeric).count();
        prop_assume!(letters >= SURE);
        let mut memory = Memory::new();
        learn_text(&mut memory, &passage, false, "t1");
        let traced = trace(&mut memory, &format!(r#"{{"{at}":{{"{at}":["re: {passage} ..."]}}}}"#));
        prop_assert_eq!(traced, [format!("$.{at}.{at}[0] tool_output t1")]);
    }

    #[test]
    fn what_was_never_returned_is_clean(told in "[a-m ]{0,300}", said in "[n-z ]{0,300}") {
        let mut memory = Memory::new();
        learn_text(&mut memory, &told, true, "t1");
        let traced = trace(&mut memory, &format!(r#"{{"body":"{said}"}}"#));
        prop_assert!(traced.is_empty());
    }
}
