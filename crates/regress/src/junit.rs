//! Results for test dashboards: JUnit XML.
//!
//! A result is one suite, and each grader's word about a fixture a test case of it. The same result is the same document,
//! to the byte: no times are told.

use std::fmt::{self, Display, Write};

use gait_artifact::regress::{GradeStatus, GraderResult, RegressResult};

/// The class of graders whose name tells no fixture.
const NO_FIXTURE: &str = "regress";

/// `result` as a JUnit document.
#[must_use]
pub fn junit(result: &RegressResult) -> String {
    let mut document = String::new();
    // INVARIANT: writing to a string does not fail.
    let _ = write_document(&mut document, result);
    document
}

fn write_document(out: &mut String, result: &RegressResult) -> fmt::Result {
    let counts = format!(
        r#"tests="{}" failures="{}" errors="0" skipped="0" time="0""#,
        result.graders.len(),
        result.failures().count()
    );
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, "<testsuites {counts}>")?;
    let suite = Escaped(&result.fixture_set);
    writeln!(out, r#"  <testsuite name="gait.regress.{suite}" {counts}>"#)?;
    for grader in &result.graders {
        write_case(out, grader)?;
    }
    out.write_str("  </testsuite>\n</testsuites>\n")
}

fn write_case(out: &mut String, grader: &GraderResult) -> fmt::Result {
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
        let failure = format!(r#"<failure message="{reasons}" type="regress_failure">{reasons}</failure>"#);
        write!(out, "\n      {failure}\n    ")?;
    }
    out.write_str("</testcase>\n")
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
            junit(&result),
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

    fn counts(node: Node<'_, '_>) -> (usize, usize) {
        let count = |name| node.attribute(name).unwrap().parse().unwrap();
        (count("tests"), count("failures"))
    }

    proptest! {
        #[test]
        fn any_names_make_xml_that_says_the_same(
            set in any::<String>(),
            graders in proptest::collection::vec((any::<String>(), any::<bool>()), 0..8),
        ) {
            let graders: Vec<_> = graders.iter().map(|(name, passes)| {
                let status = if *passes { GradeStatus::Pass } else { GradeStatus::Fail };
                (name.as_str(), status, &[][..])
            }).collect();
            let text = junit(&result(&set, &graders));
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
