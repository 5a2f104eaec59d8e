//! What an agent did, recorded, verified, replayed and compared.
#![forbid(unsafe_code)]
