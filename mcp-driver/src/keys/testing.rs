//! A runtime whose clock stands still until a test moves it, and an issuer that answers as a test says.

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use mcp_proto::{
    Now, Tick, UnixSeconds,
    jws::{
        AlgorithmSet,
        keyset::{FetchFailure, FetchPolicy},
    },
};

use super::{KeySource, KeyStore};

use crate::{
    fetch::{Fetch, Fetched, Fetching, Outgoing},
    runtime::{EntropyError, Runtime},
    signature::test_signer::ISSUER,
};

/// Runs tasks when a test says so, and only those that were woken.
#[derive(Clone)]
pub(crate) struct ManualRuntime(Arc<Shared>);

struct Shared {
    now: Mutex<Now>,
    tasks: Mutex<Vec<Task>>,
    timers: Mutex<Vec<(Tick, Waker)>>,
}

struct Task {
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
    woken: Arc<Woken>,
}

struct Woken(AtomicBool);

impl Woken {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(true)))
    }

    fn take(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl ManualRuntime {
    /// No tasks, and the time is `now`.
    pub(crate) fn at(now: Now) -> Self {
        Self(Arc::new(Shared { now: Mutex::new(now), tasks: Mutex::default(), timers: Mutex::default() }))
    }

    /// How many tasks have not ended.
    pub(crate) fn tasks(&self) -> usize {
        self.0.tasks.lock().unwrap().len()
    }

    /// Drops every task, as a runtime does that shuts down.
    pub(crate) fn shut_down(&self) {
        let tasks = std::mem::take(&mut *self.0.tasks.lock().unwrap());
        drop(tasks);
    }

    /// Polls woken tasks until none is. A task that panics is gone, as it is in other runtimes.
    pub(crate) fn run(&self) {
        loop {
            let ready = {
                let mut tasks = self.0.tasks.lock().unwrap();
                tasks.iter().position(|task| task.woken.take()).map(|at| tasks.remove(at))
            };
            let Some(mut task) = ready else {
                return;
            };
            let waker = Waker::from(Arc::clone(&task.woken));
            let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                task.future.as_mut().poll(&mut Context::from_waker(&waker))
            }));
            match polled {
                Ok(Poll::Pending) => self.0.tasks.lock().unwrap().push(task),
                Ok(Poll::Ready(())) => {}
                Err(_) => drop(task),
            }
        }
    }

    /// Lets time pass, with everything that happens on the way happening at its time.
    pub(crate) fn pass_seconds(&self, seconds: u64) {
        self.pass_micros(seconds * 1_000_000);
    }

    /// The same by microseconds.
    pub(crate) fn pass_micros(&self, micros: u64) {
        let end = self.now().tick.after_micros(micros);
        self.run();
        loop {
            let next = self.0.timers.lock().unwrap().iter().map(|(at, _)| *at).min();
            let next = next.filter(|at| *at <= end);
            self.move_to(next.unwrap_or(end));
            self.run();
            if next.is_none() {
                return;
            }
        }
    }

    fn move_to(&self, tick: Tick) {
        {
            let mut now = self.0.now.lock().unwrap();
            let before = now.tick.0 / 1_000_000;
            now.tick = now.tick.max(tick);
            now.unix = UnixSeconds(now.unix.0 + now.tick.0 / 1_000_000 - before);
        }
        let mut timers = self.0.timers.lock().unwrap();
        let (due, waiting) = timers.drain(..).partition(|(at, _)| *at <= tick);
        *timers = waiting;
        drop(timers);
        for (_, waker) in due as Vec<(Tick, Waker)> {
            waker.wake();
        }
    }

    /// Takes a future to be polled beside the tasks.
    pub(crate) fn begin<F: Future>(&self, future: F) -> Begun<F> {
        Begun { runtime: self.clone(), future: Box::pin(future), woken: Woken::new() }
    }

    /// Runs a future to its end, without time passing.
    pub(crate) fn finish<F: Future>(&self, future: F) -> F::Output {
        self.begin(future).result().expect("a future that ends without time passing")
    }
}

impl Runtime for ManualRuntime {
    type Sleep = ManualSleep;

    fn now(&self) -> Now {
        *self.0.now.lock().unwrap()
    }

    fn sleep_until(&self, at: Tick) -> Self::Sleep {
        ManualSleep { runtime: self.clone(), at }
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, task: F) {
        let task = Task { future: Box::pin(task), woken: Woken::new() };
        self.0.tasks.lock().unwrap().push(task);
    }

    fn entropy(&self) -> Result<[u8; 32], EntropyError> {
        Err(EntropyError)
    }
}

pub(crate) struct ManualSleep {
    runtime: ManualRuntime,
    at: Tick,
}

