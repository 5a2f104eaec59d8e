//! Every message of both eras passes the gateway over every transport without a changed byte, when nothing speaks against it.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::{Arc, mpsc};

use gait_gateway::catalog::{Catalog, Review};
use gait_gateway::exchange::{Decided, Exchange, Step};

use crate::messages::{Era, Question, SESSIONS, STATELESS, TOOL, error, notification, request, response};
use crate::running::Running;
use crate::wire::{Said, Server, ask, begin, begin_events, read_chunk, send, whole};

const ERAS: [&Era; 2] = [&SESSIONS, &STATELESS];

/// An exchange whose server has the one tool.
struct Stream(Exchange);

impl Stream {
    fn open() -> Self {
        let mut stream = Self(Exchange::new("nonce"));
        let mut steps = Vec::new();
        stream.0.know(stream_catalog(), &mut steps);
        assert!(steps.is_empty(), "{steps:?}");
        stream
    }

    /// What goes to the server and what to the client when a message comes; a call may run, and tools are what they were.
    fn pass(&mut self, of_client: bool, text: &str) -> (Vec<String>, Vec<String>) {
        let mut steps = Vec::new();
        if of_client {
            self.0.from_client(text.as_bytes(), &mut steps);
        } else {
            self.0.from_server(text.as_bytes(), &mut steps);
        }
        let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
        while !steps.is_empty() {
            let mut more = Vec::new();
            for step in std::mem::take(&mut steps) {
                match step {
                    Step::ToServer(text) if text.contains("gait-nonce") => {
                        let id = own_id(&text);
                        let page = response(&id, &format!(r#""tools":[{TOOL}]"#));
                        self.0.from_server(page.as_bytes(), &mut more);
                    }
                    Step::ToServer(text) => to_server.push(text),
                    Step::ToClient(text) | Step::Finished { frame: text, .. } => to_client.push(text),
                    Step::Judge(asked) => self.0.settle(*asked, Decided::Run(1), &mut more),
                    Step::Review(_) => self.0.know(stream_catalog(), &mut more),
                    step @ (Step::Abandoned(_) | Step::Replied(..) | Step::Dropped(_)) => {
                        unreachable!("{step:?}")
                    }
                }
            }
            steps = more;
        }
        (to_server, to_client)
    }
}

fn own_id(listing: &str) -> String {
    let (_, rest) = listing.split_once("\"id\":").unwrap();
    rest.split(',').next().unwrap().to_owned()
}

fn stream_catalog() -> Arc<Catalog> {
    let page = format!(r#"{{"tools":[{TOOL}]}}"#);
    let document = gait_gateway::frame::read(page.as_bytes()).unwrap();
    let mut listing = gait_gateway::listing::Listing::default();
    let gait_gateway::listing::Next::Done(tools) = listing.take(document.root()).unwrap() else {
        unreachable!("the page is the last one")
    };
    let review = Review {
        pins: None,
        permits: &|_| true,
    };
    Arc::new(Catalog::of(tools, review).unwrap())
}

#[test]
fn over_a_stream() {
    for era in ERAS {
        for id in ["7", r#""a\u00e9""#] {
            for question in era.asked_by_client {
                for answer in [response(id, question.result), error(id)] {
                    let mut stream = Stream::open();
                    let asked = era.request(id, question);
                    assert_eq!(stream.pass(true, &asked), (vec![asked.clone()], vec![]));
                    assert_eq!(stream.pass(false, &answer), (vec![], vec![answer.clone()]));
                }
            }
            for question in era.asked_by_server {
                for answer in [response(id, question.result), error(id)] {
                    let mut stream = Stream::open();
                    let asked = request(id, question.method, question.params);
                    assert_eq!(stream.pass(false, &asked), (vec![], vec![asked.clone()]));
                    assert_eq!(stream.pass(true, &answer), (vec![answer.clone()], vec![]));
                }
            }
        }
        for note in era.told_by_client {
            let text = notification(note);
            assert_eq!(Stream::open().pass(true, &text), (vec![text.clone()], vec![]));
        }
        for note in era.told_by_server {
            let text = notification(note);
            assert_eq!(Stream::open().pass(false, &text), (vec![], vec![text.clone()]));
        }
    }
}

/// The headers that a request of the stateless era repeats itself in.
fn headers<'q>(era: &Era, question: &'q Question) -> Vec<(&'static str, &'q str)> {
    if !era.is_stateless {
        return vec![("Mcp-Session-Id", "s1"), ("MCP-Protocol-Version", "2025-11-25")];
    }
    let mut headers = vec![
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", question.method),
    ];
    match question.method {
        "tools/call" => headers.push(("Mcp-Name", "read")),
        "prompts/get" => headers.push(("Mcp-Name", "p")),
        "resources/read" => headers.push(("Mcp-Name", "a:b")),
        _ => {}
    }
    headers
}

/// Answers the gateway's own listings.
fn lists(asked: &Said, stream: &mut TcpStream) -> bool {
    let is_own = asked.mentions("gait-tools");
    if is_own {
        let page = response(r#""gait-tools""#, &format!(r#""tools":[{TOOL}]"#));
        whole(stream, "200 OK", "application/json", &page);
    }
    is_own
}

/// A server that answers with what it is sent by the test, whole or as events.
fn scripted(answers: mpsc::Receiver<String>) -> Server {
    let answers = std::sync::Mutex::new(answers);
    Server::start(move |asked, stream| {
        if lists(asked, stream) {
            return;
        }
        let answer = answers.lock().unwrap().recv().unwrap();
        if answer.is_empty() {
            whole(stream, "202 Accepted", "application/json", "");
        } else if answer.starts_with("data:") {
            begin_events(stream);
            stream.write_all(answer.as_bytes()).unwrap();
        } else {
            whole(stream, "200 OK", "application/json", &answer);
        }
    })
}

#[test]
fn over_http() {
    let (tell, answers) = mpsc::channel();
    let server = scripted(answers);
    let gateway = Running::before(server.address);
    let mut sent = Vec::new();
    for era in ERAS {
        for question in era.asked_by_client {
            let asked = era.request("7", question);
            let headers = headers(era, question);
            for answer in [response("7", question.result), error("7")] {
                for answer in [answer.clone(), format!("data: {answer}\n\n")] {
                    tell.send(answer.clone()).unwrap();
                    let said = ask(gateway.address, "POST", &headers, &asked);
                    assert_eq!((said.status(), &said.body), (200, &answer), "{asked}");
                    sent.push(asked.clone());
                }
            }
        }
        for note in era.told_by_client {
            let text = notification(note);
            tell.send(String::new()).unwrap();
            assert_eq!(ask(gateway.address, "POST", &[], &text).status(), 202, "{text}");
            sent.push(text);
        }
    }
    let bodies: Vec<_> = server.asked().into_iter().map(|said| said.body).collect();
    assert_eq!(bodies, sent);
}

#[test]
fn what_the_server_begins_over_http() {
    let (tell, answers) = mpsc::channel();
    let server = scripted(answers);
    let gateway = Running::before(server.address);
    for era in ERAS {
        let headers = headers(era, &era.asked_by_client[0]);
        let asked = era.request("7", &era.asked_by_client[0]);
        let told = era.told_by_server.iter().map(notification);
        let questions =
            era.asked_by_server.iter().enumerate().map(|(number, question)| {
                request(&format!("\"q{number}\""), question.method, question.params)
            });
        let begun: Vec<String> = told
            .chain(questions)
            .map(|text| format!("data: {text}\n\n"))
            .collect();

        // In the stream that answers a request.
        let answer = format!("{}data: {}\n\n", begun.concat(), response("7", ""));
        tell.send(answer.clone()).unwrap();
        assert_eq!(ask(gateway.address, "POST", &headers, &asked).body, answer);
        for (number, question) in era.asked_by_server.iter().enumerate() {
            let text = response(&format!("\"q{number}\""), question.result);
            tell.send(String::new()).unwrap();
            assert_eq!(
                ask(gateway.address, "POST", &headers, &text).status(),
                202,
                "{text}"
            );
            assert_eq!(server.asked().last().unwrap().body, text);
        }
        if era.is_stateless {
            continue;
        }

        // In the stream of the session.
        tell.send(begun.concat()).unwrap();
        let mut stream = send(gateway.address, "GET", &headers, "");
        assert_eq!(begin(&mut stream).status(), 200);
        let mut came = String::new();
        while let Some(chunk) = read_chunk(&mut stream) {
            came.push_str(&chunk);
        }
        assert_eq!(came, begun.concat());
    }
}
