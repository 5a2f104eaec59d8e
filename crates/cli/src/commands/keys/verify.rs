//! `gait keys verify`: whether keys can be used, and which key they are.

use gait_canon::keys::{self, KeySource};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new(
    "keys verify",
    "Check that key files can be used and belong together",
)
.explain(
    "Reads a private key, and a public one if given, says which key it is and whether the two are a pair.",
)
.flags(&[
    Flag::path("private-key", "file of the private key"),
    Flag::variable(
        "private-key-env",
        "environment variable that holds the private key",
    ),
    Flag::path("public-key", "file of the public key"),
    Flag::variable("public-key-env", "environment variable that holds the public key"),
]);

#[derive(Serialize)]
struct Output {
    ok: bool,
    key_id: String,
    public_key_source: String,
    private_key_source: String,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let private = parsed.key_source("private-key", "private-key-env");
    let public = parsed.key_source("public-key", "public-key-env");
    let blank = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
    if blank(&private.path) && blank(&private.env) {
        return Err(Failure::invalid_input(
            "private key source is required (--private-key or --private-key-env)",
        ));
    }
    let resolved = keys::signing_key("prod", &private, &public, context.environment())?;
    let key_id = resolved.key.public().key_id();
    let output = Output {
        ok: true,
        key_id: key_id.to_string(),
        public_key_source: describe(&public),
        private_key_source: describe(&private),
    };
    Ok(Report::new(&output).line(format!("keys verify ok: key_id={key_id}")))
}

fn describe(source: &KeySource) -> String {
    match (&source.path, &source.env) {
        (Some(path), _) => format!("path:{path}"),
        (None, Some(name)) => format!("env:{name}"),
        (None, None) => "derived".to_owned(),
    }
}
