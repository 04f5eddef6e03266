//! A session as a client of it has it.

use serde_json::{Value, json};

use crate::{
    request::{Request, handshake, older},
    served::Served,
};

pub(crate) struct Session {
    pub(crate) id: String,
}

impl Session {
    /// A session of a client of 2025-06-18, which can do nothing.
    pub(crate) async fn open(served: &Served, token: Option<&str>) -> Self {
        Self::of_revision(served, token, "2025-06-18").await
    }

    pub(crate) async fn of_revision(served: &Served, token: Option<&str>, version: &str) -> Self {
        Self::shake_hands(served, token, &handshake(version)).await
    }

    /// A session of a client that declares this.
    pub(crate) async fn declaring(served: &Served, token: Option<&str>, capabilities: Value) -> Self {
        let mut params = handshake("2025-06-18");
        params["capabilities"] = capabilities;
        Self::shake_hands(served, token, &params).await
    }

    async fn shake_hands(served: &Served, token: Option<&str>, params: &Value) -> Self {
        let initialize = older("initialize", params);
        let with_token = |request: Request| match token {
            Some(token) => request.token(token),
            None => request,
        };
        let answer = served.answer(&with_token(initialize)).await;
        assert_eq!(answer.json().get("error"), None);
        let session = Self { id: answer.field("mcp-session-id").expect("a session").to_owned() };
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string();
        let ready = with_token(session.of(crate::request::post(ready)));
        assert_eq!(served.answer(&ready).await.status(), 202);
        session
    }

    /// The request as one of this session.
    pub(crate) fn of(&self, request: Request) -> Request {
        request.field("Mcp-Session-Id", &self.id)
    }
}
