//! Placeholder face of the `contract` family.
