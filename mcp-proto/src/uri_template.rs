//! Resource templates: the part of RFC 6570 whose expansions can be read back without guessing.
//!
//! A template is literal text with `{variable}` (level 1, simple) and `{+variable}` (level 2,
//! reserved) in it. Matching takes one pass: a variable reaches up to the first occurrence of the
//! literal behind it, and the last one to the end. Nothing is tried twice, so that no URI costs
//! more than its length.
//!
//! A variable often ends up in a path or a query of the application, so values that climb out of
//! where they are put never match (RSRC-08).

use std::fmt;

/// How many variables a template may have.
pub const VARIABLES_MAX: usize = 32;

/// A resource template, ready to match URIs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UriTemplate {
    text: Box<str>,
    /// The literal before the first variable.
    head: Box<str>,
    variables: Box<[Variable]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Variable {
    name: Box<str>,
    expansion: Expansion,
    /// The literal behind the variable: empty only at the end of the template.
    until: Box<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expansion {
    /// `{name}`: one segment of a path at most.
    Simple,
    /// `{+name}`: may be several.
    Reserved,
}

/// The values that a URI gives to the variables of a template, percent-decoded once, in the order
/// of the template.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Variables(Vec<(Box<str>, String)>);

/// What is wrong with the text of a template, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemplateError {
    /// Offset in bytes of the literal or expression at fault.
    pub at: usize,
    /// What is wrong there.
    pub fault: TemplateFault,
}

/// Why a text is not a template that can be matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateFault {
    /// The template has no characters.
    Empty,
    /// A literal has a character that a URI cannot have, or an incomplete percent-encoding.
    Literal,
    /// A `{` without its `}`.
    Unclosed,
    /// Not `{name}` or `{+name}`: another operator, a list, a modifier, or no name of letters,
    /// digits, `_` and inner `.`.
    Expression,
    /// The variable has occurred before.
    Repeated,
    /// No literal separates the variable from the one before.
    Adjacent,
    /// More than [`VARIABLES_MAX`] variables.
    TooMany,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = match self.fault {
            TemplateFault::Empty => "a template cannot be empty",
            TemplateFault::Literal => "this literal cannot be part of a URI",
            TemplateFault::Unclosed => "this expression is not closed",
            TemplateFault::Expression => "only {name} and {+name} are supported",
            TemplateFault::Repeated => "this variable has occurred before",
            TemplateFault::Adjacent => "a literal has to separate this variable from the one before",
            TemplateFault::TooMany => "too many variables",
        };
        write!(formatter, "{fault} (at byte {})", self.at)
    }
}

impl std::error::Error for TemplateError {}

impl UriTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// Whatever is not literals, `{name}` and `{+name}`, or cannot be matched in one pass: see
    /// [`TemplateFault`].
    pub fn parse(template: &str) -> Result<Self, TemplateError> {
        if template.is_empty() {
            return Err(TemplateError { at: 0, fault: TemplateFault::Empty });
        }
        let (head, mut rest) = split_literal(template);
        check_literal(head, 0)?;
        let mut variables: Vec<Variable> = Vec::new();
        while let Some(opened) = rest.strip_prefix('{') {
            let at = template.len() - rest.len();
            let fail = |fault| TemplateError { at, fault };
            let (expression, behind) = opened.split_once('}').ok_or_else(|| fail(TemplateFault::Unclosed))?;
            let (name, expansion) =
                parse_expression(expression).ok_or_else(|| fail(TemplateFault::Expression))?;
            if variables.iter().any(|earlier| &*earlier.name == name) {
                return Err(fail(TemplateFault::Repeated));
            }
            if variables.last().is_some_and(|before| before.until.is_empty()) {
                return Err(fail(TemplateFault::Adjacent));
            }
            if variables.len() == VARIABLES_MAX {
                return Err(fail(TemplateFault::TooMany));
            }
            let (until, next) = split_literal(behind);
            check_literal(until, template.len() - behind.len())?;
            variables.push(Variable { name: name.into(), expansion, until: until.into() });
            rest = next;
        }
        Ok(Self { text: template.into(), head: head.into(), variables: variables.into() })
    }

    /// The template as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names of the variables, in the order of the template.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|variable| &*variable.name)
    }

    /// The values that make this template `uri`; `None` when it does not match.
    ///
    /// Literals are compared byte for byte, without any normalisation. So that what a literal names
    /// has no second spelling that a variable of another template takes, a value has one spelling
    /// too: what needs no percent-encoding has none, `?` and `#` have one, and a slash is a slash.
    /// A value is not empty, is UTF-8 once its percent-encodings are decoded, and has no control
    /// character and no backslash. The value of `{name}` is not `.` or `..` and has no `/`. The value
    /// of `{+name}` has no empty, `.` or `..` part between slashes, and does not begin with a slash
    /// where the literal before names a directory.
    #[must_use]
    pub fn matches(&self, uri: &str) -> Option<Variables> {
        let mut rest = uri.strip_prefix(&*self.head)?;
        let mut before = &*self.head;
        let mut values = Vec::with_capacity(self.variables.len());
        for variable in &self.variables {
            let raw = if variable.until.is_empty() {
                std::mem::take(&mut rest)
            } else {
                let (raw, behind) = rest.split_once(&*variable.until)?;
                rest = behind;
                raw
            };
            let value = percent_decode(raw)?;
            if !variable.expansion.permits(raw, &value, before) {
                return None;
            }
            values.push((variable.name.clone(), value));
            before = &variable.until;
        }
        rest.is_empty().then_some(Variables(values))
    }
}

