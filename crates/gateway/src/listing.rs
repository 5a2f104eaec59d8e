//! Listings of tools: the gateway's own, and those that clients are shown.

use gait_canon::json::{self, Document, Edits, Kind, Part};

use crate::catalog::{Catalog, Definition};
use crate::fold;
use crate::frame::RequestId;

/// Pages of one listing. A server that turns in circles must come to an end.
const MAX_PAGES: usize = 1024;
/// Bytes of all definitions of one listing, which are kept, compared and pinned.
const MAX_DEFINITIONS_BYTES: usize = 16 << 20;

/// The gateway's own listing, page by page.
#[derive(Debug, Default)]
pub struct Listing {
    definitions: Vec<Definition>,
    /// The bytes of those.
    bytes: usize,
    pages: usize,
}

/// What a page leads to.
#[derive(Debug)]
pub enum Next {
    /// The page after this cursor must be asked for.
    Page(String),
    /// That was all.
    Done(Vec<Definition>),
}

/// A listing that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    /// The result has no list of tools.
    #[error("the listing has no tools array")]
    Tools,
    /// The cursor is no text.
    #[error("the listing's nextCursor is no string")]
    Cursor,
    /// The listing does not end.
    #[error("the listing has more than {MAX_PAGES} pages")]
    Endless,
    /// There is more of it than anybody could review.
    #[error("the listing has more than {MAX_DEFINITIONS_BYTES} bytes of definitions")]
    TooLong,
}

impl Listing {
    /// The request for the page after `cursor`. `meta` is the `_meta` that requests of the stateless era must carry.
    #[must_use]
    pub fn request(id: &RequestId, cursor: Option<&str>, meta: Option<&str>) -> String {
        let text = |text: &str| json::compact(&text.into());
        let cursor = cursor.map(|cursor| format!("\"cursor\":{}", text(cursor)));
        let meta = meta.map(|meta| format!("\"_meta\":{meta}"));
        let params: Vec<String> = cursor.into_iter().chain(meta).collect();
        let id = id.to_json();
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/list\",\"params\":{{{}}}}}",
            params.join(",")
        )
    }

    /// Takes in one page. Definitions that are of no use are left out: who is not in the catalogue is not offered.
    pub fn take(&mut self, result: Part<'_>) -> Result<Next, ListingError> {
        self.pages += 1;
        if self.pages > MAX_PAGES {
            return Err(ListingError::Endless);
        }
        let tools = result.get("tools").filter(|tools| tools.kind() == Kind::Array);
        let tools = tools.ok_or(ListingError::Tools)?;
        for item in tools.items() {
            self.bytes += item.span().len();
            if self.bytes > MAX_DEFINITIONS_BYTES {
                return Err(ListingError::TooLong);
            }
            self.definitions.extend(Definition::read(item).ok());
        }
        match result
            .get("nextCursor")
            .filter(|cursor| cursor.kind() != Kind::Null)
        {
            None => Ok(Next::Done(std::mem::take(&mut self.definitions))),
            Some(cursor) => {
                let cursor = cursor.as_str().ok_or(ListingError::Cursor)?;
                Ok(Next::Page(cursor.to_owned()))
            }
        }
    }
}

