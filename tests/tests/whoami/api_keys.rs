//! A server whose callers have API keys.

use serde_json::json;

use crate::whoami::{
    files::{folder, write},
    program::{Program, ended},
};

const KEY: &str = "N0t-a-real-key/8Zx+2vQk1Yw=";

/// What `printf %s KEY | sha256sum` prints.
const HASH: &str = "e7bcfef44fc62b8a5717d83c6c77ec1dd8740d06e1609de4d65f4f2641efec20";

fn sent(key: &str) -> String {
    format!("X-API-Key: {key}\r\n")
}

#[test]
fn whoever_has_a_key_is_who_the_file_says() {
    let folder = folder("api_keys");
    let text = format!(
        "[[key]]\nname = \"nightly-report\"\nsha256 = \"{HASH}\"\nscopes = [\"mcp\", \"mcp:write\"]\n"
    );
    let file = write(&folder, "keys.toml", &text);
    let program = Program::start(&["--api-keys", &file]);
    let expected = json!({
        "issuer": "api-key", "subject": "nightly-report", "client": "nightly-report", "scopes": ["mcp", "mcp:write"]
    });
    assert_eq!(program.whoami(&sent(KEY)).expect("an answer"), expected);
    for credentials in
        [String::new(), sent("another"), sent(HASH), format!("Authorization: Bearer {KEY}\r\n")]
    {
        let (status, challenge) = program.refusal(&credentials);
        assert_eq!((status, challenge.split(' ').next()), (401, Some("ApiKey")), "{credentials}");
    }
    assert!(
        program
            .announced
            .contains("\nAPI keys      in the header x-api-key\n  nightly-report: mcp mcp:write\n")
    );
    assert!(!program.announced.contains(HASH));
}

#[test]
fn a_key_is_hashed_from_stdin() {
    for input in [KEY.to_owned(), format!("{KEY}\n"), format!("{KEY}\r\n")] {
        let said = ended(&["--hash-api-key"], &input);
        assert_eq!((said.code, said.output), (Some(0), format!("{HASH}\n")), "{}", said.complaints);
    }
    let longest = "k".repeat(256);
    assert_eq!(ended(&["--hash-api-key"], &format!("{longest}\r\n")).code, Some(0));
    let refused = [
        String::new(),
        "\n".into(),
        format!("{KEY}\n\n"),
        format!("{KEY}\nanother\n"),
        "two words".into(),
        "schlüssel".into(),
        format!("{longest}k"),
    ];
    for input in refused {
        let said = ended(&["--hash-api-key"], &input);
        assert_eq!((said.code, said.output.as_str()), (Some(1), ""), "{input:?}");
        assert!(
            said.complaints.starts_with("whoami: an API key on stdin has to be one line of 1 to 256 "),
            "{said:?}"
        );
    }
}

#[test]
fn what_is_wrong_in_a_key_file_is_said_with_its_name_and_place() {
    let folder = folder("wrong_keys");
    let entry = |name: &str, hash: &str| format!("[[key]]\nname = \"{name}\"\nsha256 = \"{hash}\"\n");
    let table = [
        (String::new(), ", line 1: missing field `key`"),
        ("key = []\n".into(), ": there is no [[key]]"),
        (
            format!("[[key]]\nname = \"a\"\nkey = \"{KEY}\"\n"),
            ", line 3: unknown field `key`, expected one of ",
        ),
        (entry("a", KEY), ": the hash of API key \"a\" is not a SHA-256 in 64 hexadecimal digits"),
        (entry("a", HASH) + &entry("a", HASH), ": two API keys are named \"a\""),
        (entry("a", HASH) + &entry("b", HASH), ": API keys \"b\" and \"a\" are the same key"),
        (
            entry("a", HASH) + "scopes = \"mcp\"\n",
            ", line 4: invalid type: string \"mcp\", expected a sequence",
        ),
        (entry("a", HASH) + "scopes = [\"m\\\"cp\"]\n", ": API key \"a\" has a scope that is none"),
    ];
    for (text, expected) in table {
        let file = write(&folder, "keys.toml", &text);
        let said = ended(&["--listen", "127.0.0.1:0", "--api-keys", &file], "");
        assert_eq!((said.code, said.output.as_str()), (Some(1), ""), "{text}{said:?}");
        assert!(
            said.complaints.starts_with(&format!("whoami: {file}{expected}")),
            "{text}{}",
            said.complaints
        );
        assert!(!said.complaints.contains(KEY), "{text}{}", said.complaints);
    }
}
