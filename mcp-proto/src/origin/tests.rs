use proptest::prelude::*;

use super::*;

/// What no reader of a host may accept.
const NOT_HOSTS: [&str; 44] = [
    "",
    " ",
    ":",
    ":80",
    "localhost:",
    "localhost: 80",
    "localhost:+80",
    "localhost:-1",
    "localhost:65536",
    "localhost:000080",
    "localhost:99999",
    "localhost:8o",
    "localhost:80:80",
    "localhost:*",
    "localhost:0x50",
    "user@localhost",
    "user:pw@localhost",
    "localhost@evil.example",
    "localhost/",
    "localhost/x",
    "localhost?x",
    "localhost#x",
    "localhost\\x",
    " localhost",
    "localhost ",
    "local host",
    "localhost\t",
    "localhost,evil.example",
    "localhost\0",
    "localhost\r\n",
    "%6cocalhost",
    "*",
    "*.example.com",
    "::1",
    "::1:80",
    "[::1",
    "::1]",
    "[]",
    "[::1]x",
    "[::1]:",
    "[127.0.0.1]",
    "[::1%25lo]",
    "[fe80::1%eth0]",
    "löcalhost",
];

#[test]
fn hosts_are_read_into_their_parts() {
    let table = [
        ("localhost", "localhost", None),
        ("LocalHost:8080", "localhost", Some(8080)),
        ("example.com:0", "example.com", Some(0)),
        ("example.com:65535", "example.com", Some(65535)),
        ("example.com:00080", "example.com", Some(80)),
        ("my_host-1.internal", "my_host-1.internal", None),
        ("xn--bcher-kva.example", "xn--bcher-kva.example", None),
        ("127.0.0.1:1", "127.0.0.1", Some(1)),
        ("[::1]", "::1", None),
        ("[0:0:0:0:0:0:0:1]:443", "::1", Some(443)),
        ("[2001:DB8::00A]:80", "2001:db8::a", Some(80)),
        ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1", None),
    ];
    for (value, host, port) in table {
        assert_eq!(parse_host(value), Some(Authority { host: host.into(), port }), "{value}");
    }
    for value in NOT_HOSTS {
        assert_eq!(parse_host(value), None, "{value:?}");
    }
}

#[test]
fn origins_are_read_into_their_parts() {
    let table = [
        ("http://localhost", Scheme::Http, "localhost", 80),
        ("https://localhost", Scheme::Https, "localhost", 443),
        ("HTTPS://Example.COM:8443", Scheme::Https, "example.com", 8443),
        ("http://example.com:443", Scheme::Http, "example.com", 443),
        ("http://[0::1]:80", Scheme::Http, "::1", 80),
    ];
    for (value, scheme, host, port) in table {
        assert_eq!(parse_origin(value), Some(Origin { scheme, host: host.into(), port }), "{value}");
    }
    for value in [
        "null",
        "NULL",
        "",
        "*",
        "localhost",
        "//localhost",
        "http:localhost",
        "http:/localhost",
        "http:///localhost",
        "://localhost",
        "http://",
        "https://example.com/",
        "https://example.com?x",
        "https://example.com#x",
        "http://a http://b",
        "http://a, http://b",
        "file://",
        "file://localhost",
        "ws://localhost",
        "chrome-extension://abc",
        "javascript://localhost",
        "httpss://localhost",
        " http://localhost",
        "http ://localhost",
        "data:,x",
        "http://http://a",
    ] {
        assert_eq!(parse_origin(value), None, "{value:?}");
    }
    for host in NOT_HOSTS {
        assert_eq!(parse_origin(&format!("http://{host}")), None, "{host:?}");
    }
}

fn hosts(policy: &HostPolicy, allowed: &[&str], refused: &[&str]) {
    for host in allowed {
        assert!(policy.judge(Some(host.as_bytes())), "{host} is refused by {policy:?}");
    }
    for host in refused.iter().chain(&NOT_HOSTS).chain(&[
        "0.0.0.0",
        "0.0.0.0:80",
        "0.0.0.0:8080",
        "[::]",
        "[0::0]:80",
        "[::ffff:0.0.0.0]",
    ]) {
        assert!(!policy.judge(Some(host.as_bytes())), "{host} is allowed by {policy:?}");
    }
    assert!(!policy.judge(None));
    assert!(!policy.judge(Some(b"\xff")));
    assert!(!policy.judge(Some(b"localhost\xe9")));
}

#[test]
fn by_default_only_loopback_names_are_ours() {
    let allowed = [
        "localhost",
        "LOCALHOST:1",
        "localhost:65535",
        "127.0.0.1",
        "127.0.0.1:8080",
        "[::1]",
        "[::1]:3000",
        "[0:0::1]:80",
    ];
    let refused = [
        "evil.example",
        "localhost.evil.example",
        "evil-localhost",
        "localhost.",
        "xlocalhost",
        "localhos",
        "127.0.0.1.evil.example",
        "127.0.0.2",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "[::2]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0",
    ];
    hosts(&HostPolicy::default(), &allowed, &refused);
    assert_eq!(HostPolicy::default(), HostPolicy::loopback());
}

