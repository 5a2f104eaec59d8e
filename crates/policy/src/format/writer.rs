//! YAML in block style: two blanks of indentation, the dashes of a list in the column of its key.

use std::fmt::{Display, Write as _};

use super::scalar;
use crate::yaml::float_text;

pub(super) struct Writer {
    out: String,
    indent: usize,
    /// The next key stands on the line of a dash.
    after_dash: bool,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self {
            out: String::new(),
            indent: 0,
            after_dash: false,
        }
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    fn key(&mut self, key: &str) {
        if !std::mem::take(&mut self.after_dash) {
            self.indentation();
        }
        self.out.push_str(key);
        self.out.push(':');
    }

    fn indentation(&mut self) {
        self.out.extend(std::iter::repeat_n(' ', self.indent));
    }

    fn plain(&mut self, key: &str, value: impl Display) {
        self.key(key);
        writeln!(self.out, " {value}").expect("a String takes every text");
    }

    pub(super) fn null(&mut self, key: &str) {
        self.plain(key, "null");
    }

    pub(super) fn flag(&mut self, key: &str, value: bool) {
        self.plain(key, value);
    }

    pub(super) fn optional_flag(&mut self, key: &str, value: Option<bool>) {
        match value {
            Some(value) => self.flag(key, value),
            None => self.null(key),
        }
    }

    pub(super) fn number(&mut self, key: &str, value: impl Display) {
        self.plain(key, value);
    }

    /// A float, never looking like an integer.
    pub(super) fn float(&mut self, key: &str, value: f64) {
        let text = float_text(value);
        let fraction = if text.contains(['.', 'e']) { "" } else { ".0" };
        self.plain(key, format_args!("{text}{fraction}"));
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        self.out.push(' ');
        scalar::write(&mut self.out, value, self.indent + 2);
        self.out.push('\n');
    }

    pub(super) fn list<T: AsRef<str>>(&mut self, key: &str, items: &[T]) {
        self.key(key);
        if items.is_empty() {
            self.out.push_str(" []\n");
            return;
        }
        self.out.push('\n');
        for item in items {
            self.indentation();
            self.out.push_str("- ");
            scalar::write(&mut self.out, item.as_ref(), self.indent + 2);
            self.out.push('\n');
        }
    }

    pub(super) fn mapping(&mut self, key: &str, members: impl FnOnce(&mut Self)) {
        self.key(key);
        self.out.push('\n');
        self.indent += 2;
        members(self);
        self.indent -= 2;
    }

    /// A list of mappings.
    pub(super) fn items<T>(&mut self, key: &str, items: &[T], members: impl Fn(&mut Self, &T)) {
        self.key(key);
        if items.is_empty() {
            self.out.push_str(" []\n");
            return;
        }
        self.out.push('\n');
        for item in items {
            self.indentation();
            self.out.push_str("- ");
            self.after_dash = true;
            self.indent += 2;
            members(self, item);
            self.indent -= 2;
        }
    }
}
