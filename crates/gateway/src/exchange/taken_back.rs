//! Requests that the client took back.

use std::collections::{HashSet, VecDeque};

use super::MAX_IN_FLIGHT;
use crate::frame::RequestId;

/// The ids of requests that the client took back and that may still be answered, or decided about. Another request of the same
/// id would be taken for the one that it follows: what comes of a call for the answer to a ping.
///
/// A server need not answer what was taken back, so only the newest are known.
#[derive(Debug, Default)]
pub(super) struct TakenBack {
    ids: HashSet<RequestId>,
    order: VecDeque<RequestId>,
}

impl TakenBack {
    pub(super) fn contains(&self, id: &RequestId) -> bool {
        self.ids.contains(id)
    }

    pub(super) fn insert(&mut self, id: RequestId) {
        if self.order.len() >= MAX_IN_FLIGHT
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        if self.ids.insert(id.clone()) {
            self.order.push_back(id);
        }
    }

    /// Nothing comes of it any more.
    pub(super) fn remove(&mut self, id: &RequestId) {
        if self.ids.remove(id) {
            self.order.retain(|other| other != id);
        }
    }
}
