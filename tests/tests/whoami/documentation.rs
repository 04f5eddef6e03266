//! The document about identity providers: what it says to write is understood.

use std::{fs, path::Path};

use crate::whoami::{
    files::{folder, write},
    program::ended,
};

/// Roots that cannot be read are the last thing to fail before a server begins: whoever only complains about them
/// has understood everything else, and nothing has been fetched from anybody.
const LAST: [&str; 4] = ["--listen", "127.0.0.1:0", "--tls-roots", "/nowhere/file"];

#[track_caller]
fn is_understood(flags: &[&str], text: &str) {
    let said = ended(&[&LAST, flags].concat(), "");
    let expected = "whoami: the root certificates in /nowhere/file cannot be read: entity not found\n";
    assert_eq!((said.code, said.complaints.as_str()), (Some(1), expected), "{text}");
}

/// The blocks of code in this language.
fn blocks(language: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/identity-providers.md");
    let text = fs::read_to_string(path).expect("the document");
    let begin = format!("\n```{language}\n");
    text.split(&begin).skip(1).map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn each_configuration_is_understood() {
    let folder = folder("documentation");
    let secret = write(&folder, "secret", "s3cret\n");
    let blocks = blocks("toml");
    assert!(blocks.len() >= 5, "{blocks:?}");
    for block in blocks {
        let config = write(&folder, "whoami.toml", &block.replace("/run/secrets/introspection", &secret));
        is_understood(&["--config", &config], &block);
    }
}

#[test]
fn each_setting_that_is_commented_out_is_understood() {
    let folder = folder("commented_out");
    write(&folder, "secret", "s3cret\n");
    let block = blocks("toml")
        .swap_remove(0)
        .replace("https://…", "https://auth.example.com/some")
        .replace("client_id = \"…\"", "client_id = \"a\"")
        .replace("client_secret_file = \"…\"", "client_secret_file = \"secret\"");
    let parts: Vec<&str> = block.split("\n\n").collect();
    let [top, issuer, grant, introspection, dpop] = parts[..] else { panic!("{parts:?}") };
    let settings: Vec<&str> = issuer.lines().filter_map(|line| line.strip_prefix("# ")).collect();
    assert!(settings.len() >= 5, "{settings:?}");
    let written = |part: &str| -> String {
        let lines = part.lines().filter_map(|line| line.strip_prefix("# "));
        lines.flat_map(|line| [line, "\n"]).collect()
    };
    let configurations = settings
        .iter()
        .map(|setting| format!("{top}\n{issuer}\n{setting}\n{grant}\n"))
        .chain([introspection, dpop].map(|part| format!("{top}\n{issuer}\n{}\n", written(part))));
    for text in configurations {
        let config = write(&folder, "whoami.toml", &text);
        is_understood(&["--config", &config], &text);
    }
}

#[test]
fn the_command_is_understood() {
    let blocks = blocks("sh");
    let command = blocks.iter().find(|block| block.starts_with("whoami ")).expect("a command");
    let command = command.replace("\\\n", "");
    let flags: Vec<&str> = command.split_whitespace().skip(1).collect();
    is_understood(&flags, &command);
}
