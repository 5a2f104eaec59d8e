//! Whoever is told by `--approval-webhook` of calls that need an approval.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use gait_approval::MacKey;
use gait_approval::webhook::signature;
use serde_json::Value;

use crate::approvals::{ASK, KEY};
use crate::gateway::Gateway;
use crate::messages::{assert_refused, call};
use crate::server::Remote;
use crate::site::{ALONE, PATIENCE, Site};

/// What the receiver verifies by.
const SECRET: &str = "a secret of two parties";
/// Where the gateway finds it.
const VARIABLE: &str = "HOOK_SECRET";

/// A gateway that tells this address.
fn start(site: &Site, address: &str, flags: &[&str]) -> Gateway {
    let webhook = [
        "--approval-webhook",
        address,
        "--approval-webhook-secret-env",
        VARIABLE,
    ];
    let server = ["--", "sh", "server.sh", ALONE];
    let mut command = site.gateway(&[&["--server", ALONE], &KEY[..], &webhook, flags, &server].concat());
    command.env(VARIABLE, SECRET);
    Gateway::start(command)
}

/// A notice as it arrived.
struct Notice {
    head: Vec<(String, String)>,
    body: String,
}

impl Notice {
    fn header(&self, name: &str) -> &str {
        let found = self.head.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    /// What it says, if it was the gateway that said it.
    fn verified(&self) -> Value {
        let secret = MacKey::new(SECRET.as_bytes()).unwrap();
        let timestamp = self.header("gait-timestamp");
        let expected = signature(&secret, timestamp, self.body.as_bytes());
        assert_eq!(self.header("gait-signature"), expected);
        assert!(timestamp.parse::<u64>().is_ok(), "{timestamp}");
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A receiver that answers with these, one after the other, and then no more.
fn receiver(statuses: &'static [u16]) -> (String, Receiver<Notice>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook?token=hunter2", listener.local_addr().unwrap());
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for status in statuses {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(&mut stream);
            let mut head = Vec::new();
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap() > 2 {
                if let Some((name, value)) = line.trim_end().split_once(": ") {
                    head.push((name.to_ascii_lowercase(), value.to_owned()));
                }
                line.clear();
            }
            let mut notice = Notice {
                head,
                body: String::new(),
            };
            let length = notice.header("content-length").parse().unwrap();
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            notice.body = String::from_utf8(body).unwrap();
            let answer = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            _ = stream.write_all(answer.as_bytes());
            // Who was told enough has gone.
            _ = tell.send(notice);
        }
    });
    (address, told)
}

#[test]
fn a_receiver_is_told_who_asks_for_what_and_verifies_it() {
    let site = Site::with_keys(ASK);
    let (address, notices) = receiver(&[204, 204]);
    let mut gateway = start(&site, &address, &[]);
    gateway.send(&call(1, "drop", r#"{"password":"hunter2"}"#));
    let id = gateway.asked();
    let notice = notices.recv_timeout(PATIENCE).unwrap();
    let said = notice.verified();
    assert_eq!(notice.header("gait-event"), "approval_requested");
    assert_eq!(notice.header("gait-delivery"), said["delivery_id"]);
    for (member, expected) in [
        ("event", "approval_requested"),
        ("request_id", &id),
        ("status", "pending"),
        ("tool_name", "drop"),
        ("server", ALONE),
    ] {
        assert_eq!(said[member], expected, "{said}");
    }
    assert!(!notice.body.contains("hunter2"), "{said}");
    // Being told is no approval.
    assert!(site.reached(ALONE).is_empty());
    site.decide("approve", &id);
    assert_eq!(gateway.next()["result"]["from"], ALONE);
    gateway.end();
}

#[test]
fn a_receiver_that_fails_is_told_again_under_the_same_name() {
    let site = Site::with_keys(ASK);
    let (address, notices) = receiver(&[500, 204]);
    let mut gateway = start(&site, &address, &["--approval-wait", "0"]);
    let answer = gateway.ask(&call(1, "drop", "{}"));
    assert_refused(&answer, "approval_pending");
    let [first, second] = [(); 2].map(|()| notices.recv_timeout(PATIENCE).unwrap());
    assert_eq!(first.verified(), second.verified());
    assert_eq!(first.header("gait-delivery"), second.header("gait-delivery"));
    // A request that is asked for again is not told again.
    assert_refused(&gateway.ask(&call(2, "drop", "{}")), "approval_pending");
    gateway.end();
    assert!(notices.try_recv().is_err());
}

#[test]
fn nobody_waits_for_a_receiver_that_is_not_there_and_nothing_runs_because_of_it() {
    // It takes connections, and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}/", listener.local_addr().unwrap());
    for address in [Remote::nowhere(), silent] {
        let site = Site::with_keys(ASK);
        let mut gateway = start(&site, &address, &[]);
        gateway.send(&call(1, "drop", "{}"));
        let id = gateway.asked();
        assert!(site.reached(ALONE).is_empty());
        site.decide("deny", &id);
        assert_refused(&gateway.next(), "approval_denied");
        gateway.send(&call(2, "drop", r#"{"other":1}"#));
        site.decide("approve", &gateway.asked());
        assert_eq!(gateway.next()["result"]["from"], ALONE);
        gateway.end();
        assert_eq!(site.reached(ALONE).len(), 1);
    }
}

#[test]
fn an_address_that_cannot_be_told_safely_is_refused() {
    let site = Site::with_keys(ASK);
    let here = "http://127.0.0.1:1/";
    for (address, variable, secret, expected) in [
        (here, "", SECRET, "requires --approval-webhook-secret-env"),
        (here, VARIABLE, "short", "--approval-webhook-secret-env"),
        (here, VARIABLE, "", "--approval-webhook-secret-env"),
        ("http://hooks.example/", VARIABLE, SECRET, "--approval-webhook"),
        ("ftp://hooks.example/", VARIABLE, SECRET, "--approval-webhook"),
        ("hooks.example", VARIABLE, SECRET, "--approval-webhook"),
    ] {
        let mut command = site.gateway(&[&KEY[..], &["--approval-webhook", address]].concat());
        if !variable.is_empty() {
            command.args(["--approval-webhook-secret-env", variable]);
        }
        let started = ["--", "touch", "started"];
        let output = command.env(VARIABLE, secret).args(started).output().unwrap();
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(6), "{address}: {told}");
        assert!(told.contains(expected), "{address}: {told}");
        assert!(!told.contains(SECRET), "{told}");
    }
    assert!(!site.path().join("started").exists());
}
