//! The tools of the server: they do what the client's arguments say.

use std::time::Duration;

use mcp_driver::{Catalog, Change, Context, Interrupt, ListRoots, Runtime, Tool, proto::Tick};
use mcp_sim::SimRuntime;
use serde_json::{Value, json};

use crate::{
    ledger::{Ledger, Life},
    plan::Plan,
};
use mcp_sim::draw::Draw;

/// What a call of a tool does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// Returns.
    Return,
    /// Sleeps, and returns.
    Sleep,
    /// Tells how far it is, sleeping in between, and returns.
    Tell,
    /// Tells it often and at length, without a pause.
    Flood,
    /// Tells it, and panics.
    Panic,
    /// Never ends.
    Hang,
    /// The same, and panics when it is dropped.
    HangAndPanic,
    /// Asks the client something.
    Ask,
    /// Ends its session.
    EndSession,
    /// Leaves a task behind that goes on telling.
    Linger,
    /// Has the client come back for the rest.
    CloseStream,
    /// Tells the session of a change.
    Notify,
}

const ALL: [(How, &str); 12] = [
    (How::Return, "return"),
    (How::Sleep, "sleep"),
    (How::Tell, "tell"),
    (How::Flood, "flood"),
    (How::Panic, "panic"),
    (How::Hang, "hang"),
    (How::HangAndPanic, "hang-and-panic"),
    (How::Ask, "ask"),
    (How::EndSession, "end-session"),
    (How::Linger, "linger"),
    (How::CloseStream, "close-stream"),
    (How::Notify, "notify"),
];

impl How {
    /// One of those that the plan allows.
    pub(crate) fn draw(draw: &mut Draw, plan: &Plan) -> Self {
        let handlers = plan.handlers;
        let allowed: Vec<Self> = ALL
            .into_iter()
            .map(|(how, _)| how)
            .filter(|how| match how {
                Self::Return | Self::Sleep | Self::Tell | Self::CloseStream | Self::Notify => true,
                Self::Flood => handlers.flood,
                Self::Panic => handlers.panic,
                Self::Hang => handlers.hang,
                Self::HangAndPanic => handlers.hang && handlers.panic,
                Self::Ask => handlers.ask,
                Self::EndSession => handlers.end_session,
                Self::Linger => handlers.linger,
            })
            .collect();
        *draw.pick(&allowed)
    }

    fn name(self) -> &'static str {
        ALL.iter().find(|(how, _)| *how == self).map_or("", |(_, name)| name)
    }

    /// Whether it says something before it ends, so that it may have to wait for its client.
    pub(crate) fn tells(self) -> bool {
        matches!(self, Self::Tell | Self::Flood | Self::Panic | Self::Linger | Self::Ask | Self::CloseStream)
    }
}

/// The arguments of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Act {
    pub(crate) how: How,
    pub(crate) nonce: u64,
    pub(crate) steps: u64,
    pub(crate) micros: u64,
    pub(crate) pad: usize,
}

impl Act {
    pub(crate) fn draw(draw: &mut Draw, plan: &Plan, nonce: u64) -> Self {
        let pad = if draw.percent(10) { draw.below(40_000) } else { 0 };
        Self {
            how: How::draw(draw, plan),
            nonce,
            steps: draw.within(1..=5),
            micros: *draw.pick(&[0, 1_000, 400_000, 1_500_000, 3_000_000]),
            pad,
        }
    }

    pub(crate) fn arguments(&self) -> Value {
        json!({
            "how": self.how.name(),
            "nonce": self.nonce,
            "steps": self.steps,
            "micros": self.micros,
            "pad": self.pad,
        })
    }

    fn read(arguments: &Value) -> Option<Self> {
        let how = arguments["how"].as_str()?;
        Some(Self {
            how: ALL.iter().find(|(_, name)| *name == how)?.0,
            nonce: arguments["nonce"].as_u64()?,
            steps: arguments["steps"].as_u64()?,
            micros: arguments["micros"].as_u64()?,
            pad: usize::try_from(arguments["pad"].as_u64()?).ok()?,
        })
    }

