//! Reading a body under a limit and a deadline, without a timer or a copy where it is there at once.

use std::{
    error::Error,
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use http_body::Body;
use mcp_proto::{BodyRead, time::Deadline};

use crate::{load::BodyBudget, runtime::Runtime};

/// How to read a body.
pub(crate) struct Reading {
    /// The most bytes to take.
    pub(crate) limit: u32,
    /// How many bytes were announced.
    pub(crate) announced: Option<u32>,
    /// When to give up.
    pub(crate) deadline: Deadline,
}

/// What was read, and whether it had to be waited for.
pub(crate) struct Read {
    pub(crate) body: BodyRead,
    pub(crate) waited: bool,
}

/// Reads the whole body.
pub(crate) async fn read<R, B>(body: B, reading: &Reading, budget: &mut BodyBudget<'_>, runtime: &R) -> Read
where
    R: Runtime,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut body = pin!(body);
    let mut taken = Taken { first: Bytes::new(), rest: BytesMut::new() };
    let mut timer = pin!(None);
    let body = poll_fn(|cx| {
        loop {
            match body.as_mut().poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data()
                        && let Err(refused) = taken.push(data, reading, budget)
                    {
                        return Poll::Ready(refused);
                    }
                    if body.is_end_stream() {
                        return Poll::Ready(BodyRead::Complete(taken.finish()));
                    }
                }
                Poll::Ready(Some(Err(_))) => return Poll::Ready(BodyRead::Aborted),
                Poll::Ready(None) => return Poll::Ready(BodyRead::Complete(taken.finish())),
                Poll::Pending => return poll_timer(timer.as_mut(), reading.deadline, runtime, cx),
            }
        }
    })
    .await;
    Read { body, waited: timer.is_some() }
}

/// Only a body that keeps us waiting needs a timer.
fn poll_timer<R: Runtime>(
    mut timer: Pin<&mut Option<R::Sleep>>,
    deadline: Deadline,
    runtime: &R,
    cx: &mut Context<'_>,
) -> Poll<BodyRead> {
    if timer.is_none() {
        timer.set(Some(runtime.sleep_until(deadline.at)));
    }
    match timer.as_pin_mut() {
        Some(timer) => timer.poll(cx).map(|()| BodyRead::TimedOut),
        None => Poll::Pending,
    }
}

/// Bytes that are added to a body's budget at once.
const BUDGET_STEP_BYTES: usize = 64 << 10;

/// What has been read: one piece is handed on as it is, several are joined.
struct Taken {
    first: Bytes,
    rest: BytesMut,
}

impl Taken {
    /// What the reading comes to when this is too much.
    fn push(&mut self, data: Bytes, reading: &Reading, budget: &mut BodyBudget<'_>) -> Result<(), BodyRead> {
        let limit = reading.limit as usize;
        let length = self.first.len().saturating_add(self.rest.len()).saturating_add(data.len());
        if length > limit {
            return Err(BodyRead::TooLarge);
        }
        if self.first.is_empty() && self.rest.is_empty() {
            self.first = data;
            return Ok(());
        }
        // What counts is what has arrived: an announcement costs its sender nothing.
        if !budget.grow_to(length.next_multiple_of(BUDGET_STEP_BYTES).min(limit)) {
            return Err(BodyRead::Overloaded);
        }
        if self.rest.is_empty() {
            let announced = reading.announced.map_or(0, |announced| announced as usize).min(limit);
            self.rest.reserve(announced.max(length));
        }
        self.rest.extend_from_slice(&std::mem::take(&mut self.first));
        self.rest.extend_from_slice(&data);
        Ok(())
    }

    fn finish(&mut self) -> Bytes {
        if self.rest.is_empty() {
            std::mem::take(&mut self.first)
        } else {
            std::mem::take(&mut self.rest).freeze()
        }
    }
}
