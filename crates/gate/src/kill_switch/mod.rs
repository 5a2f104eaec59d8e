//! The kill switch: entries that stop calls at once, whatever the policy says.
//!
//! [`judge`] compares a call with a state and is pure. [`KillSwitchFile`] keeps a state in a local file: it reads,
//! changes and journals it. Changes are made under a lock, so that two of them never undo each other.

mod file;
mod matching;

pub use file::{Change, KillSwitchError, KillSwitchFile, append_journal};
pub use gait_artifact::kill_switch::{KillSwitchEntry, KillSwitchJournalEntry, KillSwitchState};
pub use matching::{journal_entry, judge, unavailable};

/// The reason code and violation of every call that a switch stops.
pub const ACTIVE: &str = "kill_switch_active";
/// The reason code and violation of a call that is stopped because the state can't be used.
pub const STATE_UNAVAILABLE: &str = "kill_switch_state_unavailable";
