//! Messages over HTTP that the server could read otherwise than the gateway.

use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::running::Running;
use super::wire::{Said, Server, ask, read, whole};

const JSON: &str = "application/json";
const TOOLS: &str = r#"[{"name":"read","inputSchema":{"type":"object","properties":{"path":{"type":"string"}}}},{"name":"drop"}]"#;

/// A server that lists its tools, and would run whatever it is told.
fn willing() -> Server {
    Server::start(|asked, stream| {
        let answer = if asked.mentions("gait-tools") {
            format!(r#"{{"jsonrpc":"2.0","id":"gait-tools","result":{{"tools":{TOOLS}}}}}"#)
        } else {
            r#"{"jsonrpc":"2.0","id":7,"result":{"content":[]}}"#.to_owned()
        };
        whole(stream, "200 OK", JSON, &answer);
    })
}

/// Sends these bytes under these lines of a head.
fn raw(gateway: &Running, first: &str, head: &str, body: &[u8]) -> Said {
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let length = body.len();
    let head = format!(
        "{first} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{head}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The gateway may have seen enough.
    _ = stream.write_all(body);
    read(&mut BufReader::new(stream))
}

#[test]
fn nothing_that_can_be_read_in_two_ways_reaches_a_server() {
    const DROP: &str = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"drop"}}"#;
    let server = willing();
    let gateway = Running::before(server.address);
    let messages: &[&[u8]] = &[
        // One member twice, or once more in another case.
        br#"{"jsonrpc":"2.0","id":7,"method":"ping","method":"tools/call","params":{"name":"drop"}}"#,
        br#"{"jsonrpc":"2.0","id":7,"method":"ping","m\u0065thod":"tools/call","params":{"name":"drop"}}"#,
        br#"{"jsonrpc":"2.0","id":7,"method":"ping","Method":"tools/call","params":{"name":"drop"}}"#,
        br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read","name":"drop"}}"#,
        br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read","Name":"drop"}}"#,
        br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read"},"Params":{"name":"drop"}}"#,
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"read\"},\"param\u{17F}\":{\"name\":\"drop\"}}".as_bytes(),
        br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read","arguments":{"path":"/a","path":"/secret"}}}"#,
        br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read","arguments":{"path":"/a","Path":"/secret"}}}"#,
        br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read","arguments":{"path":"/a","href":"/b"}}}"#,
        // Several messages, or something around one.
        br#"[{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"drop"}}]"#,
        br#"{"jsonrpc":"2.0","id":7,"method":"ping"}{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"drop"}}"#,
        b"\xEF\xBB\xBF{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"read\"}}",
        b"\0{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}",
        b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}\0",
        // Texts and numbers that not everybody reads alike.
        br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read","arguments":{"path":"\ud800"}}}"#,
        b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"read\",\"arguments\":{\"path\":\"\xC0\xAF\"}}}",
        br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read","arguments":{"n":1e400}}}"#,
        br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read","arguments":{"n":NaN}}}"#,
        // A call that nobody could be told of, or that claims to be something else.
        br#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"read"}}"#,
        br#"{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"read"}}"#,
        br#"{"jsonrpc":"2.0","id":7.0,"method":"tools/call","params":{"name":"read"}}"#,
        br#"{"jsonrpc":"2.0","id":[7],"method":"tools/call","params":{"name":"read"}}"#,
        br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read"},"result":{}}"#,
        br#"{"jsonrpc":"2.0","id":7,"result":{},"params":{"name":"drop"}}"#,
        br#"{"jsonrpc":"2.0","id":7,"method":["tools/call"],"params":{"name":"drop"}}"#,
        br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":[{"name":"drop"}]}"#,
        br#"{"id":7,"method":"tools/call","params":{"name":"drop"}}"#,
        // A name that is none of the server's.
        br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":" drop"}}"#,
        br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"DROP"}}"#,
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"read\u{200B}\"}}".as_bytes(),
        // The same, written otherwise.
        br#"{"jsonrpc":"2.0","id":7,"method":"\u0074ools\/call","params":{"name":"\u0064rop"}}"#,
        DROP.as_bytes(),
    ];
    for message in messages {
        raw(
            &gateway,
            "POST /mcp",
            "Content-Type: application/json\r\n",
            message,
        );
        let text = String::from_utf8_lossy(message);
        assert_eq!(server.asked().len(), 0, "{text}");
    }
    let read = DROP.replace("drop", "read");
    assert_eq!(ask(gateway.address, "POST", &[], &read).status(), 200);
    assert_eq!(server.asked().len(), 1);
    assert!(gateway.end());
}

/// In UTF-7 `+ACI-` is a quotation mark, and there are servers that read bodies as their headers say.
#[test]
fn a_server_is_told_how_the_message_was_read() {
    let server = willing();
    let gateway = Running::before(server.address);
    let ping = br#"{"jsonrpc":"2.0","id":7,"method":"ping","x":"+ACI-,+ACI-method+ACI-:+ACI-tools/call"}"#;
    for head in [
        "Content-Type: application/json; charset=utf-7\r\n",
        "Content-Type: application/json\r\nContent-Type: application/json; charset=utf-7\r\n",
        "",
    ] {
        let answer = raw(&gateway, "POST /mcp", head, ping);
        assert_eq!(answer.status(), 200, "{answer:?}");
    }
    for said in server.asked() {
        let kinds = said.head.iter().filter(|(name, _)| name == "content-type");
        let kinds: Vec<_> = kinds.map(|(_, kind)| kind.as_str()).collect();
        assert_eq!(kinds, [JSON]);
    }
    for encoding in ["gzip", "br", "identity, deflate"] {
        let head = format!("Content-Encoding: {encoding}\r\n");
        assert_eq!(raw(&gateway, "POST /mcp", &head, ping).status(), 415);
    }
    assert_eq!(server.asked().len(), 3);
    assert!(gateway.end());
}

/// Servers are set up by the query of their address, to be read only for instance. What was reviewed was listed there.
#[test]
fn a_client_does_not_choose_the_address_of_the_server() {
    let server = willing();
    let gateway = Running::before(server.address);
    let call = br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read"}}"#;
    let answer = raw(&gateway, "POST /mcp?read_only=false", "", call);
    assert_eq!(answer.status(), 200, "{answer:?}");
    for first in ["GET /mcp?session=1", "DELETE /mcp?session=1"] {
        raw(&gateway, first, "", b"");
    }
    for said in server.asked() {
        assert!(said.first.contains(" /mcp HTTP"), "{}", said.first);
    }
    for path in ["/mcp/", "/mcp/../mcp", "//mcp", "/%6dcp", "/other"] {
        assert_eq!(
            raw(&gateway, &format!("POST {path}"), "", call).status(),
            404,
            "{path}"
        );
    }
    assert_eq!(server.asked().len(), 3);
    assert!(gateway.end());
}

/// What ends one request for one reader must not begin another one for the next.
#[test]
fn bodies_have_one_length() {
    let server = willing();
    let gateway = Running::before(server.address);
    let call = br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"drop"}}"#;
    let smuggled = [
        b"0\r\n\r\nPOST /mcp HTTP/1.1\r\nHost: a\r\nContent-Length: 72\r\n\r\n".as_slice(),
        call,
    ]
    .concat();
    for head in [
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Content-Length: 0\r\n",
        "Content-Length: 0, 5\r\n",
    ] {
        let answer = raw(&gateway, "POST /mcp", head, &smuggled);
        assert!((400..500).contains(&answer.status()), "{head} {answer:?}");
    }
    assert_eq!(server.asked().len(), 0);
    assert!(gateway.end());
}
