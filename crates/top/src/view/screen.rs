//! What the person at the terminal has chosen to see.

use gait_approval::{Details, RequestId};
use gait_artifact::verdict::Verdict;

use crate::model::{Model, SeenCall};

/// Characters of a filter.
const MAX_FILTER: usize = 64;
/// Rows that a page has before the first one was drawn.
const FIRST_PAGE: usize = 10;

/// A key, whatever terminal it was pressed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// One page up.
    PageUp,
    /// One page down.
    PageDown,
    /// To the first row.
    Home,
    /// To the last row.
    End,
    /// Enter.
    Enter,
    /// Escape.
    Escape,
    /// Tab.
    Tab,
    /// Backspace.
    Backspace,
    /// Ctrl-C.
    Interrupt,
    /// A character.
    Char(char),
}

/// What comes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The screen is drawn anew.
    Stay,
    /// The program ends.
    Quit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Pane {
    #[default]
    Calls,
    Pending,
}

/// What covers the panes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Overlay {
    Call(Box<SeenCall>),
    Request(Box<Details>),
    Approve(RequestId),
    Deny(RequestId),
}

/// What the person at the terminal has chosen to see.
#[derive(Debug, Default)]
pub struct Screen {
    pane: Pane,
    is_paused: bool,
    verdict: Option<Verdict>,
    filter: String,
    /// What is being typed as the next filter.
    typed: Option<String>,
    /// The selected call; without one the latest calls are in view.
    call: Option<u64>,
    request: Option<RequestId>,
    overlay: Option<Overlay>,
    /// The first calls that are out of view.
    pub(super) offset: usize,
    /// Rows of calls that are in view.
    pub(super) page: usize,
}

impl Screen {
    /// Whether the screen is to stay as it is.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.is_paused
    }

    pub(super) fn is_at_pending(&self) -> bool {
        self.pane == Pane::Pending
    }

    pub(super) fn typed(&self) -> Option<&str> {
        self.typed.as_deref()
    }

    pub(super) const fn overlay(&self) -> Option<&Overlay> {
        self.overlay.as_ref()
    }

    /// The filters that are in force, in words.
    pub(super) fn filters(&self) -> String {
        let verdict = self.verdict.map(|verdict| format!(" {verdict} only"));
        let filter = (!self.filter.is_empty()).then(|| format!(" /{}", self.filter));
        verdict.into_iter().chain(filter).collect()
    }

    /// Whether a tool of a server is to be seen.
    pub(super) fn shows(&self, server: &str, tool: &str) -> bool {
        let filter = self.typed.as_deref().unwrap_or(&self.filter);
        filter.is_empty()
            || [server, tool]
                .iter()
                .any(|text| text.to_lowercase().contains(filter))
    }

    /// The calls that are to be seen, the latest first.
    pub(super) fn calls<'m>(&self, model: &'m Model) -> Vec<&'m SeenCall> {
        let is_wanted = |seen: &&SeenCall| {
            self.verdict.is_none_or(|verdict| verdict == seen.call.verdict)
                && self.shows(&seen.server, &seen.call.tool)
        };
        model.calls().filter(is_wanted).collect()
    }

    /// The place of the selected call among `calls`.
    pub(super) fn selected_call(&self, calls: &[&SeenCall]) -> Option<usize> {
        let number = self.call?;
        calls.iter().position(|seen| seen.number == number)
    }

    /// The place of the selected request.
    pub(super) fn selected_request(&self, requests: &[Details]) -> Option<usize> {
        let selected = self.request.as_ref();
        let place = requests
            .iter()
            .position(|request| Some(&request.request_id) == selected);
        place.or(if requests.is_empty() { None } else { Some(0) })
    }

    /// Does what `key` asks for.
    pub fn press(&mut self, key: Key, model: &Model) -> Next {
        if key == Key::Interrupt {
            return Next::Quit;
        }
        if self.typed.is_some() {
            self.type_filter(key);
            return Next::Stay;
        }
        if self.overlay.is_some() && matches!(key, Key::Escape | Key::Enter | Key::Char('q')) {
            self.overlay = None;
            return Next::Stay;
        }
        match key {
            Key::Escape | Key::Char('q') => return Next::Quit,
            Key::Char('p') => self.is_paused = !self.is_paused,
            Key::Char('/') => self.typed = Some(String::new()),
            Key::Char('v') => self.verdict = next_verdict(self.verdict),
            Key::Char('a') => self.open(model, |request| Overlay::Approve(request.request_id.clone())),
            Key::Char('d') => self.open(model, |request| Overlay::Deny(request.request_id.clone())),
            Key::Tab => {
                self.pane = match self.pane {
                    Pane::Calls => Pane::Pending,
                    Pane::Pending => Pane::Calls,
                }
            }
            Key::Enter => self.open_details(model),
            key => self.go(key, model),
        }
        Next::Stay
    }

    fn type_filter(&mut self, key: Key) {
        let Some(typed) = &mut self.typed else { return };
        match key {
            Key::Char(letter) if !letter.is_control() && typed.chars().count() < MAX_FILTER => {
                typed.extend(letter.to_lowercase());
            }
            Key::Backspace => _ = typed.pop(),
            Key::Enter => self.filter = self.typed.take().unwrap_or_default(),
            Key::Escape => {
                self.typed = None;
                self.filter.clear();
            }
            _ => {}
        }
    }

    fn open(&mut self, model: &Model, overlay: impl Fn(&Details) -> Overlay) {
        let requests = model.waiting();
        let selected = self.selected_request(requests);
        self.overlay = selected.and_then(|place| requests.get(place)).map(overlay);
    }

    fn open_details(&mut self, model: &Model) {
        if self.is_at_pending() {
            self.open(model, |request| Overlay::Request(Box::new(request.clone())));
            return;
        }
        let calls = self.calls(model);
        let place = self.selected_call(&calls).unwrap_or(0);
        self.overlay = calls
            .get(place)
            .map(|seen| Overlay::Call(Box::new((*seen).clone())));
    }

    /// Moves the selection.
    fn go(&mut self, key: Key, model: &Model) {
        let page = if self.page == 0 { FIRST_PAGE } else { self.page };
        let go = |from: Option<usize>, rows: usize| {
            let last = rows.checked_sub(1)?;
            let from_or_top = from.unwrap_or(0);
            let place = match key {
                // Above the latest call is no call: what comes next is in view again.
                Key::Up if from_or_top == 0 => return None,
                Key::Up => from_or_top - 1,
                Key::Down => from.map_or(0, |from| from + 1),
                Key::PageUp => from_or_top.saturating_sub(page),
                Key::PageDown => from_or_top + page,
                Key::End => last,
                Key::Home => return None,
                _ => return from,
            };
            Some(place.min(last))
        };
        match self.pane {
            Pane::Calls => {
                let calls = self.calls(model);
                let place = go(self.selected_call(&calls), calls.len());
                self.call = place.and_then(|place| calls.get(place)).map(|seen| seen.number);
            }
            Pane::Pending => {
                let requests = model.waiting();
                let place = go(self.selected_request(requests), requests.len()).unwrap_or(0);
                self.request = requests.get(place).map(|request| request.request_id.clone());
            }
        }
    }
}

/// All verdicts after each other, then no choice again.
fn next_verdict(verdict: Option<Verdict>) -> Option<Verdict> {
    let Some(verdict) = verdict else {
        return Verdict::ALL.first().copied();
    };
    Verdict::ALL.into_iter().find(|next| *next > verdict)
}
