//! `gait.yaml`: which fixtures are graded together.
//!
//! The file is written as JSON, which is YAML too, and read as either.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use gait_artifact::regress::{CONFIG_SCHEMA_ID, ConfiguredFixture, RegressConfig, SCHEMA_VERSION};
use gait_artifact::text;
use gait_canon::json::{self, Object, Value};
use gait_disk::read::read_bounded;
use gait_disk::{ReadError, atomic};
use gait_policy::yaml::{self, Documents};

use crate::layout::{FIXTURES_DIRECTORY, RUNPACK_FILE};
use crate::metadata::{METADATA_FILE, Metadata, MetadataError};
use crate::name::FixtureName;

/// Where the configuration is unless another file is named.
pub const CONFIG_PATH: &str = "gait.yaml";
/// The name of fixtures that were given none together.
const DEFAULT_SET: &str = "default";
/// Room for a hundred thousand fixtures.
const MAX_BYTES: usize = 16 << 20;
/// The configuration is for its owner until it is shared.
const FILE_MODE: u32 = 0o600;

/// A configuration that was read and checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// The name that the fixtures have together.
    pub fixture_set: String,
    /// The fixtures, in the order of their names.
    pub fixtures: Vec<ConfiguredFixture>,
    /// Everything the file says, to be kept when it is written again.
    document: Object,
}

