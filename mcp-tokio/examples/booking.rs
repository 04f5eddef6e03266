//! Books a table, and asks the person at the client what it has to know for that.

use mcp_tokio::{Auth, Context, Elicit, Elicited, Interrupt, Mode, Server, SessionPolicy, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Booking {
    restaurant: String,
}

/// The form. What is said of a member is shown to the person.
#[derive(Deserialize, JsonSchema)]
struct Party {
    /// How many of you there are
    #[schemars(range(min = 1, max = 12))]
    guests: u8,
    /// In the garden, if it does not rain
    outside: Option<bool>,
}

async fn book(booking: Booking, cx: Context) -> Result<String, Interrupt> {
    match cx.input("party", Elicit::form::<Party>("Who is coming?")).await? {
        Elicited::Accepted(party) => {
            let place = if party.outside == Some(true) { "in the garden" } else { "inside" };
            Ok(format!("{}: a table for {} {place}", booking.restaurant, party.guests))
        }
        Elicited::Declined | Elicited::Cancelled => Err(Interrupt::tool("Nobody said who is coming")),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut sessions = SessionPolicy::default();
    sessions.sessions_max = 1_000;
    // To try it: whoever reaches it is let in. A server that matters has `Auth::bearer(..)` here.
    let server = Server::builder("booking", "1.0.0", Auth::none())
        .mode(Mode::Stateful)
        .sessions(sessions)
        .tool(Tool::new("book").description("Books a table").typed(book))
        .build()?;
    mcp_tokio::serve(server, "127.0.0.1:3000").await?;
    Ok(())
}
