//! Where clients keep their settings, as their makers document it.

use std::path::{Path, PathBuf};

use crate::client::Client;

/// The kind of system, which decides where programs keep their settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Linux and others that follow the XDG base directories.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

impl System {
    /// The system that this program was built for.
    #[must_use]
    pub const fn current() -> Self {
        if cfg!(target_os = "macos") {
            Self::MacOs
        } else if cfg!(windows) {
            Self::Windows
        } else {
            Self::Linux
        }
    }
}

/// The environment variables that move settings.
pub mod variable {
    /// Where Windows programs keep settings.
    pub const APP_DATA: &str = "APPDATA";
    /// Where Claude Code keeps everything of its user.
    pub const CLAUDE_CONFIG_DIR: &str = "CLAUDE_CONFIG_DIR";
    /// Where Codex keeps everything of its user.
    pub const CODEX_HOME: &str = "CODEX_HOME";
    /// The home directory, on Windows.
    pub const USER_PROFILE: &str = "USERPROFILE";
    /// Where Linux programs keep settings.
    pub const XDG_CONFIG_HOME: &str = "XDG_CONFIG_HOME";
}

/// What decides where settings are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    system: System,
    home: Option<PathBuf>,
    /// Where programs keep what is not a hidden file of the home directory.
    settings: Option<PathBuf>,
    claude: Option<PathBuf>,
    codex: Option<PathBuf>,
}

impl Places {
    /// The places of a user with this environment.
    #[must_use]
    pub fn new(system: System, environment: &dyn Fn(&str) -> Option<String>) -> Self {
        let path = |name: &str| {
            environment(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let home = match system {
            System::Windows => path(variable::USER_PROFILE),
            System::Linux | System::MacOs => path("HOME"),
        };
        let in_home = |name: &str| home.as_ref().map(|home| home.join(name));
        let settings = match system {
            System::Linux => path(variable::XDG_CONFIG_HOME).or_else(|| in_home(".config")),
            System::MacOs => in_home("Library/Application Support"),
            System::Windows => path(variable::APP_DATA).or_else(|| in_home("AppData/Roaming")),
        };
        Self {
            system,
            settings,
            claude: path(variable::CLAUDE_CONFIG_DIR),
            codex: path(variable::CODEX_HOME).or_else(|| in_home(".codex")),
            home,
        }
    }

    /// The system.
    #[must_use]
    pub const fn system(&self) -> System {
        self.system
    }

    /// The file in which `client` keeps the servers of its user; none without a home directory.
    #[must_use]
    pub fn of_user(&self, client: Client) -> Option<PathBuf> {
        let in_home = |name: &str| self.home.as_ref().map(|home| home.join(name));
        let in_settings = |name: &str| self.settings.as_ref().map(|settings| settings.join(name));
        match client {
            Client::ClaudeCode => {
                let claude = self.claude.as_ref().or(self.home.as_ref());
                claude.map(|directory| directory.join(".claude.json"))
            }
            Client::ClaudeDesktop => in_settings("Claude/claude_desktop_config.json"),
            Client::Cursor => in_home(".cursor/mcp.json"),
            Client::VsCode => in_settings("Code/User/mcp.json"),
            Client::Codex => self.codex.as_ref().map(|codex| codex.join("config.toml")),
        }
    }
}

/// The file in which `client` keeps the servers of a project, below the directory of the project; none when it has no such
/// file.
#[must_use]
pub const fn of_project(client: Client) -> Option<&'static str> {
    match client {
        Client::ClaudeCode => Some(".mcp.json"),
        Client::ClaudeDesktop => None,
        Client::Cursor => Some(".cursor/mcp.json"),
        Client::VsCode => Some(".vscode/mcp.json"),
        Client::Codex => Some(".codex/config.toml"),
    }
}

/// The client that keeps the servers of a project in a file with this path; none when no client does.
#[must_use]
pub fn client_of(path: &Path) -> Option<Client> {
    Client::ALL
        .into_iter()
        .find(|client| of_project(*client).is_some_and(|relative| path.ends_with(relative)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX: &[(&str, &str)] = &[("HOME", "/h")];

    fn of_user(system: System, variables: &[(&str, &str)]) -> Vec<String> {
        let environment = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let places = Places::new(system, &environment);
        let paths = Client::ALL
            .into_iter()
            .filter_map(|client| places.of_user(client));
        paths.map(|path| path.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn every_system_has_its_places() {
        assert_eq!(
            of_user(System::Linux, LINUX),
            [
                "/h/.claude.json",
                "/h/.config/Claude/claude_desktop_config.json",
                "/h/.cursor/mcp.json",
                "/h/.config/Code/User/mcp.json",
                "/h/.codex/config.toml",
            ]
        );
        let mac = of_user(System::MacOs, LINUX);
        assert_eq!(
            mac[1],
            "/h/Library/Application Support/Claude/claude_desktop_config.json"
        );
        assert_eq!(mac[3], "/h/Library/Application Support/Code/User/mcp.json");
        let windows = of_user(
            System::Windows,
            &[("USERPROFILE", "/u"), ("APPDATA", "/r"), ("HOME", "/no")],
        );
        assert_eq!(windows[0], "/u/.claude.json");
        assert_eq!(windows[1], "/r/Claude/claude_desktop_config.json");
    }

    #[test]
    fn files_of_projects_lead_to_their_clients() {
        for (path, want) in [
            ("shop/.vscode/mcp.json", Some(Client::VsCode)),
            (".mcp.json", Some(Client::ClaudeCode)),
            ("mcp.json", None),
            ("x.vscode/mcp.json", None),
        ] {
            assert_eq!(client_of(Path::new(path)), want, "{path}");
        }
    }

    #[test]
    fn variables_move_them() {
        let moved = [
            ("HOME", "/h"),
            ("XDG_CONFIG_HOME", "/x"),
            ("CODEX_HOME", "/c"),
            ("CLAUDE_CONFIG_DIR", "/a"),
        ];
        assert_eq!(
            of_user(System::Linux, &moved),
            [
                "/a/.claude.json",
                "/x/Claude/claude_desktop_config.json",
                "/h/.cursor/mcp.json",
                "/x/Code/User/mcp.json",
                "/c/config.toml",
            ]
        );
        assert!(of_user(System::Linux, &[("HOME", "")]).is_empty());
    }
}
