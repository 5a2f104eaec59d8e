use super::*;

const PAIRS: [(Era, Era); 4] = [
    (Handshake, Handshake),
    (Handshake, Stateless),
    (Stateless, Handshake),
    (Stateless, Stateless),
];

/// Requests with an answer: method, members of the params, members of the result that every era knows.
const REQUESTS: [(&str, &str, &str); 8] = [
    (
        "tools/call",
        r#""name":"x","arguments":{"n":1.0,"big":123456789012345678901}"#,
        r#""content":[ ],"new":1.0"#,
    ),
    ("prompts/get", r#""name":"x""#, r#""messages":[]"#),
    (
        "resources/read",
        r#""uri":"file:///a""#,
        r#""contents":[{"uri":"file:///a","text":"\u0041"}]"#,
    ),
    (
        "tools/list",
        "",
        r#""tools":[{"x":1.0,"name":"a","inputSchema":{"type":"object"}}]"#,
    ),
    ("prompts/list", "", r#""prompts":[]"#),
    (
        "resources/list",
        r#""cursor":"c""#,
        r#""resources":[],"nextCursor":"d""#,
    ),
    ("resources/templates/list", "", r#""resourceTemplates":[]"#),
    (
        "completion/complete",
        r#""ref":{"type":"ref/prompt","name":"x"}"#,
        r#""completion":{"values":[]}"#,
    ),
];

#[test]
fn every_request_and_its_answer_are_valid_in_the_era_they_reach() {
    for (client, server) in PAIRS {
        for (method, members, result) in REQUESTS {
            let mut talk = Talk::open(client, &[server]);
            let said = talk.ask("\"i\\u0041\"", method, members);
            let told = only(&said, "0");
            let meta = told.get("params").unwrap().get("_meta");
            let has = |key: &str| meta.and_then(|meta| meta.get(key)).is_some();
            for key in [era::META_VERSION, era::META_CAPABILITIES] {
                assert_eq!(has(key), server == Stateless, "{method} {said:#?}");
            }
            assert!(members.is_empty() || said[0].contains(members), "{said:#?}");
            assert!(server == Stateless || meta.is_none(), "{said:#?}");

            let is_cacheable = era::is_cacheable(method);
            let mut sent = result.to_owned();
            if server == Stateless {
                sent.push_str(r#","resultType":"complete""#);
                if is_cacheable {
                    sent.push_str(r#","ttlMs":7,"cacheScope":"public""#);
                }
            }
            let said = talk.answer(method, 0, &format!(r#""result":{{{sent}}}"#));
            let answer = only(&said, "client");
            assert!(
                said[0].contains(&format!("\"id\":\"i\\u0041\",\"result\":{{{result}")),
                "{said:#?}"
            );
            for (key, is_known) in [
                ("resultType", true),
                ("ttlMs", is_cacheable),
                ("cacheScope", is_cacheable),
            ] {
                let is_there = !at(&answer, &format!("result.{key}")).is_empty();
                assert_eq!(
                    is_there,
                    client == Stateless && is_known,
                    "{method} {key} {said:#?}"
                );
            }
        }
    }
}

#[test]
fn between_two_of_one_era_only_ids_change() {
    for era in [Handshake, Stateless] {
        let mut talk = Talk::open(era, &[era]);
        let meta = if era == Stateless { META } else { "\"x\": 1.0" };
        let text = format!(
            r#"{{ "method":"tools/call", "id" : 7,"params":{{"arguments":{{"b":1.0,"a":[ ]}},"_meta":{{{meta}}},"name":"x"}},"jsonrpc":"2.0" }}"#
        );
        let said = talk.client(&text);
        let own = talk.owed("tools/call", 0);
        assert_eq!(
            said,
            [format!("0 < {}", text.replace(" : 7", &format!(" : {own}")))]
        );
        let kind = if era == Stateless {
            r#""resultType":"complete","#
        } else {
            ""
        };
        let answer =
            format!(r#"{{"result":{{{kind}"content":[ {{"n":1e2}}]}} ,"id":{own},"jsonrpc":"2.0"}}"#);
        let said = talk.server(0, &answer);
        assert_eq!(
            said,
            [format!(
                "client < {}",
                answer.replace(&format!("\"id\":{own}"), "\"id\":7")
            )]
        );
    }
}

#[test]
fn names_carry_their_server_when_there_are_several() {
    for (client, server) in PAIRS {
        for (method, members, sent) in [
            ("tools/call", r#""name":"b__x""#, r#""name":"x""#),
            ("prompts/get", r#""name":"b__y__z""#, r#""name":"y__z""#),
            (
                "completion/complete",
                r#""ref":{"type":"ref/prompt","name":"b__p"}"#,
                r#""ref":{"type":"ref/prompt","name":"p"}"#,
            ),
        ] {
            let mut talk = Talk::open(client, &[server, server]);
            let said = talk.ask("1", method, members);
            assert!(
                said.len() == 1 && said[0].starts_with("1 < ") && said[0].contains(sent),
                "{said:#?}"
            );
        }
        let mut talk = Talk::open(client, &[server, server]);
        for (method, members, code) in [
            ("tools/call", r#""name":"x""#, "-32602"),
            ("tools/call", r#""name":"c__x""#, "-32602"),
            ("tools/call", r#""nome":"x""#, "-32602"),
            ("unheard/of", "", "-32601"),
            ("tasks/get", r#""taskId":"t""#, "-32602"),
            ("completion/complete", r#""ref":{}"#, "-32602"),
        ] {
            let said = talk.ask("2", method, members);
            assert_eq!(
                at(&only(&said, "client"), "error.code"),
                code,
                "{method} {members}"
            );
        }
    }
    // With one server nothing has two meanings.
    let mut talk = Talk::open(Handshake, &[Handshake]);
    assert!(talk.ask("1", "unheard/of", "")[0].starts_with("0 < "));
}

#[test]
fn errors_are_renumbered_between_the_eras() {
    for (client, server, method, sent, code) in [
        (Handshake, Stateless, "resources/read", -32602, "-32002"),
        (Handshake, Stateless, "prompts/get", -32602, "-32602"),
        (Handshake, Stateless, "prompts/get", -32020, "-32603"),
        (Handshake, Stateless, "prompts/get", -32021, "-32600"),
        (Handshake, Stateless, "prompts/get", -32022, "-32602"),
        (Stateless, Handshake, "resources/read", -32002, "-32602"),
        (Stateless, Handshake, "prompts/get", -32021, "-32603"),
        (Stateless, Handshake, "prompts/get", -32001, "-32001"),
        (Stateless, Stateless, "prompts/get", -32021, "-32021"),
        (Handshake, Handshake, "resources/read", -32002, "-32002"),
    ] {
        let mut talk = Talk::open(client, &[server]);
        talk.ask("1", method, r#""uri":"x:1","name":"n""#);
        let said = talk.answer(
            method,
            0,
            &format!(r#""error":{{"code":{sent},"message":"m","data":1.0}}"#),
        );
        let answer = only(&said, "client");
        assert_eq!(
            at(&answer, "error.code"),
            code,
            "{client:?} {server:?} {method} {sent}"
        );
        assert!(said[0].contains(r#""message":"m","data":1.0"#), "{said:#?}");
    }
}

#[test]
fn what_an_older_client_cannot_read_is_taken_out() {
    let mut talk = Talk::open(Handshake, &[Stateless]);
    talk.ask("1", "tools/call", r#""name":"x""#);
    let said = talk.answer(
        "tools/call",
        0,
        r#""result":{"content":[],"structuredContent":[1],"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"0"}}}"#,
    );
    assert!(said[0].ends_with(r#""result":{"content":[]}}"#), "{said:#?}");
    talk.ask("2", "tools/list", "");
    let said = talk.answer(
        "tools/list",
        0,
        r#""result":{"tools":[{"name":"a","outputSchema":{"type":"array"}},{"name":"b","outputSchema":{"type":"object"}}]}"#,
    );
    assert!(
        said[0].ends_with(r#""tools":[{"name":"a"},{"name":"b","outputSchema":{"type":"object"}}]}}"#),
        "{said:#?}"
    );
    talk.ask("3", "tools/call", r#""name":"x""#);
    let said = talk.answer("tools/call", 0, r#""result":{"resultType":"task","taskId":"t"}"#);
    assert_eq!(at(&only(&said, "client"), "result.isError"), "true");
}

#[test]
fn pings_are_for_the_neighbour() {
    let mut talk = Talk::open(Handshake, &[Handshake]);
    assert_eq!(
        talk.ask("\"p\"", "ping", ""),
        [r#"client < {"jsonrpc":"2.0","id":"p","result":{}}"#]
    );
    assert_eq!(
        talk.server(0, r#"{"jsonrpc":"2.0","id":"q","method":"ping"}"#),
        [r#"0 < {"jsonrpc":"2.0","id":"q","result":{}}"#]
    );
}

#[test]
fn progress_comes_back_under_the_clients_token() {
    for (client, server) in PAIRS {
        let mut talk = Talk::open(client, &[server, server]);
        let meta = if client == Stateless {
            format!(",{META}")
        } else {
            String::new()
        };
        talk.client(&format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"b__x","_meta":{{"progressToken":"t\u0041"{meta}}}}}}}"#
        ));
        let own = talk.owed("tools/call", 1);
        let [HubStep::ToServer(1, sent)] = &talk.steps[..] else {
            panic!("{:#?}", talk.said())
        };
        assert!(sent.contains(&format!("\"progressToken\":{own}")), "{sent}");
        let told = format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{own},"progress":1.0}}}}"#
        );
        assert_eq!(
            talk.server(1, &told),
            [format!(
                "client < {}",
                told.replace(&format!(":{own},"), ":\"t\\u0041\",")
            )]
        );
        // Neither another server's word nor one that comes too late counts.
        assert!(talk.server(0, &told)[0].starts_with("dropped"));
        talk.answer("tools/call", 1, r#""result":{"content":[]}"#);
        assert!(talk.server(1, &told)[0].starts_with("dropped"));
    }
}

#[test]
fn cancelling_reaches_the_server_and_frees_the_id() {
    for (client, server) in PAIRS {
        let mut talk = Talk::open(client, &[server]);
        talk.ask("1", "tools/call", r#""name":"x""#);
        let own = talk.owed("tools/call", 0);
        let late = talk.reply("tools/call", 0, r#""result":{"content":[]}"#);
        let cancel =
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"r"}}"#;
        assert_eq!(
            talk.client(cancel),
            [format!("0 < {}", cancel.replace(":1,", &format!(":{own},")))]
        );
        assert!(talk.server(0, &late)[0].starts_with("dropped"));
        assert!(talk.client(cancel)[0].starts_with("dropped"));
        assert!(talk.ask("1", "tools/call", r#""name":"x""#)[0].starts_with("0 < "));
    }
}

#[test]
fn levels_of_log_messages_are_set_in_the_way_of_each_era() {
    let log = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1.0}}"#;
    let mut talk = Talk::open(Handshake, &[Handshake, Stateless]);
    let said = talk.ask("1", "logging/setLevel", r#""level":"info""#);
    assert!(
        said[0].contains(r#""method":"logging/setLevel","params":{"level":"info"}"#),
        "{said:#?}"
    );
    assert_eq!(said[1..], [r#"client < {"jsonrpc":"2.0","id":1,"result":{}}"#]);
    assert_eq!(talk.server(0, log), [format!("client < {log}")]);
    let said = talk.ask("2", "tools/call", r#""name":"b__x""#);
    assert!(
        said[0].contains(r#""io.modelcontextprotocol/logLevel":"info""#),
        "{said:#?}"
    );
    assert!(talk.ask("3", "logging/setLevel", r#""level":"loud""#)[0].contains("-32602"));

    let mut talk = Talk::open(Stateless, &[Handshake]);
    assert!(talk.server(0, log)[0].starts_with("dropped"));
    let call = request(Stateless, "1", "tools/call", r#""name":"x""#).replace(
        META,
        &format!(r#"{META},"io.modelcontextprotocol/logLevel":"debug""#),
    );
    let said = talk.client(&call);
    assert!(
        said.len() == 2 && said[0].contains(r#"{"level":"debug"}"#),
        "{said:#?}"
    );
    assert!(!said[1].contains("logLevel"), "{said:#?}");
    assert_eq!(talk.server(0, log), [format!("client < {log}")]);
    talk.answer("tools/call", 0, r#""result":{"content":[]}"#);
    assert!(talk.server(0, log)[0].starts_with("dropped"));
}

#[test]
fn tasks_belong_to_the_server_that_began_them() {
    for (era, created) in [
        (Handshake, r#""task":{"taskId":"t.1","status":"working"}"#),
        (
            Stateless,
            r#""resultType":"task","taskId":"t.1","status":"working""#,
        ),
    ] {
        let mut talk = Talk::open(era, &[era, era]);
        talk.ask("1", "tools/call", r#""name":"b__x""#);
        let said = talk.answer("tools/call", 1, &format!(r#""result":{{{created}}}"#));
        let answer = only(&said, "client");
        let path = if era == Handshake {
            "result.task.taskId"
        } else {
            "result.taskId"
        };
        let known = at(&answer, path);
        assert!(known.ends_with(".1.t.1\""), "{said:#?}");
        let said = talk.ask("2", "tasks/get", &format!("\"taskId\":{known}"));
        assert!(
            said[0].starts_with("1 < ") && said[0].contains(r#""taskId":"t.1""#),
            "{said:#?}"
        );
        let said = talk.answer(
            "tasks/get",
            1,
            r#""result":{"taskId":"t.1","status":"completed"}"#,
        );
        assert!(said[0].contains(&known), "{said:#?}");
        // Another server's task of that name was never given out.
        let forged = known.replace(".1.t.1", ".0.t.1");
        assert!(talk.ask("3", "tasks/get", &format!("\"taskId\":{forged}"))[0].contains("-32602"));
    }
}

#[test]
fn the_others_go_on_without_a_server() {
    let mut talk = Talk::open(Handshake, &[Handshake, Handshake]);
    talk.ask("1", "tools/call", r#""name":"a__x""#);
    talk.ask("2", "tools/call", r#""name":"b__x""#);
    talk.ask("3", "tools/list", "");
    let own = talk.owed("tools/list", 1);
    let said = talk.lose(0);
    assert!(
        said.iter().any(|said| said.contains(r#""id":1,"error""#)),
        "{said:#?}"
    );
    assert!(
        said.iter()
            .any(|said| said.contains("notifications/tools/list_changed")),
        "{said:#?}"
    );
    assert!(!said.iter().any(|said| said.contains(r#""id":3"#)), "{said:#?}");
    assert!(
        said.last().unwrap().starts_with("dropped a is left out"),
        "{said:#?}"
    );
    let said = talk.server(
        1,
        &format!(r#"{{"jsonrpc":"2.0","id":{own},"result":{{"tools":[{{"name":"x"}}]}}}}"#),
    );
    assert!(
        said.last().unwrap().contains(r#""tools":[{"name":"b__x"}]"#),
        "{said:#?}"
    );
    assert!(talk.answer("tools/call", 1, r#""result":{}"#)[0].contains(r#""id":2"#));
    assert_eq!(talk.lose(0), [""; 0]);
}
