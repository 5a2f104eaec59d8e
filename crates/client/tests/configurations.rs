//! Whole configurations of each client, there and back.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

use std::fs;

use gait_client::{Client, Configuration, ConfigurationError, Gateway, Route};
use proptest::prelude::*;

const FIXTURES: [(Client, &str); 5] = [
    (Client::ClaudeCode, include_str!("fixtures/claude-code.json")),
    (
        Client::ClaudeDesktop,
        include_str!("fixtures/claude-desktop.json"),
    ),
    (Client::Cursor, include_str!("fixtures/cursor.json")),
    (Client::VsCode, include_str!("fixtures/vscode.json")),
    (Client::Codex, include_str!("fixtures/codex.toml")),
];

fn gateway() -> Gateway {
    let flags = ["--policy", "/srv/policy.yaml", "--pins", "/srv/mcp.lock.json"];
    Gateway {
        program: "/usr/bin/gait".to_owned(),
        flags: flags.map(str::to_owned).to_vec(),
    }
}

fn wrapped(client: Client, text: &str) -> String {
    let configuration = Configuration::read(client, text).unwrap();
    configuration.wrapped(&[], &gateway()).unwrap()
}

fn routes(client: Client, text: &str) -> Vec<(String, Route)> {
    let configuration = Configuration::read(client, text).unwrap();
    let servers = configuration.servers().iter();
    servers
        .map(|server| (server.name.clone(), server.route.clone()))
        .collect()
}

/// The wrapped fixtures stand beside the fixtures. `UPDATE_GOLDEN=1` writes them anew.
#[test]
fn every_client_is_rewritten_as_its_file_shows() {
    for (client, text) in FIXTURES {
        let ending = if client == Client::Codex { "toml" } else { "json" };
        let golden = format!(
            "{}/tests/fixtures/{client}.wrapped.{ending}",
            env!("CARGO_MANIFEST_DIR")
        );
        let wrapped = wrapped(client, text);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &wrapped).unwrap();
        }
        assert_eq!(wrapped, fs::read_to_string(&golden).unwrap(), "{client}");
    }
}

#[test]
fn every_server_that_is_started_goes_through_the_gateway() {
    for (client, text) in FIXTURES {
        let changed = wrapped(client, text);
        assert_eq!(wrapped(client, &changed), changed, "{client}: twice is once");
        for ((name, before), (same, after)) in routes(client, text).into_iter().zip(routes(client, &changed))
        {
            assert_eq!(name, same);
            match before {
                // The gateway would not show the token that the client shows.
                Route::Remote(_) if client == Client::Codex => assert_eq!(after, before),
                _ => assert_eq!(after, Route::Gateway),
            }
        }
    }
}

#[test]
fn unwrapping_gives_the_bytes_back() {
    for (client, text) in FIXTURES {
        let changed = wrapped(client, text);
        let back = Configuration::read(client, &changed)
            .unwrap()
            .unwrapped(&[])
            .unwrap();
        // Where there were no arguments, an empty array remains.
        let tidied = back
            .replace(",\n\t\t\t\"args\": []", "")
            .replace(", \"args\": []}", "}")
            .replace(",\n      \"args\": []", "")
            .replace("\nargs = []", "");
        assert_eq!(tidied, text, "{client}");
    }
}

#[test]
fn servers_over_http_are_reached_through_the_gateway_where_it_can_do_what_the_client_did() {
    for (client, text, coverable) in [
        (
            Client::Cursor,
            r#"{"mcpServers": {"a": {"url": "https://a.example/mcp"}}}"#,
            true,
        ),
        (
            Client::Cursor,
            "{\"mcpServers\": {\n  \"a\": {\n    \"type\":\"http\",\n    \"url\" :\"http://127.0.0.1:1/\", \"x\": 1\n  }\n}}",
            true,
        ),
        (
            Client::VsCode,
            r#"{"servers": {"a": {"url": "https://a.example/mcp", /* mine */ "type": "http",}}}"#,
            true,
        ),
        (
            Client::Codex,
            "[mcp_servers.a]\nurl = \"https://a.example/mcp\" # far\nenabled = true\n",
            true,
        ),
        (
            Client::Codex,
            "mcp_servers = { a = { url = \"https://a.example/mcp\" } }\n",
            true,
        ),
        (
            Client::Cursor,
            r#"{"mcpServers": {"a": {"url": "https://a.example/mcp", "headers": {"X": "y"}}}}"#,
            false,
        ),
        (
            Client::Cursor,
            r#"{"mcpServers": {"a": {"type": "sse", "url": "https://a.example/sse"}}}"#,
            false,
        ),
        (
            Client::Cursor,
            r#"{"mcpServers": {"a": {"url": "http://a.example/mcp"}}}"#,
            false,
        ),
        (
            Client::VsCode,
            r#"{"servers": {"a": {"url": /* why */ "https://a.example/mcp"}}}"#,
            false,
        ),
        (
            Client::Codex,
            "[mcp_servers]\na.url = \"https://a.example/mcp\"\n",
            false,
        ),
        (
            Client::Codex,
            "[mcp_servers.a]\nurl = \"https://a.example/mcp\"\nbearer_token_env_var = \"T\"\n",
            false,
        ),
    ] {
        let configuration = Configuration::read(client, text).unwrap();
        assert_eq!(configuration.servers()[0].is_coverable(), coverable, "{text}");
        let changed = wrapped(client, text);
        assert_eq!(changed != text, coverable, "{text}");
        if coverable {
            assert_eq!(routes(client, &changed)[0].1, Route::Gateway, "{changed}");
        }
        let back = Configuration::read(client, &changed)
            .unwrap()
            .unwrapped(&[])
            .unwrap();
        assert_eq!(back, text);
    }
}

