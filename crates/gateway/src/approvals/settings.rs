//! What a desk goes by.

use std::sync::Arc;
use std::time::Duration;

use gait_approval::{Entry, Queue, state::Sealer};
use gait_artifact::Timestamp;
use gait_gate::clock::Clock;

use super::consent::ConsentInClient;

/// Is told of a request.
pub type Announce = Box<dyn FnMut(&Entry, Timestamp) + Send>;

/// What a desk goes by.
pub struct DeskSettings {
    /// Where requests wait for people.
    pub queue: Queue,
    /// Seals what clients are sent away with.
    pub sealer: Sealer,
    /// How long a call is held; zero for not at all.
    pub wait: Duration,
    /// Whether answers in the client count as approvals.
    pub consent: Option<ConsentInClient>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Is told of every new request, once. Must not wait.
    pub announce: Announce,
}
