//! Reports for people: from a view of what is known to one HTML file.
//!
//! * **In** comes a view ([`RunPage`], [`SessionPage`], [`RegressPage`], [`TriagePage`]): texts, badges and rows, already
//!   chosen and ordered by whoever knows the artifacts.
//! * **Out** goes a whole document that needs nothing else: no script, no font, no image and no request. A browser is told
//!   so by a Content Security Policy (CSP Level 3) in the document, whose only exception is the hash of its own style sheet.
//!
//! What a view holds may come from an attacker. Every value is a [`Text`]: bounded in length, with control and
//! direction-changing characters spelled out, and escaped as HTML by the compiled templates. Lists are [`Listed`]: bounded in
//! length too, with the number of what is left out. The same view gives the same bytes.
//!
//! Documents can be read on a telephone, in light and dark, on paper, and with a screen reader.
#![forbid(unsafe_code)]

mod list;
mod mark;
mod page;
mod regress;
mod run;
mod session;
mod style;
mod text;
mod triage;

pub use list::{LIMIT, Listed};
pub use mark::{Badge, Tone};
pub use page::{Check, Fact, Head, PageError};
pub use regress::{Grade, RegressPage};
pub use run::{Call, RunPage};
pub use session::{Checkpoint, SessionPage};
pub use text::{MAX_CHARS, Text};
pub use triage::{Decision, Judgement, Step, TriagePage};
