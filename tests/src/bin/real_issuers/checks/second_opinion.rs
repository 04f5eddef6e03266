//! Another issuer, written by others in another language.

use crate::{
    client::{expect_refused, identity, whoami},
    glewlwyd::Glewlwyd,
    report::Checked,
    server::Serving,
};

pub(crate) async fn client_credentials(issuer: &Glewlwyd, server: &Serving) -> Checked {
    let found = identity(&whoami(&server.address(), &issuer.client_token().await?).await?)?;
    let subject = found.get("subject").and_then(serde_json::Value::as_str);
    if subject == Some("service") { Ok(found.to_string()) } else { Err(found.to_string().into()) }
}

/// A token in which one character is another one, wherever that is.
pub(crate) async fn changed_byte(issuer: &Glewlwyd, server: &Serving) -> Checked {
    let token = issuer.client_token().await?;
    identity(&whoami(&server.address(), &token).await?)?;
    let mut refused = 0_u32;
    for position in (0..token.len()).step_by(STEP) {
        let (before, rest) = token.split_at(position);
        let mut rest = rest.chars();
        let changed = match rest.next() {
            Some('.') | None => continue,
            Some('A') => 'B',
            Some(_) => 'A',
        };
        let changed = format!("{before}{changed}{}", rest.as_str());
        expect_refused(&whoami(&server.address(), &changed).await?, "Bearer")
            .map_err(|failure| format!("character {position}: {failure}"))?;
        refused += 1;
    }
    Ok(format!("401 for each of {refused}"))
}

/// Between two characters that are changed.
const STEP: usize = 7;
