//! Laws of the normal form, on generated requests.

use gait_artifact::{
    context::ContextEnvelope,
    intent::{IntentRequest, Target},
    inventory::Inventory,
};
use proptest::{collection::vec, option, prelude::*, sample::select};

fn word(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    (select(words), any::<bool>()).prop_map(|(word, dressed)| {
        if dressed {
            format!(" {}\u{a0}", word.to_uppercase())
        } else {
            word.to_owned()
        }
    })
}

fn target() -> impl Strategy<Value = Target> {
    (
        word(&["path", "host", "url", "other", "table"]),
        select(vec![
            "/a",
            " /a ",
            "https://u@X.example.:8/p",
            "x.example:1",
            "İ",
            "[::1]",
        ]),
        word(&["", "read", "delete", "exec", "frob"]),
        word(&["", "mcp", "static-mcp", "unknown"]),
        any::<[bool; 2]>(),
    )
        .prop_map(
            |(kind, value, operation, discovery_method, [destructive_hint, open_world_hint])| Target {
                kind,
                value: value.to_owned(),
                operation,
                discovery_method,
                destructive_hint,
                open_world_hint,
                ..Target::default()
            },
        )
}

/// The JSON of a valid request; members of objects come in either of two orders.
fn request() -> impl Strategy<Value = IntentRequest> {
    let value = select(vec![
        "1",
        "-0",
        "1e3",
        "9007199254740993",
        r#"" x ""#,
        r#"[" y ",null]"#,
        r#"{" k ":" Σ "}"#,
    ]);
    let args = vec(("[a-z]{1,3}", value), 0..4);
    let context = (
        word(&["low", "HIGH"]),
        option::of(word(&["plan", "apply"])),
        vec("[ a-c]{0,3}", 0..4),
    );
    (word(&["fs.read", "a/delete", "prune"]), args, vec(target(), 0..5), context).prop_map(
        |(tool_name, args, targets, (risk_class, phase, scopes))| {
            let args: Vec<String> = args.iter().enumerate().map(|(i, (k, v))| format!(r#""{k}{i}":{v}"#)).collect();
            let mut request = IntentRequest::read(
                format!(
                    r#"{{"args":{{{}}},"context":{{"identity":"i","workspace":"C:\\w","auth_context":{{" q ":1.50}}}}}}"#,
                    args.join(",")
                )
                .as_bytes(),
            )
            .expect("a well-formed request");
            request.tool_name = tool_name;
            request.targets = targets;
            request.context.risk_class = risk_class;
            request.context.phase = phase.unwrap_or_default();
            request.context.credential_scopes = scopes;
            request
        },
    )
}

proptest! {
    #[test]
    fn normalising_twice_changes_nothing(request in request()) {
        let once = request.normalize().unwrap();
        let twice = once.to_request().normalize().unwrap();
        prop_assert_eq!(twice.digest(), once.digest());
        prop_assert_eq!(twice.to_request(), once.to_request());
    }

    #[test]
    fn order_and_repetition_do_not_count(request in request(), seed in any::<prop::sample::Index>()) {
        let mut shuffled = request.clone();
        shuffled.args = request.args.clone().into_iter().collect::<Vec<_>>().into_iter().rev().collect();
        if !shuffled.targets.is_empty() {
            let at = seed.index(shuffled.targets.len());
            shuffled.targets.rotate_left(at);
            shuffled.targets.push(request.targets[at].clone());
        }
        shuffled.context.credential_scopes.reverse();
        prop_assert_eq!(shuffled.normalize().unwrap().digest(), request.normalize().unwrap().digest());
    }

    #[test]
    fn written_requests_keep_their_digest(request in request()) {
        let intent = request.normalize().unwrap();
        let text = gait_canon::json::pretty(&intent.to_request()).unwrap();
        let read = IntentRequest::read(text.as_bytes()).unwrap();
        prop_assert_eq!(&read.intent_digest, &intent.digest().to_string());
        prop_assert_eq!(read.normalize().unwrap().digest(), intent.digest());
    }

    #[test]
    fn no_bytes_cause_a_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = IntentRequest::read(&bytes).and_then(IntentRequest::normalize);
        let _ = ContextEnvelope::read(&bytes);
        let _ = Inventory::read(&bytes);
    }
}
