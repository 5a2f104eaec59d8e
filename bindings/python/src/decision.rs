//! A decision as Python sees it.

use gait_gate::{report::GateReport, store::Written};
use pyo3::{exceptions::PyValueError, prelude::*};

/// One decision of a gate. Nothing was written of it.
#[pyclass(frozen, module = "gait._native")]
pub(crate) struct Decision(pub(crate) gait_gate::Decision);

#[pymethods]
impl Decision {
    /// `allow`, `dry_run`, `require_approval` or `block`.
    #[getter]
    fn verdict(&self) -> &'static str {
        self.0.verdict().as_str()
    }

    /// Whether the call may execute: it was allowed, and not only simulated.
    #[getter]
    fn permits(&self) -> bool {
        self.0.permit().is_some()
    }

    /// Why, sorted.
    #[getter]
    fn reason_codes(&self) -> Vec<String> {
        self.0.outcome.reasons()
    }

    /// What was violated, sorted.
    #[getter]
    fn violations(&self) -> Vec<String> {
        self.0.outcome.violations()
    }

    /// The decision's id.
    #[getter]
    fn trace_id(&self) -> &str {
        &self.0.trace.record().trace_id
    }

    /// Digest of the judged intent, in hexadecimal.
    #[getter]
    fn intent_digest(&self) -> String {
        self.0.intent.digest().to_string()
    }

    /// Digest of the policy, in hexadecimal.
    #[getter]
    fn policy_digest(&self) -> String {
        self.0.policy_digest.to_string()
    }

    /// The result as `gait gate eval` prints it, but for the paths of records that were not written.
    fn to_json(&self) -> PyResult<String> {
        let written = Written::default();
        gait_canon::json::line(&GateReport::of(&self.0, &written))
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// The signed trace, as its file would hold it.
    fn trace_json(&self) -> PyResult<Vec<u8>> {
        self.0
            .trace
            .to_file_bytes()
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }

    fn __repr__(&self) -> String {
        format!("<Decision {} {}>", self.verdict(), self.trace_id())
    }
}
