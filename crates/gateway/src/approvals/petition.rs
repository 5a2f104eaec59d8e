//! What the desk is asked, and what it says.

use gait_approval::PendingCall;

use super::presented::Presented;
use crate::answer::Ruling;
use crate::frame::RequestId;

/// What the ids of the gateway's own questions begin with.
const ABOUT: &str = "gait-approval-";

/// What can be done with a client while nobody has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// It can be sent away with a form and a state, and comes back.
    ComeBack,
    /// It can be asked while its call waits.
    Meanwhile,
    /// Its call can wait.
    Wait,
}

/// A call that needs an approval.
#[derive(Debug)]
pub struct Petition {
    /// The call, as it was judged.
    pub pending: PendingCall,
    /// What was decided of it.
    pub ruling: Ruling,
    /// What the client brought along.
    pub presented: Presented,
    /// What can be done with the client.
    pub medium: Medium,
}

/// What came of a petition. Only [`News::Waits`] and [`News::StillWaits`] are followed by others.
#[derive(Debug)]
pub enum News {
    /// It is approved, and the approval is used up: the call must be decided again with its tokens.
    Approved(Approved),
    /// The client shall show a form and come back.
    ComeBack(Invitation),
    /// The call waits, and a client that can be asked meanwhile shall be.
    Waits(Question),
    /// It waits still. So many times that was said.
    StillWaits(u32),
    /// It must not run.
    Refused(Ruling),
}

/// An approval that was used for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// The request for it.
    pub request_id: String,
    /// The files of the tokens.
    pub tokens: Vec<String>,
}

/// What a client of the stateless era is sent away with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The form.
    pub question: Question,
    /// What it must come back with.
    pub state: String,
    /// What was decided so far.
    pub ruling: Ruling,
}

/// A form that a client shows to whoever sits before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What nobody can guess, to know the answer by.
    pub nonce: String,
    /// What is asked.
    pub message: String,
    /// Whether the answer can be the approval itself.
    pub takes_consent: bool,
}

impl Question {
    /// The id of the request that asks about `call`.
    pub(crate) fn id(&self, call: &RequestId) -> RequestId {
        let call = match call {
            RequestId::Integer(number) => number.to_string(),
            RequestId::Text(_) => String::new(),
        };
        RequestId::Text(format!("{ABOUT}{call}-{}", self.nonce))
    }
}

/// The call that a request with this id asks about, where the id says so.
pub(crate) fn call_asked_about(question: &RequestId) -> Option<i64> {
    let RequestId::Text(text) = question else {
        return None;
    };
    let (call, _) = text.strip_prefix(ABOUT)?.rsplit_once('-')?;
    call.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_questions_say_which_call_they_are_about() {
        let question = Question {
            nonce: "0123".to_owned(),
            message: String::new(),
            takes_consent: false,
        };
        let text = |id: &str| RequestId::Text(id.to_owned());
        for (call, id, known) in [
            (RequestId::Integer(17), "gait-approval-17-0123", Some(17)),
            (RequestId::Integer(-3), "gait-approval--3-0123", Some(-3)),
            (text("a-7-b"), "gait-approval--0123", None),
        ] {
            assert_eq!(question.id(&call), text(id));
            assert_eq!(call_asked_about(&text(id)), known);
        }
        for other in ["gait-approval-", "gait-approval-7", "7-0123", ""] {
            assert_eq!(call_asked_about(&text(other)), None, "{other}");
        }
        assert_eq!(call_asked_about(&RequestId::Integer(7)), None);
    }
}