/// Why a configuration cannot be used or not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("read config: {0}")]
    Read(#[from] ReadError),
    /// It is not the JSON of a configuration.
    #[error("parse config: {0}")]
    Json(#[from] json::Error),
    /// It is not YAML either.
    #[error("parse config: {0}")]
    Yaml(#[from] yaml::Error),
    /// It is no text.
    #[error("parse config: not UTF-8")]
    Utf8,
    /// It is something else.
    #[error("unsupported config schema_id: {0}")]
    SchemaId(String),
    /// It is of another version.
    #[error("unsupported config schema_version: {0}")]
    SchemaVersion(String),
    /// A fixture has no name.
    #[error("fixture name is required")]
    NameMissing,
    /// A fixture has no runpack.
    #[error("fixture runpack is required for {0}")]
    RunpackMissing(String),
    /// The directory of the fixtures cannot be listed.
    #[error("list fixtures: {0}")]
    List(#[source] io::Error),
    /// A directory has a runpack and says nothing about it.
    #[error("fixture metadata missing for {0}")]
    MetadataMissing(String),
    /// The expectations of a fixture cannot be used.
    #[error("read fixture metadata for {name}: {source}")]
    Metadata {
        /// The fixture.
        name: String,
        /// Why.
        source: MetadataError,
    },
    /// A directory holds the fixture of another name.
    #[error("fixture metadata name mismatch for {0}")]
    OtherName(String),
    /// The runpack of a fixture is not beside its expectations.
    #[error("fixture runpack path must be a file name for {0}")]
    NotAFileName(String),
    /// The runpack of a fixture is gone.
    #[error("fixture runpack missing for {0}")]
    RunpackGone(String),
    /// The file cannot be written.
    #[error("write config: {0}")]
    Write(#[from] gait_disk::Error),
}

impl Config {
    /// Reads the configuration at `path`.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(&read_bounded(path, MAX_BYTES)?)
    }

    /// Reads the configuration at `path`; one that says nothing if there is none.
    pub(crate) fn read_or_default(path: &Path) -> Result<Self, ConfigError> {
        match Self::read(path) {
            Err(ConfigError::Read(ReadError::NotFound { .. })) => Self::check(Value::Null),
            read => read,
        }
    }

    fn parse(bytes: &[u8]) -> Result<Self, ConfigError> {
        Self::check(tree(bytes)?)
    }

    fn check(document: Value) -> Result<Self, ConfigError> {
        let record: RegressConfig = match &document {
            Value::Null => RegressConfig::default(),
            document => json::from_value(document)?,
        };
        if !matches!(record.schema_id.as_str(), "" | CONFIG_SCHEMA_ID) {
            return Err(ConfigError::SchemaId(record.schema_id));
        }
        if !matches!(record.schema_version.as_str(), "" | SCHEMA_VERSION) {
            return Err(ConfigError::SchemaVersion(record.schema_version));
        }
        for fixture in &record.fixtures {
            if text::is_blank(&fixture.name) {
                return Err(ConfigError::NameMissing);
            }
            if text::is_blank(&fixture.runpack) {
                return Err(ConfigError::RunpackMissing(fixture.name.clone()));
            }
        }
        let mut fixtures = record.fixtures;
        fixtures.sort_by(|a, b| a.name.cmp(&b.name));
        let fixture_set = match record.fixture_set.as_str() {
            "" => DEFAULT_SET.to_owned(),
            _ => record.fixture_set,
        };
        let document = match document {
            Value::Object(document) => document,
            _ => Object::new(),
        };
        Ok(Self {
            fixture_set,
            fixtures,
            document,
        })
    }

    /// Writes the configuration below `root` again, with the fixtures that are there now.
    ///
    /// What only people can have written is kept: the name of the set, members that this program does not know, and
    /// fixtures that are not kept below `fixtures/`, unless one there has taken their name.
    pub(crate) fn rebuild(self, root: &Path) -> Result<(), ConfigError> {
        let present = fixtures_below(root)?;
        let document = self.with_fixtures(&present);
        let text = json::pretty(&document)? + "\n";
        atomic::replace(&root.join(CONFIG_PATH), text.as_bytes(), FILE_MODE)?;
        Ok(())
    }

    fn with_fixtures(mut self, present: &[ConfiguredFixture]) -> Object {
        let listed = match self.document.remove("fixtures") {
            Some(Value::Array(listed)) => listed,
            _ => Vec::new(),
        };
        let names: BTreeSet<&str> = present.iter().map(|fixture| fixture.name.as_str()).collect();
        let mut known = BTreeMap::new();
        let mut entries = Vec::new();
        for entry in listed {
            let Value::Object(entry) = entry else { continue };
            let name = member(&entry, "name").to_owned();
            if names.contains(name.as_str()) {
                known.insert(name, entry);
            } else if !is_below_fixtures(member(&entry, "runpack")) {
                entries.push((name, entry));
            }
        }
        for fixture in present {
            let mut entry = in_front(&["name", "run_id", "runpack"], known.remove(&fixture.name));
            entry.insert("name", fixture.name.as_str());
            entry.insert("run_id", fixture.run_id.as_str());
            entry.insert("runpack", fixture.runpack.as_str());
            entries.push((fixture.name.clone(), entry));
        }
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));

        let own = ["schema_id", "schema_version", "fixture_set", "fixtures"];
        let mut document = in_front(&own, Some(self.document));
        document.insert("schema_id", CONFIG_SCHEMA_ID);
        document.insert("schema_version", SCHEMA_VERSION);
        document.insert("fixture_set", self.fixture_set);
        let entries = entries.into_iter().map(|(_, entry)| Value::Object(entry));
        document.insert("fixtures", entries.collect::<Vec<_>>());
        document
    }
}

/// The members of `object` behind those called `names`, which are still to be given values.
fn in_front(names: &[&str], object: Option<Object>) -> Object {
    let mut ordered: Object = names.iter().map(|name| (*name, Value::Null)).collect();
    for (name, value) in object.unwrap_or_default() {
        ordered.insert(name, value);
    }
    ordered
}

/// JSON, or the YAML of what begins like no JSON of a configuration.
fn tree(bytes: &[u8]) -> Result<Value, ConfigError> {
    let error = match json::parse(bytes) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    if bytes.trim_ascii_start().starts_with(b"{") {
        return Err(error.into());
    }
    let text = str::from_utf8(bytes).map_err(|_| ConfigError::Utf8)?;
    let document = yaml::parse(text, Documents::Single)?;
    Ok(document.root().map_or(Value::Null, yaml::Value::to_json))
}

fn member<'a>(entry: &'a Object, name: &str) -> &'a str {
    entry.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a path is that of a file where this program keeps fixtures, `fixtures/<name>/<file>`.
fn is_below_fixtures(path: &str) -> bool {
    let path = text::clean_path(path);
    let mut parts = path.split('/');
    parts.next() == Some(FIXTURES_DIRECTORY) && parts.count() == 2
}

/// The fixtures that are kept below `root`, in the order of their names. Directories that hold none are passed over; one
/// that holds half a fixture is an error.
fn fixtures_below(root: &Path) -> Result<Vec<ConfiguredFixture>, ConfigError> {
    let directory = root.join(FIXTURES_DIRECTORY);
    let mut names = Vec::new();
    for entry in fs::read_dir(&directory).map_err(ConfigError::List)? {
        let name = entry.map_err(ConfigError::List)?.file_name();
        let name = name.to_str().map(FixtureName::parse);
        if let Some(Ok(name)) = name
            && directory.join(name.as_str()).is_dir()
        {
            names.push(name);
        }
    }
    names.sort();
    let fixtures = names
        .iter()
        .map(|name| fixture_in(&directory.join(name.as_str()), name));
    fixtures.filter_map(Result::transpose).collect()
}

