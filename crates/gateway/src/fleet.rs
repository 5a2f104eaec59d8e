//! One client in front of one server or several, whatever carries the messages.
//!
//! The main loop is told what arrives, asks the cores what to do about it and does that: an
//! [`Exchange`] for each server, and a [`Hub`] in front of those where there is more than one server to speak of or an era
//! to be translated. A server alone is spoken to through its exchange only, so that messages stay as they are.

mod desk;
mod recorded;

use std::collections::VecDeque;
use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use gait_artifact::Timestamp;
use gait_artifact::mcp::McpServer;

use crate::approvals::{Counter, News};
use crate::call::Caller;
use crate::catalog::{Definition, Quarantine};
use crate::exchange::{Asked, Exchange, Step};
use crate::http::mirror;
use crate::hub::{Hub, HubStep};
use crate::judge::{Judge, Outcome};
use crate::link::{Link, Target};
use crate::notice::Notice;
use crate::pipe::{Arrival, Unread};
use crate::review::{Reviewer, Standings};

/// How long servers may say nothing once they were told that no more will come.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who decides, who reviews, and who watches.
pub struct Staff<'a> {
    /// Judges calls.
    pub judge: &'a Judge,
    /// Who calls.
    pub caller: &'a Caller,
    /// Reviews tools.
    pub reviewer: &'a Reviewer,
    /// Tells the time.
    pub now: &'a dyn Fn() -> Timestamp,
    /// Is told what happens, and at which server by its id; that is empty for what concerns none alone.
    pub watch: &'a mut dyn FnMut(&str, Notice<'_>),
}

/// A server behind the gateway.
#[derive(Debug, Clone)]
pub struct Member {
    /// What policies, pins and traces know it as.
    pub identity: McpServer,
    /// Where it is.
    pub target: Target,
}

/// What the main loop is told.
enum Event {
    Client(Arrival),
    Server(usize, Arrival),
    Settled(usize, Box<Asked>, Outcome, Duration),
    News(usize, u64, News),
    Stop,
}

/// Tells the main loop what the client says.
#[derive(Debug, Clone)]
pub struct Inlet(Sender<Event>);

impl Inlet {
    /// Tells it; whether anybody still listens.
    #[allow(
        clippy::must_use_candidate,
        reason = "who has said what there is need not know"
    )]
    pub fn tell(&self, arrival: Arrival) -> bool {
        self.0.send(Event::Client(arrival)).is_ok()
    }

    /// Tells it to end now, whatever the client and the servers still have to say.
    pub fn stop(&self) {
        // Nobody listens who has not ended already.
        _ = self.0.send(Event::Stop);
    }
}

/// Takes messages to the client; nobody waits until it has read them.
pub type Outlet = Box<dyn Fn(String) -> Result<(), Unread> + Send>;

/// Several servers that are one to their client, or a single one.
pub struct Fleet {
    hub: Option<Hub>,
    servers: Vec<Server>,
    events: Sender<Event>,
    arrived: Receiver<Event>,
}

/// A server, and what is known of the conversation with it.
struct Server {
    identity: McpServer,
    target: Target,
    exchange: Exchange,
    /// Its calls that need an approval.
    counter: Counter,
    link: Option<Link>,
    /// When the hub wants to be woken for it.
    alarm: Option<Instant>,
}

/// What is to be done, and at which server.
enum Todo {
    Exchange(usize, Step),
    Hub(HubStep),
}

impl Fleet {
    /// One server, whose messages pass as they are. The client must not be able to guess `nonce`.
    #[must_use]
    pub fn alone(member: Member, nonce: &str) -> Self {
        Self::new(None, vec![member], nonce)
    }

    /// The servers that `hub` was made for, in the same order.
    #[must_use]
    pub fn behind(hub: Hub, members: Vec<Member>, nonce: &str) -> Self {
        Self::new(Some(hub), members, nonce)
    }

    fn new(hub: Option<Hub>, members: Vec<Member>, nonce: &str) -> Self {
        let (events, arrived) = mpsc::channel();
        let server = |(index, member): (usize, Member)| Server {
            identity: member.identity,
            target: member.target,
            exchange: Exchange::new(&format!("{nonce}-{index}")),
            counter: Counter::default(),
            link: None,
            alarm: None,
        };
        Self {
            hub,
            servers: members.into_iter().enumerate().map(server).collect(),
            events,
            arrived,
        }
    }

    /// Where the client's messages go.
    #[must_use]
    pub fn inlet(&self) -> Inlet {
        Inlet(self.events.clone())
    }

    /// Starts the servers and serves until the client is gone, or the server that stands alone; gives what that ended with.
    /// The error is that of a server that stands alone and cannot be started.
    pub fn run(self, to_client: Outlet, staff: Staff<'_>) -> io::Result<Option<ExitStatus>> {
        let mut serving = Serving {
            hub: self.hub,
            servers: self.servers,
            events: self.events,
            to_client,
            rules: staff.judge.rules().number,
            staff,
            is_client_there: true,
            is_told_to_end: false,
        };
        serving.open()?;
        serving.serve(&self.arrived);
        serving.close();
        serving.forget();
        serving.end()
    }
}

/// The main loop and what it holds.
struct Serving<'a> {
    hub: Option<Hub>,
    servers: Vec<Server>,
    events: Sender<Event>,
    to_client: Outlet,
    staff: Staff<'a>,
    /// The number of the rules that tools were looked at under.
    rules: u64,
    is_client_there: bool,
    /// Whether nobody has time for servers that take theirs.
    is_told_to_end: bool,
}

