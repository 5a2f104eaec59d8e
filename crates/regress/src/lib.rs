//! Incidents as deterministic regressions.
#![forbid(unsafe_code)]
