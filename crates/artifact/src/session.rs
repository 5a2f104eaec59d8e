//! Placeholder face of the `session` family.
