use proptest::prelude::*;

use super::{Deed, Tale};
use crate::{command::Pick, reference::Revision};

fn deed() -> impl Strategy<Value = Deed> {
    let pick = || any::<u8>().prop_map(Pick);
    prop_oneof![
        2 => Just(Deed::Call),
        4 => pick().prop_map(Deed::Tell),
        6 => pick().prop_map(Deed::Ask),
        2 => pick().prop_map(Deed::Finish),
        3 => Just(Deed::Notify),
        2 => Just(Deed::Get),
        5 => pick().prop_map(Deed::Resume),
        6 => pick().prop_map(Deed::Read),
        3 => pick().prop_map(Deed::Detach),
        14 => pick().prop_map(Deed::Keep),
        6 => pick().prop_map(Deed::Give),
    ]
}

/// A client that comes back twice while the store is still looking gets the same both times, and nothing new is
/// said under an id that the store has.
#[test]
fn whoever_comes_back_twice_gets_the_same() {
    use Deed::{Ask, Call, Detach, Finish, Get, Keep, Notify, Read, Resume, Tell};
    let pick = Pick;
    let stories = [
        (
            Revision::A,
            7,
            vec![
                Call,
                Tell(pick(0)),
                Finish(pick(0)),
                Keep(pick(0)),
                Keep(pick(0)),
                Call,
                Read(pick(0)),
                Call,
                Call,
                Tell(pick(0)),
                Call,
                Tell(pick(0)),
                Call,
                Tell(pick(0)),
                Read(pick(0)),
                Tell(pick(0)),
                Read(pick(0)),
                Tell(pick(0)),
                Notify,
                Tell(pick(0)),
                Resume(pick(0)),
                Resume(pick(32)),
                Call,
            ],
        ),
        (
            Revision::D,
            4,
            vec![
                Call,
                Tell(pick(0)),
                Finish(pick(0)),
                Keep(pick(9)),
                Notify,
                Read(pick(0)),
                Notify,
                Keep(pick(0)),
                Keep(pick(0)),
                Read(pick(0)),
                Call,
                Tell(pick(0)),
                Resume(pick(44)),
            ],
        ),
        (
            Revision::A,
            5,
            vec![
                Get,
                Call,
                Tell(pick(0)),
                Get,
                Finish(pick(0)),
                Keep(pick(0)),
                Call,
                Notify,
                Detach(pick(95)),
                Keep(pick(104)),
                Tell(pick(0)),
                Tell(pick(0)),
                Read(pick(10)),
                Tell(pick(0)),
                Tell(pick(0)),
                Resume(pick(0)),
                Call,
                Resume(pick(128)),
                Notify,
            ],
        ),
        // The store has an answer that follows more than it gives at once, and something waits to be said.
        (
            Revision::B,
            4,
            vec![
                Call,
                Notify,
                Tell(pick(0)),
                Call,
                Ask(pick(1)),
                Keep(pick(0)),
                Read(pick(0)),
                Tell(pick(0)),
                Keep(pick(0)),
                Tell(pick(0)),
                Keep(pick(0)),
                Tell(pick(0)),
                Keep(pick(0)),
                Tell(pick(1)),
                Tell(pick(0)),
                Finish(pick(0)),
                Tell(pick(0)),
                Keep(pick(53)),
                Read(pick(0)),
                Finish(pick(0)),
            ],
        ),
    ];
    for (revision, events_max, deeds) in stories {
        let tale = Tale { revision, events_max, deeds };
        assert_eq!(tale.tell(), Ok(()), "{tale:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::tests::cases() / 5, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whoever_comes_back_gets_what_the_store_has(
        revision in prop::sample::select(Revision::ALL.to_vec()),
        events_max in 4..12_usize,
        deeds in prop::collection::vec(deed(), 1..80),
    ) {
        Tale { revision, events_max, deeds }.tell().map_err(TestCaseError::fail)?;
    }
}
