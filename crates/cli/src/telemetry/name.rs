//! The name a command goes by in telemetry.

/// Commands whose second word is part of their name, with the second words that are. Anything else in second place is
/// the caller's own text and stays out of the logs.
const TWO_WORDS: &[(&str, &[&str])] = &[
    (
        "contract",
        &["validate", "ingest", "activate", "verify", "consume", "consumer"],
    ),
    ("delegate", &["mint", "verify"]),
    ("doctor", &["adoption"]),
    ("gate", &["eval"]),
    ("gateway", &["ingest"]),
    ("guard", &["pack", "verify", "retain", "encrypt", "decrypt"]),
    ("incident", &["pack"]),
    (
        "job",
        &[
            "submit",
            "status",
            "checkpoint",
            "pause",
            "cancel",
            "stop",
            "approve",
            "resume",
            "inspect",
        ],
    ),
    ("keys", &["init", "rotate", "verify"]),
    ("mcp", &["proxy", "bridge", "verify", "serve"]),
    ("pack", &["build", "verify", "inspect", "diff", "export"]),
    ("policy", &["init", "validate", "fmt", "simulate", "test"]),
    ("registry", &["install", "list", "verify"]),
    ("regress", &["init", "add", "run", "bootstrap"]),
    ("report", &["top"]),
    (
        "run",
        &[
            "record", "inspect", "replay", "diff", "reduce", "receipt", "session",
        ],
    ),
    ("scout", &["snapshot", "diff", "signal"]),
    ("voice", &["pack", "token"]),
];

/// The name of the command that the arguments behind the program name select.
pub(super) fn command_name(arguments: &[String]) -> String {
    let Some(first) = arguments.first().map(|word| word.trim()) else {
        return "version".to_owned();
    };
    let name = match first {
        "" => "unknown",
        "--help" | "-h" => "help",
        "--version" | "-v" => "version",
        "--explain" => "explain",
        word => word,
    };
    let second = arguments.get(1).map_or("", |word| word.trim());
    let joined = TWO_WORDS
        .iter()
        .any(|(word, seconds)| *word == name && seconds.contains(&second));
    if joined {
        format!("{name} {second}")
    } else {
        name.to_owned()
    }
}

/// The step of adoption that a successful command stands for.
pub(super) fn milestone(command: &str) -> Option<&'static str> {
    match command {
        "demo" => Some("A1"),
        "verify" => Some("A2"),
        "regress init" => Some("A3"),
        "regress run" => Some("A4"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_no_argument_text() {
        for (words, want) in [
            (&[][..], "version"),
            (&["--help"], "help"),
            (&["-h"], "help"),
            (&["help", "x"], "help"),
            (&["-v"], "version"),
            (&["--explain"], "explain"),
            (&[""], "unknown"),
            (&["  "], "unknown"),
            (&["nope"], "nope"),
            (&["keys", "--help"], "keys"),
            (&["keys", " init "], "keys init"),
            (&["run", "session", "status"], "run session"),
            (&["verify", "chain"], "verify"),
            (&["trace", "verify", "x"], "trace"),
            (&["doctor", "adoption"], "doctor adoption"),
            (&["test", "./deploy", "secret"], "test"),
            (&["approve-script", "secret-path"], "approve-script"),
        ] {
            let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(command_name(&words), want, "{words:?}");
        }
    }
}
