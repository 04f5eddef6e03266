//! Addresses that answer, refuse or are silent, in time that a test lets pass.

use std::{
    future::pending,
    net::{Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex},
};

use mcp_proto::{Now, Tick, UnixSeconds};

use super::*;
use crate::keys::testing::ManualRuntime;

const HTTPS: &str = "https://issuer.example/jwks";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Conduct {
    Answers,
    Refuses,
    IsSilent,
}

use Conduct::{Answers, IsSilent, Refuses};

fn address(number: usize) -> SocketAddr {
    let last = u8::try_from(number).expect("few addresses");
    (Ipv4Addr::new(192, 0, 2, last), 443).into()
}

/// Which addresses were tried before an outcome after so many quarters of a second; and whom it connected to.
fn raced(conducts: &[Conduct], quarters: u64) -> (Vec<usize>, Option<io::Result<usize>>) {
    let runtime = ManualRuntime::at(Now { tick: Tick(0), unix: UnixSeconds(1_000) });
    let tried = Arc::new(Mutex::new(Vec::new()));
    let url = FetchUrl::parse(HTTPS).unwrap();
    let connect = |to: SocketAddr| {
        let number = (0..conducts.len()).find(|number| address(*number) == to).unwrap();
        tried.lock().unwrap().push(number);
        let conduct = conducts[number];
        async move {
            match conduct {
                Answers => Ok(number),
                Refuses => Err(io::Error::from(io::ErrorKind::ConnectionRefused)),
                IsSilent => pending().await,
            }
        }
    };
    let addresses = (0..conducts.len()).map(address);
    let mut race = runtime.begin(connect_first(&runtime, &url, addresses, connect));
    let mut outcome = race.result();
    for _ in 0..quarters {
        if outcome.is_none() {
            runtime.pass_micros(ATTEMPT_PAUSE_MICROS);
            outcome = race.result();
        }
    }
    let outcome = outcome.map(|outcome| {
        outcome.map(|(number, at)| {
            assert_eq!(at, address(number));
            number
        })
    });
    let tried = tried.lock().unwrap().clone();
    (tried, outcome)
}

#[test]
fn the_first_address_that_answers_is_taken() {
    // What the addresses do, after how many pauses; which are tried, and which is taken.
    type Case = (&'static [Conduct], u64, &'static [usize], Option<usize>);
    let table: &[Case] = &[
        (&[Answers, Answers], 0, &[0], Some(0)),
        // One that refuses makes place at once.
        (&[Refuses, Refuses, Answers], 0, &[0, 1, 2], Some(2)),
        // One that is silent has a head start.
        (&[IsSilent, Answers], 0, &[0], None),
        (&[IsSilent, Answers], 1, &[0, 1], Some(1)),
        (&[IsSilent, IsSilent, Answers], 1, &[0, 1], None),
        (&[IsSilent, IsSilent, Answers], 2, &[0, 1, 2], Some(2)),
        (&[IsSilent, Refuses, Answers], 1, &[0, 1, 2], Some(2)),
        // The last ones are waited for.
        (&[IsSilent, Refuses], 9, &[0, 1], None),
    ];
    for (conducts, quarters, tried, connected) in table {
        let (were_tried, outcome) = raced(conducts, *quarters);
        assert_eq!(were_tried, *tried, "{conducts:?}");
        assert_eq!(outcome.map(Result::unwrap), *connected, "{conducts:?}");
    }
}

#[test]
fn the_last_failure_is_told() {
    let (tried, outcome) = raced(&[Refuses, Refuses], 0);
    assert_eq!(tried, [0, 1]);
    assert_eq!(outcome.unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    let (_, outcome) = raced(&[], 0);
    assert_eq!(outcome.unwrap().unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn so_many_addresses_are_tried_and_no_more() {
    let mut conducts = vec![Refuses; ADDRESSES_MAX - 1];
    conducts.push(Answers);
    assert_eq!(raced(&conducts, 0).1.unwrap().unwrap(), ADDRESSES_MAX - 1);
    conducts.insert(0, Refuses);
    assert!(raced(&conducts, 0).1.unwrap().is_err());
}

#[test]
fn without_tls_only_loopback_is_tried() {
    let runtime = ManualRuntime::at(Now { tick: Tick(0), unix: UnixSeconds(1_000) });
    let table = [
        (SocketAddr::from((Ipv4Addr::LOCALHOST, 80)), true),
        ((Ipv6Addr::LOCALHOST, 80).into(), true),
        ((Ipv4Addr::LOCALHOST.to_ipv6_mapped(), 80).into(), true),
        ((Ipv4Addr::new(192, 0, 2, 1), 80).into(), false),
        ((Ipv4Addr::UNSPECIFIED, 80).into(), false),
        ((Ipv6Addr::UNSPECIFIED, 80).into(), false),
    ];
    let url = FetchUrl::parse("http://localhost/jwks").unwrap();
    for (address, is_tried) in table {
        let connected = runtime.finish(connect_first(&runtime, &url, [address], async |_| Ok(())));
        assert_eq!(connected.is_ok(), is_tried, "{address}");
    }
}