impl Expansion {
    /// Whether `raw`, decoded `value`, may stand behind the literal `before`.
    fn permits(self, raw: &str, value: &str, before: &str) -> bool {
        let forbidden = |character: char| character == '\\' || character.is_control();
        if value.is_empty() || value.contains(forbidden) || raw.contains(['?', '#']) || !is_canonical(raw) {
            return false;
        }
        match self {
            Self::Simple => !value.contains('/') && value != "." && value != "..",
            Self::Reserved => {
                // Behind the slash of a directory, the value would be an absolute path to whoever
                // appends it there. The slashes of `file://` are not those of a directory.
                let in_directory = before.ends_with('/') && !before.ends_with("://");
                let absolute = in_directory && value.starts_with('/');
                // A value that is a whole URI has its scheme and authority in front.
                let path = match value.split_once("://") {
                    Some((_, behind)) if before.is_empty() => behind,
                    Some(_) | None => value,
                };
                let path = path.strip_prefix('/').unwrap_or(path);
                let path = path.strip_suffix('/').unwrap_or(path);
                let plain = |segment: &str| !segment.is_empty() && segment != "." && segment != "..";
                !absolute && raw.matches('/').eq(value.matches('/')) && path.split('/').all(plain)
            }
        }
    }
}

impl Variables {
    /// The value of the variable called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Names and values, in the order of the template.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, value.as_str()))
    }
}

/// Whether nothing is percent-encoded that needs no encoding (RFC 3986 section 6.2.2.2).
fn is_canonical(raw: &str) -> bool {
    raw.match_indices('%').all(|(at, _)| {
        let encoded = raw.get(at..at.saturating_add(3)).and_then(percent_decode);
        // What is not UTF-8 by itself is not ASCII, and needs its encoding.
        encoded.is_none_or(|character| {
            !character.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        })
    })
}

/// What comes before the next expression, and the rest.
fn split_literal(text: &str) -> (&str, &str) {
    text.split_at(text.find('{').unwrap_or(text.len()))
}

/// RFC 6570 section 2.1, in ASCII: what is not has to be percent-encoded by the author.
fn check_literal(literal: &str, at: usize) -> Result<(), TemplateError> {
    let allowed = literal.bytes().all(|byte| byte.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(&byte));
    if allowed && percent_decode(literal).is_some() {
        Ok(())
    } else {
        Err(TemplateError { at, fault: TemplateFault::Literal })
    }
}

/// RFC 6570 section 2.2 and 2.3, of which: an optional `+` and one name without percent-encodings.
fn parse_expression(expression: &str) -> Option<(&str, Expansion)> {
    let (name, expansion) = match expression.strip_prefix('+') {
        Some(name) => (name, Expansion::Reserved),
        None => (expression, Expansion::Simple),
    };
    let well_formed = name.split('.').all(|part| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    well_formed.then_some((name, expansion))
}

/// Decodes once; `None` for an incomplete percent-encoding, or when what comes out is not UTF-8.
fn percent_decode(raw: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some(percent) = memchr::memchr(b'%', rest) {
        let (plain, encoded) = rest.split_at_checked(percent)?;
        decoded.extend_from_slice(plain);
        let ([_, high, low], behind) = encoded.split_first_chunk()?;
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        decoded.push(digit(*high)? << 4 | digit(*low)?);
        rest = behind;
    }
    decoded.extend_from_slice(rest);
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests;
