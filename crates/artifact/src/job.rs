//! Placeholder face of the `job` family.
