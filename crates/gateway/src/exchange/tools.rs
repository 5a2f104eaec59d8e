//! What an exchange knows of the server's tools, and what waits for that.

use std::sync::Arc;

use gait_canon::json::{Part, Value};

use super::step::UNKNOWN;
use super::{Decided, Dropped, Exchange, MAX_HELD, MAX_HELD_BYTES, Owed, Step, Unfinished};
use crate::answer::{self, Ruling};
use crate::catalog::Catalog;
use crate::frame::RequestId;
use crate::listing::{Listing, Next};
use crate::protocol::TOOLS_CHANGED;

impl Exchange {
    /// Keeps a request until the catalogue is known.
    pub(super) fn park(&mut self, id: &RequestId, text: &str, steps: &mut Vec<Step>) {
        self.parked.push_back((id.clone(), text.to_owned()));
        self.list(steps);
    }

    /// Begins the gateway's own listing, unless one is on its way.
    pub(super) fn list(&mut self, steps: &mut Vec<Step>) {
        if self.listing.is_none() {
            self.listing = Some(Listing::default());
            self.ask_for_page(None, steps);
        }
    }

    /// The same, for tools that changed. What is on its way comes to its end first, so that a server that changes its mind all
    /// the time is asked one thing at a time.
    pub(super) fn list_anew(&mut self, steps: &mut Vec<Step>) {
        self.is_outdated = self.listing.is_some();
        self.list(steps);
    }

    /// Keeps a notice of changed tools until they were looked at. One that says the same as another need not be kept.
    pub(super) fn hold(&mut self, notice: String, steps: &mut Vec<Step>) {
        if self.held.contains(&notice) {
            return;
        }
        if self.held.len() < MAX_HELD && notice.len() <= MAX_HELD_BYTES {
            self.held.push(notice);
        } else {
            let why = "too many notices of changed tools came at once";
            steps.push(Step::Dropped(Dropped::Listing(why.to_owned())));
        }
    }

    fn ask_for_page(&mut self, cursor: Option<&str>, steps: &mut Vec<Step>) {
        let id = self.own_ids.next();
        steps.push(Step::ToServer(Listing::request(
            &id,
            cursor,
            self.meta.as_deref(),
        )));
        self.by_server.insert(id, Owed::OwnPage);
    }

    /// Takes note of what the server offers, and goes on with what waited for it.
    pub fn know(&mut self, catalog: Arc<Catalog>, steps: &mut Vec<Step>) {
        self.catalog = Some(catalog);
        steps.extend(self.held.drain(..).map(Step::ToClient));
        for (asked, ticket) in std::mem::take(&mut self.ready) {
            self.settle(asked, Decided::Run(ticket), steps);
        }
        for (_, text) in std::mem::take(&mut self.parked) {
            self.from_client(text.as_bytes(), steps);
        }
    }

    /// What may be seen of the tools is decided by other rules now: looks at them again, and tells the client where that can
    /// be told.
    pub fn look_again(&mut self, steps: &mut Vec<Step>) {
        if self.catalog.take().is_none() && self.listing.is_none() {
            return;
        }
        // Clients of the stateless era are told only what they listen for.
        if self.meta.is_none() {
            let notice = format!(r#"{{"jsonrpc":"2.0","method":"{TOOLS_CHANGED}"}}"#);
            self.hold(notice, steps);
        }
        self.list_anew(steps);
    }

    pub(super) fn own_page(&mut self, result: Option<Part<'_>>, error: Option<&str>, steps: &mut Vec<Step>) {
        let Some(mut listing) = self.listing.take() else {
            return;
        };
        if std::mem::take(&mut self.is_outdated) {
            return self.list(steps);
        }
        let Some(result) = result else {
            return self.give_up(error.unwrap_or("null"), steps);
        };
        match listing.take(result) {
            Ok(Next::Done(definitions)) => steps.push(Step::Review(definitions)),
            Ok(Next::Page(cursor)) => {
                self.listing = Some(listing);
                self.ask_for_page(Some(&cursor), steps);
            }
            Err(error) => {
                steps.push(Step::Dropped(Dropped::Listing(error.to_string())));
                let text = Value::from(format!("the server's tools cannot be listed: {error}"));
                let code = answer::INTERNAL_ERROR;
                let text = gait_canon::json::compact(&text);
                self.give_up(&format!("{{\"code\":{code},\"message\":{text}}}"), steps);
            }
        }
    }

    /// Answers what waited for the catalogue with the error that there is instead. The next request tries again.
    fn give_up(&mut self, error: &str, steps: &mut Vec<Step>) {
        steps.extend(self.held.drain(..).map(Step::ToClient));
        for (asked, ticket) in std::mem::take(&mut self.ready) {
            self.unfinished.push((ticket, Unfinished::Abandoned));
            if self.judging.remove(&asked.id) {
                let ruling = Ruling::changed(UNKNOWN);
                let refused = answer::refused(&asked.id, &ruling, self.meta.is_some());
                steps.push(Step::ToClient(refused));
            }
        }
        for (id, _) in std::mem::take(&mut self.parked) {
            let id = id.to_json();
            steps.push(Step::ToClient(format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}"
            )));
        }
    }
}
