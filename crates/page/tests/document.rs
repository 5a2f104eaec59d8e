//! What every page is as a document, whatever is in it.
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use roxmltree::{Document, Node, ParsingOptions};

#[allow(dead_code, reason = "each test program uses its part")]
mod samples;

/// Set to `overwrite`, the golden pages become what the pages are.
const GOLDEN: &str = "GAIT_TEST_GOLDEN";

#[test]
fn pages_look_as_they_did() {
    for (name, html) in samples::ordinary() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.html"));
        if std::env::var(GOLDEN).is_ok_and(|value| value == "overwrite") {
            fs::write(&path, &html).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            golden == html,
            "{name} is not as in {}; {GOLDEN}=overwrite accepts it",
            path.display()
        );
    }
}

#[test]
fn the_same_view_gives_the_same_bytes() {
    assert_eq!(samples::ordinary(), samples::ordinary());
}

/// Pages are well-formed XML as well, so a parser that forgives nothing can look at them.
fn each_document(look: impl Fn(&str, &str, &Document<'_>)) {
    let pages = [samples::ordinary(), samples::empty(), samples::hostile()].concat();
    for (name, html) in pages {
        let options = ParsingOptions {
            allow_dtd: true,
            ..ParsingOptions::default()
        };
        let document = Document::parse_with_options(&html, options).unwrap();
        look(name, &html, &document);
    }
}

fn elements<'a>(document: &'a Document<'_>) -> impl Iterator<Item = Node<'a, 'a>> {
    document.descendants().filter(Node::is_element)
}

#[test]
fn nothing_leads_out_of_a_page() {
    const ELEMENTS: [&str; 36] = [
        "html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "article",
        "h1", "h2", "h3", "p", "bdi", "span", "dl", "dt", "dd", "div", "ul", "li", "b", "pre", "code",
        "table", "caption", "thead", "tbody", "tr", "th", "td", "ol", "em", "strong",
    ];
    const ATTRIBUTES: [&str; 12] = [
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "class",
        "id",
        "role",
        "scope",
        "aria-label",
        "aria-labelledby",
        "data-label",
    ];
    each_document(|name, html, document| {
        for element in elements(document) {
            let tag = element.tag_name().name();
            assert!(ELEMENTS.contains(&tag), "{name} has a {tag}");
            for attribute in element.attributes() {
                assert!(
                    ATTRIBUTES.contains(&attribute.name()),
                    "{name}: {tag} has {}",
                    attribute.name()
                );
            }
        }
        let style = elements(document)
            .find(|element| element.has_tag_name("style"))
            .unwrap();
        for reference in ["url(", "@import", "@font-face", "image(", "src("] {
            assert!(
                !style.text().unwrap().contains(reference),
                "{name} has {reference}"
            );
        }
        assert!(!html.contains("<!--"), "{name}");
    });
}

#[test]
fn the_policy_of_a_page_allows_its_style_and_nothing_else() {
    each_document(|name, html, document| {
        let policy = elements(document)
            .find(|element| element.attribute("http-equiv") == Some("Content-Security-Policy"))
            .unwrap();
        assert!(
            html.find("Content-Security-Policy") < html.find("<style>"),
            "{name}"
        );
        let content = policy.attribute("content").unwrap();
        assert!(
            content.starts_with("default-src 'none'; style-src 'sha256-"),
            "{content}"
        );
        assert!(!content.contains("unsafe"), "{content}");
    });
}

#[test]
fn pages_can_be_found_one_s_way_in_without_seeing_them() {
    each_document(|name, _, document| {
        let count = |tag: &str| {
            elements(document)
                .filter(|element| element.has_tag_name(tag))
                .count()
        };
        for landmark in ["header", "main", "footer", "h1", "title"] {
            assert_eq!(count(landmark), 1, "{name}: {landmark}");
        }
        let mut ids = BTreeSet::new();
        let mut last_level = 1;
        for element in elements(document) {
            if let Some(id) = element.attribute("id") {
                assert!(ids.insert(id.to_owned()), "{name} has two {id}");
            }
            let tag = element.tag_name().name();
            if let Some(level) = tag.strip_prefix('h').and_then(|level| level.parse::<u8>().ok()) {
                assert!(level <= last_level + 1, "{name}: h{level} below h{last_level}");
                last_level = level;
            }
            if tag == "th" {
                assert!(
                    matches!(element.attribute("scope"), Some("col" | "row")),
                    "{name}"
                );
            }
            if tag == "table" {
                let begins = element.children().find(Node::is_element).unwrap();
                assert!(begins.has_tag_name("caption"), "{name}");
            }
        }
        for element in elements(document) {
            if let Some(id) = element.attribute("aria-labelledby") {
                assert!(ids.contains(id), "{name} lacks {id}");
            }
        }
    });
}

#[test]
fn what_artifacts_say_stays_text_and_pages_stay_small() {
    each_document(|name, html, document| {
        assert!(html.len() < 32 << 20, "{name} has {} bytes", html.len());
        let is_unseen =
            |letter: char| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{80}'..='\u{9f}' | '\0' | '\u{1b}');
        assert!(!html.contains(is_unseen), "{name}");
        if name.ends_with("hostile") {
            let texts: Vec<_> = document.descendants().filter_map(|node| node.text()).collect();
            assert!(
                texts
                    .iter()
                    .any(|text| text.contains("<script>alert(1)</script>")),
                "{name}"
            );
            assert!(
                texts.iter().any(|text| text.contains(r"\u{202e}txt.exe")),
                "{name}"
            );
            assert!(texts.iter().any(|text| text.ends_with("more bytes)")), "{name}");
        }
    });
}
