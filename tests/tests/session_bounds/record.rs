//! What a session costs that nobody is using.

use mcp_sim::Allocated;

use crate::{
    client::{handshake, post},
    served::{Served, settle},
};

/// Bytes that a session without a stream may cost, its places in all tables included.
pub(crate) const SESSION_BYTES_MAX: i64 = 1_024;

const SESSIONS: usize = 2_000;

/// The bytes that each of many sessions costs, whose openers are these.
async fn cost(token: impl Fn(usize) -> String) -> i64 {
    let served = Served::with(|policy| policy.sessions_per_principal_max = SESSIONS);
    settle().await;
    let before = Allocated::now();
    for number in 0..SESSIONS {
        let answer = served.answer(post(&token(number), &handshake())).await;
        assert_eq!(answer.status, 200);
    }
    let cost = Allocated::now() - before;
    assert_eq!(served.sessions(), SESSIONS);
    println!("{:.1} blocks for each", cost.blocks as f64 / SESSIONS as f64);
    cost.bytes / i64::try_from(SESSIONS).expect("a few")
}

#[tokio::test(start_paused = true)]
async fn a_session_costs_at_most_a_kibibyte() {
    let of_one = cost(|_| "alice".to_owned()).await;
    let of_many = cost(|number| format!("party-{number}")).await;
    println!("bytes of a session: {of_one} of one party, {of_many} of many");
    assert!(of_one <= SESSION_BYTES_MAX, "{of_one}");
    assert!(of_many <= SESSION_BYTES_MAX, "{of_many}");
}
