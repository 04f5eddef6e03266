use std::task::Waker;

use hyper::rt::ReadBuf;

use super::*;

fn read(server: &mut ServerEnd, bytes_max: usize) -> Poll<io::Result<Vec<u8>>> {
    let mut bytes = vec![0; bytes_max];
    let mut buffer = ReadBuf::new(&mut bytes);
    let mut cx = Context::from_waker(Waker::noop());
    match Pin::new(server).poll_read(&mut cx, buffer.unfilled()) {
        Poll::Ready(Ok(())) => Poll::Ready(Ok(buffer.filled().to_vec())),
        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        Poll::Pending => Poll::Pending,
    }
}

fn write(server: &mut ServerEnd, bytes: &[u8]) -> Poll<io::Result<usize>> {
    Pin::new(server).poll_write(&mut Context::from_waker(Waker::noop()), bytes)
}

fn ready<T>(poll: Poll<io::Result<T>>) -> T {
    match poll {
        Poll::Ready(result) => result.expect("no error"),
        Poll::Pending => panic!("it has to wait"),
    }
}

#[test]
fn a_pipe_takes_what_it_has_room_for_and_no_more() {
    let (mut server, client) = pipe(4);
    assert!(read(&mut server, 8).is_pending());
    assert_eq!(client.write(b"abcdef"), 4);
    assert_eq!(client.write(b"e"), 0);
    assert_eq!(ready(read(&mut server, 3)), b"abc");
    assert_eq!(client.write(b"efgh"), 3);
    assert_eq!(ready(read(&mut server, 8)), b"defg");

    assert_eq!(ready(write(&mut server, b"abcdef")), 4);
    assert!(write(&mut server, b"e").is_pending());
    assert_eq!((client.arrived(), client.read(1)), (4, b"a".to_vec()));
    assert_eq!(ready(write(&mut server, b"ef")), 1);
    assert_eq!(client.read(usize::MAX), b"bcde");
    assert_eq!(client.read(usize::MAX), b"");
}

#[test]
fn what_was_sent_before_a_side_closes_still_arrives() {
    let (mut server, client) = pipe(8);
    client.write(b"ab");
    client.close();
    assert_eq!(client.write(b"c"), 0);
    assert_eq!(ready(read(&mut server, 8)), b"ab");
    assert_eq!(ready(read(&mut server, 8)), b"", "the end");
    assert_eq!(ready(write(&mut server, b"xy")), 2, "the other direction is open");
    drop(server);
    assert!(client.is_closed());
    assert_eq!(client.read(usize::MAX), b"xy");
}

#[test]
fn a_cut_loses_what_was_under_way_and_fails_both_ways() {
    let (mut server, client) = pipe(8);
    client.write(b"ab");
    ready(write(&mut server, b"xy"));
    client.cut();
    assert_eq!((client.is_closed(), client.read(usize::MAX)), (true, Vec::new()));
    let Poll::Ready(Err(error)) = read(&mut server, 8) else { panic!("the read fails") };
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    let Poll::Ready(Err(error)) = write(&mut server, b"z") else { panic!("the write fails") };
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn pieces_are_of_drawn_lengths_and_nothing_is_lost() {
    let (mut server, client) = pipe_in_pieces(64, 3, Draw::new(1));
    let sent: Vec<u8> = (0..40).collect();
    client.write(&sent);
    let (mut received, mut lengths) = (Vec::new(), [0; 4]);
    while received.len() < sent.len() {
        let piece = ready(read(&mut server, 64));
        lengths[piece.len()] += 1;
        received.extend(piece);
    }
    assert_eq!(received, sent);
    assert!(lengths[0] == 0 && lengths[1..].iter().all(|count| *count > 0), "{lengths:?}");
}
