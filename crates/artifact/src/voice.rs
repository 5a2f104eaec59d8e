//! Placeholder face of the `voice` family.
