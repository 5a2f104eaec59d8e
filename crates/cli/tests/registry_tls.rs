//! `gait registry install` from servers that speak TLS, on this machine.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

#[allow(dead_code, reason = "each test program uses its part")]
#[path = "../../registry/tests/network/sample.rs"]
mod sample;
#[allow(dead_code, reason = "each test program uses its part")]
#[path = "../../registry/tests/network/server.rs"]
mod server;

use std::fs;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use sample::{key, manifest};
use server::{Behaviour, Server};

/// Somebody who trusts one certificate and one publisher.
struct Client(TempDir);

impl Client {
    fn trusting(server: &Server) -> Self {
        let root = tempfile::tempdir().unwrap();
        let der = server.certificate.as_ref().unwrap();
        let pem = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            STANDARD.encode(der)
        );
        fs::write(root.path().join("roots.pem"), pem).unwrap();
        fs::write(root.path().join("key"), key().public().to_base64()).unwrap();
        Self(root)
    }

    fn gait(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_gait"))
            .env_clear()
            .env("SSL_CERT_FILE", "roots.pem")
            .current_dir(self.0.path())
            .args(["registry"])
            .args(arguments)
            .args(["--cache-dir", "cache"])
            .output()
            .unwrap()
    }

    fn install(&self, url: &str, more: &[&str]) -> Output {
        let arguments = ["install", url, "--public-key", "key", "--allow-host", "localhost"];
        self.gait(&[&arguments, more].concat())
    }

    /// What the cache holds.
    fn cached(&self) -> String {
        text(&self.gait(&["list"]).stdout)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn document() -> Behaviour {
    Behaviour::document(&manifest("baseline", "1.0.0", &key()))
}

#[track_caller]
fn assert_refused(client: &Client, output: &Output, reason: &str) {
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(reason), "{said}");
    assert_eq!(client.cached(), "registry list ok: 0 packs\n");
}

#[test]
fn a_manifest_comes_over_tls() {
    let server = Server::tls("localhost", "localhost", [Behaviour::status(503), document()]);
    let client = Client::trusting(&server);
    let output = client.install(&server.url("/p.json"), &["--retry-base-delay", "1ms"]);
    let said = text(&output.stdout);
    assert!(
        said.starts_with("registry install ok: baseline@1.0.0\n"),
        "{said}"
    );
    assert_eq!(server.requests(), ["GET /p.json"; 2]);
    let cached = client.cached();
    assert!(cached.contains("\n- baseline@1.0.0 sha256:"), "{cached}");
}

#[test]
fn servers_that_cannot_show_who_they_are_are_not_asked() {
    let stranger = Server::tls("localhost", "localhost", [document()]);
    let known = Server::tls("localhost", "localhost", [document()]);
    let client = Client::trusting(&known);
    assert_refused(
        &client,
        &client.install(&stranger.url("/p.json"), &[]),
        "certificate",
    );
    let other_name = Server::tls("localhost", "elsewhere.example", [document()]);
    let client = Client::trusting(&other_name);
    assert_refused(
        &client,
        &client.install(&other_name.url("/p.json"), &[]),
        "certificate",
    );
    for server in [stranger, other_name] {
        assert_eq!(server.requests(), Vec::<String>::new());
    }
}

#[test]
fn a_redirect_leads_neither_to_other_hosts_nor_out_of_tls() {
    let plain = Server::plain([document()]);
    let elsewhere = plain.url("/p.json").replace("127.0.0.1", "localhost");
    for location in [elsewhere.as_str(), "https://packs.example/p.json"] {
        let server = Server::tls("localhost", "localhost", [Behaviour::redirect(302, location)]);
        let client = Client::trusting(&server);
        let output = client.install(&server.url("/p.json"), &["--allow-insecure-http"]);
        assert_refused(&client, &output, "redirect");
    }
    assert_eq!(plain.requests(), Vec::<String>::new());
}

#[test]
fn what_a_server_sends_must_be_signed() {
    let forged = manifest("baseline", "1.0.0", &gait_canon::PrivateKey::from_seed(&[7; 32]));
    let server = Server::tls("localhost", "localhost", [Behaviour::document(&forged)]);
    let client = Client::trusting(&server);
    let output = client.install(&server.url("/p.json"), &[]);
    assert_refused(&client, &output, "no valid signature");
}
