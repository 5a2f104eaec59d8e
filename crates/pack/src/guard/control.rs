//! Lists of audit controls, and which evidence belongs to which control.

use gait_artifact::guard::{
    Control, EvidenceEntry, EvidenceKind, POLICY_DIGESTS_PATH, REFERENCED_RUNPACKS_PATH,
    REGRESS_SUMMARY_PATH, RUNPACK_SUMMARY_PATH, TRACE_SUMMARY_PATH,
};
use gait_artifact::text;

/// What the names of approval audits begin with.
pub const APPROVAL_AUDIT: &str = "approval_audit_";
/// What the names of credential records begin with.
pub const CREDENTIAL_EVIDENCE: &str = "credential_evidence_";

/// A list of controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// The trust services criteria of SOC 2.
    Soc2,
    /// The requirements of PCI DSS.
    Pci,
    /// What the reconstruction of an incident needs.
    IncidentResponse,
}

/// A control, and the evidence for it: every entry of one of these kinds, or with one of these words in its path.
struct Rule {
    id: &'static str,
    title: &'static str,
    kinds: &'static [EvidenceKind],
    words: &'static [&'static str],
}

const SOC2: [Rule; 3] = [
    Rule {
        id: "CC6.6",
        title: "Change Management Evidence",
        kinds: &[EvidenceKind::Trace, EvidenceKind::Evidence],
        words: &[APPROVAL_AUDIT, CREDENTIAL_EVIDENCE],
    },
    Rule {
        id: "CC7.2",
        title: "Operational Monitoring",
        kinds: &[EvidenceKind::Report],
        words: &[REGRESS_SUMMARY_PATH, TRACE_SUMMARY_PATH],
    },
    Rule {
        id: "CC8.1",
        title: "Incident Evidence Integrity",
        kinds: &[EvidenceKind::Runpack, EvidenceKind::Evidence],
        words: &[RUNPACK_SUMMARY_PATH, REFERENCED_RUNPACKS_PATH],
    },
];

const PCI: [Rule; 3] = [
    Rule {
        id: "PCI-10",
        title: "Audit Trail and Monitoring",
        kinds: &[EvidenceKind::Trace, EvidenceKind::Report],
        words: &[TRACE_SUMMARY_PATH],
    },
    Rule {
        id: "PCI-7",
        title: "Access and Approval Controls",
        kinds: &[EvidenceKind::Evidence],
        words: &[APPROVAL_AUDIT, CREDENTIAL_EVIDENCE],
    },
    Rule {
        id: "PCI-12",
        title: "Incident Handling Evidence",
        kinds: &[EvidenceKind::Runpack, EvidenceKind::Report],
        words: &[RUNPACK_SUMMARY_PATH, REGRESS_SUMMARY_PATH],
    },
];

const INCIDENT_RESPONSE: [Rule; 2] = [
    Rule {
        id: "IR-CHAIN",
        title: "Reconstruction Chain",
        kinds: &[EvidenceKind::Runpack, EvidenceKind::Trace, EvidenceKind::Evidence],
        words: &[
            RUNPACK_SUMMARY_PATH,
            TRACE_SUMMARY_PATH,
            APPROVAL_AUDIT,
            CREDENTIAL_EVIDENCE,
        ],
    },
    Rule {
        id: "IR-ROOTCAUSE",
        title: "Root Cause and Regression",
        kinds: &[EvidenceKind::Report],
        words: &[REGRESS_SUMMARY_PATH, POLICY_DIGESTS_PATH],
    },
];

impl Template {
    /// Every template.
    pub const ALL: [Self; 3] = [Self::Soc2, Self::Pci, Self::IncidentResponse];

    /// The template with this id in any letter case, SOC 2 where none is given; `None` for an unknown one.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        let id = text::trim_lower(id);
        if id.is_empty() {
            return Some(Self::Soc2);
        }
        Self::ALL.into_iter().find(|template| template.id() == id)
    }

    /// Its id.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Soc2 => "soc2",
            Self::Pci => "pci",
            Self::IncidentResponse => "incident_response",
        }
    }

    /// The controls, and of `evidence` what belongs to each, sorted by path.
    #[must_use]
    pub fn controls<'a>(
        self,
        evidence: impl IntoIterator<Item = &'a EvidenceEntry, IntoIter: Clone>,
    ) -> Vec<Control> {
        let rules: &[Rule] = match self {
            Self::Soc2 => &SOC2,
            Self::Pci => &PCI,
            Self::IncidentResponse => &INCIDENT_RESPONSE,
        };
        let evidence = evidence.into_iter();
        rules.iter().map(|rule| rule.control(evidence.clone())).collect()
    }
}

impl Rule {
    fn control<'a>(&self, evidence: impl Iterator<Item = &'a EvidenceEntry>) -> Control {
        let mut evidence_paths: Vec<_> = evidence
            .filter(|entry| self.wants(entry))
            .map(|entry| entry.path.clone())
            .collect();
        evidence_paths.sort();
        Control {
            control_id: self.id.to_owned(),
            title: self.title.to_owned(),
            evidence_paths,
        }
    }

    fn wants(&self, entry: &EvidenceEntry) -> bool {
        self.kinds.iter().any(|kind| kind.as_str() == entry.kind)
            || self.words.iter().any(|word| entry.path.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_found_by_id() {
        for (id, template) in [
            ("", Some(Template::Soc2)),
            (" SOC2 ", Some(Template::Soc2)),
            ("Pci", Some(Template::Pci)),
            ("incident_response", Some(Template::IncidentResponse)),
            ("iso27001", None),
        ] {
            assert_eq!(Template::parse(id), template, "{id}");
        }
    }

    #[test]
    fn evidence_belongs_to_controls_by_kind_or_by_name() {
        let entry = |path: &str, kind: EvidenceKind| EvidenceEntry {
            path: path.to_owned(),
            kind: kind.as_str().to_owned(),
            sha256: String::new(),
        };
        let evidence = [
            entry(TRACE_SUMMARY_PATH, EvidenceKind::Trace),
            entry("approval_audit_01.json", EvidenceKind::Evidence),
            entry(RUNPACK_SUMMARY_PATH, EvidenceKind::Runpack),
        ];
        let paths = |template: Template| -> Vec<_> {
            let controls = template.controls(&evidence).into_iter();
            controls
                .map(|control| (control.control_id, control.evidence_paths.len()))
                .collect()
        };
        let expected = |controls: &[(&str, usize)]| -> Vec<_> {
            controls.iter().map(|(id, n)| ((*id).to_owned(), *n)).collect()
        };
        assert_eq!(
            paths(Template::Soc2),
            expected(&[("CC6.6", 2), ("CC7.2", 1), ("CC8.1", 2)])
        );
        assert_eq!(
            paths(Template::Pci),
            expected(&[("PCI-10", 1), ("PCI-7", 1), ("PCI-12", 1)])
        );
        assert_eq!(
            paths(Template::IncidentResponse),
            expected(&[("IR-CHAIN", 3), ("IR-ROOTCAUSE", 0)])
        );
    }
}