impl Future for ManualSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.runtime.now().tick >= self.at {
            return Poll::Ready(());
        }
        let timer = (self.at, context.waker().clone());
        self.runtime.0.timers.lock().unwrap().push(timer);
        Poll::Pending
    }
}

/// A future that a test polls beside the tasks.
pub(crate) struct Begun<F> {
    runtime: ManualRuntime,
    future: Pin<Box<F>>,
    woken: Arc<Woken>,
}

impl<F: Future> Begun<F> {
    /// Polls the future and the tasks until none of them is woken; the future's output when it has ended.
    pub(crate) fn result(&mut self) -> Option<F::Output> {
        loop {
            self.runtime.run();
            if !self.woken.take() {
                return None;
            }
            let waker = Waker::from(Arc::clone(&self.woken));
            if let Poll::Ready(output) = self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Some(output);
            }
        }
    }
}

/// What a [`FakeIssuer`] does when it is asked for something.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// It gives this document.
    Document(String),
    /// It gives this document, which is fresh for so many seconds.
    Fresh(String, u64),
    /// It fails.
    Failure(FetchFailure),
    /// It says nothing until it has another answer.
    Silence,
    /// The code that fetches panics.
    Panic,
}

/// An issuer that answers as it is told. What it was told nothing about, it does not have.
#[derive(Debug)]
pub(crate) struct FakeIssuer(Mutex<Desk>);

#[derive(Debug, Default)]
struct Desk {
    answers: BTreeMap<String, Answer>,
    /// The URLs it was asked for, in order.
    asked: Vec<String>,
    address: Option<SocketAddr>,
    waiting: Vec<Waker>,
}

impl FakeIssuer {
    /// With this answer about its keys.
    pub(crate) fn new(answer: Answer) -> Arc<Self> {
        let issuer = Self::without_keys();
        issuer.set(answer);
        issuer
    }

    /// With nothing.
    pub(crate) fn without_keys() -> Arc<Self> {
        Arc::new(Self(Mutex::default()))
    }

    /// Answers like this about its keys from now on, also those who wait.
    pub(crate) fn set(&self, answer: Answer) {
        self.set_at(URL, answer);
    }

    /// Answers like this about this URL.
    pub(crate) fn set_at(&self, url: &str, answer: Answer) {
        let mut desk = self.0.lock().unwrap();
        desk.answers.insert(url.to_owned(), answer);
        desk.waiting.drain(..).for_each(Waker::wake);
    }

    /// Answers from this address.
    pub(crate) fn move_to(&self, address: SocketAddr) {
        self.0.lock().unwrap().address = Some(address);
    }

    /// How often it was asked for anything.
    pub(crate) fn asked(&self) -> usize {
        self.0.lock().unwrap().asked.len()
    }

    /// What it was asked for since the last time somebody wanted to know this.
    pub(crate) fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }

    fn poll_answer(&self, url: &str, context: &mut Context<'_>) -> Poll<Result<Fetched, FetchFailure>> {
        let mut desk = self.0.lock().unwrap();
        let (document, fresh_seconds) = match desk.answers.get(url).cloned() {
            None => return Poll::Ready(Err(FetchFailure::Status(404))),
            Some(Answer::Document(document)) => (document, None),
            Some(Answer::Fresh(document, seconds)) => (document, Some(seconds)),
            Some(Answer::Failure(failure)) => return Poll::Ready(Err(failure)),
            Some(Answer::Silence) => {
                desk.waiting.push(context.waker().clone());
                return Poll::Pending;
            }
            Some(Answer::Panic) => {
                drop(desk);
                panic!("the fetcher is broken")
            }
        };
        Poll::Ready(Ok(Fetched { body: document.into(), address: desk.address, fresh_seconds }))
    }
}

/// An issuer as its callers see it.
pub(crate) struct Door(pub(crate) Arc<FakeIssuer>);

impl Fetch for Door {
    fn fetch(&self, request: Outgoing) -> Fetching {
        let url = request.url.uri().to_string();
        let issuer = Arc::clone(&self.0);
        issuer.0.lock().unwrap().asked.push(url.clone());
        Box::pin(poll_fn(move |context| issuer.poll_answer(&url, context)))
    }
}

/// Where a [`FakeIssuer`] has its keys.
pub(crate) const URL: &str = "http://127.0.0.1:9000/jwks";

/// The keys of the tests' issuer from this source.
pub(crate) fn key_store(source: KeySource, fetch: Option<Arc<dyn Fetch>>) -> Arc<KeyStore> {
    KeyStore::new(source, ISSUER, AlgorithmSet::default(), FetchPolicy::default(), fetch).unwrap()
}
