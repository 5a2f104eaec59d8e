//! Audit packs and what keeps them.
