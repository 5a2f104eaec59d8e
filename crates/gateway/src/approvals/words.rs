//! What people and models are told about calls that wait.

use gait_approval::{Closing, Details, Entry, Status};
use gait_artifact::printable::printable;

/// Bytes of arguments that a form shows.
const SHOWN_BYTES: usize = 1024;

/// How the queue is named on the command line.
#[derive(Debug)]
pub(super) struct Commands {
    directory: String,
}

impl Commands {
    /// The commands for the queue in `directory`.
    pub(super) fn new(directory: &str) -> Self {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
        let quoted = if directory.chars().all(is_plain) {
            directory.to_owned()
        } else {
            format!("'{}'", directory.replace('\'', r"'\''"))
        };
        Self {
            directory: format!("--dir {quoted}"),
        }
    }

    fn approve(&self, id: &str) -> String {
        format!(
            "gait approvals approve {id} {} --approver NAME --reason-code WHY --key-mode prod --private-key FILE",
            self.directory
        )
    }

    fn deny(&self, id: &str) -> String {
        format!(
            "gait approvals deny {id} {} --approver NAME --reason-code WHY",
            self.directory
        )
    }

    /// What a form says that asks about `entry`. `waits` says that the call is held meanwhile.
    pub(super) fn question(&self, entry: &Entry, waits: bool, takes_consent: bool) -> String {
        let details = Details::of(entry, false);
        let id = details.request_id.as_str();
        let mut shown = SHOWN_BYTES.min(details.arguments.len());
        while !details.arguments.is_char_boundary(shown) {
            shown -= 1;
        }
        let more = if shown < details.arguments.len() || details.arguments_hidden_bytes > 0 {
            " (shortened; `gait approvals show` has all)"
        } else {
            ""
        };
        let on = if details.server.is_empty() {
            String::new()
        } else {
            format!(" on {}", details.server)
        };
        let next = match (takes_consent, waits) {
            (true, _) => "Tick the box and accept to approve it here; decline to take the call back.",
            (false, true) => "It goes on by itself once it is approved; decline to take the call back.",
            (false, false) => "Accept once it is approved; decline to take the call back.",
        };
        let mut lines = vec![
            format!("{} asks to run {}{on}.", details.principal, details.tool_name),
            format!("Arguments: {}{more}", &details.arguments[..shown]),
        ];
        if !details.reason_codes.is_empty() {
            lines.push(format!(
                "Why it needs an approval: {}",
                details.reason_codes.join(", ")
            ));
        }
        lines.extend([
            format!(
                "Approvals: {} of {}",
                details.approvers.len(),
                details.required_approvals
            ),
            format!(
                "Request: {id}, to be decided until {}",
                details.expires_at.whole_seconds()
            ),
            format!("Approve: {}", self.approve(id)),
            format!("Deny: {}", self.deny(id)),
            next.to_owned(),
        ]);
        lines.join("\n")
    }

    /// What a model is told about a call that nobody has decided about.
    pub(super) fn pending(&self, entry: &Entry) -> String {
        let id = entry.request.id().as_str();
        let until = entry.request.expires_at().whole_seconds();
        format!(
            "Nobody has decided about request {id} yet. A person lets it run with `{}` or refuses it with `{}`. \
             Call the tool again later with the same arguments: until {until} that asks about the same request.",
            self.approve(id),
            self.deny(id)
        )
    }
}

/// What a model is told about a request that came to an end.
pub(super) fn settled(status: &Status) -> String {
    let closed = |closing: &Closing| {
        let (by, why) = (printable(&closing.by), printable(&closing.reason_code));
        format!("by {by} ({why})")
    };
    match status {
        Status::Denied(closing) => {
            format!(
                "The approval was denied {}. Do not call the tool again like that.",
                closed(closing)
            )
        }
        Status::Withdrawn(closing) => {
            format!("The request for an approval was taken back {}.", closed(closing))
        }
        Status::TimedOut => "Nobody decided in time. Calling the tool again asks anew.".to_owned(),
        Status::Lapsed => {
            "The approval ended before it was used. Calling the tool again asks anew.".to_owned()
        }
        Status::Redeemed(_) => {
            "The approval was used already, and counts once. Calling the tool again asks anew.".to_owned()
        }
        Status::Pending { .. } | Status::Approved { .. } => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_pasted_into_a_shell() {
        let commands = Commands::new("/srv/it's here");
        assert_eq!(
            commands.deny("7"),
            r"gait approvals deny 7 --dir '/srv/it'\''s here' --approver NAME --reason-code WHY"
        );
        assert!(
            Commands::new("/a-b/c.d_e")
                .approve("7")
                .contains("approve 7 --dir /a-b/c.d_e ")
        );
    }
}
