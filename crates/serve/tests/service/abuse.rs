//! What callers try who mean no good.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use gait_serve::Limits;

use crate::client::{connect, evaluate, post, read, send};
use crate::running::{CALL, Manner, Running};

const HEADERS: [&str; 2] = ["Host: localhost", "Content-Type: application/json"];

fn limited(limits: Limits) -> Running {
    Running::start(Manner {
        limits,
        ..Manner::default()
    })
}

#[test]
fn a_body_that_is_too_long_is_not_read_to_its_end() {
    let running = limited(Limits {
        request_bytes: 1000,
        ..Limits::default()
    });
    let long = CALL.replace("s3cret-argument", &"x".repeat(2000));
    assert_eq!(evaluate(running.address, &long).status, 413);
    // Without a length the body ends when it ends.
    let mut stream = connect(running.address);
    stream
        .write_all(b"POST /v1/evaluate HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        .unwrap();
    let mut open = true;
    for chunk in 0..100 {
        let start = if chunk == 0 { "{\"a\":\"" } else { "xxxxxx" };
        let piece = format!("40\r\n{start}{}\r\n", "x".repeat(0x40 - start.len()));
        open = open && stream.write_all(piece.as_bytes()).is_ok();
    }
    assert_eq!(read(&mut stream).status, 413);
    let exact = format!("{CALL}{}", " ".repeat(1000 - CALL.len()));
    assert_eq!(evaluate(running.address, &exact).status, 200);
}

#[test]
fn a_body_that_is_nested_too_deep_is_refused() {
    let running = Running::start(Manner::default());
    for depth in [200, 500_000] {
        let deep = format!(
            "{{\"call\":{{\"name\":\"t\",\"args\":{{\"a\":{}",
            "[".repeat(depth)
        );
        assert_eq!(evaluate(running.address, &deep).status, 400);
    }
    let wide = format!(
        "{{\"call\":{{\"name\":\"t\",\"args\":{{\"a\":[{}0]}}}}}}",
        "0,".repeat(400_000)
    );
    assert_eq!(evaluate(running.address, &wide).status, 200);
}

#[test]
fn a_compressed_body_is_refused() {
    let running = Running::start(Manner::default());
    for encoding in ["Content-Encoding: gzip", "Content-Encoding: deflate, gzip"] {
        let headers = [HEADERS[0], HEADERS[1], encoding];
        assert_eq!(
            post(running.address, "/v1/evaluate", &headers, b"\x1f\x8b\x08").status,
            415
        );
    }
    let zipped = post(running.address, "/v1/evaluate", &HEADERS, b"\x1f\x8b\x08\x00\x00");
    assert_eq!(zipped.status, 400);
}

#[test]
fn web_pages_from_elsewhere_reach_nothing() {
    let running = Running::start(Manner::default());
    for headers in [
        &["Host: evil.example"][..],
        &["Host: 127.0.0.1.evil.example"],
        &["Host: localhost", "Origin: https://evil.example"],
        &["Host: localhost", "Origin: null"],
    ] {
        let reply = post(running.address, "/v1/evaluate", headers, CALL.as_bytes());
        assert_eq!(reply.status, 403, "{headers:?}");
        assert_eq!(reply.header("access-control-allow-origin"), "");
    }
    assert!(running.traces().is_empty());
    let own = ["Host: localhost", "Origin: http://localhost:3000"];
    assert_eq!(
        post(running.address, "/v1/evaluate", &own, CALL.as_bytes()).status,
        200
    );
}

#[test]
fn paths_of_clients_lead_nowhere_they_should_not() {
    let running = Running::start(Manner::default());
    let named = |key: &str, path: &str| {
        let body = CALL.replacen('{', &format!(r#"{{"{key}":"{path}","session_id":"s","#), 1);
        evaluate(running.address, &body).status
    };
    for key in ["trace_path", "runpack_out", "pack_out", "session_journal"] {
        assert_eq!(named(key, "x"), 400, "{key}");
    }
    assert!(running.traces().is_empty());

    let open = Running::start(Manner {
        clients_may_name: true,
        ..Manner::default()
    });
    let named = |key: &str, path: &str| {
        let body = CALL.replacen('{', &format!(r#"{{"{key}":"{path}","session_id":"s","#), 1);
        evaluate(open.address, &body).status
    };
    for key in ["trace_path", "runpack_out", "pack_out", "session_journal"] {
        for path in ["../x", "a/../../x", "/", "a/.."] {
            assert_eq!(named(key, path), 400, "{key}={path}");
        }
    }
    let inside = open.directory.path().join("named.json");
    assert_eq!(named("trace_path", inside.to_str().unwrap()), 200);
    assert!(inside.is_file());
}

#[test]
fn session_and_run_ids_stay_in_their_directories() {
    let running = Running::start(Manner::default());
    for id in ["../../../etc/x", "..", "a/b", "/abs", "con\\u0000", "x\\ny"] {
        let body = CALL.replacen('{', &format!(r#"{{"session_id":"{id}","run_id":"{id}","#), 1);
        let reply = evaluate(running.address, &body);
        assert_eq!(reply.status, 200, "{id}: {}", reply.body);
    }
    let long = CALL.replacen('{', &format!(r#"{{"run_id":"{}","#, "r".repeat(5000)), 1);
    assert_eq!(evaluate(running.address, &long).status, 400);
    let mut outside: Vec<_> = std::fs::read_dir(running.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    outside.sort_unstable();
    assert_eq!(outside, ["policy.yaml", "sessions", "traces"]);
}

#[test]
fn slow_heads_and_bodies_are_cut_off() {
    let running = limited(Limits {
        header_time: Duration::from_millis(200),
        request_time: Duration::from_millis(200),
        ..Limits::default()
    });
    let begun = Instant::now();
    let mut silent = connect(running.address);
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
    let mut half = connect(running.address);
    half.write_all(b"POST /v1/evaluate HTTP/1.1\r\nHost: local")
        .unwrap();
    assert_eq!(read(&mut half).status, 0);
    let mut body = connect(running.address);
    body.write_all(b"POST /v1/evaluate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        .unwrap();
    assert_eq!(read(&mut body).status, 408);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn slow_callers_do_not_keep_others_out() {
    let running = limited(Limits {
        connections: 4,
        header_time: Duration::from_millis(300),
        ..Limits::default()
    });
    let held: Vec<_> = (0..8).map(|_| connect(running.address)).collect();
    assert_eq!(evaluate(running.address, CALL).status, 200);
    drop(held);
}

#[test]
fn heads_are_limited() {
    let running = limited(Limits {
        header_bytes: 16 << 10,
        ..Limits::default()
    });
    let long = format!(
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n",
        "x".repeat(64 << 10)
    );
    let mut stream = connect(running.address);
    _ = stream.write_all(long.as_bytes());
    let status = read(&mut stream).status;
    assert!(matches!(status, 431 | 0), "{status}");
    let many: Vec<String> = (0..500).map(|n| format!("X-{n}: y\r\n")).collect();
    let many = many.concat();
    let many = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{many}\r\n");
    assert_eq!(send(running.address, many.as_bytes()).status, 431);
}

#[test]
fn what_is_no_http_is_not_answered_with_a_decision() {
    let running = Running::start(Manner::default());
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"POST /v1/evaluate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\n{}",
        b"POST /v1/evaluate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/evaluate HTTP/9.9\r\n\r\n",
    ] {
        let mut stream = connect(running.address);
        _ = stream.write_all(garbage);
        _ = stream.shutdown(std::net::Shutdown::Write);
        let status = read(&mut stream).status;
        assert!(status == 0 || status >= 400, "{status}");
    }
    assert!(running.traces().is_empty());
}
