//! One strict reading of a whole JSON body (RFC 8259).
//!
//! Every byte of a body is looked at once, here, before anything acts on it. Two readers that
//! disagree about a message are a hole: a gateway that takes the first of two `method` members and
//! a server that takes the last one do not serve the same request. So what could be read in two
//! ways is refused, and where the interesting values lie is reported in the same pass, so that
//! nobody has to search the text a second time.
//!
//! The pass does not recurse, keeps nothing but the open containers and the names in the open
//! objects, and does not allocate for the bodies of every day.

use std::borrow::Cow;

use smallvec::SmallVec;

mod cursor;
mod names;
mod text;

use cursor::Cursor;
use names::{Name, first_repeated};
use text::append_resolved;

/// How many containers may be open at once. A body of exactly this depth is read; a scalar alone
/// has depth 0.
pub const DEPTH_MAX: usize = 128;

/// Open containers and names that are remembered without allocating.
const OPEN_INLINE: usize = 12;
const NAMES_INLINE: usize = 32;

/// A range of bytes of the body: one whole value or name with its quotes, without the white space
/// around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes of `body` in this range; empty when `body` is not that long.
    #[must_use]
    pub fn of(self, body: &[u8]) -> &[u8] {
        body.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// What a value is, as far as its first reading tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number written with an optional minus sign and digits only, of any size.
    Integer,
    /// A number with a fraction or an exponent, of any size.
    Number,
    /// A string without a backslash: the text between the quotes is its value.
    String,
    /// A string with a backslash: see [`unescape`].
    EscapedString,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// Where a value is and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value {
    /// Its bytes.
    pub span: Span,
    /// Its kind.
    pub kind: Kind,
}

/// Is told of the members of the watched objects, in the order of the body.
///
/// The top-level object is watched; an object inside is watched when it is the value of a member of
/// a watched object for which [`enter`](Visitor::enter) returned true. Nothing inside an array is
/// watched.
pub trait Visitor {
    /// A member of the watched object at `depth` begins (1 is the top-level object). `name` is the
    /// name without quotes and with its escapes resolved, in UTF-8. Called before the value is
    /// read: return true to be told of the members of the value too, should it be an object.
    fn enter(&mut self, depth: u32, name: &[u8]) -> bool;

    /// The value of the member that was announced last at this `depth` is complete.
    fn leave(&mut self, depth: u32, value: Value);
}

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// More bytes than a [`Span`] can count, which is `u32::MAX`.
    TooLong,
    /// Not UTF-8.
    NotUtf8,
    /// Not one JSON value, with a byte order mark, with something behind it, or with a surrogate
    /// escape that lacks its other half.
    Syntax,
    /// More than [`DEPTH_MAX`] containers are open at once.
    TooDeep,
}

/// A body that was read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document {
    /// The value that the body consists of.
    pub root: Value,
    /// A name that occurs twice in one object, if there is one: in the outermost object that has
    /// any (of several such objects the first to end), the first name to repeat.
    pub duplicate: Option<Duplicate>,
    /// How many values there are, containers and what is in them.
    pub values: u32,
}

/// A name that its object has had already. Names are compared with their escapes resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicate {
    /// Depth of the object; 1 is the top level.
    pub depth: u32,
    /// The second occurrence of the name, with its quotes.
    pub name: Span,
}

/// Reads `body` once, from its first byte to its last, and tells `visitor` of the members it
/// watches.
///
/// A duplicate name does not end the reading, because whoever refuses the body for it still has to
/// name the request it refuses: see [`Document::duplicate`]. Costs O(n log n) for any body of n
/// bytes.
///
/// # Errors
/// The first [`Fault`] met. The visitor may have been told of members before it.
pub fn read(body: &[u8], visitor: &mut impl Visitor) -> Result<Document, Fault> {
    check_length(body.len())?;
    // Most bodies are ASCII, and that is cheaper to see: no early exit, so that it becomes vector
    // instructions.
    let ascii = body.iter().fold(0, |union, byte| union | byte) < 0x80;
    if !ascii && std::str::from_utf8(body).is_err() {
        return Err(Fault::NotUtf8);
    }
    let mut stacks = Stacks::default();
    let mut reader = Reader::new(body, &mut stacks, visitor);
    loop {
        let mut complete = reader.begin_value()?;
        while let Some(value) = complete {
            complete = match reader.inside.shape {
                Shape::Document => return reader.finish(value),
                Shape::Object => reader.after_member(value)?,
                Shape::Array => reader.after_element()?,
            };
        }
    }
}

