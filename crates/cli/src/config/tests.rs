use super::*;
use crate::arguments::parse;
use crate::spec::{CommandSpec, Flag};

fn policy_of(text: &str) -> Result<String, String> {
    let config = ProjectConfig::parse(text).map_err(|error| error.to_string())?;
    Ok(config.text("gate", "policy").to_owned())
}

#[test]
fn every_spelling_of_a_value() {
    for (text, want) in [
        ("", ""),
        ("# nothing\n", ""),
        ("---\n", ""),
        ("gate:\n", ""),
        ("gate: {policy: ~}\n", ""),
        ("gate:\n  policy: '  p.yaml '\n", "p.yaml"),
        ("{\"gate\":{\"policy\":\"p.yaml\"}}", "p.yaml"),
        ("gate: &a {policy: p.yaml}\nother: *a\n", "p.yaml"),
        ("gate: {policy: 12}\n", "12"),
        ("gate: {policy: true}\n", "true"),
        ("gate: {policy: p.yaml}\n---\ngate: {policy: q.yaml}\n", "p.yaml"),
    ] {
        assert_eq!(policy_of(text).as_deref(), Ok(want), "{text}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for text in [
        "- gate\n",
        "gate\n",
        "null\n",
        "gate: [policy]\n",
        "gate: {policy: [p.yaml]}\n",
        "gate:\n\tpolicy: p.yaml\n",
        "gate:\n  policy: p\n  policy: q\n",
        "mcp_serve: {enabled: yes}\n",
        "mcp_serve: {max_request_bytes: many}\n",
    ] {
        assert!(policy_of(text).is_err(), "{text}");
    }
}

#[test]
fn unknown_keys_are_kept_to_be_mentioned() {
    let config = ProjectConfig::parse("gate: {polcy: p}\nother: {a: [1]}\n").unwrap();
    assert_eq!(config.unknown_keys(), ["gate.polcy", "other"]);
}

#[test]
fn some_values_have_no_letter_case() {
    let config = ProjectConfig::parse("mcp_serve: {auth_mode: Token, enabled: true}\n").unwrap();
    assert_eq!(config.text("mcp_serve", "auth_mode"), "token");
    assert_eq!(config.text("mcp_serve", "enabled"), "true");
}

#[test]
fn a_flag_beats_the_file_and_the_file_beats_the_default() {
    static SPEC: CommandSpec = CommandSpec::new("x", "x").flags(&[
        Flag::text("profile", "p"),
        Flag::text("key-mode", "k"),
        Flag::text("policy", "p"),
    ]);
    let arguments = ["--profile=oss-prod", "--policy= "].map(str::to_owned);
    let parsed = parse(&SPEC, &arguments).unwrap();
    let config = ProjectConfig::parse("gate: {profile: standard, policy: p.yaml}").unwrap();
    let settings = GateSettings {
        parsed: &parsed,
        config: &config,
    };
    assert_eq!(settings.text("profile"), "oss-prod");
    assert_eq!(settings.text("policy"), "p.yaml");
    assert_eq!(settings.text("key_mode"), "dev");
}

#[test]
fn the_file_stands_in_for_flags_that_were_not_given() {
    static SPEC: CommandSpec = CommandSpec::new("x", "x").flags(&[
        Flag::text("listen", "l").or("default"),
        Flag::text("auth-mode", "a").or("off"),
        Flag::variable("auth-token-env", "v"),
        Flag::integer("max-request-bytes", "m").or("1"),
        Flag::text("http-verdict-status", "h").or("compat"),
        Flag::switch("allow-client-artifact-paths", "c"),
    ]);
    let arguments = [
        "--auth-mode=off",
        "--auth-token-env= ",
        "--allow-client-artifact-paths=false",
    ];
    let mut parsed = parse(&SPEC, &arguments.map(str::to_owned)).unwrap();
    let config = ProjectConfig::parse(
        "mcp_serve: {enabled: true, listen: file, auth_mode: token, auth_token_env: T, max_request_bytes: 7, \
         allow_client_artifact_paths: true}\ngate: {profile: oss-prod}",
    )
    .unwrap();
    config.complete("mcp_serve", &mut parsed).unwrap();
    assert_eq!(parsed.text("listen"), "file");
    assert_eq!(parsed.text("auth-mode"), "off");
    assert_eq!(parsed.text("auth-token-env"), "T");
    assert_eq!(parsed.int("max-request-bytes"), 7);
    assert_eq!(parsed.text("http-verdict-status"), "compat");
    assert!(!parsed.flag("allow-client-artifact-paths"));
    assert!(!parsed.given("listen"));
}

#[test]
fn a_flag_for_a_key_file_sets_the_variable_of_the_file_aside() {
    static SPEC: CommandSpec = CommandSpec::new("x", "x").flags(&[
        Flag::path("private-key", "k"),
        Flag::variable("private-key-env", "v"),
    ]);
    let config = ProjectConfig::parse("gate: {private_key_env: KEY}").unwrap();
    let of = |arguments: &[String]| {
        let parsed = parse(&SPEC, arguments).unwrap();
        let settings = GateSettings {
            parsed: &parsed,
            config: &config,
        };
        (
            settings.text("private_key").to_owned(),
            settings.text("private_key_env").to_owned(),
        )
    };
    assert_eq!(of(&[]), (String::new(), "KEY".to_owned()));
    assert_eq!(
        of(&["--private-key=k".to_owned()]),
        ("k".to_owned(), String::new())
    );
}