/// The page in `document` without the tools that `catalog` does not offer; every other byte stays as it is.
#[must_use]
pub fn visible(document: &Document<'_>, result: Part<'_>, catalog: &Catalog) -> String {
    // A client that disregards case would see other tools there than those that were looked at.
    let variants: Vec<&str> = fold::variants_of(result, &["tools"]).collect();
    let tools = result.get("tools").filter(|tools| tools.kind() == Kind::Array);
    let is_offered =
        |item: &Part<'_>| Definition::read(*item).is_ok_and(|definition| catalog.offers(&definition));
    let hidden = tools.and_then(|tools| {
        let kept: Vec<&str> = tools.items().filter(is_offered).map(Part::raw).collect();
        (kept.len() < tools.items().count()).then_some((tools, kept))
    });
    if hidden.is_none() && variants.is_empty() {
        return document.text().to_owned();
    }
    let mut edits = Edits::new(document);
    edits.remove(result, &variants);
    if let Some((tools, kept)) = hidden {
        edits.replace(tools, format!("[{}]", kept.join(",")));
        // What one caller may see is no longer for everybody.
        if result.get("cacheScope").is_some() {
            edits.set(result, "cacheScope", "\"private\"");
        }
    }
    edits.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalog::Review, frame};

    #[test]
    fn requests_carry_cursor_and_meta() {
        let id = RequestId::Text("gait-1".to_owned());
        assert_eq!(
            Listing::request(&id, None, None),
            r#"{"jsonrpc":"2.0","id":"gait-1","method":"tools/list","params":{}}"#
        );
        assert_eq!(
            Listing::request(&id, Some("a\"b"), Some(r#"{"x":1}"#)),
            r#"{"jsonrpc":"2.0","id":"gait-1","method":"tools/list","params":{"cursor":"a\"b","_meta":{"x":1}}}"#
        );
    }

    #[test]
    fn pages_add_up() {
        let mut listing = Listing::default();
        let first = frame::read(br#"{"tools":[{"name":"a"},{"no":"name"}],"nextCursor":"2"}"#).unwrap();
        assert!(matches!(listing.take(first.root()), Ok(Next::Page(cursor)) if cursor == "2"));
        let last = frame::read(br#"{"tools":[{"name":"b"}],"nextCursor":null}"#).unwrap();
        let Ok(Next::Done(definitions)) = listing.take(last.root()) else {
            panic!("the listing goes on");
        };
        let names: Vec<_> = definitions.iter().map(|definition| &*definition.name).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn listings_that_make_no_sense_or_no_end_are_given_up() {
        for page in ["{}", r#"{"tools":{}}"#, r#"{"tools":[],"nextCursor":7}"#] {
            let document = frame::read(page.as_bytes()).unwrap();
            assert!(Listing::default().take(document.root()).is_err(), "{page}");
        }
        let page = frame::read(br#"{"tools":[],"nextCursor":"again"}"#).unwrap();
        let mut listing = Listing::default();
        assert!((0..MAX_PAGES).all(|_| listing.take(page.root()).is_ok()));
        assert!(matches!(listing.take(page.root()), Err(ListingError::Endless)));
    }

    #[test]
    fn what_is_not_offered_is_cut_out_and_nothing_else_changes() {
        let permits = |name: &str| name != "drop";
        let review = Review {
            pins: None,
            permits: &permits,
        };
        let text = br#"{"id":1, "result" : {"tools":[ {"name":"a","x":1.0} , {"name":"drop"}],"cacheScope":"public","y":[ ]}}"#;
        let document = frame::read(text).unwrap();
        let result = document.root().get("result").unwrap();
        let Ok(Next::Done(definitions)) = Listing::default().take(result) else {
            panic!("the listing goes on");
        };
        let catalog = Catalog::of(definitions, review).unwrap();
        assert_eq!(
            visible(&document, result, &catalog),
            r#"{"id":1, "result" : {"tools":[{"name":"a","x":1.0}],"cacheScope":"private","y":[ ]}}"#
        );
        let all = br#"{"result":{"tools":[ {"x":1.0,"name":"a"} ]}}"#;
        let document = frame::read(all).unwrap();
        let untouched = visible(&document, document.root().get("result").unwrap(), &catalog);
        assert_eq!(untouched.as_bytes(), all);
    }

    #[test]
    fn tools_under_another_name_are_cut_out_for_clients_that_disregard_case() {
        for (result, expected) in [
            (r#"{"Tools":[{"name":"x"}],"tools":[]}"#, r#"{"tools":[]}"#),
            (
                r#"{"tools":[{"name":"x"}],"TOOLS":[{"name":"x"}],"y":1}"#,
                r#"{"tools":[],"y":1}"#,
            ),
            ("{\"tool\u{17F}\":[]}", "{}"),
        ] {
            let text = format!("{{\"result\":{result}}}");
            let document = frame::read(text.as_bytes()).unwrap();
            let result = document.root().get("result").unwrap();
            let seen = visible(&document, result, &Catalog::default());
            assert_eq!(seen, format!("{{\"result\":{expected}}}"));
        }
    }

    #[test]
    fn a_listing_that_nobody_could_review_is_given_up() {
        let tool = format!(r#"{{"name":"a","x":"{}"}}"#, "y".repeat(200 << 10));
        let page = format!(
            "{{\"tools\":[{}],\"nextCursor\":\"on\"}}",
            vec![tool; 20].join(",")
        );
        let page = frame::read(page.as_bytes()).unwrap();
        let mut listing = Listing::default();
        let taken = (0..MAX_PAGES)
            .take_while(|_| listing.take(page.root()).is_ok())
            .count();
        assert!((1..10).contains(&taken), "{taken}");
        assert!(matches!(listing.take(page.root()), Err(ListingError::TooLong)));
    }
}
