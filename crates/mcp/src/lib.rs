//! The boundary where tool calls arrive: the shapes agents send them in, and the servers they go to.
//!
//! What comes in: the bytes of one tool call, in the shape of the framework that made it. What goes out: an
//! [`IntentRequest`](gait_artifact::intent::IntentRequest), the same that its author would write by hand, so that a call
//! is judged alike whichever way it came. Beside it stands what the call says of its server and of its authentication,
//! and what the operator's snapshot says of that server.
//!
//! Nothing of a call is believed: its texts are claims, bounded when they are read. What was decided can be appended to
//! the journal of its session. The crate executes nothing, knows no network, and reads one file, the trust snapshot.

pub mod adapter;
pub mod answer;
pub mod artifact;
pub mod boundary;
pub mod call;
pub mod export;
pub mod intent;
pub mod oauth;
pub mod output;
pub mod run_id;
pub mod server;
pub mod sessions;
pub mod trust;

pub use adapter::{Adapter, DecodeError};
pub use answer::{Answer, Artifacts};
pub use boundary::{Ask, Boundary, BoundaryError, BoundarySettings, Judged};
pub use call::{CallContext, ToolCall};
pub use intent::CallError;
