//! A decision as Python sees it.

use gait_gate::Ruled;
use pyo3::prelude::*;

/// One decision of a gate, without evidence.
#[pyclass(frozen, module = "gait._native")]
pub(crate) struct Decision(pub(crate) Ruled);

#[pymethods]
impl Decision {
    /// `allow`, `dry_run`, `require_approval` or `block`.
    #[getter]
    fn verdict(&self) -> &'static str {
        self.0.outcome().verdict().as_str()
    }

    /// Whether the call may execute: it was allowed, and not only simulated.
    #[getter]
    fn permits(&self) -> bool {
        self.0.permit().is_some()
    }

    /// Why, sorted.
    #[getter]
    fn reason_codes(&self) -> Vec<String> {
        self.0.outcome().reasons()
    }

    /// What was violated, sorted.
    #[getter]
    fn violations(&self) -> Vec<String> {
        self.0.outcome().violations()
    }

    /// The rules that decided, joined with `,`.
    #[getter]
    fn matched_rule(&self) -> String {
        self.0.evaluation().matched_rule()
    }

    /// Digest of the judged intent, in hexadecimal.
    #[getter]
    fn intent_digest(&self) -> String {
        self.0.intent().digest().to_string()
    }

    /// What the operator should know.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.0.warnings().to_vec()
    }

    fn __repr__(&self) -> String {
        format!("<Decision {}>", self.verdict())
    }
}