impl Serving<'_> {
    fn open(&mut self) -> io::Result<()> {
        for index in 0..self.servers.len() {
            let events = self.events.clone();
            let tell = Box::new(move |arrival| events.send(Event::Server(index, arrival)).is_ok());
            match Link::open(&self.servers[index].target, tell) {
                Ok(link) => self.servers[index].link = Some(link),
                Err(error) if self.hub.is_none() => return Err(error),
                Err(error) => {
                    self.tell(index, Notice::NotStarted(&error));
                    // Nobody was told anything yet.
                    _ = self.lose(index);
                }
            }
        }
        Ok(())
    }

    /// Does what has to be done until the client is gone, or all there is to serve it with. A client that is gone may have
    /// left calls behind: they are settled before the servers are told that no more will come.
    fn serve(&mut self, arrived: &Receiver<Event>) {
        let mut is_client_there = true;
        loop {
            let is_closing = !is_client_there && !self.has_calls_to_settle();
            if is_closing {
                self.close();
            }
            let event = match self.next(arrived, is_closing) {
                Ok(event) => event,
                Err(RecvTimeoutError::Timeout) if !is_closing => {
                    if !self.wake() {
                        return;
                    }
                    continue;
                }
                Err(_) => return,
            };
            is_client_there &= !matches!(event, Event::Client(Arrival::End | Arrival::TooLong));
            let is_over = !self.handle(event);
            self.note_unfinished();
            let is_deserted = self.servers.iter().all(|server| server.link.is_none());
            if is_over || (is_deserted && (self.hub.is_none() || !is_client_there)) {
                return;
            }
        }
    }

    fn has_calls_to_settle(&self) -> bool {
        self.servers
            .iter()
            .any(|server| server.link.is_some() && server.exchange.has_calls_to_settle())
    }

    /// The next event, unless it takes longer than there is time.
    fn next(&self, arrived: &Receiver<Event>, is_closing: bool) -> Result<Event, RecvTimeoutError> {
        if is_closing {
            return arrived.recv_timeout(PATIENCE);
        }
        match self.servers.iter().filter_map(|server| server.alarm).min() {
            Some(alarm) => arrived.recv_timeout(alarm.saturating_duration_since(Instant::now())),
            None => arrived.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    /// Wakes the servers whose time is over; whether the client still listens.
    fn wake(&mut self) -> bool {
        let now = Instant::now();
        let mut steps = Vec::new();
        for index in 0..self.servers.len() {
            let alarm = &mut self.servers[index].alarm;
            if alarm.is_some_and(|alarm| alarm <= now) {
                *alarm = None;
                if let Some(hub) = &mut self.hub {
                    hub.wake(index, &mut steps);
                }
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
            Event::Server(index, _) => self.lose(index),
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
    fn exchange(&mut self, index: usize, act: impl FnOnce(&mut Exchange, &mut Vec<Step>)) -> bool {
        let mut steps = Vec::new();
        act(&mut self.servers[index].exchange, &mut steps);
        self.take(todo(index, steps))
    }

    /// A server says no more: what it owes is answered, and nothing goes to it from now on.
    fn lose(&mut self, index: usize) -> bool {
        let server = &mut self.servers[index];
        server.alarm = None;
        if self.hub.is_some()
            && let Some(link) = server.link.take()
        {
            // It may take its time to end.
            thread::spawn(move || link.end(false));
        }
        let mut steps = Vec::new();
        server.exchange.server_is_gone(&mut steps);
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
    fn take(&mut self, mut todo: VecDeque<Todo>) -> bool {
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
            Step::ToServer(message) => {
                let link = self.servers[index].link.as_ref();
                let sent = link.map_or(Err(Unread), |link| link.send(message));
                if sent.is_err() && self.hub.is_none() {
                    return Err(Unread);
                }
                if sent.is_err() {
                    self.servers[index].exchange.server_is_gone(&mut steps);
                }
            }
            Step::Judge(asked) => self.judge(index, asked),
            Step::Abandoned(call) => self.servers[index].counter.forget(&call),
            Step::Replied(call, reply) => self.servers[index].counter.reply(&call, reply),
            Step::Review(definitions) => self.review(index, definitions, &mut steps),
            Step::Dropped(why) => self.tell(index, Notice::Dropped(&why)),
        }
        todo.extend(steps.into_iter().map(|step| Todo::Exchange(index, step)));
        Ok(())
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
        let events = self.events.clone();
        let judge = self.staff.judge;
        let call = asked.to_call(&self.servers[index].identity, self.staff.caller);
        let objection = asked.objection.as_ref().map(|objection| objection.code);
        judge.judge(call, objection, move |outcome| {
            // Nobody may be listening any more; then nothing runs.
            _ = events.send(Event::Settled(index, asked, outcome, begun.elapsed()));
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

    fn tell(&mut self, index: usize, notice: Notice<'_>) {
        (self.staff.watch)(&self.servers[index].identity.server_id, notice);
    }

    /// Tells the servers that no more will come.
    fn close(&mut self) {
        for link in self.servers.iter_mut().filter_map(|server| server.link.as_mut()) {
            link.close();
        }
    }

    fn end(self) -> io::Result<Option<ExitStatus>> {
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

fn todo(index: usize, steps: Vec<Step>) -> VecDeque<Todo> {
    steps
        .into_iter()
        .map(|step| Todo::Exchange(index, step))
        .collect()
}