/// The text of a string value; `None` when `value` is not a string of `body`.
///
/// Borrows from `body` unless an escape has to be resolved.
#[must_use]
pub fn unescape(body: &[u8], value: Value) -> Option<Cow<'_, str>> {
    let between_quotes = || value.span.of(body).strip_prefix(b"\"")?.strip_suffix(b"\"");
    match value.kind {
        Kind::String => std::str::from_utf8(between_quotes()?).ok().map(Cow::Borrowed),
        Kind::EscapedString => {
            let raw = between_quotes()?;
            let mut text = Vec::with_capacity(raw.len());
            append_resolved(&mut text, raw)?;
            String::from_utf8(text).ok().map(Cow::Owned)
        }
        Kind::Null | Kind::Bool | Kind::Integer | Kind::Number | Kind::Array | Kind::Object => None,
    }
}

fn check_length(bytes: usize) -> Result<(), Fault> {
    u32::try_from(bytes).map(|_| ()).map_err(|_| Fault::TooLong)
}

/// What the reader is directly inside of.
#[derive(Clone, Copy)]
enum Shape {
    Document,
    Object,
    Array,
}

/// A container that is open, or the document around the first value.
#[derive(Clone, Copy)]
struct Inside {
    shape: Shape,
    /// The visitor is told of the members, which an array does not have.
    watched: bool,
    /// The visitor wants the members of the value that is read next.
    watch_value: bool,
    /// A name of this object has a backslash.
    escaped_names: bool,
    start: u32,
    /// How many names the objects around this one had put on the stack when it began.
    names_before: u32,
}

/// What grows with the depth and the breadth of a body.
#[derive(Default)]
struct Stacks {
    /// What is around what we are inside of, the document first.
    around: SmallVec<[Inside; OPEN_INLINE]>,
    /// The names in the open objects.
    names: SmallVec<[Name; NAMES_INLINE]>,
}

struct Reader<'b, 's, 'v, V> {
    cursor: Cursor<'b>,
    inside: Inside,
    stacks: &'s mut Stacks,
    duplicate: Option<Duplicate>,
    values: u32,
    visitor: &'v mut V,
}

// All of it is inlined into `read`, which leaves the cursor and what we are inside of in registers.
// For that the stacks are not in here: they are handed to functions that are not inlined.
impl<'b, 's, 'v, V: Visitor> Reader<'b, 's, 'v, V> {
    #[inline(always)]
    fn new(body: &'b [u8], stacks: &'s mut Stacks, visitor: &'v mut V) -> Self {
        let document = Inside {
            shape: Shape::Document,
            watched: false,
            watch_value: true,
            escaped_names: false,
            start: 0,
            names_before: 0,
        };
        Self { cursor: Cursor { body, at: 0 }, inside: document, stacks, duplicate: None, values: 0, visitor }
    }

    /// Reads a scalar or an empty container to its end; of any other container up to its first
    /// value, and says `None`. In an object, reads the name before it.
    #[inline(always)]
    fn begin_value(&mut self) -> Result<Option<Value>, Fault> {
        if matches!(self.inside.shape, Shape::Object) {
            self.name()?;
        }
        // There are fewer values than bytes, so the number does not overflow.
        self.values += 1;
        let token = self.cursor.token();
        let start = self.cursor.at;
        let kind = match token {
            b'"' => self.cursor.string()?,
            b'{' => return self.open(Shape::Object, b'}', Kind::Object),
            b'[' => return self.open(Shape::Array, b']', Kind::Array),
            b'-' | b'0'..=b'9' => self.cursor.number()?,
            b't' => self.cursor.literal(b"true", Kind::Bool)?,
            b'f' => self.cursor.literal(b"false", Kind::Bool)?,
            b'n' => self.cursor.literal(b"null", Kind::Null)?,
            _ => return Err(Fault::Syntax),
        };
        Ok(Some(Value { span: self.cursor.span_from(start), kind }))
    }

