//! The members of the objects of a text that is written as they come.

use std::ops::Range;

use super::super::layout::Order;
use super::super::{Error, ErrorKind};

/// Where the members of objects stand in a text, and where they should.
///
/// Objects that are out of order are only noted as they end: to put each in order at once would move what is nested once for
/// every level. [`pieces`](Self::pieces) gives every byte once, however deep it lies.
#[derive(Debug)]
pub(super) struct Members {
    order: Order,
    /// Members of all objects being written, innermost last: one buffer instead of one for each object.
    open: Vec<Member>,
    /// The keys of those.
    keys: String,
    /// Objects out of order.
    disordered: Vec<Disordered>,
    /// Places of the members of those, as they should follow one another.
    sorted: Vec<Range<usize>>,
}

/// What a key usually takes, in bytes.
const USUAL_KEY_BYTES: usize = 16;

#[derive(Debug)]
struct Member {
    /// The start of its key, which tells most keys apart.
    rank: u64,
    /// Its place in the keys.
    key: Range<usize>,
    /// Its place in the text, without commas.
    place: Range<usize>,
}

#[derive(Debug)]
struct Disordered {
    /// The place in the text of all members together.
    place: Range<usize>,
    /// The indices of their places in order.
    sorted: Range<usize>,
}

impl Members {
    pub(super) fn new(order: Order) -> Self {
        Self {
            order,
            open: Vec::new(),
            keys: String::new(),
            disordered: Vec::new(),
            sorted: Vec::new(),
        }
    }

    /// Opens an object that is said to have `len` members; gives the index of its first.
    pub(super) fn open(&mut self, len: usize) -> usize {
        self.open.reserve(len);
        self.keys.reserve(len.saturating_mul(USUAL_KEY_BYTES));
        self.open.len()
    }

    /// Whether members stay in the order in which they are written.
    pub(super) fn keeps_order(&self) -> bool {
        self.order == Order::AsGiven
    }

    /// Begins a member of the innermost object that is written from `start` on.
    pub(super) fn begin(&mut self, key: &str, start: usize) {
        let from = self.keys.len();
        self.keys.push_str(key);
        self.open.push(Member {
            rank: self.order.rank(key),
            key: from..self.keys.len(),
            place: start..start,
        });
    }

    /// Ends the member begun last; the members of objects within it are gone by now.
    pub(super) fn end(&mut self, end: usize) {
        if let Some(member) = self.open.last_mut() {
            member.place.end = end;
        }
    }

    /// Ends the object whose members are the open ones from index `first` on.
    pub(super) fn close(&mut self, first: usize) -> Result<(), Error> {
        let Some(keys_before) = self.open.get(first).map(|member| member.key.start) else {
            return Ok(());
        };
        self.arrange(first)?;
        self.open.truncate(first);
        self.keys.truncate(keys_before);
        Ok(())
    }

    /// Notes what is out of order. A member twice is an error: which of the two is digested must not depend on luck.
    fn arrange(&mut self, first: usize) -> Result<(), Error> {
        let Self { order, keys, .. } = self;
        let key = |member: &Member| &keys[member.key.clone()];
        let compare = |a: &Member, b: &Member| {
            let by_rank = a.rank.cmp(&b.rank);
            by_rank.then_with(|| order.compare(key(a), key(b)))
        };
        let members = &mut self.open[first..];
        if members.is_sorted_by(|a, b| compare(a, b).is_lt()) {
            return Ok(());
        }
        let (Some(head), Some(tail)) = (members.first(), members.last()) else {
            return Ok(());
        };
        let place = head.place.start..tail.place.end;
        members.sort_unstable_by(compare);
        let mut neighbours = members.iter().zip(&members[1..]);
        if let Some((twice, _)) = neighbours.find(|(a, b)| compare(a, b).is_eq()) {
            return Err(Error::new(ErrorKind::DuplicateKey(key(twice).to_owned())));
        }
        if *order != Order::AsGiven {
            let from = self.sorted.len();
            self.sorted
                .extend(members.iter().map(|member| member.place.clone()));
            let sorted = from..self.sorted.len();
            self.disordered.push(Disordered { place, sorted });
        }
        Ok(())
    }

    /// Whether all objects were written in order.
    pub(super) fn are_in_order(&self) -> bool {
        self.disordered.is_empty()
    }

    /// Gives the pieces of `text`, all objects of which are written, so that members follow one another in order.
    pub(super) fn pieces(mut self, text: &str, mut out: impl FnMut(&str)) {
        self.disordered.sort_unstable_by_key(|object| object.place.start);
        self.pieces_of(text, 0..text.len(), &mut out);
    }

    // Recursion is bounded by the depth of the value that was written with as much.
    fn pieces_of(&self, text: &str, place: Range<usize>, out: &mut impl FnMut(&str)) {
        let mut at = place.start;
        while let Some(object) = self.first_disordered(at..place.end) {
            out(&text[at..object.place.start]);
            for (index, member) in self.sorted[object.sorted.clone()].iter().enumerate() {
                if index > 0 {
                    out(",");
                }
                self.pieces_of(text, member.clone(), out);
            }
            at = object.place.end;
        }
        out(&text[at..place.end]);
    }

    /// The first object whose members begin within `within`, but not right at its start: there stands the key of a member
    /// or what was said already.
    fn first_disordered(&self, within: Range<usize>) -> Option<&Disordered> {
        let next = self
            .disordered
            .partition_point(|object| object.place.start <= within.start);
        self.disordered
            .get(next)
            .filter(|object| object.place.start < within.end)
    }
}
