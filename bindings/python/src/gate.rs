//! A gate that stays, as Python sees it.

use gait_cli::commands::resident::{Question, ResidentGate};
use pyo3::{
    IntoPyObjectExt, exceptions::PyRuntimeError, prelude::*, pybacked::PyBackedBytes, pybacked::PyBackedStr,
};

use crate::{Printed, decision::Decision, printed};

/// A gate over everything that flags of `gait gate eval` name, read once, and again when a file has changed.
#[pyclass(frozen, module = "gait._native")]
pub(crate) struct Gate(ResidentGate);

/// An intent request as JSON.
#[derive(FromPyObject)]
enum IntentJson {
    Text(PyBackedStr),
    Bytes(PyBackedBytes),
}

impl IntentJson {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

#[pymethods]
impl Gate {
    /// Opens the gate. The error's arguments are what the program would print and its exit code.
    #[new]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "arguments of Python calls come as values"
    )]
    fn new(py: Python<'_>, flags: Vec<String>) -> PyResult<Self> {
        py.detach(|| ResidentGate::open(&flags))
            .map(Self)
            .map_err(|response| PyRuntimeError::new_err(printed(response)))
    }

    /// Judges one call and leaves no evidence: a `Decision`, or what the program would print of an error.
    #[pyo3(signature = (intent, approval_tokens = Vec::new(), delegation_tokens = Vec::new()))]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "arguments of Python calls come as values"
    )]
    fn decide<'py>(
        &self,
        py: Python<'py>,
        intent: IntentJson,
        approval_tokens: Vec<String>,
        delegation_tokens: Vec<String>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let question = Question {
            intent: intent.as_bytes(),
            approval_tokens: &approval_tokens,
            delegation_tokens: &delegation_tokens,
            ..Question::default()
        };
        match py.detach(|| self.0.rule(question)) {
            Ok(decision) => Decision(decision).into_bound_py_any(py),
            Err(response) => printed(response).into_bound_py_any(py),
        }
    }

    /// Judges one call and writes its records: what the program would print, and its exit code.
    #[pyo3(signature = (intent, trace_out = "", approval_tokens = Vec::new(), delegation_tokens = Vec::new()))]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "arguments of Python calls come as values"
    )]
    fn evaluate(
        &self,
        py: Python<'_>,
        intent: IntentJson,
        trace_out: &str,
        approval_tokens: Vec<String>,
        delegation_tokens: Vec<String>,
    ) -> Printed {
        let question = Question {
            intent: intent.as_bytes(),
            trace_out,
            approval_tokens: &approval_tokens,
            delegation_tokens: &delegation_tokens,
        };
        printed(py.detach(|| self.0.evaluate(question)))
    }
}
