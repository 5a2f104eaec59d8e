//! Events for a receiver that misbehaves.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use gait_approval::webhook::{Delivery, Event, Notifier, WebhookSettings, signature};
use gait_approval::{Consent, Entry, MacKey, PendingCall, Queue, QueueSettings};
use gait_artifact::{Timestamp, intent::IntentRequest};
use gait_canon::{Digest, PrivateKey};
use gait_gate::clock::Clock;
use gait_registry::fetch::{Retry, Timeouts};
use gait_registry::{RemotePolicy, RemoteUrl};

/// Far more than any wait of these tests.
const SOON: Duration = Duration::from_secs(30);

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(1_800_000_000, 0)
    }
}

fn secret() -> MacKey {
    MacKey::new(b"a secret of two parties").unwrap()
}

/// A pending request, and the same after it was approved.
fn entries() -> (Entry, Entry) {
    let root = tempfile::tempdir().unwrap();
    let queue = Queue::new(root.path(), QueueSettings::default());
    let key = PrivateKey::from_seed(&[1; 32]);
    let text = r#"{"tool_name": "fs.delete", "args": {"password": "hunter2"}, "targets": [],
        "context": {"identity": "agent", "workspace": "/w", "risk_class": "high"}}"#;
    let call = PendingCall {
        intent: IntentRequest::read(text.as_bytes()).unwrap().normalize().unwrap(),
        policy_digest: Digest::of(b"policy"),
        principal: "agent".to_owned(),
        server: "files".to_owned(),
        required_approvals: 1,
        distinct_approvers: false,
        reason_codes: vec!["destructive".to_owned()],
        trace_id: "t".to_owned(),
        approval_key: key.public(),
    };
    let now = Fixed.now();
    let id = queue.ask(&call, now).unwrap().id;
    let pending = queue.look(&id, now).unwrap();
    let consent = Consent {
        approver: "alice".to_owned(),
        reason_code: "CHG".to_owned(),
        ttl: SOON,
    };
    queue.approve(&id, consent, &key, "1.0.0", now).unwrap();
    (pending, queue.look(&id, now).unwrap())
}

fn event() -> Event {
    Event::of(&entries().0, Fixed.now()).unwrap()
}

/// A request as it arrived.
#[derive(Debug)]
struct Received {
    headers: Vec<(String, String)>,
    body: String,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map_or("", |(_, value)| value)
    }
}

fn receive(stream: &mut TcpStream) -> Received {
    let mut reader = BufReader::new(stream);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.trim().split_once(": ") {
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
    }
    let mut received = Received {
        headers,
        body: String::new(),
    };
    let length = received.header("content-length").parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    received.body = String::from_utf8(body).unwrap();
    received
}

/// How a receiver answers one request.
#[derive(Clone, Copy)]
enum Manners {
    Status(u16),
    Redirect,
    HangUp,
    Silence,
    Endless,
    Nonsense,
}

