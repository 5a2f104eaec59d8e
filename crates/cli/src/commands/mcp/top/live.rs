//! The view that a person looks at.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gait_top::view::{self, Key, Next, Palette, Scene, Screen};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyModifiers};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use super::Watched;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};

/// How long the end of the program may wait for a key.
const PATIENCE: Duration = Duration::from_millis(100);

/// How the view is shown.
pub(super) struct Settings<'a> {
    /// Between two looks.
    pub(super) interval: Duration,
    /// The directory of the approval queue.
    pub(super) queue: &'a str,
    pub(super) palette: Palette,
}

/// Gives the terminal back as it was, however this ends. For a panic, which may end the process at once, `ratatui` leaves a
/// hook.
struct Restored;

impl Drop for Restored {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// Shows what happens until somebody asks for the end.
pub(super) fn run(
    watched: &mut Watched,
    settings: &Settings<'_>,
    context: &Context<'_>,
) -> Result<(), Failure> {
    let ending = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        flag::register(signal, Arc::clone(&ending)).map_err(of_terminal)?;
    }
    // What can't be read is told before the screen changes.
    watched.look(context.now())?;
    let _restored = Restored;
    let mut terminal = ratatui::try_init().map_err(of_terminal)?;
    let mut screen = Screen::default();
    let mut now = context.now();
    let mut next = Instant::now();
    while !ending.load(Ordering::Relaxed) {
        if Instant::now() >= next {
            next = Instant::now() + settings.interval;
            // While the screen stands still the files keep what happens.
            if !screen.is_paused() {
                now = context.now();
                watched.look(now)?;
            }
        }
        let scene = Scene {
            model: &watched.model,
            now,
            palette: settings.palette,
            queue: settings.queue,
        };
        terminal
            .draw(|frame| view::draw(&scene, &mut screen, frame.area(), frame.buffer_mut()))
            .map_err(of_terminal)?;
        if wait(next, &ending, |key| screen.press(key, &watched.model))? == Next::Quit {
            break;
        }
    }
    Ok(())
}

/// Waits until keys were pressed, the size changed, the time `until` has come or the end is asked for.
fn wait(until: Instant, ending: &AtomicBool, mut press: impl FnMut(Key) -> Next) -> Result<Next, Failure> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if event::poll(left.min(PATIENCE)).map_err(of_terminal)? {
            break;
        }
        if left.is_zero() || ending.load(Ordering::Relaxed) {
            return Ok(Next::Stay);
        }
    }
    while event::poll(Duration::ZERO).map_err(of_terminal)? {
        if let Event::Key(event) = event::read().map_err(of_terminal)?
            && let Some(key) = key(event)
            && press(key) == Next::Quit
        {
            return Ok(Next::Quit);
        }
    }
    Ok(Next::Stay)
}

fn of_terminal(error: io::Error) -> Failure {
    Failure::new(ErrorKind::Io, error).context("show it on the terminal")
}

fn key(event: KeyEvent) -> Option<Key> {
    if event.is_release() {
        return None;
    }
    let is_plain = (event.modifiers - KeyModifiers::SHIFT).is_empty();
    Some(match event.code {
        KeyCode::Char('c') if event.modifiers.contains(KeyModifiers::CONTROL) => Key::Interrupt,
        KeyCode::Char(letter) if is_plain => Key::Char(letter),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Tab | KeyCode::BackTab => Key::Tab,
        KeyCode::Backspace => Key::Backspace,
        _ => return None,
    })
}
