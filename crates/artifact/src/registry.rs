//! Packs of a registry, their pins and reports.
