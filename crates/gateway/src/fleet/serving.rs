//! What one client and its servers are served with, and what every event leads to.

use std::collections::VecDeque;
use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::strand::{Strand, Worker};
use super::{Event, Fleet, Outlet, Server, Staff};
use crate::catalog::{Definition, Quarantine};
use crate::exchange::{Asked, Exchange, Step};
use crate::http::mirror;
use crate::hub::{Hub, HubStep};
use crate::link::{Link, Target};
use crate::notice::Notice;
use crate::pipe::{Arrival, Unread};
use crate::review::Standings;

/// How long servers may say nothing once they were told that no more will come.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is to be done, and at which server.
pub(super) enum Todo {
    Exchange(usize, Step),
    Hub(HubStep),
}

/// The cores, and the ways to the client and to the servers.
pub(super) struct Serving {
    hub: Option<Hub>,
    pub(super) servers: Vec<Server>,
    pub(super) strand: Strand<Self>,
    to_client: Outlet,
    pub(super) staff: Staff,
    /// Whether a decision may be gone on with by the thread that made it durable.
    has_ledger_alone: bool,
    /// The number of the rules that tools were looked at under.
    rules: u64,
    pub(super) is_client_there: bool,
    /// Whether nobody has time for servers that take theirs.
    is_told_to_end: bool,
    /// Until when something has to arrive from servers that were told that no more will come.
    patience_ends: Option<Instant>,
    is_over: bool,
}

impl Worker for Serving {
    type Event = Event;

    /// A client that is gone may have left calls behind: they are settled before the servers are told that no more will come.
    fn attend(&mut self, event: Event) {
        let goes_on = self.handle(event);
        self.note_unfinished();
        let is_deserted = self.servers.iter().all(|server| server.link.is_none());
        self.is_over = !goes_on || (is_deserted && (self.hub.is_none() || !self.is_client_there));
        if !self.is_client_there && !self.has_calls_to_settle() {
            self.close();
            self.patience_ends = Some(Instant::now() + PATIENCE);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let times = self
            .servers
            .iter()
            .flat_map(|server| [server.alarm, server.deaf_until]);
        self.patience_ends.or_else(|| times.flatten().min())
    }

    fn time_is_up(&mut self) {
        self.is_over = self.patience_ends.is_some() || !self.wake();
    }

    fn is_over(&self) -> bool {
        self.is_over
    }
}

impl Serving {
    pub(super) fn new(fleet: Fleet, to_client: Outlet, staff: Staff) -> Self {
        Self {
            hub: fleet.hub,
            servers: fleet.servers,
            strand: fleet.strand,
            to_client,
            rules: staff.judge.rules().number,
            staff,
            has_ledger_alone: fleet.has_ledger_alone,
            is_client_there: true,
            is_told_to_end: false,
            patience_ends: None,
            is_over: false,
        }
    }

    /// Starts the servers. The error is that of a server that stands alone and cannot be started.
    pub(super) fn open(&mut self) -> io::Result<()> {
        for index in 0..self.servers.len() {
            let strand = self.strand.clone();
            let target = &self.servers[index].target;
            // A child is heard by a thread that has nothing else to do.
            let has_own_thread = matches!(target, Target::Child(_));
            let tell = move |arrival| {
                let event = Event::Server(index, arrival);
                if has_own_thread {
                    strand.attend(event)
                } else {
                    strand.leave(event)
                }
            };
            match Link::open(target, Box::new(tell)) {
                Ok(link) => self.servers[index].link = Some(link),
                Err(error) if self.hub.is_none() => return Err(error),
                Err(error) => {
                    self.tell(index, Notice::NotStarted(&error));
                    // Nobody was told anything yet.
                    _ = self.lose(index, "cannot be started");
                }
            }
        }
        Ok(())
    }

    fn has_calls_to_settle(&self) -> bool {
        self.servers
            .iter()
            .any(|server| server.link.is_some() && server.exchange.has_calls_to_settle())
    }

    /// Wakes the servers whose time is over; whether the client still listens.
    fn wake(&mut self) -> bool {
        let now = Instant::now();
        let is_up = |time: &mut Option<Instant>| time.take_if(|time| *time <= now).is_some();
        let mut steps = Vec::new();
        for index in 0..self.servers.len() {
            if is_up(&mut self.servers[index].deaf_until) && !self.lose(index, "takes no messages any more") {
                return false;
            }
            if is_up(&mut self.servers[index].alarm)
                && let Some(hub) = &mut self.hub
            {
                hub.wake(index, &mut steps);
            }
        }
        self.take(steps.into_iter().map(Todo::Hub).collect())
    }

