//! Runs the JOSE vectors of Project Wycheproof (`testvectors_v1/json_web_*_test.json`) through the stages of a
//! token up to its signature: `jose_vectors DIRECTORY`.
//!
//! The keys of a group are the only trusted ones, and every algorithm is accepted. Anything that comes out other
//! than published has to be in [`REFUSED`]; nothing that is invalid may be accepted.
#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::{collections::BTreeSet, error::Error, fs, path::Path, process::ExitCode};

use mcp_driver::{
    proto::jws::{Algorithm, AlgorithmSet, KeySet, Profile, TokenRules, inspect},
    verify_signature,
};
use serde_json::Value;

/// The files, each with the number of its vectors.
const FILES: [(&str, usize); 4] = [
    ("json_web_signature_test.json", 401),
    ("json_web_key_test.json", 26),
    ("json_web_crypto_test.json", 83),
    ("json_web_encryption_test.json", 139),
];

const SECRET: &str = "HMAC: a shared secret is no published key";
const CURVE: &str = "P-521, under an algorithm that does not exist (ES521)";
const EMPTY: &str = "an empty payload is no claims set";
const OTHER_ALGORITHM: &str = "a token for PS384 and a key for PS256";

/// Valid vectors that are refused, by file and `tcId`, and why.
const REFUSED: &[(&str, &[u64], &str)] = &[
    ("json_web_signature_test.json", &[1, 348, 352, 357, 358, 359, 372, 373, 376, 377], SECRET),
    ("json_web_signature_test.json", &[259, 264, 268, 272, 320, 325], EMPTY),
    ("json_web_signature_test.json", &[346, 350], OTHER_ALGORITHM),
    ("json_web_signature_test.json", &[347, 351], CURVE),
    ("json_web_key_test.json", &[2, 13, 14, 15], SECRET),
    ("json_web_crypto_test.json", &[1, 48], SECRET),
];

/// One vector, and what became of it.
struct Outcome {
    id: u64,
    comment: String,
    is_valid: bool,
    is_encrypted: bool,
    is_accepted: bool,
}

fn main() -> ExitCode {
    let Some(directory) = std::env::args_os().nth(1) else {
        println!("usage: jose_vectors DIRECTORY");
        return ExitCode::from(2);
    };
    match run(Path::new(&directory)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{}: {error}", directory.to_string_lossy());
            ExitCode::FAILURE
        }
    }
}

/// Whether everything came out as it should.
fn run(directory: &Path) -> Result<bool, Box<dyn Error>> {
    let mut is_good = true;
    for (file, count) in FILES {
        let document: Value = serde_json::from_slice(&fs::read(directory.join(file))?)?;
        let outcomes = outcomes(&document)?;
        if outcomes.len() != count {
            println!("{file}: {} vectors instead of {count}", outcomes.len());
            is_good = false;
        }
        is_good &= report(file, &outcomes);
    }
    Ok(is_good)
}

/// What became of each vector of a file.
fn outcomes(document: &Value) -> Result<Vec<Outcome>, Box<dyn Error>> {
    let mut outcomes = Vec::new();
    for group in document["testGroups"].as_array().ok_or("no groups")? {
        // Without a public key, the key is a secret.
        let key = group.get("public").or(group.get("private")).ok_or("no key")?;
        for test in group["tests"].as_array().ok_or("no tests")? {
            let text = test.get("jws").or(test.get("jwe")).ok_or("no token")?;
            // The JSON serialization is no text, and is tried as the text of that JSON.
            let text = text.as_str().map_or_else(|| text.to_string(), str::to_owned);
            outcomes.push(Outcome {
                id: test["tcId"].as_u64().ok_or("no tcId")?,
                comment: test["comment"].as_str().unwrap_or_default().to_owned(),
                is_valid: test["result"] == "valid",
                is_encrypted: test.get("jwe").is_some(),
                is_accepted: is_accepted(&text, key)?,
            });
        }
    }
    Ok(outcomes)
}

/// Whether the text is a signed token by a key of this document. What it says is not looked at: the vectors are
/// no access tokens.
fn is_accepted(text: &str, key: &Value) -> Result<bool, Box<dyn Error>> {
    let every = AlgorithmSet::of(Algorithm::ALL);
    let rules = TokenRules::new("https://issuer.example", ["https://audience.example"])?
        .with_profile(Profile::Compatible)
        .with_algorithms(every)?;
    let Ok((keys, _)) = KeySet::parse_accepting(key.to_string().as_bytes(), every) else {
        return Ok(false);
    };
    Ok(inspect(text, &rules, &keys).is_ok_and(|check| verify_signature(&check)))
}

/// Prints counts and everything unexpected; returns whether there was nothing unexpected.
fn report(file: &str, outcomes: &[Outcome]) -> bool {
    let count = |predicate: &dyn Fn(&Outcome) -> bool| outcomes.iter().filter(|one| predicate(one)).count();
    println!(
        "{file}: {} valid and accepted, {} valid and refused, {} invalid and refused, {} encrypted and refused",
        count(&|one| one.is_valid && one.is_accepted),
        count(&|one| one.is_valid && !one.is_accepted && !one.is_encrypted),
        count(&|one| !one.is_valid && !one.is_accepted && !one.is_encrypted),
        count(&|one| one.is_encrypted && !one.is_accepted),
    );
    let mut is_good = true;
    // Nothing that is encrypted is a token for us.
    for one in outcomes.iter().filter(|one| one.is_accepted && (!one.is_valid || one.is_encrypted)) {
        println!("  {} ({}): ACCEPTED", one.id, one.comment);
        is_good = false;
    }
    let refused = outcomes.iter().filter(|one| one.is_valid && !one.is_accepted && !one.is_encrypted);
    let refused: BTreeSet<_> = refused.map(|one| one.id).collect();
    let mut listed = BTreeSet::new();
    for (_, ids, reason) in REFUSED.iter().filter(|(listed_in, _, _)| *listed_in == file) {
        println!("  refused: {ids:?}: {reason}");
        listed.extend(ids.iter().copied());
    }
    for id in refused.symmetric_difference(&listed) {
        println!("  {id}: {}", if listed.contains(id) { "listed and not refused" } else { "REFUSED" });
        is_good = false;
    }
    is_good
}
