use std::task::Waker;

use hyper::rt::ReadBuf;
use smol::io::Cursor;

use super::*;

fn read(io: &mut (impl Read + Unpin), room: usize) -> Poll<io::Result<Vec<u8>>> {
    let mut memory = vec![b'?'; room];
    let mut buffer = ReadBuf::new(&mut memory);
    let polled = Pin::new(io).poll_read(&mut Context::from_waker(Waker::noop()), buffer.unfilled());
    let filled = buffer.filled().to_vec();
    polled.map(|read| read.map(|()| filled))
}

fn ready<T>(poll: Poll<io::Result<T>>) -> T {
    match poll {
        Poll::Ready(outcome) => outcome.expect("no error"),
        Poll::Pending => panic!("pending"),
    }
}

#[test]
fn what_is_read_is_what_there_is_and_no_more_than_there_is_room_for() {
    let bytes: Vec<u8> = (0..=255).cycle().take(SCRATCH_BYTES + 10).collect();
    for room in [1, SCRATCH_BYTES - 1, SCRATCH_BYTES, SCRATCH_BYTES + 1, 4 * SCRATCH_BYTES] {
        let mut io = SmolIo::new(Cursor::new(bytes.clone()));
        let mut all = Vec::new();
        loop {
            let piece = ready(read(&mut io, room));
            assert!(piece.len() <= room.min(SCRATCH_BYTES));
            if piece.is_empty() {
                break;
            }
            all.extend(piece);
        }
        assert_eq!(all, bytes, "{room}");
    }
}

/// Fills what it is given, says that it has read so many bytes, and reads from another stream meanwhile.
struct Nested(usize, SmolIo<Cursor<Vec<u8>>>);

impl AsyncRead for Nested {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        buffer.fill(b'a');
        assert_eq!(ready(read(&mut self.1, 3)), b"bbb");
        assert!(buffer.iter().all(|byte| *byte == b'a'), "each has memory of its own");
        Poll::Ready(Ok(self.0))
    }
}

#[test]
fn a_stream_that_reads_from_another_one_is_read_too() {
    let inner = SmolIo::new(Cursor::new(b"bbb".to_vec()));
    assert_eq!(ready(read(&mut SmolIo::new(Nested(2, inner)), 5)), b"aa");
}

#[test]
fn a_stream_that_claims_too_much_has_read_what_there_was_room_for() {
    let inner = SmolIo::new(Cursor::new(b"bbb".to_vec()));
    assert_eq!(ready(read(&mut SmolIo::new(Nested(6, inner)), 5)), b"aaaaa");
}

/// Has nothing, fails, then takes pieces.
struct Moods {
    reads: Vec<Poll<io::Result<usize>>>,
    pieces: Vec<usize>,
}

impl AsyncRead for Moods {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        self.reads.remove(0)
    }
}

impl AsyncWrite for Moods {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        panic!("the pieces are not joined");
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.pieces = slices.iter().map(|slice| slice.len()).collect();
        Poll::Ready(Ok(self.pieces.iter().sum()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn waiting_and_failing_are_handed_on() {
    let error = || Poll::Ready(Err(io::Error::from(io::ErrorKind::ConnectionReset)));
    let mut io = SmolIo::new(Moods { reads: vec![Poll::Pending, error()], pieces: Vec::new() });
    assert!(read(&mut io, 5).is_pending());
    match read(&mut io, 5) {
        Poll::Ready(Err(error)) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
        other => panic!("{other:?}"),
    }
}

#[test]
fn pieces_are_written_as_pieces() {
    let mut io = SmolIo::new(Moods { reads: Vec::new(), pieces: Vec::new() });
    assert!(io.is_write_vectored());
    let slices = [IoSlice::new(b"head"), IoSlice::new(b"body of it")];
    let written = Pin::new(&mut io).poll_write_vectored(&mut Context::from_waker(Waker::noop()), &slices);
    assert_eq!(ready(written), 14);
    assert_eq!(io.stream.pieces, [4, 10]);
}
