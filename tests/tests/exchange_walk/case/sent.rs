//! The header fields of a request, drawn when somebody reads them.

use std::sync::LazyLock;

use http::HeaderValue;
use mcp_proto::head::{Field, Fields, Name, ParamFields};

use super::Case;
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
