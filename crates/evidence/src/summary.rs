//! The page for people: a PDF (ISO 32000-1) of one page of text.
//!
//! Its bytes are part of the pack, so they depend on nothing but the text. Plain ASCII needs no encoding; a text with other
//! characters declares `WinAnsiEncoding`, and what the page's font does not have stands there as its code point.

use std::fmt::Write as _;

use gait_artifact::Timestamp;

/// Paths that are listed by name.
const LISTED: usize = 8;
const FONT: &str = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>";
const FONT_WIN_ANSI: &str =
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";

/// What the page says.
pub(crate) struct Summary<'a> {
    pub(crate) run_id: &'a str,
    pub(crate) case_id: &'a str,
    pub(crate) template_id: &'a str,
    pub(crate) created_at: Timestamp,
    /// Paths of the evidence, sorted.
    pub(crate) paths: Vec<&'a str>,
}

impl Summary<'_> {
    fn lines(&self) -> Vec<String> {
        let generated = self.created_at.or(Timestamp::EPOCH_1980);
        let mut lines = vec![
            "Gait Evidence Pack Summary".to_owned(),
            format!("Run ID: {}", self.run_id),
            format!("Case ID: {}", self.case_id),
            format!("Template: {}", self.template_id),
            format!("Generated: {}", generated.to_utc().whole_seconds()),
            format!("Evidence Files: {}", self.paths.len()),
        ];
        lines.extend(self.paths.iter().take(LISTED).map(|path| format!("- {path}")));
        lines
    }

    /// The document.
    pub(crate) fn pdf(&self) -> Vec<u8> {
        let lines = self.lines();
        let font = if lines.iter().all(|line| line.is_ascii()) {
            FONT
        } else {
            FONT_WIN_ANSI
        };
        let content = content(&lines);
        let objects = [
            "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R \
             /Resources << /Font << /F1 5 0 R >> >> >>"
                .to_owned(),
            format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
            font.to_owned(),
        ];
        document(&objects).into_bytes()
    }
}

/// Objects, numbered from one, with the table of where each begins.
fn document(objects: &[String]) -> String {
    let mut text = "%PDF-1.4\n".to_owned();
    let mut table = "0000000000 65535 f \n".to_owned();
    for (number, object) in (1..).zip(objects) {
        push(&mut table, format_args!("{:010} 00000 n \n", text.len()));
        push(&mut text, format_args!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let start = text.len();
    let size = objects.len() + 1;
    push(
        &mut text,
        format_args!(
            "xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
        ),
    );
    text
}

/// The operators that show the lines, one below the other.
fn content(lines: &[String]) -> String {
    let mut content = "BT\n/F1 10 Tf\n50 760 Td\n".to_owned();
    for (number, line) in lines.iter().enumerate() {
        if number > 0 {
            content.push_str("0 -14 Td\n");
        }
        push(&mut content, format_args!("({}) Tj\n", string(line)));
    }
    content + "ET"
}

/// The inside of a literal string.
fn string(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for letter in line.chars() {
        match letter {
            '\\' | '(' | ')' => {
                text.push('\\');
                text.push(letter);
            }
            ' '..='~' => text.push(letter),
            _ => match win_ansi(letter) {
                Some(code) => push(&mut text, format_args!("\\{code:03o}")),
                None => push(&mut text, format_args!("<U+{:04X}>", u32::from(letter))),
            },
        }
    }
    text
}

/// The code of a character beyond ASCII in `WinAnsiEncoding` (ISO 32000-1, annex D.2).
fn win_ansi(letter: char) -> Option<u8> {
    const FROM_128: [Option<char>; 32] = {
        let mut table = [None; 32];
        let known = [
            (0, '€'),
            (2, '‚'),
            (3, 'ƒ'),
            (4, '„'),
            (5, '…'),
            (6, '†'),
            (7, '‡'),
            (8, 'ˆ'),
            (9, '‰'),
            (10, 'Š'),
            (11, '‹'),
            (12, 'Œ'),
            (14, 'Ž'),
            (17, '‘'),
            (18, '’'),
            (19, '“'),
            (20, '”'),
            (21, '•'),
            (22, '–'),
            (23, '—'),
            (24, '˜'),
            (25, '™'),
            (26, 'š'),
            (27, '›'),
            (28, 'œ'),
            (30, 'ž'),
            (31, 'Ÿ'),
        ];
        let mut at = 0;
        while at < known.len() {
            table[known[at].0] = Some(known[at].1);
            at += 1;
        }
        table
    };
    if ('\u{a0}'..='\u{ff}').contains(&letter) {
        return u8::try_from(u32::from(letter)).ok();
    }
    (128..)
        .zip(FROM_128)
        .find(|(_, known)| *known == Some(letter))
        .map(|(code, _)| code)
}

fn push(text: &mut String, part: std::fmt::Arguments<'_>) {
    text.write_fmt(part).expect("a text takes any text");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary<'a>(case_id: &'a str, paths: Vec<&'a str>) -> Summary<'a> {
        Summary {
            run_id: "run_1",
            case_id,
            template_id: "soc2",
            created_at: "2026-02-01T11:00:00.5+01:00".parse().unwrap(),
            paths,
        }
    }

    #[test]
    fn the_page_says_what_is_in_the_pack() {
        let text = String::from_utf8(summary("a(b)\\c", vec!["x.json"]).pdf()).unwrap();
        assert!(text.starts_with("%PDF-1.4\n1 0 obj\n") && text.ends_with("\n%%EOF\n"));
        for line in [
            "50 760 Td\n(Gait Evidence Pack Summary) Tj\n0 -14 Td\n(Run ID: run_1) Tj\n",
            "(Case ID: a\\(b\\)\\\\c) Tj\n",
            "(Generated: 2026-02-01T10:00:00Z) Tj\n",
            "(Evidence Files: 1) Tj\n0 -14 Td\n(- x.json) Tj\nET\nendstream\n",
            "/BaseFont /Helvetica >>",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }

    #[test]
    fn the_table_points_at_the_objects() {
        let text = String::from_utf8(summary("", vec![]).pdf()).unwrap();
        let start: usize = text.lines().rev().nth(1).unwrap().parse().unwrap();
        assert!(text[start..].starts_with("xref\n0 6\n"));
        let offsets = text[start..].lines().skip(3).take(5);
        for (number, line) in (1..).zip(offsets) {
            let offset: usize = line[..10].parse().unwrap();
            assert!(text[offset..].starts_with(&format!("{number} 0 obj\n")), "{line}");
        }
    }

    #[test]
    fn at_most_eight_paths_are_listed() {
        let paths: Vec<_> = (0..9).map(|_| "p").collect();
        let text = String::from_utf8(summary("", paths).pdf()).unwrap();
        assert_eq!(text.matches("(- p)").count(), 8);
        assert!(text.contains("(Evidence Files: 9)"));
    }

    #[test]
    fn other_characters_are_encoded_or_named() {
        let document = summary("Störung €5 – 事\n", vec![]).pdf();
        assert!(document.is_ascii());
        let text = String::from_utf8(document).unwrap();
        assert!(
            text.contains("(Case ID: St\\366rung \\2005 \\226 <U+4E8B><U+000A>) Tj"),
            "{text}"
        );
        assert!(text.contains("/WinAnsiEncoding"));
    }
}
