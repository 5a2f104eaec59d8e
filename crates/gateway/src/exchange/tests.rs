use super::*;
use crate::answer::Ruling;
use crate::approvals::Invitation;
use crate::catalog::Review;

mod changing;

const LISTED: &str =
    r#"[{"name":"read","inputSchema":{"type":"object","required":["path"]}},{"name":"drop"}]"#;

/// An exchange and what it said last.
struct Talk {
    exchange: Exchange,
    steps: Vec<Step>,
}

impl Talk {
    fn new() -> Self {
        Self {
            exchange: Exchange::new("n"),
            steps: Vec::new(),
        }
    }

    /// An exchange that knows the tools of [`LISTED`]; the policy blocks `drop` always.
    fn knowing() -> Self {
        let mut talk = Self::new();
        talk.client(r#"{"jsonrpc":"2.0","id":"first","method":"tools/list"}"#);
        talk.server(&format!(
            r#"{{"jsonrpc":"2.0","id":"gait-n-1","result":{{"tools":{LISTED}}}}}"#
        ));
        talk.review();
        talk.server(r#"{"jsonrpc":"2.0","id":"first","result":{"tools":[]}}"#);
        talk
    }

    fn client(&mut self, text: &str) -> Vec<String> {
        self.steps.clear();
        self.exchange.from_client(text.as_bytes(), &mut self.steps);
        self.said()
    }

    fn server(&mut self, text: &str) -> Vec<String> {
        self.steps.clear();
        self.exchange.from_server(text.as_bytes(), &mut self.steps);
        self.said()
    }

    /// Reviews what the exchange asks to be reviewed.
    fn review(&mut self) -> Vec<String> {
        let Some(Step::Review(definitions)) = self.steps.pop() else {
            panic!("nothing to review in {:?}", self.said());
        };
        let permits = |name: &str| name != "drop";
        let review = Review {
            pins: None,
            permits: &permits,
        };
        let catalog = Catalog::of(definitions, review).unwrap();
        self.steps.clear();
        self.exchange.know(Arc::new(catalog), &mut self.steps);
        self.said()
    }

    /// Decides the call that the exchange asks about.
    fn decide(&mut self, decided: Decided) -> Vec<String> {
        let Some(Step::Judge(asked)) = self.steps.pop() else {
            panic!("nothing to judge in {:?}", self.said());
        };
        self.steps.clear();
        self.exchange.settle(*asked, decided, &mut self.steps);
        self.said()
    }

    fn said(&self) -> Vec<String> {
        let said = |step: &Step| match step {
            Step::ToClient(text) => format!("client < {text}"),
            Step::ToServer(text) => format!("server < {text}"),
            Step::Judge(asked) => {
                let objection = asked.objection.as_ref().map_or("", |objection| objection.code);
                format!("judge {} {objection}", asked.wanted.name)
            }
            Step::Review(definitions) => format!("review {}", definitions.len()),
            Step::Finished {
                ticket: Some(ticket),
                frame,
            } => format!("finished {ticket} {frame}"),
            Step::Finished { ticket: None, frame } => format!("client < {frame}"),
            Step::Abandoned(call) => format!("abandoned {}", call.to_json()),
            Step::Replied(call, reply) => format!("replied {} {reply:?}", call.to_json()),
            Step::Dropped(why) => format!("dropped {why:?}"),
        };
        self.steps.iter().map(said).collect()
    }
}

fn call(id: u32, name: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0", "id":{id},"method":"tools/call","params":{{"name":"{name}","arguments":{arguments},"new":[1.0]}}}}"#
    )
}

#[test]
fn what_is_no_call_passes_as_it_came() {
    let mut talk = Talk::new();
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"x":1.0}}"#,
        r#" {"jsonrpc":"2.0", "method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","id":"a","method":"unheard/of"}"#,
    ] {
        assert_eq!(talk.client(text), [format!("server < {text}")]);
    }
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"result":{"y":[ ]}}"#,
        r#"{"jsonrpc":"2.0","id":"a","error":{"code":-32601,"message":"no"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1.0}}"#,
    ] {
        assert_eq!(talk.server(text), [format!("client < {text}")]);
    }
    let answer = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
    assert_eq!(talk.client(answer), [format!("server < {answer}")]);
}

