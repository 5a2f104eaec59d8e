//! Lists of what several servers offer.
//!
//! A page is gathered from all servers at once: the first page of the hub is the first page of each of them, so that clients
//! that look at no second page see every server. The cursor that leads on holds those of the servers that have more.

use gait_canon::json::{self, Document, Kind, Part, Value};

use super::era::{Era, List, Way, is_cacheable, tool_changes};
use super::owed::{Owed, State};
use super::wire::{Answer, cancelled, object, patched, string};
use super::{Hub, HubDropped, HubStep};
use crate::answer::{INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND};
use crate::frame::{Request, RequestId};

/// Bytes of a server's cursor. They come back with every request for a page.
const MAX_CURSOR: usize = 16 << 10;

/// A list that is gathered from several servers.
#[derive(Debug)]
pub(super) struct Gathering {
    asker: RequestId,
    list: &'static List,
    is_first: bool,
    /// What each server was asked for, in their order.
    pages: Vec<Page>,
}

/// A server's part of a page.
#[derive(Debug)]
struct Page {
    server: usize,
    /// The hub's id of the request for it.
    id: i64,
    state: PageState,
}

#[derive(Debug)]
enum PageState {
    Asked,
    Here(Items),
    Failed(String),
}

/// What a server has on a page.
#[derive(Debug)]
struct Items {
    /// Each item as the client is to see it, and what it is known by where that must be unique.
    listed: Vec<(Option<String>, String)>,
    next: Option<String>,
    /// How long it may be kept, in milliseconds.
    ttl: u64,
    is_public: bool,
}

impl Hub {
    /// Asks servers for the pages that make one page of the client's.
    pub(super) fn gather(
        &mut self,
        request: &Request<'_>,
        document: &Document<'_>,
        steps: &mut Vec<HubStep>,
    ) {
        let Some(list) = List::of(request.method) else {
            return;
        };
        let era = self.era_of(&request.id);
        let cursor = request.params.and_then(|params| params.get("cursor"));
        let cursor = cursor.filter(|cursor| cursor.kind() != Kind::Null);
        let wanted: Option<Vec<(usize, Option<String>)>> = match cursor {
            None => {
                // The two eras have no common way to speak of tasks.
                let can = |era_of: Era| list.capability != "tasks" || era_of == era;
                let offers = self
                    .offers()
                    .filter(|(_, offer)| offer.has(list.capability) && can(offer.era));
                Some(offers.map(|(server, _)| (server, None)).collect())
            }
            Some(cursor) => cursor.as_str().and_then(|cursor| self.open_cursor(list, cursor)),
        };
        let Some(wanted) = wanted else {
            let refusal = Answer::error(INVALID_PARAMS, "the cursor is none that was given out here");
            return self.answer(&request.id, &refusal, steps);
        };
        if wanted.is_empty() {
            let refusal = match cursor {
                None => Answer::error(METHOD_NOT_FOUND, &format!("no server answers {}", list.method)),
                Some(_) => Answer::error(INTERNAL_ERROR, "the servers that have more are gone"),
            };
            return self.answer(&request.id, &refusal, steps);
        }
        let mut pages = Vec::new();
        let gathering = self.next_id();
        for (server, cursor) in wanted {
            let Some(to) = self.servers[server].offer().map(|offer| offer.era) else {
                continue;
            };
            let id = self.next_id();
            let way = Way {
                from: era,
                to,
                token: None,
                meta: &self.session.meta(),
            };
            let cursor = ("cursor", cursor.as_deref().map(string));
            let mut changes = vec![("id", Some(id.to_string()))];
            if let Some(params) = way.params(request.params, vec![cursor]) {
                changes.push(("params", Some(params)));
            }
            steps.push(HubStep::ToServer(server, patched(document.root(), &changes)));
            steps.push(HubStep::WakeAfter(server, self.settings.listing_patience));
            self.owe(id, server, Owed::Page(gathering));
            let state = PageState::Asked;
            pages.push(Page { server, id, state });
        }
        let asker = request.id.clone();
        self.now_waits(&asker, State::Gathered(gathering));
        let is_first = cursor.is_none();
        self.gatherings.insert(
            gathering,
            Gathering {
                asker,
                list,
                is_first,
                pages,
            },
        );
    }

    /// The pages that a cursor of the hub leads to.
    fn open_cursor(&self, list: &List, cursor: &str) -> Option<Vec<(usize, Option<String>)>> {
        let text = self.seal.open(list.method, cursor)?;
        let pages = json::parse(text.as_bytes()).ok()?;
        let mut wanted = Vec::new();
        for page in pages.as_array()? {
            let [server, cursor] = page.as_array()? else {
                return None;
            };
            let server = usize::try_from(server.as_i64()?).ok()?;
            if self.servers.get(server)?.offer().is_some() {
                wanted.push((server, Some(cursor.as_str()?.to_owned())));
            }
        }
        Some(wanted)
    }