    /// Does what an event leads to; whether the client still listens.
    fn handle(&mut self, event: Event) -> bool {
        match event {
            Event::Client(Arrival::Message(bytes)) => {
                if !self.follow_rules() {
                    return false;
                }
                let todo = self.hear_client(&bytes);
                self.take(todo)
            }
            Event::Client(_) => {
                self.stop_waiting();
                true
            }
            Event::Stop => {
                self.stop_waiting();
                self.is_told_to_end = true;
                false
            }
            Event::News(index, number, news) => self.hear(index, number, news),
            Event::Server(index, Arrival::Message(bytes)) => {
                self.exchange(index, |exchange, steps| exchange.from_server(&bytes, steps))
            }
            Event::Server(index, _) => {
                let link = self.servers[index].link.as_mut();
                let status = link.and_then(Link::ended);
                if self.is_client_there {
                    self.tell(index, Notice::Ended(status));
                }
                let status = status.map(|status| format!(" ({status})")).unwrap_or_default();
                self.lose(index, &format!("ended{status} before it answered"))
            }
            Event::Settled(index, asked, outcome, took) => {
                let notice = Notice::Decided {
                    tool: &asked.wanted.name,
                    ruling: &outcome.ruling,
                    took,
                };
                self.tell(index, notice);
                self.decided(index, asked, outcome)
            }
        }
    }

    /// Has the tools of every server looked at again when calls are judged by other rules; whether the client still listens.
    fn follow_rules(&mut self) -> bool {
        let rules = self.staff.judge.rules().number;
        if std::mem::replace(&mut self.rules, rules) == rules {
            return true;
        }
        (0..self.servers.len()).all(|index| self.exchange(index, Exchange::look_again))
    }

    fn hear_client(&mut self, bytes: &[u8]) -> VecDeque<Todo> {
        if let Some(hub) = &mut self.hub {
            let mut steps = Vec::new();
            hub.from_client(bytes, &mut steps);
            return steps.into_iter().map(Todo::Hub).collect();
        }
        let mut steps = Vec::new();
        if let Some(server) = self.servers.first_mut() {
            server.exchange.from_client(bytes, &mut steps);
        }
        todo(0, steps)
    }

    /// Lets the exchange of a server do something, and takes the steps that this leads to.
    pub(super) fn exchange(&mut self, index: usize, act: impl FnOnce(&mut Exchange, &mut Vec<Step>)) -> bool {
        let mut steps = Vec::new();
        act(&mut self.servers[index].exchange, &mut steps);
        self.take(todo(index, steps))
    }

    /// A server says no more, because of `why`: what it owes is answered, and nothing goes to it from now on.
    fn lose(&mut self, index: usize, why: &str) -> bool {
        let server = &mut self.servers[index];
        (server.alarm, server.deaf_until) = (None, None);
        if self.hub.is_some()
            && let Some(link) = server.link.take()
        {
            // It may take its time to end.
            thread::spawn(move || link.end(false));
        }
        let mut steps = Vec::new();
        let why = format!("the server {} {why}", server.identity.server_id);
        server.exchange.server_is_gone(&why, &mut steps);
        let mut todo = todo(index, steps);
        if let Some(hub) = &mut self.hub {
            let mut steps = Vec::new();
            // What the exchange says in place of the server comes first.
            for step in todo.drain(..) {
                if let Todo::Exchange(_, Step::ToClient(message)) = step {
                    hub.from_server(index, message.as_bytes(), &mut steps);
                }
            }
            hub.server_is_gone(index, &mut steps);
            return self.take(steps.into_iter().map(Todo::Hub).collect());
        }
        // The one who stands alone is waited for in the end.
        self.take(todo);
        false
    }

    /// Takes steps, and those that they lead to; whether the client still listens.
    pub(super) fn take(&mut self, mut todo: VecDeque<Todo>) -> bool {
        while let Some(next) = todo.pop_front() {
            let sent = match next {
                Todo::Exchange(index, step) => self.step(index, step, &mut todo),
                Todo::Hub(step) => self.hub_step(step, &mut todo),
            };
            if sent.is_err() {
                return false;
            }
        }
        true
    }

    fn step(&mut self, index: usize, step: Step, todo: &mut VecDeque<Todo>) -> Result<(), Unread> {
        let mut steps = Vec::new();
        match step {
            Step::ToClient(message) => self.pass(index, message, todo)?,
            Step::Finished { ticket, frame } => {
                self.pass(index, frame.clone(), todo)?;
                self.told(ticket, &frame);
            }
            Step::ToServer(message) => self.send(index, message, &mut steps),
            Step::Judge(asked) => self.judge(index, asked),
            Step::Abandoned(call) => self.servers[index].counter.forget(&call),
            Step::Replied(call, reply) => self.servers[index].counter.reply(&call, reply),
            Step::Review(definitions) => self.review(index, definitions, &mut steps),
            Step::Dropped(why) => self.tell(index, Notice::Dropped(&why)),
        }
        todo.extend(steps.into_iter().map(|step| Todo::Exchange(index, step)));
        Ok(())
    }