#[test]
fn a_listed_host_is_allowed_with_the_ports_of_its_entry() {
    let table: [(&str, &[&str], &[&str]); 8] = [
        (
            "Example.com",
            &["example.com", "EXAMPLE.COM", "example.com:80", "example.com:443"],
            &["example.com:8080", "www.example.com", "example.com.", "example.co", "xample.com", "localhost"],
        ),
        (
            "example.com:8443",
            &["example.com:8443"],
            &["example.com", "example.com:443", "example.com:84430", "example.com:844"],
        ),
        ("example.com:443", &["example.com:443", "example.com"], &["example.com:80", "example.com:8443"]),
        ("example.com:80", &["example.com:80", "example.com"], &["example.com:443"]),
        (
            "example.com:*",
            &["example.com", "example.com:1", "example.com:443", "example.com:65535"],
            &["example.org:1"],
        ),
        ("localhost", &["localhost", "localhost:80"], &["localhost:8080", "127.0.0.1", "[::1]"]),
        ("[2001:DB8:0::1]:9", &["[2001:db8::1]:9"], &["[2001:db8::1]", "[2001:db8::2]:9", "2001:db8::1"]),
        ("[2001:db8::1]:*", &["[2001:db8:0:0::1]", "[2001:db8::1]:7"], &["[2001:db8::10]"]),
    ];
    for (entry, allowed, refused) in table {
        hosts(&HostPolicy::allow([entry]).expect("valid"), allowed, refused);
    }
    let two = HostPolicy::allow(["a.example", "b.example:*"]).expect("valid");
    hosts(&two, &["a.example", "b.example:5"], &["a.example:5", "c.example"]);
    hosts(&HostPolicy::allow([]).expect("valid"), &[], &["localhost", "example.com"]);
}

#[test]
fn any_host_has_to_be_a_host() {
    hosts(&HostPolicy::allow_any_host(), &["example.com", "localhost:1", "[2001:db8::1]:5", "127.1"], &[]);
}

#[test]
fn bad_entries_are_refused_when_the_policy_is_built() {
    for entry in NOT_HOSTS.iter().filter(|entry| **entry != "localhost:*").chain(&[
        "localhost:80:*",
        "*:*",
        ":*",
        "https://example.com",
        "[::1]:*:*",
    ]) {
        let error = HostPolicy::allow(["fine.example", entry]).expect_err(entry);
        assert_eq!(error, PolicyError { entry: (*entry).into(), fault: EntryFault::Malformed });
    }
    for entry in ["0.0.0.0", "0.0.0.0:*", "0.0.0.0:80", "[::]", "[::]:*", "[::ffff:0.0.0.0]"] {
        let error = HostPolicy::allow([entry]).expect_err(entry);
        assert_eq!(error, PolicyError { entry: entry.into(), fault: EntryFault::Unspecified });
    }
    for entry in [
        "null",
        "*",
        "example.com",
        "https://example.com/",
        "https://example.com:*",
        "https://*.example.com",
        "ws://example.com",
    ] {
        let error = OriginPolicy::allow(["https://fine.example", entry]).expect_err(entry);
        assert_eq!(error, PolicyError { entry: entry.into(), fault: EntryFault::Malformed });
    }
    let error = OriginPolicy::allow(["http://0.0.0.0:3000"]).expect_err("unspecified");
    assert_eq!(error.fault, EntryFault::Unspecified);
    assert_eq!(
        error.to_string(),
        "the allow-list entry \"http://0.0.0.0:3000\" means every interface and is nobody's address"
    );
}

fn origins(policy: &OriginPolicy, allowed: &[&str], refused: &[&str]) {
    for origin in allowed {
        assert!(policy.judge(Some(origin.as_bytes())), "{origin} is refused by {policy:?}");
    }
    for origin in refused.iter().chain(&["null", "", "https://evil.example", "http://0.0.0.0"]) {
        assert!(!policy.judge(Some(origin.as_bytes())), "{origin} is allowed by {policy:?}");
    }
    assert!(!policy.judge(Some(b"http://localhost\xff")));
    assert!(policy.judge(None));
}

#[test]
fn by_default_only_loopback_pages_may_talk_to_us() {
    let allowed = [
        "http://localhost",
        "https://localhost:8443",
        "HTTP://LOCALHOST:1",
        "http://127.0.0.1:6274",
        "https://[::1]",
        "http://[0::1]:5",
    ];
    let refused = [
        "localhost",
        "ws://localhost",
        "file://localhost",
        "http://localhost/",
        "http://localhost.evil.example",
        "http://evil.example:80",
        "http://127.0.0.2",
        "http://127.0.0.1.evil.example",
        "http://localhost@evil.example",
        "http://evil.example#@localhost",
        "http://[::2]",
        "http://localhost:65536",
        "http://localhost http://evil.example",
    ];
    origins(&OriginPolicy::default(), &allowed, &refused);
    assert_eq!(OriginPolicy::default(), OriginPolicy::loopback());
}

