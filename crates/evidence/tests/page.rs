//! The page for people, as a PDF viewer shows it.
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

#[allow(dead_code, reason = "each test program uses its part")]
mod made;

use std::fs;
use std::path::Path;
use std::process::Command;

use made::{files, signed_pack};

/// Whether a program of poppler is there. Where `GAIT_TEST_POPPLER` says that it is required, it must be.
fn has_poppler() -> bool {
    let found = Command::new("pdftoppm").arg("-v").output().is_ok();
    let required = std::env::var("GAIT_TEST_POPPLER").is_ok_and(|value| value == "required");
    assert!(found || !required, "pdftoppm is required and not there");
    if !found {
        println!("skipped: there is no pdftoppm");
    }
    found
}

fn run(directory: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_viewer_shows_the_page() {
    if !has_poppler() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let page = files(&signed_pack())
        .into_iter()
        .find(|(path, _)| path == "summary.pdf");
    fs::write(directory.join("s.pdf"), page.unwrap().1).unwrap();

    let text = run(directory, "pdftotext", &["-layout", "s.pdf", "-"]);
    let lines: Vec<_> = text
        .trim_end_matches(['\u{c}', '\n'])
        .lines()
        .map(str::trim)
        .collect();
    assert_eq!(
        lines,
        [
            "Gait Evidence Pack Summary",
            "Run ID: run_1",
            "Case ID: INC-1",
            "Template: soc2",
            "Generated: 2026-02-02T02:40:00Z",
            "Evidence Files: 4",
            "- approval_audit_01.json",
            "- referenced_runpacks.json",
            "- runpack_summary.json",
            "- trace_summary.json",
        ]
    );
    assert_sizes(&run(directory, "pdftotext", &["-bbox", "s.pdf", "-"]));
    run(
        directory,
        "pdftoppm",
        &["-r", "72", "-gray", "-singlefile", "s.pdf", "s"],
    );
    assert_ink(&fs::read(directory.join("s.pgm")).unwrap());
}

/// Every word stands on US Letter paper, in a size that fits the 14 points between lines.
fn assert_sizes(boxes: &str) {
    assert!(
        boxes.contains(r#"<page width="612.000000" height="792.000000">"#),
        "{boxes}"
    );
    let words: Vec<_> = boxes.lines().filter(|line| line.contains("<word ")).collect();
    assert!(words.len() > 10);
    for word in words {
        let side = |name: &str| -> f64 {
            let from = word.find(name).unwrap() + name.len() + 2;
            let to = from + word[from..].find('"').unwrap();
            word[from..to].parse().unwrap()
        };
        let height = side("yMax") - side("yMin");
        assert!((8.0..=14.0).contains(&height), "{word}");
        assert!(side("xMin") >= 49.0 && side("xMax") < 612.0, "{word}");
    }
}

/// The picture has ink where the text is, and none below it.
fn assert_ink(picture: &[u8]) {
    const HEAD: &[u8] = b"P5\n612 792\n255\n";
    let pixels = picture.strip_prefix(HEAD).unwrap();
    assert_eq!(pixels.len(), 612 * 792);
    let dark = |rows: &[u8]| rows.iter().filter(|pixel| **pixel < 128).count();
    let (top, rest) = pixels.split_at(612 * 180);
    assert!(dark(top) > 300, "{} dark pixels", dark(top));
    assert_eq!(dark(rest), 0);
}
