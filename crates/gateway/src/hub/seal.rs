//! Texts that clients keep for the hub: cursors, ids of tasks, states of suspended calls.
//!
//! A client gets them to bring them back unread. Each carries a tag that only this hub can make, so that what comes back is
//! what was given out, for the same purpose.

use gait_canon::Digest;

/// Hexadecimal digits of a tag: 128 bits.
const TAG_LENGTH: usize = 32;

/// Makes and checks such texts.
#[derive(Debug)]
pub(super) struct Seal {
    nonce: String,
    made: u64,
}

impl Seal {
    pub(super) fn new(nonce: &str) -> Self {
        Self {
            nonce: nonce.to_owned(),
            made: 0,
        }
    }

    /// `text` for `purpose`, with its tag in front.
    pub(super) fn close(&self, purpose: &str, text: &str) -> String {
        format!("{}.{text}", self.tag(purpose, text))
    }

    /// What was closed for `purpose`, unless it was not.
    pub(super) fn open<'t>(&self, purpose: &str, closed: &'t str) -> Option<&'t str> {
        let (tag, text) = closed.split_once('.')?;
        (tag == self.tag(purpose, text)).then_some(text)
    }

    /// A text that was never made before and that nobody can guess.
    pub(super) fn fresh(&mut self, purpose: &str) -> String {
        self.made += 1;
        self.close(purpose, &self.made.to_string())
    }

    fn tag(&self, purpose: &str, text: &str) -> String {
        // The length in front and the nonce at both ends leave nothing to be extended or shifted.
        let (nonce, length) = (&self.nonce, text.len());
        let sealed = format!("{nonce}\0{purpose}\0{length}\0{text}\0{nonce}");
        let mut digest = Digest::of(sealed.as_bytes()).to_string();
        digest.truncate(TAG_LENGTH);
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_given_out_comes_back() {
        let mut seal = Seal::new("n");
        let closed = seal.close("task", "0.a.b");
        assert_eq!(closed.find('.'), Some(TAG_LENGTH));
        assert_eq!(seal.open("task", &closed), Some("0.a.b"));
        for forged in [&*closed.replace("0.a", "1.a"), "0.a.b", "", "."] {
            assert_eq!(seal.open("task", forged), None, "{forged}");
        }
        assert_eq!(seal.open("state", &closed), None);
        assert_eq!(Seal::new("m").open("task", &closed), None);
        assert_ne!(seal.fresh("state"), seal.fresh("state"));
    }
}
