//! The engine inside of a Python process: `gait._native`.
//!
//! What comes in: intents as JSON, flags of `gait gate eval`, argument vectors of the program. What goes out: decisions
//! of the engine and what the program would print. Nothing is decided here; every call goes through the same door as a
//! call of the program. The interpreter is let go of while the engine works, so other threads run on.
//!
//! The package `gait` is the face of this module; it is not meant to be called by anybody else.

mod decision;
mod gate;

use gait_cli::render::Response;
use pyo3::prelude::*;

/// The native module of the package `gait`.
#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::{decision::Decision, gate::Gate, invoke, main};
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", gait_cli::version::producer_version())
    }
}

/// What the program would print, and its exit code: standard output, standard error, exit code.
type Printed = (String, String, u8);

/// Runs one command of the program within this process. `arguments` begin with the name of the program.
///
/// Working directory, environment and standard input are those of the process.
#[pyfunction]
#[allow(
    clippy::needless_pass_by_value,
    reason = "arguments of Python calls come as values"
)]
fn invoke(py: Python<'_>, arguments: Vec<String>) -> Printed {
    printed(py.detach(|| gait_cli::invoke(&arguments)))
}

/// Runs the program within this process and prints what it prints; the exit code. For `python -m gait`.
#[pyfunction]
#[allow(
    clippy::needless_pass_by_value,
    reason = "arguments of Python calls come as values"
)]
fn main(py: Python<'_>, arguments: Vec<String>) -> u8 {
    py.detach(|| gait_cli::run(arguments.iter().map(Into::into)))
}

fn printed(response: Response) -> Printed {
    (response.stdout, response.stderr, response.exit)
}
