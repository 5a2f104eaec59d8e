//! What one file adds to a snapshot.

use std::{fs, path::Path, string::FromUtf8Error};

use gait_client::{Client, location::client_of, without_comments};
use gait_disk::{ReadError, read::read_bounded};

use super::ScanError;
use crate::{
    item::Item,
    mcp_config::{self, Format},
    python,
};

/// The largest source that is read, in bytes.
const MAX_SOURCE_BYTES: usize = 64 << 20;
/// The largest configuration that is read, in bytes. What is larger is data.
const MAX_CONFIG_BYTES: usize = 8 << 20;

/// What kind of file a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileType {
    Python,
    Config(Format),
}

impl FileType {
    /// The kind of the file at `path`; none when it is of no interest.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.as_encoded_bytes();
        let dot = name.iter().rposition(|byte| *byte == b'.')?;
        let is = |extension: &str| name[dot + 1..].eq_ignore_ascii_case(extension.as_bytes());
        match () {
            () if is("py") => Some(Self::Python),
            () if is("json") => Some(Self::Config(Format::Json)),
            () if is("yaml") || is("yml") => Some(Self::Config(Format::Yaml)),
            () => None,
        }
    }
}

/// The items of the file at `path`. Pipes, sockets and devices are passed over unopened.
pub(super) fn items_of(path: &Path, file_type: FileType) -> Result<Vec<Item>, ScanError> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return Ok(Vec::new());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let locator = path.to_string_lossy();
    match file_type {
        FileType::Python => {
            let stem = name.rsplit_once('.').map_or("", |(stem, _)| stem);
            let source = read_bounded(path, MAX_SOURCE_BYTES)?;
            Ok(python::tools(&source, stem, &locator))
        }
        FileType::Config(format) => servers(path, format, &name, &locator),
    }
}

/// The servers of a configuration. Only a file that is called one must be one.
fn servers(path: &Path, format: Format, name: &str, locator: &str) -> Result<Vec<Item>, ScanError> {
    let is_mcp = gait_artifact::text::lower(name).contains("mcp");
    let content = match read_bounded(path, MAX_CONFIG_BYTES) {
        Err(ReadError::TooLarge { .. }) if !is_mcp => return Ok(Vec::new()),
        content => content?,
    };
    if !is_mcp && !mcp_config::may_name_servers(&content) {
        return Ok(Vec::new());
    }
    let content = if client_of(path).is_some_and(Client::allows_comments) {
        String::from_utf8(content).map_or_else(FromUtf8Error::into_bytes, |text| {
            without_comments(&text).into_bytes()
        })
    } else {
        content
    };
    match mcp_config::servers(&content, format, locator) {
        Err(source) if is_mcp => Err(ScanError::Config {
            locator: locator.to_owned(),
            source,
        }),
        found => Ok(found.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_extension_counts() {
        for (path, want) in [
            ("a.py", Some(FileType::Python)),
            ("a/.PY", Some(FileType::Python)),
            ("a.tar.Json", Some(FileType::Config(Format::Json))),
            ("a.YML", Some(FileType::Config(Format::Yaml))),
            ("a.yaml", Some(FileType::Config(Format::Yaml))),
            ("a.py/x", None),
            ("py", None),
            ("a.pyc", None),
            ("a.", None),
            ("..", None),
        ] {
            assert_eq!(FileType::of(Path::new(path)), want, "{path}");
        }
    }
}
