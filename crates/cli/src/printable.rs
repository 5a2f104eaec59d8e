//! Text from artifacts on a terminal.

pub(crate) use gait_artifact::printable::printable;
