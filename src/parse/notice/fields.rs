//! Header fields: `Name: value`, folded over lines that start with a blank (RFC 5322 §2.2.3).
//!
//! `Diagnostic-Code: smtp; 550 5.1.1 no` / `    such user`; values may hold RFC 2047 words.

use std::borrow::Cow;

/// A field with its lines joined by single blanks and RFC 2047 words decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field<'a> {
    /// As written.
    pub name: &'a str,
    /// Unfolded and decoded. Lines of one reply that repeat its code stay lines.
    pub value: String,
}

/// The most fields of one block that are looked at.
const MAX_FIELDS: usize = 2_000;

/// The longest value kept, in bytes.
const MAX_VALUE: usize = 32 * 1024;

/// Splits a text into blocks of fields at blank lines. Lines that are no field end nothing and are skipped.
pub(super) fn blocks(text: &str) -> Vec<Vec<Field<'_>>> {
    let mut blocks = Vec::new();
    let mut block: Vec<Field<'_>> = Vec::new();
    let mut n_fields = 0;
    for line in text.lines() {
        if line.trim().is_empty() {
            if !block.is_empty() {
                blocks.push(std::mem::take(&mut block));
            }
        } else if line.starts_with([' ', '\t']) {
            if let Some(last) = block.last_mut() {
                append(&mut last.value, line);
            }
        } else if let Some((name, value)) = split(line) {
            n_fields += 1;
            if n_fields > MAX_FIELDS {
                break;
            }
            block.push(Field { name, value: value.trim().to_owned() });
        } else if let Some(last) = block.last_mut() {
            // A writer that broke a long value without indenting the rest.
            append(&mut last.value, line);
        }
    }
    if !block.is_empty() {
        blocks.push(block);
    }
    for field in blocks.iter_mut().flatten() {
        // An address that looks like an encoded word is an address.
        if field.name.to_ascii_lowercase().ends_with("recipient") {
            continue;
        }
        if let Cow::Owned(decoded) = decode_words(&field.value) {
            field.value = decoded;
        }
    }
    blocks
}

/// `Name: value` of one line.
pub(super) fn split(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim_end();
    let is_name =
        !name.is_empty() && name.len() <= 76 && name.bytes().all(|b| b.is_ascii_graphic() && b != b'<');
    is_name.then_some((name, value))
}

/// The value of the first field called `name`.
pub(super) fn value<'a>(fields: &'a [Field<'_>], name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|f| f.name.eq_ignore_ascii_case(name))
        .map(|f| f.value.as_str())
        .filter(|v| !v.is_empty())
}

/// Adds a folded line. A line that starts with a reply code is a line of a multi-line reply.
fn append(value: &mut String, line: &str) {
    let line = line.trim();
    if value.len() + line.len() > MAX_VALUE {
        return;
    }
    if !value.is_empty() {
        value.push(if is_reply_line(line) { '\n' } else { ' ' });
    }
    value.push_str(line);
}

/// `550-…` or `550 …`
fn is_reply_line(line: &str) -> bool {
    crate::smtp::ReplyCode::at_start(line).is_some_and(|c| c.get() >= 400)
        && matches!(line.as_bytes().get(3), Some(b'-' | b' '))
}

/// Decodes RFC 2047 words, if there are any.
pub(super) fn decode_words(value: &str) -> Cow<'_, str> {
    if !value.contains("=?") || !value.contains("?=") {
        return Cow::Borrowed(value);
    }
    let mail = format!("Subject: {}\r\n\r\n", value.replace('\n', " "));
    match mail_parser::MessageParser::default().parse(mail.as_bytes()).as_ref().and_then(|m| m.subject()) {
        Some(decoded) => Cow::Owned(decoded.to_owned()),
        None => Cow::Borrowed(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_fields() {
        #[track_caller]
        fn check(text: &str, expect: &str) {
            let got: Vec<String> = blocks(text)
                .iter()
                .map(|b| b.iter().map(|f| format!("{}={}", f.name, f.value)).collect::<Vec<_>>().join(";"))
                .collect();
            assert_eq!(got.join(" / "), expect);
        }
        check("A: 1\nB: 2\n\nC: 3\n", "A=1;B=2 / C=3");
        check("A: smtp; 550 no\n  such user\n", "A=smtp; 550 no such user");
        check("A: smtp; 550-no\n 550 such user\n", "A=smtp; 550-no\n550 such user");
        check("A: =?utf-8?Q?M=C3=BCll?=\n", "A=Müll");
        check("A: long\nbroken value\n", "A=long broken value");
        check("no fields\n\n", "");
    }
}
