//! Proofs of possession against a plain reading of RFC 9449 section 4.3, and the memory of those that were used
//! against a list.
//!
//! The first line of a proof's input is its header, behind it are its claims; a header that begins with `r` stands
//! for a proof as it is written.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_proto::{
    UnixSeconds,
    jws::{
        KeyMaterial, Thumbprint,
        dpop::{self, Admission, DpopRules, NONCE_BYTES_MAX, Proof, ReplayWindow, TOKEN_ID_BYTES_MAX},
    },
};

use crate::{
    lines,
    tokens::{AUDIENCE, NOON, noon, put_together},
    tree::{Node, Tree, unambiguous_object},
};

const HASH: [u8; 32] = [9; 32];
const OWNER: Thumbprint = Thumbprint::new([3; 32]);

/// Takes a proof as far as it goes.
pub(crate) fn run(input: &[u8]) {
    let rules = DpopRules::new([AUDIENCE]).expect("rules");
    let (header, claims) = lines::line(input);
    let proof = match header.strip_prefix(b"r") {
        Some(written) => match std::str::from_utf8(written) {
            Ok(written) => written.to_owned(),
            Err(_) => return,
        },
        None => put_together(header, claims, 64),
    };
    let Ok(check) = dpop::inspect(&proof, &rules) else { return };
    let decoded = |place: usize| URL_SAFE_NO_PAD.decode(proof.split('.').nth(place)?).ok();
    let (header, payload) = (decoded(0).expect("a header"), decoded(1).expect("a payload"));
    let header = unambiguous_object(&header).expect("an ambiguous header is believed");
    let text = |name: &str| header.member(name).and_then(Tree::string);
    assert!(text("typ").is_some_and(|kind| kind.eq_ignore_ascii_case("dpop+jwt")), "another kind of token");
    assert_eq!(text("alg"), Some(check.algorithm().name()));
    assert!(header.member("crit").is_none() && rules.algorithms().contains(check.algorithm()));
    let jwk = header.member("jwk").expect("a proof brings its key");
    for secret in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        assert!(jwk.member(secret).is_none(), "a private key is accepted");
    }
    let names: &[&str] = match check.key().material() {
        KeyMaterial::EcP256 { .. } | KeyMaterial::EcP384 { .. } => &["crv", "kty", "x", "y"],
        KeyMaterial::Ed25519(_) => &["crv", "kty", "x"],
        KeyMaterial::Rsa { .. } => &["e", "kty", "n"],
    };
    let canonical = check.thumbprint_input();
    let canonical = Tree::read(canonical.as_bytes()).expect("what a thumbprint is of is JSON");
    let said: Vec<&str> =
        canonical.members().unwrap_or_default().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(said, names, "RFC 7638 section 3.2");
    assert!(dpop::inspect(&proof, &rules).is_ok_and(|check| check.resolve(false, OWNER).is_err()));
    match check.resolve(true, OWNER) {
        Ok(proof) => judge(&rules, &proof, &payload),
        Err(_) => assert!(!is_plain(&payload), "a good proof is refused"),
    }
}

fn judge(rules: &DpopRules, proof: &Proof, payload: &[u8]) {
    let tree = unambiguous_object(payload).expect("ambiguous claims are believed");
    let text = |name: &str| tree.member(name).and_then(Tree::string);
    assert_eq!(text("jti"), Some(proof.token_id()));
    assert!((1..=TOKEN_ID_BYTES_MAX).contains(&proof.token_id().len()));
    assert_eq!(tree.member("nonce").map(Tree::string), proof.nonce().map(Some), "a nonce of another type");
    assert!(proof.nonce().is_none_or(|nonce| nonce.len() <= NONCE_BYTES_MAX));
    let shown = format!("{proof:?}");
    assert!(proof.token_id().len() < 17 || !shown.contains(proof.token_id()), "a name is shown");
    let made = proof.issued_at().0;
    let hash = text("ath").and_then(|hash| URL_SAFE_NO_PAD.decode(hash).ok());
    let is_good = text("htm") == Some("POST")
        && text("htu").is_some_and(|url| normal(url).as_deref() == Some(AUDIENCE))
        && NOON <= made.saturating_add(rules.past_seconds())
        && made <= NOON + rules.future_seconds()
        && hash.as_deref() == Some(&HASH[..]);
    assert_eq!(rules.check(proof, "POST", &HASH, noon()).is_ok(), is_good, "what a proof proves");
}

/// Claims that could not be any plainer.
fn is_plain(payload: &[u8]) -> bool {
    let Some(tree) = unambiguous_object(payload) else { return false };
    let names = ["jti", "htm", "htu", "iat", "ath"];
    let text = |name: &str| tree.member(name).and_then(Tree::string);
    tree.members().is_some_and(|members| members.iter().all(|(name, _)| names.contains(&name.as_str())))
        && text("jti").is_some_and(|id| (1..=TOKEN_ID_BYTES_MAX).contains(&id.len()))
        && text("htm").is_some()
        && text("htu").is_some()
        && tree
            .member("iat")
            .is_some_and(|made| made.node == Node::Number && made.text.parse::<u32>().is_ok())
        && text("ath").is_some_and(|hash| URL_SAFE_NO_PAD.encode(HASH) == hash)
}

