//! An HTTP client that remembers what is not told to those who use it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use reqwest::header::{HeaderName, HeaderValue};
use rmcp::{
    model::ClientJsonRpcMessage,
    transport::{
        common::client_side_sse::BoxedSseResponse,
        streamable_http_client::{
            StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
            StreamableHttpResponseLimits,
        },
    },
};

type Refused = StreamableHttpError<reqwest::Error>;
type Headers = HashMap<HeaderName, HeaderValue>;

/// What went over the wire.
#[derive(Default)]
pub struct Seen {
    /// The ids of sessions, in the order in which they were opened.
    pub sessions: Vec<String>,
    /// How many streams were opened that belong to no request.
    pub streams: usize,
    /// How many streams were resumed.
    pub resumed: usize,
    /// How many sessions were ended.
    pub ended: usize,
}

#[derive(Clone, Default)]
pub struct Spy {
    http: reqwest::Client,
    seen: Arc<Mutex<Seen>>,
}

impl Spy {
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StreamableHttpClient for Spy {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        token: Option<String>,
        headers: Headers,
    ) -> Result<StreamableHttpPostResponse, Refused> {
        let limits = StreamableHttpResponseLimits::default();
        self.post_message_with_response_limits(uri, message, session, token, headers, limits).await
    }

    async fn post_message_with_response_limits(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        token: Option<String>,
        headers: Headers,
        limits: StreamableHttpResponseLimits,
    ) -> Result<StreamableHttpPostResponse, Refused> {
        let response =
            self.http.post_message_with_response_limits(uri, message, session, token, headers, limits);
        let response = response.await?;
        if let StreamableHttpPostResponse::Json(_, Some(opened))
        | StreamableHttpPostResponse::Sse(_, Some(opened)) = &response
        {
            let mut seen = self.seen();
            if seen.sessions.last() != Some(opened) {
                seen.sessions.push(opened.clone());
            }
        }
        Ok(response)
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session: Arc<str>,
        token: Option<String>,
        headers: Headers,
    ) -> Result<(), Refused> {
        self.http.delete_session(uri, session, token, headers).await?;
        self.seen().ended += 1;
        Ok(())
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last_event: Option<String>,
        token: Option<String>,
        headers: Headers,
    ) -> Result<BoxedSseResponse, Refused> {
        let is_resumed = last_event.is_some();
        let stream = self.http.get_stream(uri, session, last_event, token, headers).await?;
        match is_resumed {
            true => self.seen().resumed += 1,
            false => self.seen().streams += 1,
        }
        Ok(stream)
    }
}
