//! What is made of an incident: a regression fixture and an incident pack.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gait_artifact::Timestamp;
use gait_disk::path::clean;
use gait_disk::progress::Unwatched;
use gait_evidence::incident::Incident;
use gait_evidence::pack::Settings;
use gait_evidence::triage::{Automation, GapKind, Made, automation};
use gait_evidence::{EvidencePack, Template};
use gait_regress::{CONFIG_PATH, Initialised, Options, Source};
use gait_runpack::RunSummary;

use super::evidence::Gathered;
use super::gap;
use crate::error::Failure;
use crate::minting::Signer;

/// The incident pack. Its name is always the same, so a second triage leaves one pack.
const PACK: &str = "incident_pack.zip";

/// Where and how things are made.
pub(super) struct Workshop<'a> {
    pub(super) directory: &'a str,
    pub(super) window: Duration,
    pub(super) case_id: &'a str,
    pub(super) signer: Option<&'a Signer>,
    pub(super) now: Timestamp,
    pub(super) producer_version: &'a str,
}

/// What was made.
#[derive(Default)]
pub(super) struct Built {
    pub(super) made: Made,
    pub(super) automation: Option<Automation>,
}

impl Workshop<'_> {
    /// Makes a fixture of the runpack, and a pack of it and what lies beside it. What cannot be made is a gap.
    pub(super) fn build(&self, gathered: &mut Gathered) -> Result<Built, Failure> {
        let mut built = Built::default();
        let root = std::path::absolute(self.directory).map_err(Failure::invalid_input)?;
        let Some(runpack) = gathered.runpack.clone() else {
            let fix = "give a sound runpack of the incident";
            for kind in [GapKind::Fixture, GapKind::Pack] {
                gathered
                    .gaps
                    .push(gap(kind, &"there is no sound runpack to make it of", fix));
            }
            return Ok(built);
        };
        let fixture = match fixture(&root, &runpack) {
            Ok(fixture) => fixture,
            Err(failure) => {
                gathered.gaps.push(gap(GapKind::Fixture, &failure, ""));
                return Ok(built);
            }
        };
        let copy = format!("{}/{}", self.directory, fixture.runpack_path);
        built.automation = Some(automation(fixture.name.as_str(), &clean(&copy)));
        built.made.fixture = clean(&format!("{}/{}", self.directory, fixture.directory));
        match self.grade(&root) {
            Ok(status) => built.made.fixture_status = status,
            Err(failure) => gathered.gaps.push(gap(GapKind::Fixture, &failure, "")),
        }
        match self.pack(&root, &runpack, &fixture) {
            Ok(id) => {
                built.made.pack = clean(&format!("{}/{PACK}", self.directory));
                built.made.pack_id = id;
            }
            Err(failure) => gathered.gaps.push(gap(GapKind::Pack, &failure, "")),
        }
        Ok(built)
    }

    fn grade(&self, root: &Path) -> Result<String, Failure> {
        let options = Options {
            config: Path::new(CONFIG_PATH),
            context_conformance: false,
            allow_context_runtime_drift: false,
            producer_version: self.producer_version,
            threads: NonZero::<usize>::MIN,
        };
        Ok(gait_regress::run(root, &options, &Unwatched)?
            .status
            .as_str()
            .to_owned())
    }

    /// Writes the incident pack and gives its id. The run is that of the fixture, which is a runpack whatever the incident was
    /// named by; what belongs to it lies beside the file that was named.
    fn pack(&self, root: &Path, runpack: &Path, fixture: &Initialised) -> Result<String, Failure> {
        let run = RunSummary::open(&root.join(&fixture.runpack_path))?;
        let incident = Incident::around(runpack, &run, self.window, self.now)?;
        let settings = Settings {
            case_id: self.case_id,
            template: Template::IncidentResponse,
            render_pdf: false,
            producer_version: self.producer_version,
            now: self.now,
        };
        let mut pack = EvidencePack::of_incident(&run, incident, &settings)?;
        if let Some(signer) = self.signer {
            pack.sign(&signer.key)?;
        }
        pack.write(&root.join(PACK))?;
        Ok(pack.manifest().pack_id.clone())
    }
}

/// Makes the fixture below `root`.
fn fixture(root: &Path, runpack: &Path) -> Result<Initialised, Failure> {
    let runpack: PathBuf = std::path::absolute(runpack).map_err(Failure::invalid_input)?;
    let source = Source::of_file(root, &runpack.to_string_lossy(), "latest")?;
    Ok(gait_regress::init(root, &source, "")?)
}
