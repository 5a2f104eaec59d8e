//! Placeholder face of the `pack` family.
