//! Whether MCP clients reach their servers through the gateway.

use std::path::Path;

use gait_client::location::{Places, System};
use gait_client::survey::{Found, survey};
use gait_client::{Route, Server};

use super::check::{Outcome, quoted};
use super::site::{Site, below};
use crate::commands::init::POLICY_PATH;
use crate::config::ProjectConfig;

/// What the servers in the configurations of the directory and of the user do; none when there are no servers.
pub(super) fn servers(site: &Site<'_>) -> Option<Outcome> {
    let places = Places::new(System::current(), site.environment);
    let configurations: Vec<Configuration> = survey(Some(&places), Path::new(&site.workdir))
        .into_iter()
        .map(Configuration::of)
        .filter(Configuration::matters)
        .collect();
    if configurations.is_empty() {
        return None;
    }
    let troubles: Vec<String> = configurations.iter().filter_map(Configuration::trouble).collect();
    if troubles.is_empty() {
        return Some(Outcome::pass(
            "every MCP server that clients are configured for goes through the gateway",
        ));
    }
    let outcome = Outcome::warn(format!(
        "MCP servers do not go through the gateway: {}",
        troubles.join("; ")
    ));
    let mendable: Vec<&Configuration> = configurations.iter().filter(|found| found.is_mendable).collect();
    Some(if mendable.is_empty() {
        outcome
    } else {
        outcome.fix(fix(site, &mendable))
    })
}

/// A configuration and the servers in it by the way they are reached.
struct Configuration {
    client: &'static str,
    path: String,
    direct: Vec<String>,
    remote: Vec<String>,
    gated: usize,
    /// Whether the gateway could come in front of one of them.
    is_mendable: bool,
    unreadable: Option<String>,
}

impl Configuration {
    fn of(found: Found) -> Self {
        let mut this = Self {
            client: found.client.as_str(),
            path: found.path.to_string_lossy().into_owned(),
            direct: Vec::new(),
            remote: Vec::new(),
            gated: 0,
            is_mendable: false,
            unreadable: None,
        };
        match found.servers {
            Ok(servers) => servers.into_iter().for_each(|server| this.add(server)),
            Err(error) => this.unreadable = Some(error),
        }
        this
    }

    fn add(&mut self, server: Server) {
        self.is_mendable |= server.route != Route::Gateway && server.is_coverable();
        match server.route {
            Route::Direct => self.direct.push(server.name),
            Route::Remote(_) => self.remote.push(server.name),
            Route::Gateway => self.gated += 1,
        }
    }

    fn matters(&self) -> bool {
        self.gated > 0 || self.trouble().is_some()
    }

    fn trouble(&self) -> Option<String> {
        let mut troubles = Vec::new();
        if !self.direct.is_empty() {
            troubles.push(format!("starts {}", self.direct.join(", ")));
        }
        if !self.remote.is_empty() {
            troubles.push(format!("connects to {} itself", self.remote.join(", ")));
        }
        troubles.extend(
            self.unreadable
                .as_ref()
                .map(|error| format!("cannot be understood: {error}")),
        );
        (!troubles.is_empty()).then(|| format!("{} ({}) {}", self.client, self.path, troubles.join(" and ")))
    }
}

/// The command that brings the gateway between, with the policy that the directory has; one is made where there is none.
fn fix(site: &Site<'_>, configurations: &[&Configuration]) -> String {
    let configured = ProjectConfig::load(&site.config_path()).ok();
    let configured = configured
        .as_ref()
        .map_or("", |config| config.text("gate", "policy"));
    let policy = if configured.is_empty() {
        below(&site.workdir, POLICY_PATH)
    } else {
        configured.to_owned()
    };
    let policy_word = quoted(&policy);
    let make = (!Path::new(&policy).exists()).then(|| format!("gait init --out {policy_word}"));
    let install = configurations.iter().map(|Configuration { client, path, .. }| {
        format!(
            "gait mcp install --client {client} --config {} --policy {policy_word}",
            quoted(path)
        )
    });
    make.into_iter().chain(install).collect::<Vec<_>>().join(" && ")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::commands::doctor::check::Status;
    use crate::commands::doctor::site::tests::site;

    #[test]
    fn servers_beside_the_gateway_are_told_with_a_remedy() {
        let directory = tempfile::tempdir().unwrap();
        let (site, path) = (site(directory.path()), directory.path().join(".mcp.json"));
        assert_eq!(servers(&site), None);
        fs::write(&path, r#"{"mcpServers": {}}"#).unwrap();
        assert_eq!(servers(&site), None);

        fs::write(
            &path,
            r#"{"mcpServers": {"files": {"command": "npx"}, "far": {"url": "https://far"}}}"#,
        )
        .unwrap();
        let found = servers(&site).unwrap();
        assert_eq!(found.status, Status::Warn);
        assert!(
            found.message.ends_with("starts files and connects to far itself"),
            "{}",
            found.message
        );
        let policy = format!("'{}/.gait.yaml'", site.workdir);
        assert_eq!(
            found.fix_command,
            format!(
                "gait init --out {policy} && gait mcp install --client claude-code --config '{}' --policy {policy}",
                path.display()
            )
        );
        fs::write(directory.path().join(".gait.yaml"), "").unwrap();
        assert!(
            servers(&site)
                .unwrap()
                .fix_command
                .starts_with("gait mcp install")
        );

        fs::write(&path, r#"{"mcpServers": {"far": {"url": "https://far"}}}"#).unwrap();
        let remote = servers(&site).unwrap();
        assert!(remote.status == Status::Warn && !remote.fix_command.is_empty());
        let shown = r#"{"mcpServers": {"far": {"url": "https://far", "headers": {"Authorization": "x"}}}}"#;
        fs::write(&path, shown).unwrap();
        assert!(servers(&site).unwrap().fix_command.is_empty());
        fs::write(&path, "{").unwrap();
        assert!(servers(&site).unwrap().message.contains("cannot be understood"));
        let gated = r#"{"mcpServers": {"a": {"command": "gait", "args": ["mcp", "gateway", "--", "x"]}}}"#;
        fs::write(&path, gated).unwrap();
        assert_eq!(servers(&site).unwrap().status, Status::Pass);
    }
}
