//! `gait approvals`: decide about calls that wait for an approval.

pub(crate) mod approve;
pub(crate) mod deny;
pub(crate) mod list;
pub(crate) mod show;
pub(crate) mod watch;

use gait_approval::{Details, Queue, QueueError, QueueSettings, RequestId};
use gait_artifact::Timestamp;

use crate::arguments::Parsed;
use crate::error::Failure;
use crate::spec::{Flag, GroupSpec};

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "approvals",
    summary: "Decide about calls that wait for an approval",
    explain: "Lists the calls that wait for an approval, shows what exactly would run, and approves or denies them from any terminal.",
    help_succeeds: true,
};

/// The one positional argument of commands about one request.
const REQUEST: &str = "<request_id>";
pub(super) const DIRECTORY: Flag = Flag::path("dir", "directory of the queue").or(".gait/approvals");
const APPROVER: Flag = Flag::text("approver", "who decides");

/// The queue that [`DIRECTORY`] names.
pub(super) fn queue(parsed: &Parsed) -> Queue {
    Queue::new(parsed.text(DIRECTORY.name).trim(), QueueSettings::default())
}

/// The request that a command is about. Nothing shorter than the whole id will do: other ids are made by agents.
fn request_id(parsed: &Parsed) -> Result<RequestId, Failure> {
    match parsed.positionals() {
        [id] => id.trim().parse().map_err(Failure::invalid_input),
        _ => Err(Failure::invalid_input("one request id is required")),
    }
}

fn required<'a>(parsed: &'a Parsed, flag: &Flag) -> Result<&'a str, Failure> {
    match parsed.text(flag.name).trim() {
        "" => Err(Failure::invalid_input(format!("--{} is required", flag.name))),
        text => Ok(text),
    }
}

/// Requests as they stand at one instant, and those that can't be read.
struct Requests {
    /// In the order in which they were asked.
    told: Vec<Details>,
    /// Why some are missing.
    unreadable: Vec<String>,
}

impl Requests {
    /// The requests that are open or approved; with `all` the others as well.
    fn look(queue: &Queue, all: bool, now: Timestamp) -> Result<Self, QueueError> {
        let mut requests = Self {
            told: Vec::new(),
            unreadable: Vec::new(),
        };
        for id in queue.ids()? {
            match queue.look(&id, now) {
                Ok(entry) if all || !entry.status.is_final() => {
                    requests.told.push(Details::of(&entry, false));
                }
                // Forgotten since, or not made yet.
                Ok(_) | Err(QueueError::Unknown(_)) => {}
                Err(error) => requests.unreadable.push(error.to_string()),
            }
        }
        requests.told.sort_by(|one, other| {
            (one.created_at, &one.request_id).cmp(&(other.created_at, &other.request_id))
        });
        Ok(requests)
    }
}

/// One line for a request in lists.
fn line(details: &Details) -> String {
    format!("{} {} {}", details.request_id, details.status, details.headline())
}
