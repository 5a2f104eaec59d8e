//! The memories of many clients.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gait_canon::Digest;

use super::{Memory, SharedMemory};

/// Clients whose memories are kept.
const MAX_CLIENTS: usize = 256;
/// Clients of which it is known that something was forgotten.
const MAX_FORGOTTEN: usize = 1 << 16;

/// The memories of the clients that were heard of last. A client that comes back later has one that knows that it does not
/// know.
#[derive(Debug, Default)]
pub struct Memories(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    kept: HashMap<Digest, (SharedMemory, u64)>,
    uses: u64,
    forgotten: HashSet<Digest>,
    /// From the oldest to the newest.
    order: VecDeque<Digest>,
}

impl Memories {
    /// The memory of `client`.
    #[must_use]
    pub fn of(&self, client: Digest) -> SharedMemory {
        let mut table = self.table();
        table.uses += 1;
        let now = table.uses;
        if let Some((memory, used)) = table.kept.get_mut(&client) {
            *used = now;
            return memory.clone();
        }
        if table.kept.len() >= MAX_CLIENTS {
            table.forget_oldest();
        }
        let memory = SharedMemory::new(if table.forgotten.contains(&client) {
            Memory::ignorant()
        } else {
            Memory::new()
        });
        table.kept.insert(client, (memory.clone(), now));
        memory
    }

    /// The client will not come back.
    pub fn end(&self, client: Digest) {
        self.table().kept.remove(&client);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn forget_oldest(&mut self) {
        let oldest = self.kept.iter().min_by_key(|(_, (_, used))| *used);
        let Some(oldest) = oldest.map(|(client, _)| *client) else {
            return;
        };
        self.kept.remove(&oldest);
        if self.forgotten.insert(oldest) {
            self.order.push_back(oldest);
        }
        if self.order.len() > MAX_FORGOTTEN
            && let Some(client) = self.order.pop_front()
        {
            self.forgotten.remove(&client);
        }
    }
}

#[cfg(test)]
mod tests {
    use gait_canon::json::Object;

    use super::*;

    #[test]
    fn a_client_that_was_forgotten_is_trusted_with_nothing() {
        let memories = Memories::default();
        let client = |number: usize| Digest::of(&number.to_le_bytes());
        let mut arguments = Object::new();
        arguments.insert("to", "bob@example.org");
        for number in 0..=MAX_CLIENTS {
            assert!(memories.of(client(number)).trace(&arguments).is_empty());
        }
        assert!(memories.of(client(MAX_CLIENTS)).trace(&arguments).is_empty());
        assert_eq!(memories.of(client(0)).trace(&arguments).len(), 2);
        memories.end(client(5));
        assert!(memories.of(client(5)).trace(&arguments).is_empty());
    }
}
