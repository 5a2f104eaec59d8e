//! How the service ends.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use gait_serve::{Ending, Limits};

use crate::client::{connect, evaluate, get, read};
use crate::running::{CALL, Manner, Running, wait_until};

/// A request of which only the first byte of the body has arrived.
fn begun(running: &Running) -> TcpStream {
    let mut stream = connect(running.address);
    let head = format!(
        "POST /v1/evaluate HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
        CALL.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&CALL.as_bytes()[..1]).unwrap();
    wait_until(|| {
        get(running.address, "/metrics")
            .body
            .contains("gait_http_in_flight 2\n")
    });
    stream
}

#[test]
fn requests_in_work_are_finished() {
    let running = Running::start(Manner::default());
    let mut stream = begun(&running);
    running.tell_to_end();
    wait_until(|| TcpStream::connect(running.address).is_err());
    stream.write_all(&CALL.as_bytes()[1..]).unwrap();
    let reply = read(&mut stream);
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(running.end(), Ending::Drained);
}

#[test]
fn requests_that_do_not_come_to_an_end_are_given_up() {
    let running = Running::start(Manner {
        limits: Limits {
            drain_time: Duration::from_millis(100),
            ..Limits::default()
        },
        ..Manner::default()
    });
    let _stream = begun(&running);
    assert_eq!(running.end(), Ending::CutOff);
}

#[test]
fn resting_connections_do_not_hold_up_the_end() {
    let running = Running::start(Manner::default());
    let mut resting = connect(running.address);
    resting
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    evaluate(running.address, CALL);
    assert_eq!(running.end(), Ending::Drained);
}