#[test]
fn a_call_waits_for_the_catalogue_and_for_the_verdict() {
    let mut talk = Talk::new();
    let asked = call(7, "read", r#"{"path":"/a"}"#);
    assert_eq!(
        talk.client(&asked),
        [r#"server < {"jsonrpc":"2.0","id":"gait-n-1","method":"tools/list","params":{}}"#]
    );
    let page = r#"{"jsonrpc":"2.0","id":"gait-n-1","result":{"tools":[{"name":"read"}],"nextCursor":"2"}}"#;
    assert_eq!(
        talk.server(page),
        [r#"server < {"jsonrpc":"2.0","id":"gait-n-2","method":"tools/list","params":{"cursor":"2"}}"#]
    );
    talk.server(r#"{"jsonrpc":"2.0","id":"gait-n-2","result":{"tools":[{"name":"other"}]}}"#);
    assert_eq!(talk.said(), ["review 2"]);
    assert_eq!(talk.review(), ["judge read "]);
    assert_eq!(talk.decide(Decided::Run(5)), [format!("server < {asked}")]);
    let result = r#"{"jsonrpc":"2.0","id":7,"result":{"content":[]}}"#;
    assert_eq!(talk.server(result), [format!("finished 5 {result}")]);
}

#[test]
fn a_refused_call_never_reaches_the_server() {
    let mut talk = Talk::knowing();
    talk.client(&call(7, "read", r#"{"path":"/a"}"#));
    let ruling = Ruling {
        verdict: "block".to_owned(),
        ..Ruling::default()
    };
    let said = talk.decide(Decided::Refuse(ruling));
    assert!(
        said.len() == 1 && said[0].starts_with("client < ") && said[0].contains("\"isError\":true"),
        "{said:?}"
    );
}

#[test]
fn a_call_without_an_id_does_not_run() {
    let mut talk = Talk::knowing();
    let said = talk.client(
        r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"read","arguments":{"path":"/a"}}}"#,
    );
    assert_eq!(said, ["dropped CallWithoutId"]);
}

#[test]
fn objections_stand_whatever_is_decided() {
    for (name, arguments, code) in [
        ("hidden", "{}", "mcp_tool_unknown"),
        ("read", "{}", "mcp_arguments_invalid"),
    ] {
        let mut talk = Talk::knowing();
        assert_eq!(
            talk.client(&call(1, name, arguments)),
            [format!("judge {name} {code}")]
        );
        let said = talk.decide(Decided::Run(1));
        assert!(
            said[0].starts_with("client < ") && said[0].contains("-32603"),
            "{said:?}"
        );
    }
    let mut talk = Talk::knowing();
    assert_eq!(talk.client(&call(1, "drop", "{}")), ["judge drop "]);
}

#[test]
fn clients_see_only_what_is_offered() {
    let mut talk = Talk::knowing();
    let ask = r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#;
    assert_eq!(talk.client(ask), [format!("server < {ask}")]);
    let page = format!(r#"{{"jsonrpc":"2.0","id":2,"result":{{"tools":{LISTED}}}}}"#);
    let said = talk.server(&page);
    assert!(said[0].contains("read") && !said[0].contains("drop"), "{said:?}");
}

#[test]
fn changed_tools_are_looked_at_before_anybody_hears_of_them() {
    let mut talk = Talk::knowing();
    let notice = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
    let said = talk.server(notice);
    assert!(said.len() == 1 && said[0].contains("gait-n-2"), "{said:?}");
    talk.server(r#"{"jsonrpc":"2.0","id":"gait-n-2","result":{"tools":[]}}"#);
    assert_eq!(talk.review(), [format!("client < {notice}")]);
    assert_eq!(
        talk.client(&call(1, "read", "{}")),
        ["judge read mcp_tool_unknown"]
    );
}

#[test]
fn a_listing_that_is_out_of_date_does_not_count() {
    let mut talk = Talk::new();
    talk.client(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    let notice = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
    assert_eq!(talk.server(notice), [""; 0]);
    let stale = r#"{"jsonrpc":"2.0","id":"gait-n-1","result":{"tools":[{"name":"old"}]}}"#;
    assert!(talk.server(stale)[0].contains("gait-n-2"));
    talk.server(r#"{"jsonrpc":"2.0","id":"gait-n-2","result":{"tools":[]}}"#);
    assert_eq!(talk.said(), ["review 0"]);
}

#[test]
fn a_server_without_tools_says_so_itself() {
    let mut talk = Talk::new();
    talk.client(r#"{"jsonrpc":"2.0","id":3,"method":"tools/list"}"#);
    let refusal = r#"{"jsonrpc":"2.0","id":"gait-n-1","error":{"code":-32601,"message":"no tools"}}"#;
    assert_eq!(
        talk.server(refusal),
        [r#"client < {"jsonrpc":"2.0","id":3,"error":{"code":-32601,"message":"no tools"}}"#]
    );
    // It is asked again the next time.
    assert!(talk.client(r#"{"jsonrpc":"2.0","id":4,"method":"tools/list"}"#)[0].contains("gait-n-2"));
}

#[test]
fn nobody_answers_what_was_not_asked() {
    let mut talk = Talk::knowing();
    talk.client(&call(7, "read", r#"{"path":"/a"}"#));
    talk.decide(Decided::Run(5));
    let result = r#"{"jsonrpc":"2.0","id":7,"result":{"content":[]}}"#;
    assert_eq!(talk.server(result).len(), 1);
    for text in [result, r#"{"jsonrpc":"2.0","id":99,"result":{}}"#, "no message"] {
        assert!(talk.server(text)[0].starts_with("dropped"), "{text}");
        assert!(talk.client(result)[0].starts_with("dropped"));
    }
}

#[test]
fn results_of_unknown_type_are_no_results() {
    let mut talk = Talk::knowing();
    talk.client(&call(7, "read", r#"{"path":"/a"}"#));
    talk.decide(Decided::Run(5));
    let said = talk.server(r#"{"jsonrpc":"2.0","id":7,"result":{"resultType":"surprise","content":[]}}"#);
    assert!(
        said[0].starts_with("finished 5 ") && said[0].contains("-32603"),
        "{said:?}"
    );
}

#[test]
fn an_id_cannot_be_used_twice_at_a_time() {
    let mut talk = Talk::knowing();
    talk.client(&call(1, "read", r#"{"path":"/a"}"#));
    let again = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    assert!(talk.client(again)[0].contains("still in flight"));
}

#[test]
fn cancelled_calls_do_not_run() {
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    let mut talk = Talk::knowing();
    talk.client(&call(1, "read", r#"{"path":"/a"}"#));
    let judged = talk.steps.pop().unwrap();
    assert_eq!(talk.client(cancel), ["abandoned 1"]);
    talk.steps.push(judged);
    assert_eq!(talk.decide(Decided::Run(1)), [""; 0]);

    // One that runs already is the server's to stop.
    talk.client(&call(1, "read", r#"{"path":"/a"}"#));
    talk.decide(Decided::Run(1));
    assert_eq!(talk.client(cancel), [format!("server < {cancel}")]);
}

#[test]
fn requests_of_the_stateless_era_are_listed_and_answered_in_it() {
    let mut talk = Talk::new();
    let meta = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","x":1.0}"#;
    talk.client(&format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"_meta":{meta}}}}}"#
    ));
    assert!(talk.said()[0].contains(&format!("\"_meta\":{meta}")));
    talk.server(r#"{"jsonrpc":"2.0","id":"gait-n-1","result":{"tools":[]}}"#);
    talk.review();
    talk.client(&call(2, "read", "{}"));
    let said = talk.decide(Decided::Refuse(Ruling::default()));
    assert!(said[0].contains(r#""resultType":"complete""#), "{said:?}");
}

#[test]
fn nobody_waits_for_a_server_that_is_gone() {
    let mut talk = Talk::knowing();
    talk.client(r#"{"jsonrpc":"2.0","id":"x","method":"ping"}"#);
    talk.steps.clear();
    talk.exchange.server_is_gone("it ended", &mut talk.steps);
    assert_eq!(
        talk.said(),
        [r#"client < {"jsonrpc":"2.0","id":"x","error":{"code":-32603,"message":"it ended"}}"#]
    );
}

#[test]
fn broken_messages_are_told_to_who_sent_them() {
    let mut talk = Talk::new();
    for (text, code) in [
        ("{", "-32700"),
        ("[]", "-32600"),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"ping"}"#,
            "-32700",
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#, "-32602"),
    ] {
        let said = talk.client(text);
        assert!(
            said[0].starts_with("client < ") && said[0].contains(code),
            "{said:?}"
        );
    }
}

fn question() -> Question {
    Question {
        nonce: "secret".to_owned(),
        message: "m".to_owned(),
        takes_consent: false,
    }
}

/// An exchange with a client of the era of sessions that can show forms, and a call of it that is being judged.
fn asking() -> (Talk, Box<Asked>) {
    let mut talk = Talk::knowing();
    talk.client(
        r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"capabilities":{"elicitation":{}}}}"#,
    );
    talk.client(&call(1, "read", r#"{"path":"/a"}"#));
    let Some(Step::Judge(asked)) = talk.steps.pop() else {
        panic!("nothing to judge in {:?}", talk.said());
    };
    assert_eq!(talk.exchange.medium(&asked), Medium::Meanwhile);
    talk.steps.clear();
    talk.exchange.ask_client(&asked.id, &question(), &mut talk.steps);
    (talk, asked)
}

#[test]
fn the_answer_of_the_client_never_reaches_the_server() {
    let answer = |result: &str| format!(r#"{{"jsonrpc":"2.0","id":"gait-approval-1-secret",{result}}}"#);
    for (result, expected) in [
        (r#""result":{"action":"decline"}"#, &["replied 1 Declined"][..]),
        (
            r#""result":{"action":"accept","content":{}}"#,
            &["replied 1 Accepted { consents: false }"],
        ),
        (r#""result":{}"#, &[]),
        (r#""error":{"code":-32601,"message":"no forms"}"#, &[]),
    ] {
        let (mut talk, _) = asking();
        let said = talk.said();
        assert!(
            said.len() == 1 && said[0].starts_with("client < ") && said[0].contains("elicitation/create"),
            "{said:?}"
        );
        assert_eq!(talk.client(&answer(result)), expected);
        assert!(talk.client(&answer(result))[0].starts_with("dropped UnaskedByServer"));
    }
}

#[test]
fn a_question_that_nobody_needs_any_more_is_taken_back() {
    let is_taken_back =
        |said: &str| said.contains("notifications/cancelled") && said.contains("gait-approval-1-secret");
    let (mut talk, asked) = asking();
    talk.steps.clear();
    talk.exchange.settle(*asked, Decided::Run(1), &mut talk.steps);
    let said = talk.said();
    assert!(
        is_taken_back(&said[0]) && said[1].starts_with("server < "),
        "{said:?}"
    );

    let (mut talk, asked) = asking();
    let said =
        talk.client(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#);
    assert!(
        is_taken_back(&said[0]) && said[1] == "abandoned 1" && said.len() == 2,
        "{said:?}"
    );
    talk.steps.clear();
    talk.exchange.ask_client(&asked.id, &question(), &mut talk.steps);
    talk.exchange.settle(*asked, Decided::Run(1), &mut talk.steps);
    assert_eq!(talk.said(), [""; 0]);
}

#[test]
fn clients_are_sent_away_and_hear_that_they_wait_in_the_manner_that_they_asked_for() {
    let mut talk = Talk::knowing();
    let meta = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","progressToken":"p","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}"#;
    talk.client(&format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"read","arguments":{{"path":"/a"}},"_meta":{meta}}}}}"#
    ));
    let Some(Step::Judge(asked)) = talk.steps.pop() else {
        panic!("nothing to judge in {:?}", talk.said());
    };
    assert_eq!(talk.exchange.medium(&asked), Medium::ComeBack);
    talk.exchange.report_waiting(&asked, 1, &mut talk.steps);
    let invitation = Invitation {
        question: question(),
        state: "s".to_owned(),
        ruling: Ruling::default(),
    };
    let decided = Decided::ComeBack(Box::new(invitation));
    talk.exchange.settle(*asked, decided, &mut talk.steps);
    let said = talk.said();
    assert!(
        said[0].contains(r#""progressToken":"p""#) && said[1].contains("input_required"),
        "{said:?}"
    );
}
