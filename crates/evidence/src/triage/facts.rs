//! What the document of a triage is made of.

use gait_artifact::triage::{Automation, Call, DoctorCheck, Examined, Gap, Made, Recorded, Subject};

/// What a document is made of.
#[derive(Debug, Default)]
pub struct Facts<'a> {
    /// Names the triage; also its directory.
    pub triage_id: String,
    /// Version of the program.
    pub producer_version: &'a str,
    /// What the incident is about.
    pub subject: Subject,
    /// The calls in order.
    pub calls: Vec<Call>,
    /// The decisions in order.
    pub recorded: Vec<Recorded>,
    /// The artifacts.
    pub evidence: Vec<Examined>,
    /// What is known to be missing; what follows from decisions is added.
    pub gaps: Vec<Gap>,
    /// What the doctor says.
    pub doctor: Vec<DoctorCheck>,
    /// What was made.
    pub made: Made,
    /// What to paste.
    pub automation: Option<Automation>,
}
