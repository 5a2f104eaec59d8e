//! Results for test dashboards: JUnit XML.
//!
//! A result is one suite, and each grader's word about a fixture a test case of it. The same result is the same document,
//! to the byte: no times are told.
//!
//! No standard says what JUnit XML is. Most readers take what they know and pass over the rest; the xUnit plugin of Jenkins
//! holds documents to a schema, which does not have the `skipped` of `testsuites` that [`JunitForm::Plain`] has always had.

use std::fmt::{self, Display, Write};

use gait_artifact::regress::{GradeStatus, GraderResult, RegressResult};
use gait_canon::json;

/// The class of graders whose name tells no fixture.
const NO_FIXTURE: &str = "regress";

/// How much a document tells, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JunitForm {
    /// What failed and the reason codes.
    #[default]
    Plain,
    /// Also what was expected and what there is, and when the first run was; valid for readers that hold documents to the
    /// schema of Jenkins.
    Detailed,
}

/// `result` as a JUnit document.
#[must_use]
pub fn junit(result: &RegressResult, form: JunitForm) -> String {
    let mut document = String::new();
    // INVARIANT: writing to a string does not fail.
    let _ = write_document(&mut document, result, form);
    document
}

fn write_document(out: &mut String, result: &RegressResult, form: JunitForm) -> fmt::Result {
    let (tests, failures) = (result.graders.len(), result.failures().count());
    let counts = format!(r#"tests="{tests}" failures="{failures}" errors="0""#);
    let suite_counts = format!(r#"{counts} skipped="0" time="0""#);
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    match form {
        JunitForm::Plain => writeln!(out, "<testsuites {suite_counts}>")?,
        JunitForm::Detailed => writeln!(out, r#"<testsuites {counts} time="0">"#)?,
    }
    let suite = Escaped(&result.fixture_set);
    write!(out, r#"  <testsuite name="gait.regress.{suite}" {suite_counts}"#)?;
    if form == JunitForm::Detailed {
        write!(out, r#" timestamp="{}""#, result.created_at)?;
    }
    out.write_str(">\n")?;
    for grader in &result.graders {
        write_case(out, grader, form)?;
    }
    out.write_str("  </testsuite>\n</testsuites>\n")
}

fn write_case(out: &mut String, grader: &GraderResult, form: JunitForm) -> fmt::Result {
    let (fixture, name) = grader.name.split_once('/').unwrap_or((NO_FIXTURE, &grader.name));
    let (fixture, name) = (Escaped(fixture), Escaped(name));
    write!(
        out,
        r#"    <testcase name="{name}" classname="{fixture}" time="0">"#
    )?;
    if grader.status == GradeStatus::Fail {
        let reasons = match grader.reason_codes.as_slice() {
            [] => "failed".to_owned(),
            reasons => reasons.join(","),
        };
        let reasons = Escaped(&reasons);
        write!(
            out,
            "\n      <failure message=\"{reasons}\" type=\"regress_failure\">{reasons}"
        )?;
        if form == JunitForm::Detailed {
            write_details(out, grader)?;
        }
        out.write_str("</failure>\n    ")?;
    }
    out.write_str("</testcase>\n")
}

/// What the grader found, one fact a line.
fn write_details(out: &mut String, grader: &GraderResult) -> fmt::Result {
    for (name, value) in &grader.details {
        let value = json::compact(value);
        // Line feeds stand as they are: character references would make readers show one long line.
        write!(out, "\n{}: {}", Escaped(name), Escaped(&value))?;
    }
    Ok(())
}

/// A text that means itself in content and attributes alike, with U+FFFD for what XML 1.0 cannot hold.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&#34;")?,
                '\'' => f.write_str("&#39;")?,
                '\t' => f.write_str("&#x9;")?,
                '\n' => f.write_str("&#xA;")?,
                '\r' => f.write_str("&#xD;")?,
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => f.write_char(char::REPLACEMENT_CHARACTER)?,
                letter => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use gait_artifact::Timestamp;
    use proptest::prelude::*;
    use roxmltree::{Document, Node};

    use super::*;

    fn result(fixture_set: &str, graders: &[(&str, GradeStatus, &[&str])]) -> RegressResult {
        let graders = graders.iter().map(|(name, status, reasons)| GraderResult {
            name: (*name).to_owned(),
            status: *status,
            reason_codes: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
            context_conformance: None,
            details: BTreeMap::new(),
        });
        RegressResult {
            schema_id: String::new(),
            schema_version: String::new(),
            created_at: Timestamp::EPOCH_1980,
            producer_version: String::new(),
            fixture_set: fixture_set.to_owned(),
            status: GradeStatus::Pass,
            graders: graders.collect(),
        }
    }

    #[test]
    fn a_result_is_one_suite() {
        let result = result(
            "a&b",
            &[
                ("f/g", GradeStatus::Pass, &[]),
                ("f/h/i", GradeStatus::Fail, &["x", "y"]),
                ("j", GradeStatus::Fail, &[]),
            ],
        );
        assert_eq!(
            junit(&result, JunitForm::Plain),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites tests=\"3\" failures=\"2\" errors=\"0\" skipped=\"0\" time=\"0\">
  <testsuite name=\"gait.regress.a&amp;b\" tests=\"3\" failures=\"2\" errors=\"0\" skipped=\"0\" time=\"0\">
    <testcase name=\"g\" classname=\"f\" time=\"0\"></testcase>
    <testcase name=\"h/i\" classname=\"f\" time=\"0\">
      <failure message=\"x,y\" type=\"regress_failure\">x,y</failure>
    </testcase>
    <testcase name=\"j\" classname=\"regress\" time=\"0\">
      <failure message=\"failed\" type=\"regress_failure\">failed</failure>
    </testcase>
  </testsuite>
</testsuites>
"
        );
    }

    #[test]
    fn details_are_told_to_who_wants_them() {
        let mut result = result(
            "s",
            &[
                ("f/g", GradeStatus::Fail, &["x"]),
                ("f/h", GradeStatus::Pass, &[]),
            ],
        );
        let details = [("b", "1 < 2\n".into()), ("a", 3_i64.into())];
        result.graders[0].details = details.map(|(name, value)| (name.to_owned(), value)).into();
        let text = junit(&result, JunitForm::Detailed);
        let document = Document::parse(&text).unwrap();
        let root = document.root_element();
        assert_eq!(root.attribute("skipped"), None);
        let suite = root.first_element_child().unwrap();
        assert_eq!(suite.attribute("timestamp"), Some("1980-01-01T00:00:00Z"));
        let failures: Vec<_> = document
            .descendants()
            .filter(|node| node.has_tag_name("failure"))
            .map(|node| node.text().unwrap())
            .collect();
        assert_eq!(failures, ["x\na: 3\nb: \"1 \\u003c 2\\n\""]);
    }

    fn counts(node: Node<'_, '_>) -> (usize, usize) {
        let count = |name| node.attribute(name).unwrap().parse().unwrap();
        (count("tests"), count("failures"))
    }

    proptest! {
        #[test]
        fn any_names_make_xml_that_says_the_same(
            set in any::<String>(),
            graders in proptest::collection::vec((any::<String>(), any::<bool>()), 0..8),
            form in prop_oneof![Just(JunitForm::Plain), Just(JunitForm::Detailed)],
        ) {
            let graders: Vec<_> = graders.iter().map(|(name, passes)| {
                let status = if *passes { GradeStatus::Pass } else { GradeStatus::Fail };
                (name.as_str(), status, &[][..])
            }).collect();
            let text = junit(&result(&set, &graders), form);
            let document = Document::parse(&text).unwrap();
            let elements = |name| document.descendants().filter(move |node| node.has_tag_name(name));
            let expected = (graders.len(), elements("failure").count());
            prop_assert_eq!(elements("testcase").count(), graders.len());
            prop_assert_eq!(counts(document.root_element()), expected);
            prop_assert_eq!(counts(elements("testsuite").next().unwrap()), expected);
            for (node, (name, ..)) in elements("testcase").zip(&graders) {
                let shown = name.replace(|letter: char| {
                    matches!(letter, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
                }, "\u{fffd}");
                let whole = format!("{}/{}", node.attribute("classname").unwrap(), node.attribute("name").unwrap());
                let classless = format!("{NO_FIXTURE}/{shown}");
                prop_assert!(whole == shown || whole == classless);
            }
        }
    }
}
