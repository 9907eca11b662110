//! A query's text cut into words, each with its place.
//!
//! `-domain:"two words" (a or b)`: minus, field and value, parentheses, the word `or`. Quotation marks begin a value
//! or a text; `\"` and `\\` stand for themselves within them. Elsewhere they are ordinary letters.

use super::QueryError;
use std::ops::Range;

/// What a piece of the text is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Token {
    Open,
    Close,
    Minus,
    Or,
    And,
    Text(String),
    /// Name and value; the value's own place is kept for a mark.
    Field(String, String, Range<usize>),
}

/// A piece and its place in bytes.
pub(super) type Placed = (Token, Range<usize>);

/// Cuts `text`.
pub(super) fn lex(text: &str) -> Result<Vec<Placed>, QueryError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let start = at;
        let token = match c {
            c if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            '(' => Token::Open,
            ')' => Token::Close,
            '-' => Token::Minus,
            '"' => {
                let (value, end) = quoted(text, at)?;
                tokens.push((Token::Text(value), start..end));
                at = end;
                continue;
            }
            _ => {
                let (token, end) = word(text, at)?;
                tokens.push((token, start..end));
                at = end;
                continue;
            }
        };
        at += 1;
        tokens.push((token, start..at));
    }
    Ok(tokens)
}

/// `or` and `and`, whatever their case.
pub(super) fn is_keyword(word: &str) -> bool {
    word.eq_ignore_ascii_case("or") || word.eq_ignore_ascii_case("and")
}

/// The field's name, if `word` begins with letters and a colon. (`fe80::1` and `12:30` do not.)
pub(super) fn field_prefix(word: &str) -> Option<&str> {
    let (name, _) = word.split_once(':')?;
    let letters = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    letters.then_some(name)
}

fn word(text: &str, start: usize) -> Result<(Token, usize), QueryError> {
    let ends = |c: char| c.is_whitespace() || c == '(' || c == ')';
    let len = text[start..].find(ends).unwrap_or(text.len() - start);
    let word = &text[start..start + len];
    if let Some(name) = field_prefix(word) {
        let value_at = start + name.len() + 1;
        let (value, end) = match text[value_at..].starts_with('"') {
            true => quoted(text, value_at)?,
            false => (text[value_at..start + len].to_owned(), start + len),
        };
        return Ok((Token::Field(name.to_owned(), value, value_at..end), end));
    }
    let token = match word {
        _ if word.eq_ignore_ascii_case("or") => Token::Or,
        _ if word.eq_ignore_ascii_case("and") => Token::And,
        _ => Token::Text(word.to_owned()),
    };
    Ok((token, start + len))
}

/// The text between the quotation mark at `start` and the next, and where it ends.
fn quoted(text: &str, start: usize) -> Result<(String, usize), QueryError> {
    let mut value = String::new();
    let mut chars = text[start + 1..].char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '"' => return Ok((value, start + 1 + i + 1)),
            '\\' => match chars.next() {
                Some((_, c @ ('"' | '\\'))) => value.push(c),
                Some((_, c)) => value.extend(['\\', c]),
                None => break,
            },
            c => value.push(c),
        }
    }
    Err(QueryError::new(start..text.len(), "The quotation mark is not closed"))
}