    /// Takes in a server's part of a list.
    pub(super) fn take_page(
        &mut self,
        (id, gathering): (i64, i64),
        root: Part<'_>,
        steps: &mut Vec<HubStep>,
    ) {
        let Some(known) = self.gatherings.get(&gathering) else {
            return;
        };
        let era = self.era_of(&known.asker);
        let Some(server) = known
            .pages
            .iter()
            .find(|page| page.id == id)
            .map(|page| page.server)
        else {
            return;
        };
        let list = known.list;
        let state = match root.get("result") {
            None => PageState::Failed(root.get("error").map_or("null", Part::raw).to_owned()),
            Some(result) => match self.items(server, list, era, result, steps) {
                Ok(items) => PageState::Here(items),
                Err(why) => PageState::Failed(failure(why)),
            },
        };
        self.page_is(gathering, id, state, steps);
    }

    /// Takes note that a server will not send its part, or not in time.
    pub(super) fn page_is_lost(&mut self, gathering: i64, id: i64, why: &str, steps: &mut Vec<HubStep>) {
        self.page_is(gathering, id, PageState::Failed(failure(why)), steps);
    }

    /// Shows lists without the part of a server that does not send it. Each request for a page starts its time anew, so that
    /// whatever is still missing was asked for long ago.
    pub(super) fn pages_take_too_long(&mut self, server: usize, steps: &mut Vec<HubStep>) {
        let pages = self.owed.iter().filter(|(_, debt)| debt.server == server);
        let pages = pages.filter_map(|(id, debt)| match debt.owed {
            Owed::Page(gathering) => Some((*id, gathering)),
            _ => None,
        });
        let mut pages: Vec<(i64, i64)> = pages.collect();
        pages.sort_unstable();
        for (id, gathering) in pages {
            self.owed.remove(&id);
            steps.push(HubStep::ToServer(server, cancelled(&id.to_string())));
            self.page_is_lost(gathering, id, "the server did not answer in time", steps);
        }
    }

    fn page_is(&mut self, gathering: i64, id: i64, state: PageState, steps: &mut Vec<HubStep>) {
        let Some(known) = self.gatherings.get_mut(&gathering) else {
            return;
        };
        if let Some(page) = known.pages.iter_mut().find(|page| page.id == id) {
            page.state = state;
        }
        if known
            .pages
            .iter()
            .any(|page| matches!(page.state, PageState::Asked))
        {
            return;
        }
        if let Some(gathering) = self.gatherings.remove(&gathering) {
            self.merge(gathering, steps);
        }
    }