    /// Sends a message to a server. One that takes none is told that no more will come: what it has said already, and its
    /// end, are still to arrive.
    fn send(&mut self, index: usize, message: String, steps: &mut Vec<Step>) {
        let server = &mut self.servers[index];
        let Some(link) = &mut server.link else {
            let why = format!("the server {} is not there any more", server.identity.server_id);
            return server.exchange.server_is_gone(&why, steps);
        };
        if link.send(message).is_err() {
            link.close();
            server.deaf_until = Some(Instant::now() + PATIENCE);
        }
    }

    /// Passes on what a server says.
    fn pass(&mut self, index: usize, message: String, todo: &mut VecDeque<Todo>) -> Result<(), Unread> {
        let Some(hub) = &mut self.hub else {
            return (self.to_client)(message);
        };
        let mut steps = Vec::new();
        hub.from_server(index, message.as_bytes(), &mut steps);
        todo.extend(steps.into_iter().map(Todo::Hub));
        Ok(())
    }

    fn hub_step(&mut self, step: HubStep, todo: &mut VecDeque<Todo>) -> Result<(), Unread> {
        match step {
            HubStep::ToClient(message) => (self.to_client)(message)?,
            HubStep::ToServer(index, message) => {
                let mut steps = Vec::new();
                self.servers[index]
                    .exchange
                    .from_client(message.as_bytes(), &mut steps);
                todo.extend(steps.into_iter().map(|step| Todo::Exchange(index, step)));
            }
            HubStep::WakeAfter(index, time) => self.servers[index].alarm = Some(Instant::now() + time),
            // Servers end because their client did.
            HubStep::Dropped(_) if !self.is_client_there => {}
            HubStep::Dropped(why) => (self.staff.watch)("", Notice::LeftOut(&why)),
        }
        Ok(())
    }

    fn judge(&self, index: usize, mut asked: Box<Asked>) {
        self.trace(&mut asked);
        let begun = Instant::now();
        let (strand, has_ledger_alone) = (self.strand.clone(), self.has_ledger_alone);
        let call = asked.to_call(&self.servers[index].identity, &self.staff.caller);
        let objection = asked.objection.as_ref().map(|objection| objection.code);
        self.staff.judge.judge(call, objection, move |outcome| {
            // The desk takes its time.
            let is_brief = outcome.pending.is_none();
            let event = Event::Settled(index, asked, outcome, begun.elapsed());
            // Nobody may be listening any more; then nothing runs.
            _ = if has_ledger_alone && is_brief {
                strand.attend_alone(event)
            } else {
                strand.leave(event)
            };
        });
    }

    fn review(&mut self, index: usize, definitions: Vec<Definition>, steps: &mut Vec<Step>) {
        let server = &self.servers[index].identity.server_id;
        let now = (self.staff.now)();
        let Staff { judge, reviewer, .. } = &self.staff;
        let reviewed = judge.review(reviewer, server, definitions, now);
        let catalog = match reviewed {
            Ok(mut catalog) => {
                if matches!(self.servers[index].target, Target::Remote(_)) {
                    catalog.hold_back(&Quarantine::UnusableHeaders, mirror::cannot_follow);
                }
                self.tell(index, Notice::Reviewed(Standings::of(&catalog)));
                Arc::new(catalog)
            }
            Err(error) => {
                self.tell(index, Notice::NotReviewed(&error));
                Arc::default()
            }
        };
        self.servers[index].exchange.know(catalog, steps);
    }

    fn tell(&self, index: usize, notice: Notice<'_>) {
        (self.staff.watch)(&self.servers[index].identity.server_id, notice);
    }

    /// Tells the servers that no more will come.
    fn close(&mut self) {
        for link in self.servers.iter_mut().filter_map(|server| server.link.as_mut()) {
            link.close();
        }
    }

    /// Ends the servers; gives what one that stands alone ended with.
    pub(super) fn end(mut self) -> io::Result<Option<ExitStatus>> {
        self.close();
        self.forget();
        let is_alone = self.hub.is_none();
        let links = self.servers.into_iter().filter_map(|server| server.link);
        let is_urgent = self.is_told_to_end;
        let ends: Vec<_> = links
            .map(|link| thread::spawn(move || link.end(is_urgent)))
            .collect();
        let mut statuses = ends.into_iter().filter_map(|end| end.join().ok());
        match statuses.next() {
            Some(status) if is_alone => status,
            _ => {
                statuses.for_each(drop);
                Ok(None)
            }
        }
    }
}

pub(super) fn todo(index: usize, steps: Vec<Step>) -> VecDeque<Todo> {
    steps
        .into_iter()
        .map(|step| Todo::Exchange(index, step))
        .collect()
}
