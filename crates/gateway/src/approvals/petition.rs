//! What the desk is asked, and what it says.

use gait_approval::PendingCall;

use super::presented::Presented;
use crate::answer::Ruling;

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
