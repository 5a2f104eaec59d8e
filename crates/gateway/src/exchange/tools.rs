//! What an exchange knows of the server's tools, and what waits for that.

use std::sync::Arc;

use gait_canon::json::{Part, Value};

use super::{Dropped, Exchange, Owed, Step};
use crate::answer;
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

    fn ask_for_page(&mut self, cursor: Option<&str>, steps: &mut Vec<Step>) {
        let id = self.own_ids.next();
        steps.push(Step::ToServer(Listing::request(
            &id,
            cursor,
            self.meta.as_deref(),
        )));
        self.page = Some(id.clone());
        self.by_server.insert(id, Owed::OwnPage);
    }

    /// Takes note of what the server offers, and goes on with what waited for it.
    pub fn know(&mut self, catalog: Arc<Catalog>, steps: &mut Vec<Step>) {
        self.catalog = Some(catalog);
        steps.extend(self.held.drain(..).map(Step::ToClient));
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
            self.held
                .push(format!(r#"{{"jsonrpc":"2.0","method":"{TOOLS_CHANGED}"}}"#));
        }
        self.listing = None;
        self.list(steps);
    }

    pub(super) fn own_page(&mut self, result: Option<Part<'_>>, error: Option<&str>, steps: &mut Vec<Step>) {
        let Some(mut listing) = self.listing.take() else {
            return;
        };
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
        for (id, _) in std::mem::take(&mut self.parked) {
            let id = id.to_json();
            steps.push(Step::ToClient(format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}"
            )));
        }
    }
}