    #[inline(always)]
    fn open(&mut self, shape: Shape, end: u8, kind: Kind) -> Result<Option<Value>, Fault> {
        if self.stacks.around.len() >= DEPTH_MAX {
            return Err(Fault::TooDeep);
        }
        let start = self.cursor.at;
        self.cursor.at += 1;
        if self.cursor.token() == end {
            self.cursor.at += 1;
            return Ok(Some(Value { span: self.cursor.span_from(start), kind }));
        }
        self.stacks.around.push(self.inside);
        self.inside = Inside {
            shape,
            watched: self.inside.watch_value,
            watch_value: false,
            escaped_names: false,
            start: offset(start),
            names_before: offset(self.stacks.names.len()),
        };
        Ok(None)
    }

    /// Reads the name of a member and the colon behind it.
    #[inline(always)]
    fn name(&mut self) -> Result<(), Fault> {
        if self.cursor.token() != b'"' {
            return Err(Fault::Syntax);
        }
        let start = self.cursor.at + 1;
        let escaped = matches!(self.cursor.string()?, Kind::EscapedString);
        let name = Name { start: offset(start), length: offset(self.cursor.at - 1 - start) };
        self.stacks.names.push(name);
        self.inside.escaped_names |= escaped;
        if self.inside.watched {
            let depth = self.depth();
            let raw = name.of(self.cursor.body);
            self.inside.watch_value = if escaped {
                enter_escaped(self.visitor, depth, raw)?
            } else {
                self.visitor.enter(depth, raw)
            };
        }
        if self.cursor.token() != b':' {
            return Err(Fault::Syntax);
        }
        self.cursor.at += 1;
        Ok(())
    }

    #[inline(always)]
    fn after_member(&mut self, value: Value) -> Result<Option<Value>, Fault> {
        if self.inside.watched {
            let depth = self.depth();
            self.visitor.leave(depth, value);
        }
        let token = self.cursor.token();
        self.cursor.at += 1;
        match token {
            b',' => Ok(None),
            b'}' => {
                self.find_duplicate();
                Ok(Some(self.close(Kind::Object)))
            }
            _ => Err(Fault::Syntax),
        }
    }

    #[inline(always)]
    fn after_element(&mut self) -> Result<Option<Value>, Fault> {
        let token = self.cursor.token();
        self.cursor.at += 1;
        match token {
            b',' => Ok(None),
            b']' => Ok(Some(self.close(Kind::Array))),
            _ => Err(Fault::Syntax),
        }
    }

    #[inline(always)]
    fn finish(&mut self, root: Value) -> Result<Document, Fault> {
        self.cursor.token();
        match self.cursor.peek() {
            None => Ok(Document { root, duplicate: self.duplicate, values: self.values }),
            Some(_) => Err(Fault::Syntax),
        }
    }

    /// The container ended with the byte that was taken last.
    #[inline(always)]
    fn close(&mut self, kind: Kind) -> Value {
        let span = self.cursor.span_from(self.inside.start as usize);
        // What is closed was opened, which put what is around it on the stack.
        if let Some(around) = self.stacks.around.pop() {
            self.inside = around;
        }
        Value { span, kind }
    }

    /// Takes the names of the object that ends off the stack.
    #[inline(always)]
    fn find_duplicate(&mut self) {
        let depth = self.depth();
        let before = self.inside.names_before as usize;
        let names = self.stacks.names.get_mut(before..).unwrap_or_default();
        if names.len() > 1
            && let Some(name) = first_repeated(self.cursor.body, names, self.inside.escaped_names)
            && self.duplicate.is_none_or(|known| depth < known.depth)
        {
            self.duplicate = Some(Duplicate { depth, name: name.quoted() });
        }
        self.stacks.names.truncate(before);
    }

    /// How many containers are open: as many as there are things around what we are inside of, the
    /// document included.
    #[inline(always)]
    fn depth(&self) -> u32 {
        offset(self.stacks.around.len())
    }
}

#[cold]
fn enter_escaped(visitor: &mut impl Visitor, depth: u32, raw: &[u8]) -> Result<bool, Fault> {
    let mut name = Vec::with_capacity(raw.len());
    append_resolved(&mut name, raw).ok_or(Fault::Syntax)?;
    Ok(visitor.enter(depth, &name))
}

/// An offset or a count within a body.
#[inline(always)]
const fn offset(within_body: usize) -> u32 {
    // `check_length` has seen to it that offsets fit; there are fewer names and containers than
    // bytes.
    within_body as u32
}

#[cfg(test)]
mod tests;
