//! The description of a server, as an operator writes it to a file before letting calls go there.

use gait_artifact::{mcp::McpServer, text::trim_in_place};
use gait_canon::json::{self, Reader};

/// The largest description that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// Why a description names no server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// It is not the JSON of a description.
    #[error("parse server description: {0}")]
    Json(#[from] json::Error),
    /// It tells neither id nor name.
    #[error("server description requires server_id or server_name")]
    Nameless,
}

/// Reads a description: at most 1 MiB, without repeated members; members that it doesn't have are passed over.
pub fn read(bytes: &[u8]) -> Result<McpServer, ServerError> {
    let reader = Reader::new()
        .max_bytes(MAX_BYTES)
        .ignore_unknown_members()
        .ignore_member_case();
    let mut server: McpServer = reader.read::<Option<McpServer>>(bytes)?.unwrap_or_default();
    for text in [
        &mut server.server_id,
        &mut server.server_name,
        &mut server.publisher,
        &mut server.source,
        &mut server.endpoint,
    ] {
        trim_in_place(text);
    }
    if server.server_id.is_empty() && server.server_name.is_empty() {
        return Err(ServerError::Nameless);
    }
    Ok(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_name_a_server() {
        let server = read(br#"{"server_id": " github ", "Publisher": "Acme", "more": 1}"#).unwrap();
        assert_eq!(
            (server.server_id.as_str(), server.publisher.as_str()),
            ("github", "Acme")
        );
        for nameless in ["null", "{}", r#"{"server_id": " ", "server_name": null}"#] {
            assert_eq!(
                read(nameless.as_bytes()),
                Err(ServerError::Nameless),
                "{nameless}"
            );
        }
        for broken in [
            "",
            "{",
            "[]",
            r#""x""#,
            r#"{"server_id": 5}"#,
            r#"{"server_id": "x"} y"#,
            r#"{"server_id": "x", "SERVER_ID": "y"}"#,
        ] {
            let error = read(broken.as_bytes()).unwrap_err();
            assert!(matches!(error, ServerError::Json(_)), "{broken}: {error}");
        }
    }
}