#[test]
fn a_listed_origin_is_allowed_exactly() {
    let policy =
        OriginPolicy::allow(["https://App.example", "http://localhost:6274", "http://[2001:db8::0:1]"])
            .expect("valid");
    let allowed = [
        "https://app.example",
        "https://APP.example:443",
        "http://localhost:6274",
        "http://[2001:db8::1]:80",
    ];
    let refused = [
        "http://app.example",
        "https://app.example:80",
        "https://app.example:8443",
        "https://x.app.example",
        "https://app.example.evil.example",
        "https://app.exampl",
        "http://localhost",
        "https://localhost:6274",
        "http://localhost:62740",
        "http://127.0.0.1:6274",
        "https://[2001:db8::1]",
    ];
    origins(&policy, &allowed, &refused);
    origins(&OriginPolicy::allow([]).expect("valid"), &[], &["http://localhost"]);
}

#[test]
fn any_origin_is_any_origin() {
    let policy = OriginPolicy::allow_any_origin();
    for origin in ["https://evil.example", "null", "chrome-extension://abc", "garbage"] {
        assert!(policy.judge(Some(origin.as_bytes())));
    }
    assert!(policy.judge(None));
}

#[test]
fn loopback_hosts_are_this_machine() {
    for host in [
        "localhost",
        "LocalHost",
        "127.0.0.1",
        "127.0.0.2",
        "127.255.255.255",
        "::1",
        "[::1]",
        "0:0:0:0:0:0:0:1",
        "[0::1]",
    ] {
        assert!(is_loopback_host(host), "{host}");
    }
    for host in [
        "",
        "0.0.0.0",
        "::",
        "[::]",
        "128.0.0.1",
        "126.255.255.255",
        "10.0.0.1",
        "example.com",
        "localhost.evil.example",
        "localhost.",
        "localhost:80",
        "127.0.0.1:80",
        "[::1]:80",
        "[localhost]",
        "[127.0.0.1]",
        "127.1",
        "[::1",
        "::1]",
        "::ffff:127.0.0.1",
        "fe80::1",
        " localhost",
    ] {
        assert!(!is_loopback_host(host), "{host}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_is_read_again_from_its_parts(value in "[a-zA-Z0-9._-]{1,20}(:[0-9]{1,5})?|\\[[0-9a-f:]{2,30}\\](:[0-9]{1,5})?") {
        if let Some(authority) = parse_host(&value) {
            let host = if authority.host.contains(':') { format!("[{}]", authority.host) } else { authority.host.to_string() };
            let rendered = authority.port.map_or(host.clone(), |port| format!("{host}:{port}"));
            prop_assert_eq!(parse_host(&rendered), Some(authority));
            prop_assert_eq!(parse_origin(&format!("http://{rendered}")).is_some(), true);
        }
    }

    #[test]
    fn any_bytes_are_judged_and_none_is_loopback_by_accident(value in proptest::collection::vec(any::<u8>(), 0..30)) {
        let named = String::from_utf8_lossy(&value).to_ascii_lowercase();
        if HostPolicy::loopback().judge(Some(&value)) {
            prop_assert!(["localhost", "127.0.0.1", "["].iter().any(|host| named.starts_with(host)));
        }
        prop_assert!(!OriginPolicy::loopback().judge(Some(&value)) || named.starts_with("http"));
    }

    #[test]
    fn a_name_around_a_listed_name_is_foreign(before in "[a-z0-9.-]{0,3}", after in "[a-z0-9.-]{0,3}") {
        let policy = HostPolicy::allow(["app.example:*"]).expect("valid");
        let host = format!("{before}app.example{after}");
        prop_assert_eq!(policy.judge(Some(host.as_bytes())), before.is_empty() && after.is_empty());
    }
}

/// Nobody can tell whether a host was spelt as it is in the list, or had to be parsed.
#[test]
fn a_host_in_another_spelling_is_judged_alike() {
    let policy = HostPolicy::allow(["localhost:*"]).expect("a policy");
    let judged = |behind: &str| {
        ["localhost", "LOCALHOST"].map(|name| policy.judge(Some(format!("{name}{behind}").as_bytes())))
    };
    for port in 0..=u32::from(u16::MAX) {
        assert_eq!(judged(&format!(":{port}")), [true; 2], "{port}");
    }
    for behind in ["", ":00000", ":00080", ":65535"] {
        assert_eq!(judged(behind), [true; 2], "{behind}");
    }
    for behind in [":", ":65536", ":99999", ":000080", ":/", ":+1", ":8o", ":1:1", ".", "x", " ", ":1 "] {
        assert_eq!(judged(behind), [false; 2], "{behind}");
    }
}