fn fixture_in(directory: &Path, name: &FixtureName) -> Result<Option<ConfiguredFixture>, ConfigError> {
    let owned = || name.as_str().to_owned();
    if !is_there(&directory.join(METADATA_FILE)) {
        return if is_there(&directory.join(RUNPACK_FILE)) {
            Err(ConfigError::MetadataMissing(owned()))
        } else {
            Ok(None)
        };
    }
    let metadata = Metadata::read(directory).map_err(|source| ConfigError::Metadata {
        name: owned(),
        source,
    })?;
    if metadata.name != name.as_str() {
        return Err(ConfigError::OtherName(owned()));
    }
    let file = metadata.runpack;
    if file.contains(['/', '\\']) || matches!(file.as_str(), "." | "..") {
        return Err(ConfigError::NotAFileName(owned()));
    }
    if !directory.join(&file).is_file() {
        return Err(ConfigError::RunpackGone(owned()));
    }
    Ok(Some(ConfiguredFixture {
        runpack: format!("{FIXTURES_DIRECTORY}/{name}/{file}"),
        name: owned(),
        run_id: metadata.run_id,
    }))
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> ConfiguredFixture {
        ConfiguredFixture {
            name: name.to_owned(),
            run_id: format!("run_{name}"),
            runpack: format!("fixtures/{name}/runpack.zip"),
        }
    }

    #[test]
    fn yaml_and_json_say_the_same() {
        let json = br#"{"fixture_set":"nightly","fixtures":[{"name":"b","runpack":"x"},{"name":"a","runpack":"y"}]}"#;
        let yaml =
            b"# by hand\nfixture_set: nightly\nfixtures:\n- {name: b, runpack: x}\n- name: a\n  runpack: y\n";
        let (json, yaml) = (Config::parse(json).unwrap(), Config::parse(yaml).unwrap());
        assert_eq!(json, yaml);
        assert_eq!(json.fixture_set, "nightly");
        let names: Vec<_> = json
            .fixtures
            .iter()
            .map(|fixture| fixture.name.as_str())
            .collect();
        assert_eq!(names, ["a", "b"], "sorted");
    }

    #[test]
    fn nothing_is_a_configuration_without_fixtures() {
        for text in ["null", "{}", "", "# nothing\n", r#"{"fixtures":null}"#] {
            let config = Config::parse(text.as_bytes()).unwrap();
            assert!(config.fixtures.is_empty(), "{text}");
            assert_eq!(config.fixture_set, DEFAULT_SET);
        }
    }

    #[test]
    fn what_is_no_configuration_is_refused() {
        for text in [
            r#"{"schema_id":"else"}"#,
            r#"{"schema_version":"2.0.0"}"#,
            r#"{"fixtures":[{"name":" ","runpack":"x"}]}"#,
            r#"{"fixtures":[{"name":"a","runpack":" "}]}"#,
            r#"{"fixtures":1}"#,
            "{} {}",
            "{",
            "[]",
            "fixtures: [",
        ] {
            assert!(Config::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(matches!(Config::parse(b"a: \xff"), Err(ConfigError::Utf8)));
    }

    #[test]
    fn what_people_wrote_is_kept() {
        let config = Config::parse(
            br#"{"owner":"me","fixture_set":"nightly","fixtures":[
                {"name":"z","runpack":"elsewhere/z.zip","note":1},
                {"name":"gone","runpack":"./fixtures/gone/runpack.zip"},
                {"name":"deep","runpack":"fixtures/a/b/c.zip"},
                {"note":2,"name":"a","runpack":"fixtures/a/runpack.zip","run_id":"old"}]}"#,
        )
        .unwrap();
        let document = config.with_fixtures(&[fixture("a"), fixture("m")]);
        assert_eq!(
            json::compact_in_order(&Value::Object(document)),
            concat!(
                r#"{"schema_id":"gait.regress.config","schema_version":"1.0.0","fixture_set":"nightly","fixtures":["#,
                r#"{"name":"a","run_id":"run_a","runpack":"fixtures/a/runpack.zip","note":2},"#,
                r#"{"name":"deep","runpack":"fixtures/a/b/c.zip"},"#,
                r#"{"name":"m","run_id":"run_m","runpack":"fixtures/m/runpack.zip"},"#,
                r#"{"name":"z","runpack":"elsewhere/z.zip","note":1}],"owner":"me"}"#
            )
        );
    }

    #[test]
    fn a_fixture_takes_the_place_of_another_of_its_name() {
        let config = Config::parse(br#"{"fixtures":[{"name":"a","runpack":"elsewhere/a.zip"}]}"#).unwrap();
        let document = config.with_fixtures(&[fixture("a")]);
        let fixtures = document.get("fixtures").and_then(Value::as_array).unwrap();
        assert_eq!(fixtures.len(), 1);
    }
}
