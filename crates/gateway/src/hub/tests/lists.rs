use super::*;

fn page(tools: &str, rest: &str) -> String {
    format!(r#""result":{{"tools":[{tools}]{rest}}}"#)
}

#[test]
fn a_page_has_what_every_server_has_on_it() {
    for era in [Handshake, Stateless] {
        let mut talk = Talk::open(era, &[Stateless, Handshake, Stateless]);
        let said = talk.ask("1", "tools/list", "");
        assert_eq!(said.len(), 3, "{said:#?}");
        let rest = r#","ttlMs":9,"cacheScope":"public""#;
        // In whatever order they answer, theirs is the order of the servers.
        assert_eq!(
            talk.answer("tools/list", 2, &page(r#"{"name":"x"}"#, rest)),
            [""; 0]
        );
        assert_eq!(
            talk.answer(
                "tools/list",
                0,
                &page(r#"{ "x":1.0,"name":"x" },{"name":"y"}"#, r#","ttlMs":5"#)
            ),
            [""; 0]
        );
        let said = talk.answer("tools/list", 1, &page(r#"{"name":"x"}"#, ""));
        let tools = r#""tools":[{ "x":1.0,"name":"a__x" },{"name":"a__y"},{"name":"b__x"},{"name":"c__x"}]"#;
        let (head, tail) = match era {
            Stateless => (
                r#""resultType":"complete","#,
                r#","ttlMs":0,"cacheScope":"private""#,
            ),
            Handshake => ("", ""),
        };
        assert_eq!(
            said,
            [format!(
                r#"client < {{"jsonrpc":"2.0","id":1,"result":{{{head}{tools}{tail}}}}}"#
            )]
        );
    }
}

#[test]
fn a_cursor_leads_to_the_servers_that_have_more() {
    let mut talk = Talk::open(Handshake, &[Handshake, Handshake, Handshake]);
    talk.ask("1", "tools/list", "");
    talk.answer("tools/list", 0, &page("", r#","nextCursor":"p\"2""#));
    talk.answer("tools/list", 1, &page("", ""));
    let said = talk.answer("tools/list", 2, &page("", r#","nextCursor":"""#));
    let cursor = at(&only(&said, "client"), "result.nextCursor");
    let said = talk.ask("2", "tools/list", &format!("\"cursor\":{cursor}"));
    assert!(
        said[0].starts_with("0 < ") && said[0].contains(r#""cursor":"p\"2""#),
        "{said:#?}"
    );
    assert!(
        said[1].starts_with("2 < ") && said[1].contains(r#""cursor":"""#),
        "{said:#?}"
    );
    assert_eq!(said.len(), 2);
    talk.answer("tools/list", 0, &page("", ""));
    let said = talk.answer("tools/list", 2, &page(r#"{"name":"z"}"#, ""));
    assert!(
        said[0].ends_with(r#""result":{"tools":[{"name":"c__z"}]}}"#),
        "{said:#?}"
    );
    // A server that is gone has no more.
    talk.lose(0);
    talk.lose(2);
    let said = talk.ask("3", "tools/list", &format!("\"cursor\":{cursor}"));
    assert!(said[0].contains("-32603"), "{said:#?}");
}

#[test]
fn cursors_are_those_that_were_given_out() {
    let mut talk = Talk::open(Handshake, &[Handshake, Handshake]);
    talk.ask("1", "tools/list", "");
    talk.answer("tools/list", 0, &page("", r#","nextCursor":"c""#));
    let said = talk.answer("tools/list", 1, &page("", ""));
    let cursor = at(&only(&said, "client"), "result.nextCursor");
    for (method, cursor) in [
        ("tools/list", "\"c\"".to_owned()),
        ("tools/list", "7".to_owned()),
        ("tools/list", cursor.replace("[[0,", "[[1,")),
        ("prompts/list", cursor.clone()),
    ] {
        let said = talk.ask("2", method, &format!("\"cursor\":{cursor}"));
        assert_eq!(
            at(&only(&said, "client"), "error.code"),
            "-32602",
            "{method} {cursor}"
        );
    }
    assert!(talk.ask("2", "tools/list", "\"cursor\":null")[0].starts_with("0 < "));
}

#[test]
fn a_server_that_cannot_list_is_left_out_of_the_list() {
    let mut talk = Talk::open(Stateless, &[Stateless, Stateless]);
    let refusal = r#""error":{"code":-32603,"message":"no"}"#;
    talk.ask("1", "tools/list", "");
    talk.answer("tools/list", 0, refusal);
    let said = talk.answer(
        "tools/list",
        1,
        &page(r#"{"name":"x"}"#, r#","ttlMs":9,"cacheScope":"public""#),
    );
    assert!(
        said[0].starts_with("dropped a did not answer tools/list"),
        "{said:#?}"
    );
    let answer = only(&said[1..], "client");
    assert_eq!(at(&answer, "result.tools"), r#"[{"name":"b__x"}]"#);
    assert_eq!(
        (at(&answer, "result.ttlMs"), at(&answer, "result.cacheScope")),
        ("0".to_owned(), "\"private\"".to_owned())
    );
    talk.ask("2", "tools/list", "");
    talk.answer("tools/list", 0, refusal);
    let said = talk.answer("tools/list", 1, r#""result":{"tools":7}"#);
    assert_eq!(at(&only(&said[2..], "client"), "error.code"), "-32603");
    // Nobody is asked for what nobody has.
    let mut talk = Talk::open_with(Handshake, &[(Handshake, r#"{"tools":{}}"#), (Handshake, "{}")]);
    assert!(talk.ask("1", "prompts/list", "")[0].contains("-32601"));
    assert_eq!(talk.ask("2", "tools/list", "").len(), 1);
    // The two eras have no common tasks.
    let mut talk = Talk::open(Stateless, &[Handshake, Handshake]);
    assert!(talk.ask("1", "tasks/list", "")[0].contains("-32601"));
}

#[test]
fn a_list_does_not_wait_for_ever() {
    let mut talk = Talk::open(Handshake, &[Handshake, Handshake]);
    talk.ask("1", "tools/list", "");
    let wakes = talk
        .steps
        .iter()
        .filter(|step| matches!(step, HubStep::WakeAfter(..)));
    assert_eq!(wakes.count(), 2);
    let late = talk.reply("tools/list", 0, &page("", ""));
    talk.answer("tools/list", 1, &page(r#"{"name":"x"}"#, ""));
    // Who answered has nothing to fear.
    assert_eq!(talk.wake(1), [""; 0]);
    let said = talk.wake(0);
    assert!(
        said[0].starts_with("0 < ") && said[0].contains("notifications/cancelled"),
        "{said:#?}"
    );
    assert!(
        said[1].starts_with("dropped a did not answer tools/list"),
        "{said:#?}"
    );
    assert!(said[2].contains(r#""tools":[{"name":"b__x"}]"#), "{said:#?}");
    assert!(talk.server(0, &late)[0].starts_with("dropped"));
}

#[test]
fn names_that_would_be_too_long_are_left_out_and_told() {
    let mut talk = Talk::open(Handshake, &[Handshake, Handshake]);
    talk.ask("1", "tools/list", "");
    talk.answer("tools/list", 0, &page("", ""));
    let long = "x".repeat(126);
    let said = talk.answer(
        "tools/list",
        1,
        &page(&format!(r#"{{"name":"{long}"}},{{}},{{"name":"x"}}"#), ""),
    );
    assert!(
        said[0].contains(&long) && said[0].starts_with("dropped"),
        "{said:#?}"
    );
    assert!(said[1].starts_with("dropped an item of b"), "{said:#?}");
    assert!(said[2].contains(r#""tools":[{"name":"b__x"}]"#), "{said:#?}");
}

#[test]
fn resources_keep_their_uris_and_are_read_where_they_were_listed() {
    for (client, server, missing) in [(Handshake, Stateless, "-32002"), (Stateless, Handshake, "-32602")] {
        let mut talk = Talk::open(client, &[server, server]);
        let read =
            |talk: &mut Talk, uri: &str| talk.ask("\"r\"", "resources/read", &format!("\"uri\":\"{uri}\""));
        assert_eq!(
            at(&only(&read(&mut talk, "x://h/1"), "client"), "error.code"),
            missing
        );
        talk.ask("1", "resources/list", "");
        talk.answer(
            "resources/list",
            1,
            r#""result":{"resources":[{"uri":"x://h/1"},{"uri":"y://h/1"}]}"#,
        );
        let said = talk.answer(
            "resources/list",
            0,
            r#""result":{"resources":[{"uri":"x://h/1","a":1.0}]}"#,
        );
        assert_eq!(
            said[0],
            "dropped x://h/1 of b is left out: another server has it too"
        );
        assert!(
            said[1].contains(r#""resources":[{"uri":"x://h/1","a":1.0},{"uri":"y://h/1"}]"#),
            "{said:#?}"
        );
        for (uri, place) in [("x://h/1", 0), ("y://h/1", 1), ("y://h/2", 1)] {
            assert!(
                read(&mut talk, uri)[0].starts_with(&format!("{place} < ")),
                "{uri}"
            );
            let said = talk.answer("resources/read", place, r#""result":{"contents":[]}"#);
            assert!(said[0].contains(r#""id":"r""#));
        }
        talk.ask("2", "resources/templates/list", "");
        talk.answer(
            "resources/templates/list",
            0,
            r#""result":{"resourceTemplates":[{"uriTemplate":"z:{a}"}]}"#,
        );
        talk.answer(
            "resources/templates/list",
            1,
            r#""result":{"resourceTemplates":[{"uriTemplate":"w:{a}"}]}"#,
        );
        assert!(read(&mut talk, "w:1")[0].starts_with("1 < "));
        let said = talk.ask(
            "3",
            "completion/complete",
            r#""ref":{"type":"ref/resource","uri":"z:{a}"}"#,
        );
        assert!(said[0].starts_with("0 < "), "{said:#?}");
        // What a server links to is asked of it.
        talk.ask("4", "tools/call", r#""name":"b__x""#);
        talk.answer(
            "tools/call",
            1,
            r#""result":{"content":[{"type":"resource_link","uri":"new:1","name":"n"}]}"#,
        );
        assert!(talk.ask("5", "resources/read", r#""uri":"new:1""#)[0].starts_with("1 < "));
    }
}