/// A receiver that answers each request in the way it is told, and then no more.
fn receiver(manners: &'static [Manners]) -> (RemoteUrl, mpsc::Receiver<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, arrived) = mpsc::channel();
    thread::spawn(move || {
        let mut silent = Vec::new();
        for manner in manners {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = sender.send(receive(&mut stream));
            let head = |rest: &str| format!("HTTP/1.1 {rest}\r\nConnection: close\r\n");
            let answer = match manner {
                Manners::Status(status) => head(&format!("{status} X")) + "Content-Length: 0\r\n\r\n",
                Manners::Redirect => {
                    head("307 X") + "Location: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
                }
                Manners::HangUp => String::new(),
                Manners::Silence => {
                    silent.push(stream);
                    continue;
                }
                Manners::Endless => head("200 OK") + "Content-Length: 99999999999\r\n\r\nxxxx",
                Manners::Nonsense => "SSH-2.0-OpenSSH\r\n\r\n".to_owned(),
            };
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    let policy = RemotePolicy::new(["127.0.0.1"], true);
    let url = RemoteUrl::parse(&format!("http://127.0.0.1:{port}/hook"), &policy).unwrap();
    (url, arrived)
}

fn settings(url: RemoteUrl) -> WebhookSettings {
    WebhookSettings {
        timeouts: Timeouts {
            connect: Duration::from_secs(5),
            read: Duration::from_millis(300),
            total: Duration::from_millis(500),
        },
        retry: Retry {
            max_attempts: 4,
            base_delay: Duration::from_millis(1),
        },
        ..WebhookSettings::new(url, secret())
    }
}

/// Tells one event to such a receiver: what arrived there, and what the sender says of it.
fn told(manners: &'static [Manners]) -> (Vec<Received>, Delivery) {
    let (url, arrived) = receiver(manners);
    let (sender, deliveries) = mpsc::channel();
    let notifier = Notifier::start(settings(url), Arc::new(Fixed), move |delivery| {
        sender.send(delivery).unwrap();
    })
    .unwrap();
    assert!(notifier.notify(event()));
    assert!(notifier.finish(SOON));
    (arrived.try_iter().collect(), deliveries.recv().unwrap())
}

#[test]
fn an_event_is_signed_and_says_nothing_of_the_arguments() {
    let (received, delivery) = told(&[Manners::Status(204)]);
    assert_eq!((delivery.attempts, delivery.outcome.unwrap()), (1, 204));
    let [received] = &received[..] else {
        panic!("{received:?}")
    };
    assert_eq!(received.header("gait-timestamp"), "1800000000");
    assert_eq!(
        received.header("gait-signature"),
        signature(&secret(), "1800000000", received.body.as_bytes())
    );
    assert_eq!(received.header("gait-delivery"), delivery.delivery_id);
    assert_eq!(received.header("gait-event"), "approval_requested");
    let body: serde_json::Value = serde_json::from_str(&received.body).unwrap();
    assert_eq!(body["tool_name"], "fs.delete");
    assert_eq!(body["status"], "pending");
    assert_eq!(body["request_id"], delivery.request_id);
    assert!(!received.body.contains("hunter2"));
}

#[test]
fn a_decision_is_told_as_such() {
    let settled = Event::of(&entries().1, Fixed.now()).unwrap();
    let text = serde_json::to_value(&settled).unwrap();
    assert_eq!(text["event"], "approval_settled");
    assert_eq!(text["approvers"], serde_json::json!(["alice"]));
}

#[test]
fn what_may_pass_is_tried_again_under_the_same_name() {
    let (received, delivery) = told(&[
        Manners::Status(503),
        Manners::HangUp,
        Manners::Nonsense,
        Manners::Status(200),
    ]);
    assert_eq!((delivery.attempts, delivery.outcome.unwrap()), (4, 200));
    assert!(
        received
            .iter()
            .all(|one| one.header("gait-delivery") == delivery.delivery_id)
    );
}

#[test]
fn what_will_not_pass_is_not_tried_again() {
    for manners in [&[Manners::Status(400)][..], &[Manners::Redirect]] {
        let (received, delivery) = told(manners);
        assert_eq!((received.len(), delivery.attempts), (1, 1));
        assert!(delivery.outcome.is_err());
    }
}

#[test]
fn attempts_have_an_end() {
    let (received, delivery) = told(&[Manners::Silence; 4]);
    assert_eq!((received.len(), delivery.attempts), (4, 4));
    assert!(delivery.outcome.is_err());
    let (received, _) = told(&[Manners::Status(500); 4]);
    assert_eq!(received.len(), 4);
}

#[test]
fn the_rest_of_an_answer_is_not_read() {
    let (_, delivery) = told(&[Manners::Endless]);
    assert_eq!(delivery.outcome.unwrap(), 200);
}

#[test]
fn nobody_waits_for_a_receiver() {
    let (url, arrived) = receiver(&[Manners::Silence; 4]);
    let mut patient = settings(url);
    patient.timeouts.read = SOON;
    patient.timeouts.total = SOON;
    let started = Instant::now();
    let notifier = Notifier::start(patient, Arc::new(Fixed), |_| {}).unwrap();
    let mut taken = 0;
    while notifier.notify(event()) {
        taken += 1;
    }
    assert!(taken >= 200, "{taken}");
    // The first event is on its way and gets no answer.
    assert!(arrived.recv_timeout(SOON).is_ok());
    assert!(!notifier.finish(Duration::ZERO));
    assert!(started.elapsed() < SOON);
}