#[test]
fn one_server_can_be_meant() {
    let text = FIXTURES[0].1;
    let configuration = Configuration::read(Client::ClaudeCode, text).unwrap();
    let changed = configuration.wrapped(&["ledger".to_owned()], &gateway()).unwrap();
    let routes = routes(Client::ClaudeCode, &changed);
    assert_eq!(routes[0], ("files".to_owned(), Route::Direct));
    assert_eq!(routes[2], ("ledger".to_owned(), Route::Gateway));
    let missing = configuration
        .wrapped(&["gone".to_owned()], &gateway())
        .unwrap_err();
    assert!(matches!(missing, ConfigurationError::NoServer(name) if name == "gone"));
}

#[test]
fn other_forms_are_refused_with_their_place() {
    for (client, text, want) in [
        (Client::Cursor, "[]", "the whole at line 1 is no object"),
        (
            Client::Cursor,
            "{\n\"mcpServers\": []}",
            "/mcpServers at line 2 is no object",
        ),
        (
            Client::Cursor,
            r#"{"mcpServers": {"a/b": {"command": 1}}}"#,
            "/mcpServers/a~1b/command at line 1 is no string",
        ),
        (
            Client::Cursor,
            "{\"mcpServers\": {\"a\": {\"command\": \"x\", \"args\": [\"y\",\n 1]}}}",
            "/mcpServers/a/args/1 at line 2 is no string",
        ),
        (
            Client::ClaudeCode,
            r#"{"projects": {"/p": {"mcpServers": {"a": {}}}}}"#,
            "/projects/~1p/mcpServers/a at line 1 has neither a command nor an address",
        ),
        (
            Client::VsCode,
            r#"{"servers": {"a": {"command": "x", "url": "y"}}}"#,
            "/servers/a at line 1 has a command and an address",
        ),
        (
            Client::Codex,
            "mcp_servers = 1",
            "/mcp_servers at line 1 is no table",
        ),
        (
            Client::Codex,
            "[mcp_servers.a]\ncommand = \"x\"\nargs = \"y\"",
            "/mcp_servers/a/args at line 3 is no array",
        ),
    ] {
        let error = Configuration::read(client, text).unwrap_err();
        assert_eq!(error.to_string(), want);
    }
    let duplicate = r#"{"mcpServers": {"a": {"command": "x", "command": "y"}}}"#;
    for (client, text) in [
        (Client::Cursor, duplicate),
        (Client::ClaudeCode, "{} // no comments here"),
        (Client::Codex, "a = "),
    ] {
        assert!(Configuration::read(client, text).is_err(), "{text}");
    }
    let dotted = "[mcp_servers]\na.command = \"x\"\n";
    let error = Configuration::read(Client::Codex, dotted)
        .unwrap()
        .wrapped(&[], &gateway());
    assert!(matches!(error, Err(ConfigurationError::Unsound(_))));
}

#[test]
fn texts_that_only_look_like_the_gateway_are_not() {
    for (command, arguments, want) in [
        (
            "gait",
            r#"["mcp", "gateway", "--policy", "p", "--", "x"]"#,
            Route::Gateway,
        ),
        (
            "C:\\\\bin\\\\gait.exe",
            r#"["mcp", "gateway", "--", "x"]"#,
            Route::Gateway,
        ),
        ("gait", r#"["mcp", "gateway", "--"]"#, Route::Direct),
        ("gait", r#"["mcp", "serve", "--", "x"]"#, Route::Direct),
        ("notgait", r#"["mcp", "gateway", "--", "x"]"#, Route::Direct),
    ] {
        let text = format!(r#"{{"mcpServers": {{"a": {{"command": "{command}", "args": {arguments}}}}}}}"#);
        assert_eq!(routes(Client::Cursor, &text)[0].1, want, "{text}");
    }
}

/// A word in the notation of JSON or, with the same bytes, of TOML.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z./-]{0,8}",
        Just("--".to_owned()),
        Just("gait".to_owned()),
        Just("é\\u0001\\\" ".to_owned())
    ]
    .prop_map(|word| format!("\"{word}\""))
}

fn blank() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", " ", "\n", "\r\n\t", "\n    "]).prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn there_and_back_is_nothing(
        servers in prop::collection::vec((word(), prop::collection::vec(word(), 0..4), blank(), blank()), 0..4),
        toml in any::<bool>(),
    ) {
        let (client, text) = if toml {
            let tables = servers.iter().enumerate().map(|(index, (command, arguments, lead, _))| {
                let arguments = arguments.iter().map(|word| format!("{lead}{word},")).collect::<Vec<_>>().concat();
                format!("[mcp_servers.s{index}]\ncommand = {command}\nargs = [{arguments}] # end\n")
            });
            (Client::Codex, tables.collect::<String>())
        } else {
            let members: Vec<String> = servers.iter().enumerate().map(|(index, (command, arguments, lead, tail))| {
                let arguments = arguments.join(&format!(",{lead}"));
                format!("\"s{index}\":{lead}{{ \"args\":[{lead}{arguments}{tail}],{tail}\"command\" :{command}{tail}}}")
            }).collect();
            (Client::Cursor, format!("{{\"mcpServers\" : {{{}}}}}\n", members.join(",")))
        };
        let changed = wrapped(client, &text);
        let back = Configuration::read(client, &changed).unwrap().unwrapped(&[]).unwrap();
        prop_assert_eq!(back, text);
    }

    #[test]
    fn no_text_stops_the_program(text in "[\\[\\]{}:,\"/*\\\\=.#a-c\n ]{0,60}") {
        for client in Client::ALL {
            if let Ok(configuration) = Configuration::read(client, &text) {
                let _ = configuration.wrapped(&[], &gateway());
            }
        }
    }
}
