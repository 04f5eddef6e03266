//! Sessions of the revisions before 2026-07-28.

mod id;
mod owner;
mod question;

pub use self::{
    id::SessionId,
    owner::Owner,
    question::{Answer, AskFault, ERROR_MESSAGE_BYTES_MAX, ElicitMode, Question, QuestionMethod},
};
