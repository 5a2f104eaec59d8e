//! The gateways whose logs are understood.

use std::fmt;
use std::str::FromStr;

use gait_artifact::text;

/// A gateway that stands between agents and tools, by the log it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GatewaySource {
    /// Kong: a JSON object a line.
    Kong,
    /// Docker's `json-file` driver: what the container printed, text or JSON, in an object a line.
    Docker,
    /// `MintMCP`: a JSON object a line.
    Mintmcp,
}

/// A word that names no gateway.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unsupported gateway source {0:?}: expected kong, docker or mintmcp")]
pub struct UnknownSource(pub String);

impl GatewaySource {
    /// Every gateway.
    pub const ALL: [Self; 3] = [Self::Kong, Self::Docker, Self::Mintmcp];

    /// Its name in records and file names.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kong => "kong",
            Self::Docker => "docker",
            Self::Mintmcp => "mintmcp",
        }
    }

    /// The name of the file its proof records go to unless told otherwise.
    #[must_use]
    pub fn proof_file_name(self) -> String {
        format!("gateway_{self}_policy_enforcement.jsonl")
    }
}

impl fmt::Display for GatewaySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads a name in any letter case, white space around it ignored.
impl FromStr for GatewaySource {
    type Err = UnknownSource;

    fn from_str(name: &str) -> Result<Self, UnknownSource> {
        let name = text::trim_lower(name);
        Self::ALL
            .into_iter()
            .find(|source| source.as_str() == name)
            .ok_or(UnknownSource(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case() {
        for source in GatewaySource::ALL {
            assert_eq!(source.as_str().parse(), Ok(source));
            assert_eq!(
                format!(" {}\n", source.as_str().to_uppercase()).parse(),
                Ok(source)
            );
        }
        for name in ["", "nginx", "kong docker"] {
            assert_eq!(name.parse::<GatewaySource>(), Err(UnknownSource(name.to_owned())));
        }
    }
}
