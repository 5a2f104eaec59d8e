//! One at a time deals with what happens: whoever brings it, if nobody is at work, or else the thread that stands by.
//!
//! An event that is dealt with by the thread that brings it costs no change of threads, which on the way of a tool call is
//! most of what the gateway costs. Events are dealt with in the order in which they are brought, wherever.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

/// Events of others that the thread that brought one deals with, before it goes back to what it is there for.
const FEW: usize = 4;

/// Events that wait, beyond which who brings more waits too: each can be as large as a message may be.
const MANY: usize = 16;

/// Deals with events.
pub(super) trait Worker {
    /// What happens.
    type Event;

    /// Deals with an event. Must not wait for other events.
    fn attend(&mut self, event: Self::Event);

    /// When the time is up, if nothing happens until then.
    fn deadline(&self) -> Option<Instant>;

    /// The time is up.
    fn time_is_up(&mut self);

    /// Whether nothing is dealt with any more, whatever happens.
    fn is_over(&self) -> bool;
}

/// Where events are brought.
pub(super) struct Strand<W: Worker>(Arc<Place<W>>);

struct Place<W: Worker> {
    table: Mutex<Table<W, W::Event>>,
    /// The one who stands by has something to do.
    changed: Condvar,
    /// There is room for events of those who wait to bring them.
    has_room: Condvar,
}

struct Table<W, E> {
    /// The worker, unless somebody is at work, or nobody stands by yet or any more.
    idle: Option<W>,
    /// What happened and nobody has dealt with; oldest first.
    events: VecDeque<E>,
    /// Until when the one who stands by waits.
    until: Option<Instant>,
    is_over: bool,
}

impl<W: Worker> Clone for Strand<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W: Worker> Strand<W> {
    /// Events may be brought from now on; they are dealt with once somebody stands by.
    pub(super) fn new() -> Self {
        Self(Arc::new(Place {
            table: Mutex::new(Table {
                idle: None,
                events: VecDeque::new(),
                until: None,
                is_over: false,
            }),
            changed: Condvar::new(),
            has_room: Condvar::new(),
        }))
    }

    /// Leaves an event to another thread; whether it will be dealt with.
    pub(super) fn leave(&self, event: W::Event) -> bool {
        let mut table = self.lock();
        if table.is_over {
            return false;
        }
        table.events.push_back(event);
        let is_idle = table.idle.is_some();
        drop(table);
        // Who is at work looks for more.
        if is_idle {
            self.0.changed.notify_one();
        }
        true
    }

    /// Deals with an event on this thread, and with a few that come meanwhile, or leaves it to another if somebody is at work;
    /// whether it is or will be dealt with. Waits while many events do, so it is not for a thread at work.
    pub(super) fn attend(&self, event: W::Event) -> bool {
        let mut table = self.lock();
        while table.events.len() >= MANY && !table.is_over {
            let room = self.0.has_room.wait(table);
            table = room.unwrap_or_else(PoisonError::into_inner);
        }
        self.attend_some(table, event, FEW)
    }

    /// As [`attend`](Self::attend), for a thread that has other things to do than to wait or to deal with what others bring.
    pub(super) fn attend_alone(&self, event: W::Event) -> bool {
        self.attend_some(self.lock(), event, 0)
    }

    fn attend_some(&self, mut table: Guard<'_, W>, event: W::Event, others: usize) -> bool {
        if table.is_over {
            return false;
        }
        // What waits comes first.
        if table.events.is_empty()
            && let Some(worker) = table.idle.take()
        {
            drop(table);
            let mut worker = AtWork::new(self, worker);
            worker.attend(event);
            for _ in 0..others {
                let Some(event) = worker.next() else { break };
                worker.attend(event);
            }
        } else {
            // Whoever has left what waits, or comes back from work, wakes the one who stands by.
            table.events.push_back(event);
        }
        true
    }

    /// Stands by until everything is over, with all that has to be dealt with; gives the worker back.
    pub(super) fn stand_by(&self, worker: W) -> W {
        let mut table = self.lock();
        table.idle = Some(worker);
        loop {
            let Some(worker) = table.idle.take() else {
                // Whoever is at work says when there is more.
                table.until = None;
                table = self.wait(table);
                continue;
            };
            if table.is_over || worker.is_over() {
                table.is_over = true;
                let left = std::mem::take(&mut table.events);
                drop(table);
                self.0.has_room.notify_all();
                drop(left);
                return worker;
            }
            let deadline = worker.deadline();
            let is_up = deadline.is_some_and(|deadline| deadline <= Instant::now());
            match self.first(&mut table) {
                None if !is_up => {
                    table.idle = Some(worker);
                    table.until = deadline;
                    table = self.wait(table);
                    continue;
                }
                event => {
                    drop(table);
                    let mut worker = AtWork::new(self, worker);
                    match event {
                        Some(event) => worker.attend(event),
                        None => worker.time_is_up(),
                    }
                }
            }
            table = self.lock();
        }
    }

