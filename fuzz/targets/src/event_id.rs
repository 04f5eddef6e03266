//! Event ids and session ids: what is read of a text, and that nothing has two spellings.

use mcp_proto::session::{EventId, SessionId};

/// Reads the input as either.
pub(crate) fn run(input: &[u8]) {
    let event = EventId::read(input);
    let is_event = std::str::from_utf8(input).is_ok_and(mcp_model::is_event_id);
    assert_eq!(event.is_some(), is_event, "what an event id is");
    if let Some(id) = event {
        assert_eq!(id.to_string().as_bytes(), input, "an event id has one spelling");
    }
    let session = SessionId::read(input);
    let is_session = input.len() == 32 && input.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    assert_eq!(session.is_some(), is_session, "what a session id is");
    if let Some(id) = session {
        assert_eq!(id.reveal().as_bytes(), input, "a session id has one spelling");
        assert!(!format!("{id:?}").contains(&id.reveal()), "a session id is shown");
    }
}
