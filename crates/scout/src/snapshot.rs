//! Snapshots: everything that agents may call from the sources below some directories.

mod coverage;
mod files;
mod record;
mod scan;
mod scope;

use std::{
    collections::BTreeSet,
    io,
    num::NonZero,
    path::{Path, PathBuf},
};

use gait_disk::ReadError;

pub use self::{coverage::Coverage, scope::Scope};
use crate::{
    item::{Item, ItemKind},
    mcp_config::ConfigError,
    walk::WalkError,
};

/// What a repository hands to its agents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surface {
    /// Tools and servers, sorted by id.
    pub items: Vec<Item>,
}

impl Surface {
    /// The frameworks that call tools, e.g. `langchain`; sorted.
    #[must_use]
    pub fn frameworks(&self) -> Vec<String> {
        let tags = self.tools().flat_map(|item| &item.tags);
        let names: BTreeSet<_> = tags.filter_map(|tag| tag.strip_prefix("framework:")).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// The names of the tools, sorted. Servers are no tools.
    #[must_use]
    pub fn tool_names(&self) -> Vec<String> {
        let names: BTreeSet<_> = self.tools().map(|item| item.name.as_str()).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    fn tools(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.kind == ItemKind::Tool)
    }
}

/// Why a scan stopped.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// A root can't be examined.
    #[error("stat root {}: {source}", root.display())]
    Root {
        /// The root.
        root: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A root is no directory.
    #[error("root is not a directory: {}", .0.display())]
    NotADirectory(PathBuf),
    /// A directory can't be listed.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// A file can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file that is an MCP configuration by its name is none by its content.
    #[error("parse MCP configuration {locator}: {source}")]
    Config {
        /// The file.
        locator: String,
        /// What is wrong with it.
        source: ConfigError,
    },
}

/// Scans the directory `root`, one file after the other.
pub fn scan(root: &Path) -> Result<Surface, ScanError> {
    Scope::of_root(root).scan(NonZero::<usize>::MIN)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        dir
    }

    #[test]
    fn tools_and_servers_are_found() {
        let dir = repository(&[
            ("agents/lc.py", "@tool\ndef delete_user(x): pass\n"),
            ("agents/OA.PY", "from agents import Agent\nx(name='acme.sync')"),
            ("tools.mcp.json", r#"{"mcpServers":{"files":{}}}"#),
            ("node_modules/x.py", "@tool\ndef hidden(): pass"),
            ("notes.txt", "@tool"),
        ]);
        let surface = scan(dir.path()).unwrap();
        assert_eq!(surface.frameworks(), ["langchain", "openai_agents"]);
        assert_eq!(surface.tool_names(), ["OA", "acme.sync", "delete_user"]);
        assert!(surface.items.iter().any(|item| item.id == "mcp_server:files"));
    }

    #[test]
    fn only_files_named_like_configurations_must_be_some() {
        let files = [
            ("other.json", "{"),
            ("other.yaml", "a: ["),
            ("package.JSON", "//"),
        ];
        assert_eq!(scan(repository(&files).path()).unwrap(), Surface::default());
        for name in ["mcp.json", "My-MCP.yml"] {
            let dir = repository(&[(name, "{")]);
            let error = scan(dir.path()).unwrap_err();
            assert!(
                matches!(&error, ScanError::Config { .. }) && error.to_string().contains(name),
                "{error}"
            );
        }
    }

    #[test]
    fn comments_are_put_up_with_where_the_client_takes_them() {
        let text = "{ // ours\n\"servers\": {\"files\": {},}}";
        let surface = scan(repository(&[("a/.vscode/mcp.json", text)]).path()).unwrap();
        assert_eq!(surface.items[0].id, "mcp_server:files");
        assert!(scan(repository(&[("a/mcp.json", text)]).path()).is_err());
    }

    #[test]
    fn a_root_is_a_directory_or_a_link_to_one() {
        let dir = repository(&[("real/a.py", "@tool\ndef f(): pass"), ("file", "")]);
        std::os::unix::fs::symlink(dir.path().join("real"), dir.path().join("link")).unwrap();
        assert_eq!(scan(&dir.path().join("link")).unwrap().tool_names(), ["f"]);
        assert!(matches!(
            scan(&dir.path().join("file")),
            Err(ScanError::NotADirectory(_))
        ));
        assert!(matches!(
            scan(&dir.path().join("gone")),
            Err(ScanError::Root { .. })
        ));
        std::os::unix::fs::symlink("nowhere", dir.path().join("real/dangling.py")).unwrap();
        assert!(matches!(scan(dir.path()), Err(ScanError::Read(_))));
    }
}