/// A URL without query and fragment in normal form, by RFC 3986 sections 5.2.4 and 6.2: step by step as they are
/// written there.
fn normal(url: &str) -> Option<String> {
    let url = url.split(['?', '#']).next()?;
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let default = match scheme.as_str() {
        "https" => "443",
        "http" => "80",
        _ => return None,
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let authority = authority.to_ascii_lowercase();
    let colon = authority.rfind(':').filter(|colon| !authority[*colon..].contains(']'));
    let (host, port) =
        colon.map_or((authority.as_str(), default), |colon| (&authority[..colon], &authority[colon + 1..]));
    // An empty port is the default one; one that is written with more digits than it has is the same.
    let port = if port.is_empty() { default } else { port };
    if port.len() > 5 || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let is_default = port.parse::<u32>() == default.parse();
    if host != "mcp.example" || !is_default {
        // Whatever it is, it is not ours.
        return None;
    }
    let mut plain = Vec::new();
    let mut rest = path.as_bytes();
    while let [first, behind @ ..] = rest {
        let byte = if *first == b'%' {
            let digits = std::str::from_utf8(behind.get(..2)?).ok()?;
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            rest = &behind[2..];
            let byte = u8::from_str_radix(digits, 16).ok()?;
            if !(byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)) {
                plain.extend(format!("%{byte:02X}").into_bytes());
                continue;
            }
            byte
        } else {
            rest = behind;
            let is_pchar = first.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(first);
            is_pchar.then_some(*first)?
        };
        plain.push(byte);
    }
    let path = without_dots(String::from_utf8(plain).ok()?);
    Some(format!("{scheme}://{host}{}", if path.is_empty() { "/" } else { &path }))
}

/// RFC 3986 section 5.2.4.
fn without_dots(path: String) -> String {
    let (mut input, mut output) = (path, String::new());
    while !input.is_empty() {
        if let Some(rest) = input.strip_prefix("/./") {
            input = format!("/{rest}");
        } else if input == "/." {
            input = "/".into();
        } else if input.starts_with("/../") || input == "/.." {
            input = format!("/{}", input.get(4..).unwrap_or(""));
            output.truncate(output.rfind('/').unwrap_or(0));
        } else {
            let end = input[1..].find('/').map_or(input.len(), |end| end + 1);
            output.push_str(&input[..end]);
            input = input[end..].to_owned();
        }
    }
    output
}

/// The memory of used proofs, against a list. Each four bytes of the input are an admission: who, which, until when
/// from now, and how time passes before.
pub(crate) fn run_replay(input: &[u8]) {
    let (sizes, input) = input.split_at(input.len().min(1));
    let entries_max = 1 + usize::from(sizes.first().copied().unwrap_or(0)) % 40;
    let mut window = ReplayWindow::new(entries_max);
    let mut known: Vec<(u8, u8, u64)> = Vec::new();
    // Further from zero than any input can step back.
    const START: u64 = 1_000_000;
    let (mut now, mut latest) = (START, START);
    for line in input.chunks_exact(4) {
        let [owner, id, until, step] = *line else { return };
        // Most clocks go forward.
        now = if step < 240 { now + u64::from(step) % 8 } else { now - u64::from(step - 239) };
        let is_monotone = now >= latest;
        latest = latest.max(now);
        let (owner, until) = (owner % 5, (now + u64::from(until) % 24).saturating_sub(2));
        let mut digest = [0; 32];
        digest[..2].copy_from_slice(&[owner, id]);
        let got = window.admit(digest, Thumbprint::new([owner; 32]), UnixSeconds(until), UnixSeconds(now));
        let lives = |entry: &&(u8, u8, u64)| entry.2 >= now;
        let is_known = known.iter().filter(lives).any(|(other, name, _)| (*other, *name) == (owner, id));
        let live = known.iter().filter(lives).count();
        let own = known.iter().filter(lives).filter(|(other, _, _)| *other == owner).count();
        let expected = if until < now || is_known {
            Admission::Replayed
        } else if live >= entries_max {
            Admission::Full
        } else if own >= window.share_max() {
            Admission::ShareUsedUp
        } else {
            Admission::Fresh
        };
        if is_monotone {
            assert_eq!(got, expected, "while time goes on");
        } else {
            // What was forgotten counts as seen. A later proof of the same name is another one, which only the
            // holder of the key can make.
            let is_same = known.iter().filter(lives).any(|entry| *entry == (owner, id, until));
            assert!(got != Admission::Fresh || !is_same, "a proof is good twice");
        }
        if got == Admission::Fresh {
            known.retain(|(other, name, _)| (*other, *name) != (owner, id));
            known.push((owner, id, until));
        }
        assert!(window.len() <= entries_max, "more is remembered than there is room for");
    }
}
