//! Placeholder face of the `proof` family.
