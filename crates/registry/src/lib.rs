//! Skills and policies installed from elsewhere, verified before they are believed.
#![forbid(unsafe_code)]
