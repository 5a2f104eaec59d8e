//! The gateway between a client on standard input and output and a server that is a child process.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use gait_artifact::Timestamp;
use gait_policy::reach::may_permit;

use crate::catalog::Definition;
use crate::exchange::{Asked, Exchange, Step};
use crate::judge::{Judge, Outcome};
use crate::notice::Notice;
use crate::pipe::{Arrival, Outbox, read_messages};
use crate::review::{Reviewer, Standings};

/// How long a server may take to end once its input is closed.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked at meanwhile.
const GLANCE: Duration = Duration::from_millis(10);

/// Who decides, who reviews, and who watches.
pub struct Staff<'a> {
    /// Judges calls.
    pub judge: &'a Judge,
    /// Reviews tools.
    pub reviewer: &'a Reviewer,
    /// Tells the time.
    pub now: &'a dyn Fn() -> Timestamp,
    /// Is told what happens.
    pub watch: &'a mut dyn FnMut(Notice<'_>),
}

/// What the main loop is told.
enum Event {
    Client(Arrival),
    Server(Arrival),
    Settled(Box<Asked>, Outcome, Duration),
}

/// Stands between a client and the server that `command` starts, until one of them ends; gives what the server ended with.
pub fn run(
    client: (impl BufRead + Send + 'static, impl Write + Send + 'static),
    mut command: Command,
    nonce: &str,
    staff: Staff<'_>,
) -> io::Result<ExitStatus> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let pipes = child.stdin.take().zip(child.stdout.take());
    let (server_in, server_out) = pipes.ok_or(io::ErrorKind::BrokenPipe)?;
    let (events, arrived) = mpsc::channel();
    listen(client.0, events.clone(), Event::Client);
    listen(BufReader::new(server_out), events.clone(), Event::Server);
    let (to_client, client_writer) = Outbox::open(client.1);
    let (to_server, _) = Outbox::open(server_in);
    let mut gateway = Gateway {
        exchange: Exchange::new(nonce),
        to_client,
        to_server: Some(to_server),
        events,
        staff,
    };
    gateway.serve(&arrived);
    // Closing its input tells the server to end.
    gateway.to_server = None;
    drop(gateway);
    let status = end(&mut child)?;
    // What was said last must arrive.
    _ = client_writer.join();
    Ok(status)
}

/// Tells the main loop what arrives on `stream`.
fn listen(stream: impl BufRead + Send + 'static, events: Sender<Event>, of: fn(Arrival) -> Event) {
    thread::spawn(move || read_messages(stream, |arrival| events.send(of(arrival)).is_ok()));
}

/// Waits for the end of the child, and brings it about in the end.
fn end(child: &mut Child) -> io::Result<ExitStatus> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        thread::sleep(GLANCE);
    }
    child.kill()?;
    child.wait()
}

/// The main loop and what it holds.
struct Gateway<'a> {
    exchange: Exchange,
    to_client: Outbox,
    to_server: Option<Outbox>,
    events: Sender<Event>,
    staff: Staff<'a>,
}

impl Gateway<'_> {
    /// Does what has to be done until the server is gone. A client that is gone may have left calls behind: they are settled
    /// before the server is told that no more will come.
    fn serve(&mut self, arrived: &Receiver<Event>) {
        let mut is_client_there = true;
        loop {
            if !is_client_there && !self.exchange.has_calls_to_settle() {
                self.to_server = None;
            }
            let event = if self.to_server.is_some() {
                arrived.recv().ok()
            } else {
                arrived.recv_timeout(PATIENCE).ok()
            };
            let Some(event) = event else { return };
            let mut steps = Vec::new();
            let is_server_there = !matches!(event, Event::Server(Arrival::End | Arrival::TooLong));
            is_client_there &= !matches!(event, Event::Client(Arrival::End | Arrival::TooLong));
            self.handle(event, &mut steps);
            if !self.take(steps) || !is_server_there {
                return;
            }
        }
    }

    fn handle(&mut self, event: Event, steps: &mut Vec<Step>) {
        match event {
            Event::Client(Arrival::Message(bytes)) => self.exchange.from_client(&bytes, steps),
            Event::Server(Arrival::Message(bytes)) => self.exchange.from_server(&bytes, steps),
            Event::Settled(asked, outcome, took) => {
                (self.staff.watch)(Notice::Decided {
                    tool: &asked.wanted.name,
                    ruling: &outcome.ruling,
                    took,
                });
                self.exchange.settle(*asked, outcome.decided, steps);
            }
            Event::Client(_) => {}
            Event::Server(_) => self.exchange.server_is_gone(steps),
        }
    }

    /// Takes steps, and those that they lead to; whether both sides still listen.
    fn take(&mut self, steps: Vec<Step>) -> bool {
        let mut steps = VecDeque::from(steps);
        while let Some(step) = steps.pop_front() {
            let sent = match step {
                Step::ToClient(message) | Step::Finished { frame: message, .. } => {
                    self.to_client.send(message)
                }
                Step::ToServer(message) => self
                    .to_server
                    .as_ref()
                    .map_or(Ok(()), |server| server.send(message)),
                Step::Judge(asked) => {
                    self.judge(asked);
                    Ok(())
                }
                Step::Review(definitions) => {
                    let mut more = Vec::new();
                    self.review(definitions, &mut more);
                    steps.extend(more);
                    Ok(())
                }
                Step::Dropped(why) => {
                    (self.staff.watch)(Notice::Dropped(&why));
                    Ok(())
                }
            };
            if sent.is_err() {
                return false;
            }
        }
        true
    }

    fn judge(&self, asked: Box<Asked>) {
        let begun = Instant::now();
        let events = self.events.clone();
        let judge = self.staff.judge;
        let call = asked.to_call(&judge.server, &judge.caller);
        let objection = asked.objection.as_ref().map(|objection| objection.code);
        judge.judge(call, objection, move |outcome| {
            // Nobody may be listening any more; then nothing runs.
            _ = events.send(Event::Settled(asked, outcome, begun.elapsed()));
        });
    }

    fn review(&mut self, definitions: Vec<Definition>, steps: &mut Vec<Step>) {
        let policy = self.staff.judge.boundary.gate().compiled_policy();
        let permits = |tool: &str| may_permit(policy, tool);
        let server = &self.staff.judge.server.server_id;
        let reviewed = self
            .staff
            .reviewer
            .review(server, definitions, &permits, (self.staff.now)());
        match reviewed {
            Ok(catalog) => {
                (self.staff.watch)(Notice::Reviewed(Standings::of(&catalog)));
                self.exchange.know(catalog, steps);
            }
            Err(error) => {
                (self.staff.watch)(Notice::NotReviewed(&error));
                self.exchange.know(Arc::default(), steps);
            }
        }
    }
}
