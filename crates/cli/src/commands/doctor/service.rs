//! Whether a decision service that others can reach is one they cannot misuse.

use std::net::IpAddr;

use super::check::Outcome;
use super::site::Site;
use crate::config::ProjectConfig;

/// The file of project defaults as a word of a command.
pub(super) const CONFIG: &str = "'.gait/config.yaml'";

const SECTION: &str = "mcp_serve";
const DEFAULT_LISTEN: &str = "127.0.0.1:8787";
/// The largest request that a hardened service reads, in bytes.
const MAX_REQUEST_BYTES: i64 = 4 << 20;

/// A rule of [`boundary`]: whether it holds, what to say when not, and the setting that makes it hold.
type Rule = (bool, &'static str, &'static str);

pub(super) fn boundary(_: &Site<'_>, config: &ProjectConfig) -> Outcome {
    let text = |key: &str| config.text(SECTION, key);
    if !is_configured(config) {
        return Outcome::pass("no decision service is configured");
    }
    let listen = match text("listen") {
        "" => DEFAULT_LISTEN,
        listen => listen,
    };
    let Some(host) = host_of(listen) else {
        return Outcome::fail(format!("mcp_serve.listen is not host:port: {listen:?}"));
    };
    let token = text("auth_mode") == "token";
    let rules: [Rule; 5] = [
        (
            token || is_loopback(host),
            "a service that other machines can reach takes callers without a token",
            "mcp_serve.auth_mode=token",
        ),
        (
            !token || !text("auth_token_env").is_empty(),
            "mcp_serve.auth_mode is token, and no variable holds one",
            "mcp_serve.auth_token_env",
        ),
        (
            text("allow_client_artifact_paths") != "true",
            "callers may name the files that the service writes",
            "mcp_serve.allow_client_artifact_paths=false",
        ),
        (
            text("max_request_bytes")
                .parse()
                .is_ok_and(|bytes| (1..=MAX_REQUEST_BYTES).contains(&bytes)),
            "mcp_serve.max_request_bytes is not between 1 and 4194304",
            "mcp_serve.max_request_bytes=1048576",
        ),
        (
            text("http_verdict_status") == "strict",
            "a refusal does not show in the HTTP status",
            "mcp_serve.http_verdict_status=strict",
        ),
    ];
    match rules.into_iter().find(|(holds, ..)| !holds) {
        Some((_, broken, setting)) => Outcome::fail(broken).fix(format!("set {setting} in {CONFIG}")),
        None => Outcome::pass("the decision service is hardened"),
    }
}

/// Whether the variable that should hold the token holds anything.
pub(super) fn token(site: &Site<'_>, config: &ProjectConfig) -> Outcome {
    let variable = config.text(SECTION, "auth_token_env");
    if !is_configured(config) || config.text(SECTION, "auth_mode") != "token" {
        return Outcome::pass("no token is configured");
    }
    if variable.is_empty() {
        return Outcome::fail("no variable is named for the token")
            .fix(format!("set mcp_serve.auth_token_env in {CONFIG}"));
    }
    if site.variable(variable).is_some() {
        return Outcome::pass(format!("{variable} holds a token"));
    }
    let outcome = Outcome::fail(format!("{variable} holds no token"));
    let is_name = !variable.starts_with(|c: char| c.is_ascii_digit())
        && variable.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_name {
        outcome.fix(format!(
            "export {variable}=\"$(head -c 32 /dev/urandom | base64)\""
        ))
    } else {
        outcome.fix(format!("set mcp_serve.auth_token_env in {CONFIG}"))
    }
}

fn is_configured(config: &ProjectConfig) -> bool {
    config.text(SECTION, "enabled") == "true" || !config.text(SECTION, "listen").is_empty()
}

/// The host of `host:port`; an IPv6 address stands in brackets.
fn host_of(listen: &str) -> Option<&str> {
    if let Some(rest) = listen.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return rest
            .strip_prefix(':')
            .filter(|port| !port.contains([':', '[', ']']))
            .map(|_| host);
    }
    let (host, _) = listen.split_once(':')?;
    (listen.matches(':').count() == 1 && !listen.contains(['[', ']'])).then_some(host)
}

/// Whether only this machine reaches the host. Any other name may lead anywhere.
fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::check::Status;
    use crate::commands::doctor::site::tests::site;

    const GOOD: &str = "mcp_serve: {enabled: true, listen: '127.0.0.1:8787', auth_mode: token, auth_token_env: T, \
                        max_request_bytes: 1048576, http_verdict_status: strict}";

    #[test]
    fn hosts_are_told_from_ports() {
        for (listen, want) in [
            ("127.0.0.1:8787", Some("127.0.0.1")),
            ("[::1]:80", Some("::1")),
            (":80", Some("")),
            ("host:", Some("host")),
            ("host", None),
            ("::1", None),
            ("a:b:c", None),
            ("[::1]", None),
            ("[::1]80", None),
            ("[::1", None),
            ("", None),
        ] {
            assert_eq!(host_of(listen), want, "{listen}");
        }
        for (host, want) in [
            ("localhost", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("0.0.0.0", false),
            ("", false),
            ("localhost.example", false),
        ] {
            assert_eq!(is_loopback(host), want, "{host}");
        }
    }

    #[test]
    fn the_first_broken_rule_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let site = site(directory.path());
        let fix = |from: &str, to: &str| {
            let config = ProjectConfig::parse(&GOOD.replace(from, to)).unwrap();
            boundary(&site, &config).fix_command
        };
        assert_eq!(fix("", ""), "");
        for (from, to, want) in [
            (
                "127.0.0.1:8787', auth_mode: token",
                "0.0.0.0:1'",
                "auth_mode=token",
            ),
            ("auth_token_env: T", "auth_token_env: ''", "auth_token_env"),
            (
                "true,",
                "true, allow_client_artifact_paths: true,",
                "allow_client_artifact_paths=false",
            ),
            ("1048576", "4194305", "max_request_bytes=1048576"),
            ("1048576", "0", "max_request_bytes=1048576"),
            ("strict", "compat", "http_verdict_status=strict"),
        ] {
            assert_eq!(
                fix(from, to),
                format!("set mcp_serve.{want} in '.gait/config.yaml'")
            );
        }
        let unreachable = ProjectConfig::parse("mcp_serve: {listen: here}").unwrap();
        let outcome = boundary(&site, &unreachable);
        assert_eq!((outcome.status, outcome.fix_command.as_str()), (Status::Fail, ""));
        assert_eq!(boundary(&site, &ProjectConfig::default()).status, Status::Pass);
    }

    #[test]
    fn the_token_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let mut site = site(directory.path());
        let config = ProjectConfig::parse(GOOD).unwrap();
        assert!(token(&site, &config).fix_command.starts_with("export T=\"$("));
        site.environment = &|name| (name == "T").then(|| "secret".to_owned());
        assert_eq!(token(&site, &config).status, Status::Pass);
        let strange =
            ProjectConfig::parse(&GOOD.replace("auth_token_env: T", "auth_token_env: $(x)")).unwrap();
        assert!(token(&site, &strange).fix_command.starts_with("set "));
    }
}