    /// When a handler that was begun then has ended, if it waits for nobody.
    pub(crate) fn ends(&self, begun: Tick) -> Option<Tick> {
        match self.how {
            How::Return | How::Notify => Some(begun),
            How::Sleep | How::Linger | How::EndSession => Some(begun.after_micros(self.micros)),
            How::Panic => (!self.steps.is_multiple_of(2)).then(|| begun.after_micros(self.micros)),
            How::Tell | How::Flood | How::Hang | How::HangAndPanic | How::Ask | How::CloseStream => None,
        }
    }

    /// What the call returns for this caller.
    pub(crate) fn text(&self, subject: &str) -> String {
        format!("{subject}:{}:{}", self.nonce, "x".repeat(self.pad))
    }

    /// What it says with the `told`th notification.
    pub(crate) fn message(&self, subject: &str, told: u64) -> String {
        let pad = if self.how == How::Flood { 2_000 } else { 0 };
        format!("{subject}:{}:{told}:{}", self.nonce, "y".repeat(pad))
    }
}

/// What is served after so many replacements.
pub(crate) fn catalog(ledger: &Ledger, runtime: &SimRuntime, replaced: usize) -> Catalog {
    let tool = |name: &str, scopes: &[&str]| {
        let (ledger, runtime) = (ledger.clone(), runtime.clone());
        let tool = scopes.iter().fold(Tool::new(name), |tool, scope| tool.scope(*scope));
        tool.raw_unchecked(json!({"type": "object"}), move |arguments: Value, cx: Context| {
            let act = Act::read(&arguments);
            let life = act.map(|act| ledger.begin(act.nonce, runtime.now().tick));
            let runtime = runtime.clone();
            async move {
                match (act, life) {
                    (Some(act), Some(life)) => perform(act, life, cx, runtime).await,
                    (_, _) => Err(Interrupt::invalid_arguments("no act")),
                }
            }
        })
    };
    let catalog = Catalog::new().tool(tool("act", &[])).tool(tool("guarded", &["admin"]));
    if replaced.is_multiple_of(2) { catalog } else { catalog.tool(tool("new", &[])) }
}

async fn perform(act: Act, mut life: Life, cx: Context, runtime: SimRuntime) -> Result<String, Interrupt> {
    let subject = cx.principal().map_or_else(String::new, |principal| principal.subject().to_owned());
    let sleep = || cx.sleep(Duration::from_micros(act.micros));
    match act.how {
        How::Return => {}
        How::Sleep => sleep().await,
        How::Tell => {
            for _ in 0..act.steps {
                tell(&act, &life, &cx, &subject).await;
                sleep().await;
            }
        }
        How::Flood => {
            for _ in 0..act.steps * 8 {
                tell(&act, &life, &cx, &subject).await;
            }
        }
        How::Panic => {
            if act.steps.is_multiple_of(2) {
                tell(&act, &life, &cx, &subject).await;
            }
            sleep().await;
            life.panic();
        }
        How::Hang => std::future::pending().await,
        How::HangAndPanic => {
            life.panics_at_drop = true;
            std::future::pending::<()>().await;
        }
        How::Ask => {
            sleep().await;
            cx.input("roots", ListRoots).await?;
        }
        How::EndSession => {
            sleep().await;
            if let Some(session) = cx.session() {
                session.end();
                std::future::pending::<()>().await;
            }
        }
        How::Linger => {
            let (later, others) = (cx.clone(), subject.clone());
            let rest = runtime.clone();
            runtime.spawn(async move {
                for _ in 0..act.steps {
                    rest.sleep_until(rest.now().tick.after_micros(act.micros)).await;
                    later.progress_with(1_000.0, None, format!("{others}:{}:late", act.nonce)).await;
                }
                later.cancelled().await;
            });
            sleep().await;
        }
        How::CloseStream => {
            tell(&act, &life, &cx, &subject).await;
            cx.close_stream(Duration::from_millis(100)).await;
            sleep().await;
            tell(&act, &life, &cx, &subject).await;
        }
        How::Notify => {
            if let Some(session) = cx.session() {
                session.notify(&Change::ToolsChanged);
            }
        }
    }
    life.complete();
    Ok(act.text(&subject))
}

#[expect(clippy::cast_precision_loss, reason = "few steps")]
async fn tell(act: &Act, life: &Life, cx: &Context, subject: &str) {
    let told = life.tells();
    cx.progress_with(told as f64, None, act.message(subject, told)).await;
}
