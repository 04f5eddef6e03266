//! Looks at the files now and then, for as long as the server is there.

use std::{
    future::{Future, poll_fn},
    io,
    pin::pin,
    sync::{Arc, Weak},
    task::Poll,
    thread,
    time::Duration,
};

use super::{Inner, ServerTls, ServerTlsError};
use crate::{hyper_rt::micros, landing::Landing, runtime::Runtime};

/// After so much time the log says that a look has not come to an end, in seconds.
const LOOK_SECONDS: u64 = 10;

impl ServerTls {
    /// Begins to look, if anybody is to.
    pub(crate) fn start<R: Runtime>(&self, runtime: &R) {
        if let Some(every) = self.0.watch_every {
            runtime.spawn(watch(Arc::downgrade(&self.0), every, runtime.clone()));
        }
    }
}

async fn watch<R: Runtime>(tls: Weak<Inner>, every: Duration, runtime: R) {
    let mut trouble = None;
    loop {
        runtime.sleep_until(runtime.now().tick.after_micros(micros(every))).await;
        let Some(tls) = tls.upgrade().map(ServerTls) else { return };
        let late = runtime.sleep_until(runtime.now().tick.after_micros(LOOK_SECONDS * 1_000_000));
        let look = aside(move || tls.reload());
        let tell =
            || tracing::warn!("the TLS files cannot be read to their end; those read before stay in use");
        match patiently(look, late, tell).await {
            Ok(false) => trouble = None,
            Ok(true) => {
                trouble = None;
                tracing::info!("new TLS certificates are in use");
            }
            Err(error) => {
                // Once for each trouble. Two files are often replaced one after the other.
                if trouble.as_ref() != Some(&error) {
                    tracing::warn!(%error, "the TLS files are not usable; those read before stay in use");
                }
                trouble = Some(error);
            }
        }
    }
}

/// Waits for a look, and tells once if it has not come to an end when it is late.
pub(super) async fn patiently<T>(
    look: impl Future<Output = T>,
    late: impl Future<Output = ()>,
    tell: impl FnOnce(),
) -> T {
    let mut look = pin!(look);
    let mut late = pin!(late);
    let in_time = poll_fn(|cx| {
        if let Poll::Ready(look) = look.as_mut().poll(cx) {
            return Poll::Ready(Some(look));
        }
        late.as_mut().poll(cx).map(|()| None)
    });
    if let Some(look) = in_time.await {
        return look;
    }
    tell();
    look.await
}

/// Runs what blocks on a thread of its own: a file may be on a disk that does not answer, and a runtime has no
/// thread to spare for that. There is never more than one.
async fn aside(
    work: impl FnOnce() -> Result<bool, ServerTlsError> + Send + 'static,
) -> Result<bool, ServerTlsError> {
    let landing = Arc::new(Landing::default());
    let landed = Landed(Arc::clone(&landing));
    let thread = thread::Builder::new().name("tls-files".into()).spawn(move || landed.0.land(work()));
    match thread {
        // The thread ends by itself.
        Ok(_) => landing.wait().await,
        Err(error) => Err(ServerTlsError::Unwatched(error.kind())),
    }
}

/// Reports even of work that panicked.
struct Landed(Arc<Landing<Result<bool, ServerTlsError>>>);

impl Drop for Landed {
    fn drop(&mut self) {
        self.0.land(Err(ServerTlsError::Unwatched(io::ErrorKind::Other)));
    }
}
