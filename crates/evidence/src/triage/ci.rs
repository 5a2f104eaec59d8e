//! What keeps an incident from happening again, ready to be pasted.

use gait_artifact::triage::Automation;

/// Where the workflow goes.
pub const WORKFLOW_PATH: &str = ".github/workflows/gait-regress.yml";

/// What makes the fixture `name`, whose runpack was written to `runpack`, a regression test of a repository.
#[must_use]
pub fn automation(name: &str, runpack: &str) -> Automation {
    Automation {
        commands: vec![
            format!("gait regress add --from {} --name {name}", shell_word(runpack)),
            "gait regress run --json --junit gait-out/junit.xml".to_owned(),
            format!("git add gait.yaml fixtures/{name}"),
        ],
        workflow_path: WORKFLOW_PATH,
        workflow: workflow(name),
        policy_checks: Vec::new(),
    }
}

/// Names of fixtures are small letters, digits, dots, dashes and underscores, so they are plain text of YAML.
fn workflow(name: &str) -> String {
    format!(
        "name: gait-regress
on:
  pull_request:
  push:
    branches: [main]
permissions:
  contents: read
jobs:
  regress:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      # The directory integrations/ci of Gait, copied to ci/gait as its README says.
      - uses: ./ci/gait
        with:
          fixture_runpack_path: fixtures/{name}/runpack.zip
"
    )
}

/// `path` as one word of a shell command.
#[must_use]
pub fn shell_word(path: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+=:@,%".contains(letter);
    if !path.is_empty() && !path.starts_with('-') && path.chars().all(is_plain) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}
