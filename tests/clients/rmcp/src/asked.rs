//! A client that can be asked, and that passes on what it is told.

#![allow(deprecated, reason = "older revisions have what 2026-07-28 has no more")]

use rmcp::{
    ClientHandler, ErrorData, RoleClient,
    model::{
        ClientConfig, CreateMessageRequestParams, CreateMessageResult, ElicitRequestParams, ElicitResult,
        ElicitationAction, ListRootsResult, LoggingMessageNotificationParam, ProgressNotificationParam,
        ProtocolVersion, ResourceUpdatedNotificationParam, Role, Root, SamplingMessage,
        SamplingMessageContentBlock,
    },
    service::{NotificationContext, RequestContext},
};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What the client says that it works on.
pub const ROOTS: [&str; 2] = ["file:///home/alice/letters", "file:///home/alice/notes"];

/// Something the server said without being asked.
#[derive(Debug, PartialEq)]
pub enum Told {
    Progress(f64),
    Log(Value),
    ToolsChanged,
    ResourceUpdated(String),
}

/// Answers for a user who does with a form what its message says.
pub struct Asked {
    revision: ProtocolVersion,
    told: UnboundedSender<Told>,
}

impl Asked {
    /// One that asks for this revision, and what it will be told.
    pub fn new(revision: &ProtocolVersion) -> (Self, UnboundedReceiver<Told>) {
        let (told, heard) = unbounded_channel();
        (Self { revision: revision.clone(), told }, heard)
    }

    fn pass_on(&self, told: Told) {
        // Whoever listened may have heard enough.
        _ = self.told.send(told);
    }
}

impl ClientHandler for Asked {
    fn get_info(&self) -> ClientConfig {
        let mut config = ClientConfig::default();
        config.protocol_version = self.revision.clone();
        config.capabilities.elicitation = Some(Default::default());
        config.capabilities.sampling = Some(Default::default());
        config.capabilities.roots = Some(Default::default());
        config
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let ElicitRequestParams::FormElicitationParams { message, .. } = request else {
            return Err(ErrorData::invalid_params("not a form", None));
        };
        Ok(match message.as_str() {
            "accept" => ElicitResult::new(ElicitationAction::Accept)
                .with_content(json!({"username": "alice", "email": "alice@example.com"})),
            "decline" => ElicitResult::new(ElicitationAction::Decline),
            _ => ElicitResult::new(ElicitationAction::Cancel),
        })
    }

    async fn create_message(
        &self,
        params: CreateMessageRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        let prompt = params.messages.first().and_then(|message| message.content.first()?.as_text());
        let prompt = prompt.ok_or_else(|| ErrorData::invalid_params("no prompt", None))?;
        let louder = SamplingMessageContentBlock::text(prompt.text.to_uppercase());
        Ok(CreateMessageResult::new(SamplingMessage::new(Role::Assistant, louder), "echo".into()))
    }

    async fn list_roots(&self, _: RequestContext<RoleClient>) -> Result<ListRootsResult, ErrorData> {
        Ok(ListRootsResult::new(ROOTS.map(Root::new).into()))
    }

    async fn on_progress(&self, told: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.pass_on(Told::Progress(told.progress));
    }

    async fn on_logging_message(
        &self,
        told: LoggingMessageNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        self.pass_on(Told::Log(told.data));
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.pass_on(Told::ToolsChanged);
    }

    async fn on_resource_updated(
        &self,
        told: ResourceUpdatedNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        self.pass_on(Told::ResourceUpdated(told.uri));
    }
}
