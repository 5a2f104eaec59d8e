//! A browser that is told what to do over a pipe (Chrome `DevTools` Protocol).

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

/// An answer that takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(60);
const FLAGS: &str = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
    --disable-background-networking --disable-component-update --disable-sync --disable-dev-shm-usage \
    --remote-debugging-pipe";

/// Where a page is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Screen {
    pub(crate) name: &'static str,
    /// In CSS pixels.
    pub(crate) width: u32,
    pub(crate) dark: bool,
}

/// What happened while a page was opened.
#[derive(Default)]
pub(crate) struct Opened {
    /// The addresses that were asked for.
    pub(crate) requests: Vec<String>,
    /// What the browser wrote to its console.
    pub(crate) complaints: Vec<String>,
}

/// A browser with one tab.
pub(crate) struct Chromium {
    process: Child,
    commands: File,
    messages: Receiver<Value>,
    session: String,
    last_id: u64,
    events: Vec<Value>,
    _directory: TempDir,
}

impl Chromium {
    /// A browser, if there is one. Where `GAIT_TEST_CHROMIUM` says that it is required, it must be.
    pub(crate) fn start() -> Option<Self> {
        let found = Command::new("chromium").arg("--version").output().is_ok();
        let required = std::env::var("GAIT_TEST_CHROMIUM").is_ok_and(|value| value == "required");
        assert!(found || !required, "chromium is required and not there");
        if !found {
            println!("skipped: there is no chromium");
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let [commands, messages] = ["commands", "messages"].map(|name| directory.path().join(name));
        // The browser reads from descriptor 3 and writes to descriptor 4, which only a shell can give it.
        let script = format!(
            "mkfifo commands messages && exec chromium {FLAGS} --user-data-dir=profile about:blank 3<commands 4>messages"
        );
        let process = Command::new("sh")
            .args(["-c", &script])
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut browser = Self {
            process,
            commands: open_when_there(commands, OpenOptions::new().write(true)),
            messages: listen(open_when_there(messages, OpenOptions::new().read(true))),
            session: String::new(),
            last_id: 0,
            events: Vec::new(),
            _directory: directory,
        };
        browser.attach();
        Some(browser)
    }

    fn attach(&mut self) {
        let target = self.ask("Target.createTarget", json!({"url": "about:blank"}));
        let session = self.ask(
            "Target.attachToTarget",
            json!({"targetId": target["targetId"], "flatten": true}),
        );
        self.session = session["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Network", "Log", "Runtime"] {
            self.ask(&format!("{domain}.enable"), json!({}));
        }
    }

    /// Opens the page at `address` and waits until all of it is there.
    pub(crate) fn open(&mut self, address: &str, screen: Screen) -> Opened {
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": screen.width, "height": 800, "deviceScaleFactor": 1, "mobile": screen.width < 600}),
        );
        let scheme = if screen.dark { "dark" } else { "light" };
        self.ask(
            "Emulation.setEmulatedMedia",
            json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
        );
        self.events.clear();
        self.ask("Page.navigate", json!({"url": address}));
        while !self
            .events
            .iter()
            .any(|event| event["method"] == "Page.loadEventFired")
        {
            let event = self.next();
            self.events.push(event);
        }
        // Whatever the page set off has been told before this is answered.
        self.evaluate("document.readyState");
        let mut opened = Opened::default();
        for event in &self.events {
            let params = &event["params"];
            match event["method"].as_str() {
                Some("Network.requestWillBeSent") => {
                    opened
                        .requests
                        .push(params["request"]["url"].as_str().unwrap().to_owned());
                }
                Some("Log.entryAdded" | "Runtime.consoleAPICalled" | "Runtime.exceptionThrown") => {
                    opened.complaints.push(params.to_string());
                }
                _ => {}
            }
        }
        opened
    }

    /// The value of an expression in the page.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let answer = self.ask(
            "Runtime.evaluate",
            json!({"expression": expression, "returnByValue": true}),
        );
        assert_eq!(answer["exceptionDetails"], Value::Null);
        answer["result"]["value"].clone()
    }

    /// The roles that assistive technology is told of.
    pub(crate) fn roles(&mut self) -> BTreeSet<String> {
        let tree = self.ask("Accessibility.getFullAXTree", json!({}));
        let nodes = tree["nodes"].as_array().unwrap().iter();
        nodes
            .filter(|node| node["ignored"] == false)
            .filter_map(|node| node["role"]["value"].as_str().map(str::to_owned))
            .collect()
    }

    /// The first screens of the page as PNG.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        let metrics = self.ask("Page.getLayoutMetrics", json!({}));
        let size = &metrics["cssContentSize"];
        let height = size["height"].as_f64().unwrap().min(6000.0);
        let picture = self.ask(
            "Page.captureScreenshot",
            json!({
                "captureBeyondViewport": true,
                "clip": {"x": 0, "y": 0, "width": size["width"], "height": height, "scale": 1},
            }),
        );
        STANDARD.decode(picture["data"].as_str().unwrap()).unwrap()
    }

    #[allow(clippy::needless_pass_by_value, reason = "callers have no other use for it")]
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let mut message = json!({"id": id, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = self.session.clone().into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.commands.write_all(&bytes).unwrap();
        loop {
            let message = self.next();
            if message["id"] == id {
                assert_eq!(message["error"], Value::Null, "{method}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn next(&self) -> Value {
        self.messages.recv_timeout(PATIENCE).expect("the browser answers")
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Opening a pipe waits for the other end; only its name may not be there yet.
fn open_when_there(path: PathBuf, options: &OpenOptions) -> File {
    let (found, opened) = mpsc::channel();
    let options = options.clone();
    thread::spawn(move || {
        let file = loop {
            match options.open(&path) {
                Ok(file) => break file,
                Err(_) => thread::yield_now(),
            }
        };
        let _ = found.send(file);
    });
    opened.recv_timeout(PATIENCE).expect("the browser starts")
}

/// The messages of the browser, each ended by a null byte, as they come.
fn listen(pipe: File) -> Receiver<Value> {
    let (sender, messages) = mpsc::channel();
    thread::spawn(move || {
        for message in BufReader::new(pipe).split(0) {
            let Ok(message) = message else { break };
            let parsed = serde_json::from_slice(&message).unwrap_or(Value::Null);
            if sender.send(parsed).is_err() {
                break;
            }
        }
    });
    messages
}
