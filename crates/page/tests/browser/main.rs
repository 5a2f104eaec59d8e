//! The pages in a browser, on a telephone and on a desk, in light and dark.
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

mod chromium;
#[allow(dead_code, reason = "each test program uses its part")]
#[path = "../samples/mod.rs"]
mod samples;

use std::fs;

use chromium::{Chromium, Screen};
use serde_json::Value;

/// A directory that gets a picture of every page.
const PICTURES: &str = "GAIT_TEST_PICTURES";

const SCREENS: [Screen; 4] = [
    Screen {
        name: "phone-light",
        width: 360,
        dark: false,
    },
    Screen {
        name: "phone-dark",
        width: 360,
        dark: true,
    },
    Screen {
        name: "desk-light",
        width: 1280,
        dark: false,
    },
    Screen {
        name: "desk-dark",
        width: 1280,
        dark: true,
    },
];

/// Tells what of a page is too wide, hard to read, or a script.
const EXAMINE: &str = include_str!("examine.js");

#[test]
fn pages_can_be_read_everywhere() {
    let Some(mut browser) = Chromium::start() else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    for (name, html) in [samples::ordinary(), samples::empty(), samples::hostile()].concat() {
        let path = directory.path().join(format!("{name}.html"));
        fs::write(&path, html).unwrap();
        let address = format!("file://{}", path.display());
        let mut grounds = Vec::new();
        for screen in SCREENS {
            let page = browser.open(&address, screen);
            let at = format!("{name} on {}", screen.name);
            assert_eq!(page.requests, [address.as_str()], "{at}");
            assert!(page.complaints.is_empty(), "{at}: {:?}", page.complaints);
            let found = browser.evaluate(EXAMINE);
            assert_eq!(found["scripts"], 0, "{at}");
            assert_eq!(found["tooWide"], Value::Array(Vec::new()), "{at}");
            assert_eq!(found["unreadable"], Value::Array(Vec::new()), "{at}");
            assert!(
                found["styled"].as_bool().unwrap(),
                "{at}: the style sheet does not apply"
            );
            grounds.push(found["ground"].as_str().unwrap().to_owned());
            let roles = browser.roles();
            let expected: &[_] = match name {
                "run" => &[
                    "banner",
                    "main",
                    "contentinfo",
                    "heading",
                    "table",
                    "columnheader",
                    "rowheader",
                    "cell",
                ],
                _ => &["banner", "main", "contentinfo", "heading"],
            };
            for role in expected {
                assert!(roles.contains(*role), "{at} has no {role}");
            }
            if let Some(pictures) = std::env::var_os(PICTURES) {
                let file = format!("{name}-{}.png", screen.name);
                fs::write(std::path::Path::new(&pictures).join(file), browser.picture()).unwrap();
            }
        }
        assert_eq!(grounds[0], grounds[2], "{name}");
        assert_ne!(grounds[0], grounds[1], "{name} is as light in the dark");
    }
}
