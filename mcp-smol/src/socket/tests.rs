use std::{
    future::poll_fn,
    io::{Read as _, Write as _},
    net::TcpListener,
};

use smol::{
    Timer,
    future::FutureExt as _,
    io::{AsyncReadExt as _, AsyncWriteExt as _},
};

use super::*;

/// Both ends of a connection.
async fn pair() -> (Socket, TcpStream) {
    let sockets = TcpListener::bind("127.0.0.1:0").expect("a port");
    let ours = Socket::connect(sockets.local_addr().expect("an address")).await.expect("a connection");
    (ours, sockets.accept().expect("a connection").0)
}

/// `None` where nothing comes for a while.
async fn read(socket: &mut Socket, room: usize) -> Option<Vec<u8>> {
    let mut buffer = vec![0; room];
    let reading = async {
        let read = socket.read(&mut buffer).await.expect("no error");
        Some(read)
    };
    let silence = async {
        Timer::after(std::time::Duration::from_millis(50)).await;
        None
    };
    let read = reading.or(silence).await?;
    buffer.truncate(read);
    Some(buffer)
}

#[test]
fn whatever_arrives_is_read_however_it_was_cut() {
    smol::block_on(async {
        let (mut ours, mut theirs) = pair().await;
        theirs.write_all(b"abcde").expect("room");
        assert_eq!(read(&mut ours, 5).await.as_deref(), Some(&b"abcde"[..]), "a full buffer");
        assert_eq!(read(&mut ours, 5).await, None);
        // Nothing was asked of the socket since it was found empty, and since a read that left room.
        for text in [b"fgh", b"ijk"] {
            theirs.write_all(text).expect("room");
            assert_eq!(read(&mut ours, 9).await.as_deref(), Some(&text[..]));
        }
        assert_eq!(read(&mut ours, 9).await, None);
        theirs.shutdown(Shutdown::Write).expect("open");
        assert_eq!(read(&mut ours, 9).await.as_deref(), Some(&b""[..]), "the end");
        assert_eq!(read(&mut ours, 9).await.as_deref(), Some(&b""[..]), "it stays the end");
    });
}

#[test]
fn a_read_that_left_room_is_followed_by_one_that_waits() {
    smol::block_on(async {
        let (mut ours, mut theirs) = pair().await;
        theirs.write_all(b"ab").expect("room");
        assert_eq!(read(&mut ours, 9).await.as_deref(), Some(&b"ab"[..]));
        assert!(ours.is_drained);
        theirs.write_all(b"cd").expect("room");
        assert_eq!(read(&mut ours, 2).await.as_deref(), Some(&b"cd"[..]));
        assert!(!ours.is_drained, "there may be more behind a full buffer");
    });
}

#[test]
fn a_closed_socket_has_an_end_and_still_reads() {
    smol::block_on(async {
        let (mut ours, mut theirs) = pair().await;
        ours.write_all(b"last").await.expect("room");
        ours.close().await.expect("open");
        let mut all = Vec::new();
        theirs.read_to_end(&mut all).expect("an end");
        assert_eq!(all, b"last");
        theirs.write_all(b"reply").expect("room");
        assert_eq!(read(&mut ours, 9).await.as_deref(), Some(&b"reply"[..]));
    });
}

#[test]
fn a_peer_that_takes_nothing_is_waited_for() {
    smol::block_on(async {
        let (mut ours, mut theirs) = pair().await;
        let piece = vec![7; 1 << 20];
        let slices = [IoSlice::new(&piece), IoSlice::new(&piece)];
        let mut sent = 0;
        while let Poll::Ready(written) =
            poll_fn(|cx| Poll::Ready(Pin::new(&mut ours).poll_write_vectored(cx, &slices))).await
        {
            sent += written.expect("the peer is there");
        }
        assert!(sent > 0);
        let reader = smol::unblock(move || {
            let mut count = [0; 1 << 16];
            while theirs.read(&mut count).expect("bytes") > 0 {}
        });
        ours.write_all(b"more").await.expect("room at last");
        ours.close().await.expect("open");
        reader.await;
    });
}
