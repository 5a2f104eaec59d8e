//! Looking at every known place for servers that the gateway does not see.

use std::path::{Path, PathBuf};

use crate::client::Client;
use crate::configuration::Configuration;
use crate::location::{Places, of_project};
use crate::server::Server;
use crate::settings_file::SettingsFile;

/// A configuration that is there.
#[derive(Debug)]
pub struct Found {
    /// Whose it is.
    pub client: Client,
    /// Where it is.
    pub path: PathBuf,
    /// Its servers, or why they can't be told.
    pub servers: Result<Vec<Server>, String>,
}

/// Every configuration in the directory `project`, and of the user when `places` say where those are.
#[must_use]
pub fn survey(places: Option<&Places>, project: &Path) -> Vec<Found> {
    Client::ALL
        .into_iter()
        .flat_map(|client| {
            paths(client, places, project)
                .into_iter()
                .map(move |path| (client, path))
        })
        .filter_map(|(client, path)| look(client, path))
        .collect()
}

/// Where `client` looks for servers: in the directory `project`, and for its user when `places` say where that is.
#[must_use]
pub fn paths(client: Client, places: Option<&Places>, project: &Path) -> Vec<PathBuf> {
    let in_project = of_project(client).map(|relative| project.join(relative));
    let of_user = places.and_then(|places| places.of_user(client));
    let mut paths: Vec<PathBuf> = in_project.into_iter().chain(of_user).collect();
    paths.dedup();
    paths
}

/// The configuration at `path`, if one is there.
fn look(client: Client, path: PathBuf) -> Option<Found> {
    let file = match SettingsFile::open(&path) {
        Ok(file) => file,
        Err(error) => {
            return Some(Found {
                client,
                path,
                servers: Err(error.to_string()),
            });
        }
    };
    let servers = Configuration::read(client, file.text()?)
        .map(|configuration| configuration.servers().to_vec())
        .map_err(|error| error.to_string());
    Some(Found {
        client,
        path,
        servers,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::server::Route;

    #[test]
    fn what_is_there_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        assert!(survey(None, root).is_empty());
        fs::create_dir(root.join(".vscode")).unwrap();
        fs::write(root.join(".vscode/mcp.json"), "{/* none */}").unwrap();
        fs::write(
            root.join(".mcp.json"),
            r#"{"mcpServers": {"a": {"command": "x"}}}"#,
        )
        .unwrap();
        fs::create_dir(root.join(".cursor")).unwrap();
        fs::write(root.join(".cursor/mcp.json"), "{").unwrap();
        let found = survey(None, root);
        let clients: Vec<_> = found.iter().map(|found| found.client).collect();
        assert_eq!(clients, [Client::ClaudeCode, Client::Cursor, Client::VsCode]);
        assert_eq!(found[0].servers.as_ref().unwrap()[0].route, Route::Direct);
        assert!(found[1].servers.is_err() && found[2].servers.as_ref().unwrap().is_empty());
    }
}
