//! The header fields of a request, drawn when somebody reads them.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderValue};
use mcp_proto::head::{Field, Fields, Name, ParamFields};

use super::{Case, Fact};
use crate::fields::{ProofField, Sent};

static UNREADABLE_PROOF: LazyLock<Sent> = LazyLock::new(|| Sent::bytes(b"pr00f-of-a-client\xff"));

fn field(sent: &Sent) -> Field<'_> {
    match sent {
        Sent::Absent => Field::Absent,
        Sent::One(value) => Field::One(value),
        Sent::Repeated => Field::Repeated,
    }
}

impl Fields for Case<'_> {
    fn field(&self, name: Name) -> Field<'_> {
        field(match name {
            Name::Host => &self.host_entry().sent,
            Name::Origin => &self.origin_entry().sent,
            Name::RequestMethod => &self.request_method().sent,
            Name::Authorization => &self.credential_entry().sent,
            Name::Dpop => match self.proof_field() {
                ProofField::Absent => &Sent::Absent,
                ProofField::Repeated => &Sent::Repeated,
                ProofField::Unreadable => &UNREADABLE_PROOF,
                ProofField::Is(_) => {
                    return self.sent_proof().map_or(Field::Absent, |proof| Field::One(&proof.field));
                }
            },
            Name::ContentType => &self.content_type().sent,
            Name::ContentLength => &self.length_entry().sent,
            Name::TransferEncoding => &self.transfer_encoding().sent,
            Name::Expect => &self.expect().sent,
            Name::Accept => &self.accept_entry().sent,
            Name::ProtocolVersion => &self.version_entry().sent,
            Name::SessionId => &self.session_entry().sent,
            Name::LastEventId => &self.event_entry().sent,
            Name::McpMethod => {
                let place = self.method_place();
                &self.scene.operations[self.operation_place()].methods[place]
            }
            Name::McpName => {
                let place = self.name_place();
                &self.scene.operations[self.operation_place()].names[place].1
            }
        })
    }

    fn params(&self) -> Option<ParamFields> {
        self.scene.param_sets[self.params_place()].1.clone()
    }
}

/// Every field that the machine can ask for, with what is drawn when it asks.
const FACTS: [(Name, &str, Fact); Name::COUNT] = [
    (Name::Host, "host", Fact::Host),
    (Name::Origin, "origin", Fact::Origin),
    (Name::RequestMethod, "access-control-request-method", Fact::RequestMethod),
    (Name::Authorization, "authorization", Fact::Credential),
    (Name::Dpop, "dpop", Fact::Proof),
    (Name::ContentType, "content-type", Fact::ContentType),
    (Name::ContentLength, "content-length", Fact::Length),
    (Name::TransferEncoding, "transfer-encoding", Fact::TransferEncoding),
    (Name::Expect, "expect", Fact::Expect),
    (Name::Accept, "accept", Fact::Accept),
    (Name::ProtocolVersion, "mcp-protocol-version", Fact::Version),
    (Name::McpMethod, "mcp-method", Fact::MethodField),
    (Name::McpName, "mcp-name", Fact::NameField),
    (Name::SessionId, "mcp-session-id", Fact::SessionField),
    (Name::LastEventId, "last-event-id", Fact::EventField),
];

impl Case<'_> {
    /// The fields that were drawn; nobody has asked for others.
    pub(crate) fn drawn_fields(&self) -> HeaderMap {
        let is_drawn = |fact: Fact| self.drawn[fact as usize].get().is_some();
        let mut map = HeaderMap::new();
        for (name, text, fact) in FACTS {
            // A proof belongs to a token, and a mirror to what it mirrors.
            let needs_more = match fact {
                Fact::Proof => !is_drawn(Fact::Credential),
                Fact::MethodField | Fact::NameField => !is_drawn(Fact::Operation),
                _ => false,
            };
            if !is_drawn(fact) || needs_more {
                continue;
            }
            match self.field(name) {
                Field::Absent => {}
                Field::One(value) => {
                    map.append(text, value.clone());
                }
                Field::Repeated => {
                    map.append(text, HeaderValue::from_static("a"));
                    map.append(text, HeaderValue::from_static("b"));
                }
            }
        }
        if is_drawn(Fact::Params) {
            for (name, value) in self.params().into_iter().flatten() {
                map.append(name, value);
            }
        }
        map
    }
}

/// The same request without its credentials.
pub(crate) struct WithoutCredentials<'c, 's>(pub(crate) &'c Case<'s>);

impl Fields for WithoutCredentials<'_, '_> {
    fn field(&self, name: Name) -> Field<'_> {
        match name {
            Name::Authorization | Name::Dpop => Field::Absent,
            _ => self.0.field(name),
        }
    }

    fn params(&self) -> Option<ParamFields> {
        self.0.params()
    }
}

/// The same request with the token in the scheme `DPoP` and a proof.
pub(crate) struct WithProof<'c, 's> {
    pub(crate) case: &'c Case<'s>,
    pub(crate) authorization: HeaderValue,
    pub(crate) proof: &'s HeaderValue,
}

impl Fields for WithProof<'_, '_> {
    fn field(&self, name: Name) -> Field<'_> {
        match name {
            Name::Authorization => Field::One(&self.authorization),
            Name::Dpop => Field::One(self.proof),
            _ => self.case.field(name),
        }
    }

    fn params(&self) -> Option<ParamFields> {
        self.case.params()
    }
}