    /// What of a server's page is shown, and how.
    fn items(
        &self,
        server: usize,
        list: &List,
        era: Era,
        result: Part<'_>,
        steps: &mut Vec<HubStep>,
    ) -> Result<Items, &'static str> {
        let listed = result
            .get(list.member)
            .filter(|listed| listed.kind() == Kind::Array);
        let listed = listed.ok_or("the server's list is none")?;
        let next = result.get("nextCursor").filter(|next| next.kind() != Kind::Null);
        let next = match next {
            None => None,
            Some(next) => {
                let next = next.as_str().filter(|next| next.len() <= MAX_CURSOR);
                Some(next.ok_or("the server's cursor is of no use")?.to_owned())
            }
        };
        let mut items = Vec::new();
        for item in listed.items() {
            match self.item(server, list, era, item) {
                Ok(item) => items.push(item),
                Err(why) => steps.push(self.left_out(server, item, why)),
            }
        }
        let ttl = result.get("ttlMs").and_then(|ttl| ttl.read().ok());
        let scope = result.get("cacheScope").and_then(Part::as_str);
        Ok(Items {
            listed: items,
            next,
            ttl: ttl.unwrap_or_default(),
            is_public: scope == Some("public"),
        })
    }

    /// One item as the client is to see it.
    fn item(
        &self,
        server: usize,
        list: &List,
        era: Era,
        item: Part<'_>,
    ) -> Result<(Option<String>, String), &'static str> {
        let text = |key: &str| item.get(key).and_then(Part::as_str);
        match list.member {
            "tools" | "prompts" => {
                let name = text("name").ok_or("it has no name")?;
                let shown = self.servers[server].name.qualify(name);
                let shown = shown.ok_or("with the server's name its own would be too long")?;
                let mut changes = vec![("name", Some(string(&shown)))];
                if list.member == "tools" {
                    changes.extend(tool_changes(era, item));
                }
                Ok((None, patched(item, &changes)))
            }
            "tasks" => Ok((None, patched(item, &self.task_changes(server, item)))),
            member => {
                let key = if member == "resources" {
                    "uri"
                } else {
                    "uriTemplate"
                };
                let uri = text(key).ok_or("it has no URI")?;
                Ok((Some(uri.to_owned()), item.raw().to_owned()))
            }
        }
    }

    fn left_out(&self, server: usize, item: Part<'_>, why: &'static str) -> HubStep {
        let text = |key: &str| item.get(key).and_then(Part::as_str);
        let what = text("name")
            .or_else(|| text("uri"))
            .or_else(|| text("uriTemplate"));
        HubStep::Dropped(HubDropped::ItemLeftOut {
            server: self.servers[server].name.clone(),
            what: what.unwrap_or("an item").to_owned(),
            why,
        })
    }

    /// Answers with what came together.
    fn merge(&mut self, gathering: Gathering, steps: &mut Vec<HubStep>) {
        let list = gathering.list;
        match list.member {
            "resources" if gathering.is_first => self.places.forget_resources(),
            "resourceTemplates" if gathering.is_first => self.places.forget_templates(),
            _ => {}
        }
        let mut shown = Vec::new();
        let mut next = Vec::new();
        let mut ttl = None;
        let mut is_public = true;
        let mut refusal = None;
        for Page { server, state, .. } in gathering.pages {
            let items = match state {
                PageState::Here(items) => items,
                PageState::Asked => continue,
                PageState::Failed(error) => {
                    let server = self.servers[server].name.clone();
                    steps.push(HubStep::Dropped(HubDropped::ListLeftOut {
                        server,
                        method: list.method.to_owned(),
                        error: error.clone(),
                    }));
                    refusal.get_or_insert(error);
                    continue;
                }
            };
            for (uri, item) in items.listed {
                if uri.is_none_or(|uri| self.is_of(server, list, &uri, steps)) {
                    shown.push(item);
                }
            }
            next.extend(
                items
                    .next
                    .map(|cursor| Value::Array(vec![(server as u64).into(), cursor.into()])),
            );
            ttl = Some(ttl.map_or(items.ttl, |ttl: u64| ttl.min(items.ttl)));
            is_public &= items.is_public;
        }
        let era = self.era_of(&gathering.asker);
        let Some(ttl) = ttl else {
            let error = refusal.unwrap_or_else(|| "null".to_owned());
            return self.answer(&gathering.asker, &Answer::Error(error), steps);
        };
        let next = (!next.is_empty()).then(|| {
            let pages = json::compact(&Value::Array(next));
            string(&self.seal.close(list.method, &pages))
        });
        let mut members = vec![
            (list.member, Some(format!("[{}]", shown.join(",")))),
            ("nextCursor", next),
        ];
        if era == Era::Stateless {
            members.insert(0, ("resultType", Some(string("complete"))));
            if is_cacheable(list.method) {
                let scope = if is_public && refusal.is_none() {
                    "public"
                } else {
                    "private"
                };
                members.push(("ttlMs", Some(if refusal.is_some() { 0 } else { ttl }.to_string())));
                members.push(("cacheScope", Some(string(scope))));
            }
        }
        self.answer(&gathering.asker, &Answer::Result(object(&members)), steps);
    }

    /// Whether a resource or template is this server's, and not one that another has too.
    fn is_of(&mut self, server: usize, list: &List, uri: &str, steps: &mut Vec<HubStep>) -> bool {
        let is_of = if list.member == "resources" {
            self.places.claim(uri, server)
        } else {
            self.places.claim_template(uri, server)
        };
        if !is_of {
            steps.push(HubStep::Dropped(HubDropped::ItemLeftOut {
                server: self.servers[server].name.clone(),
                what: uri.to_owned(),
                why: "another server has it too",
            }));
        }
        is_of
    }

    /// Asks no more for a list that nobody waits for.
    pub(super) fn give_up_gathering(&mut self, gathering: i64, steps: &mut Vec<HubStep>) {
        let pages = self
            .gatherings
            .remove(&gathering)
            .map(|gathering| gathering.pages);
        for page in pages.into_iter().flatten() {
            if self.owed.remove(&page.id).is_some() {
                steps.push(HubStep::ToServer(page.server, cancelled(&page.id.to_string())));
            }
        }
    }
}

/// An error of the hub's own, as JSON.
fn failure(why: &str) -> String {
    object(&[
        ("code", Some(INTERNAL_ERROR.to_string())),
        ("message", Some(string(why))),
    ])
}