    /// Takes what waits first.
    fn first(&self, table: &mut Guard<'_, W>) -> Option<W::Event> {
        let event = table.events.pop_front()?;
        if table.events.len() < MANY {
            self.0.has_room.notify_one();
        }
        Some(event)
    }

    /// Waits until something has changed, or until the time that `table` says.
    fn wait<'t>(&self, table: Guard<'t, W>) -> Guard<'t, W> {
        let changed = &self.0.changed;
        match table.until {
            None => changed.wait(table).unwrap_or_else(PoisonError::into_inner),
            Some(until) => {
                let time = until.saturating_duration_since(Instant::now());
                let waited = changed.wait_timeout(table, time);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    fn lock(&self) -> Guard<'_, W> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Guard<'t, W> = MutexGuard<'t, Table<W, <W as Worker>::Event>>;

/// The worker in the hands of a thread, until it goes back.
struct AtWork<'s, W: Worker> {
    strand: &'s Strand<W>,
    /// INVARIANT: it is there until the drop.
    worker: Option<W>,
}

impl<'s, W: Worker> AtWork<'s, W> {
    const fn new(strand: &'s Strand<W>, worker: W) -> Self {
        Self {
            strand,
            worker: Some(worker),
        }
    }

    fn attend(&mut self, event: W::Event) {
        if let Some(worker) = &mut self.worker {
            worker.attend(event);
        }
    }

    /// What has come meanwhile.
    fn next(&self) -> Option<W::Event> {
        if self.worker.as_ref().is_none_or(Worker::is_over) {
            return None;
        }
        self.strand.first(&mut self.strand.lock())
    }

    fn time_is_up(&mut self) {
        if let Some(worker) = &mut self.worker {
            worker.time_is_up();
        }
    }
}

impl<W: Worker> Drop for AtWork<'_, W> {
    fn drop(&mut self) {
        let Some(worker) = self.worker.take() else { return };
        // What a panic left half done is not gone on with.
        let is_over = worker.is_over() || thread::panicking();
        let deadline = worker.deadline();
        let mut table = self.strand.lock();
        table.idle = Some(worker);
        table.is_over |= is_over;
        let is_sooner = deadline.is_some_and(|deadline| table.until.is_none_or(|until| deadline < until));
        let is_wanted = table.is_over || is_sooner || !table.events.is_empty();
        drop(table);
        if is_wanted {
            self.strand.0.changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver, Sender};
    use std::time::Duration;

    use super::*;

    /// Notes what it deals with, and where.
    struct Clerk {
        noted: Vec<(u32, u32, thread::ThreadId)>,
        strand: Strand<Self>,
        deadline: Option<Instant>,
        is_over: bool,
    }

    enum Event {
        /// From whom, and which of theirs it is.
        Note(u32, u32),
        /// Bring another meanwhile.
        Echo(u32),
        /// Say that it has come, and wait until somebody says to go on.
        Hold(Sender<()>, Receiver<()>),
        EndAt(Instant),
        End,
        Panic,
    }

    impl Worker for Clerk {
        type Event = Event;

        fn attend(&mut self, event: Event) {
            match event {
                Event::Note(whose, number) => self.noted.push((whose, number, thread::current().id())),
                Event::Echo(number) => {
                    assert!(self.strand.attend(Event::Note(0, number)));
                }
                Event::Hold(come, go) => {
                    come.send(()).unwrap();
                    go.recv().unwrap();
                }
                Event::EndAt(time) => self.deadline = Some(time),
                Event::End => self.is_over = true,
                Event::Panic => panic!("as the test wants it"),
            }
        }

        fn deadline(&self) -> Option<Instant> {
            self.deadline
        }

        fn time_is_up(&mut self) {
            self.is_over = true;
        }

        fn is_over(&self) -> bool {
            self.is_over
        }
    }

    fn begin() -> (Strand<Clerk>, thread::JoinHandle<Clerk>) {
        let strand = Strand::new();
        let clerk = Clerk {
            noted: Vec::new(),
            strand: strand.clone(),
            deadline: None,
            is_over: false,
        };
        let place = strand.clone();
        (strand, thread::spawn(move || place.stand_by(clerk)))
    }

    /// Waits until somebody stands by and nobody is at work.
    fn settle(strand: &Strand<Clerk>) {
        let (come, has_come) = mpsc::channel();
        let (go, going) = mpsc::channel();
        strand.leave(Event::Hold(come, going));
        has_come.recv().unwrap();
        go.send(()).unwrap();
        while strand.lock().idle.is_none() {
            thread::yield_now();
        }
    }

    #[test]
    fn who_brings_an_event_deals_with_it_if_nobody_is_at_work() {
        let (strand, standing_by) = begin();
        settle(&strand);
        assert!(strand.attend(Event::Note(0, 1)));
        let other = standing_by.thread().id();
        assert!(strand.leave(Event::Note(0, 2)));
        strand.leave(Event::End);
        let noted = standing_by.join().unwrap().noted;
        assert_eq!(noted, [(0, 1, thread::current().id()), (0, 2, other)]);
        assert!(!strand.attend(Event::End) && !strand.leave(Event::End));
    }

    #[test]
    fn what_comes_while_somebody_is_at_work_waits_for_its_turn() {
        for is_alone in [false, true] {
            let (strand, standing_by) = begin();
            settle(&strand);
            let by = standing_by.thread().id();
            let (come, has_come) = mpsc::channel();
            let (go, going) = mpsc::channel();
            let working = thread::spawn({
                let strand = strand.clone();
                move || {
                    let event = Event::Hold(come, going);
                    if is_alone {
                        strand.attend_alone(event)
                    } else {
                        strand.attend(event)
                    }
                }
            });
            let at = working.thread().id();
            has_come.recv().unwrap();
            let few = u32::try_from(FEW).unwrap();
            assert!((0..=few).all(|number| strand.attend(Event::Note(0, number))));
            assert!(strand.leave(Event::End));
            go.send(()).unwrap();
            assert!(working.join().unwrap());
            let whose = |number| if is_alone || number == few { by } else { at };
            let expected: Vec<_> = (0..=few).map(|number| (0, number, whose(number))).collect();
            assert_eq!(standing_by.join().unwrap().noted, expected);
        }
    }

    #[test]
    fn who_brings_much_waits_until_there_is_room_or_no_more_to_be_done() {
        for ends in [false, true] {
            let (strand, standing_by) = begin();
            settle(&strand);
            let (come, has_come) = mpsc::channel();
            let (go, going) = mpsc::channel();
            strand.leave(Event::Hold(come, going));
            has_come.recv().unwrap();
            if ends {
                strand.leave(Event::End);
            }
            let bringing = thread::spawn({
                let strand = strand.clone();
                move || {
                    (0..1000)
                        .take_while(|number| strand.attend(Event::Note(0, *number)))
                        .count()
                }
            });
            while strand.lock().events.len() < MANY {
                thread::yield_now();
            }
            assert!(!bringing.is_finished());
            go.send(()).unwrap();
            let taken = bringing.join().unwrap();
            strand.leave(Event::End);
            let noted = standing_by.join().unwrap().noted.len();
            assert_eq!((taken == 1000, noted == taken), (!ends, !ends));
            assert!(strand.lock().events.is_empty());
        }
    }

    #[test]
    fn what_the_work_itself_brings_is_dealt_with_later() {
        let (strand, standing_by) = begin();
        settle(&strand);
        strand.attend_alone(Event::Echo(1));
        strand.leave(Event::End);
        let by = standing_by.thread().id();
        assert_eq!(standing_by.join().unwrap().noted, [(0, 1, by)]);
    }

    #[test]
    fn the_events_of_each_keep_their_order() {
        const EACH: u32 = 2000;
        let (strand, standing_by) = begin();
        let bringing = [0_u32, 1, 2].map(|whose| {
            let strand = strand.clone();
            thread::spawn(move || {
                for number in 0..EACH {
                    let event = Event::Note(whose, number);
                    let is_taken = match (number + whose) % 3 {
                        0 => strand.leave(event),
                        1 => strand.attend_alone(event),
                        _ => strand.attend(event),
                    };
                    assert!(is_taken);
                }
            })
        });
        for one in bringing {
            one.join().unwrap();
        }
        strand.leave(Event::End);
        let noted = standing_by.join().unwrap().noted;
        for whose in 0..3 {
            let numbers = noted
                .iter()
                .filter(|(who, ..)| *who == whose)
                .map(|noted| noted.1);
            assert!(numbers.eq(0..EACH));
        }
    }

    #[test]
    fn a_deadline_that_another_thread_sets_is_kept() {
        let (strand, standing_by) = begin();
        settle(&strand);
        strand.attend(Event::EndAt(Instant::now() + Duration::from_secs(600)));
        strand.attend(Event::EndAt(Instant::now() + Duration::from_millis(1)));
        assert!(standing_by.join().unwrap().is_over);
    }

    #[test]
    fn nothing_is_dealt_with_once_it_is_over() {
        let (strand, standing_by) = begin();
        settle(&strand);
        assert!(strand.attend(Event::End));
        assert!(!strand.attend(Event::Note(0, 1)) && !strand.leave(Event::Note(0, 2)));
        assert!(standing_by.join().unwrap().noted.is_empty());
    }

    #[test]
    fn a_panic_is_the_end() {
        let (strand, standing_by) = begin();
        settle(&strand);
        let falling = thread::spawn({
            let strand = strand.clone();
            move || strand.attend(Event::Panic)
        });
        assert!(falling.join().is_err());
        standing_by.join().unwrap();
        assert!(!strand.attend(Event::End));
    }
}
