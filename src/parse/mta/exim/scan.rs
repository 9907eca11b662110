//! What most lines of a busy Exim log say, read off their bytes: an arrival, a delivery, `Completed`.
//!
//! Only lines of the regular shape are taken, and for these the result is that of the grammar beside this file;
//! every other line (refused, put off, quoted addresses, fields with quotes before the one that counts) goes to the
//! grammar itself.

use super::super::AtAGlance;
use super::fields::is_key;
use crate::parse::event::Glance;
use crate::smtp::ReplyCode;

/// How Exim's lines are read at a glance.
pub(super) const GLANCE: AtAGlance = AtAGlance { id_end, is_id, says, is_remark: |_| false };

/// What follows an id; a blank is first.
fn says(rest: &[u8]) -> Option<Glance<'_>> {
    let rest = &rest[1..];
    Some(match rest.first()? {
        b'<' => arrival(rest.strip_prefix(b"<= ")?)?,
        b'=' => accepted(rest.strip_prefix(b"=> ")?)?,
        b'-' => accepted(rest.strip_prefix(b"-> ")?)?,
        b'>' => accepted(rest.strip_prefix(b">> ")?)?,
        b'C' if rest.starts_with(b"Completed") => Glance::Removed,
        _ => return None,
    })
}

/// Length of an id and where its second dash stands: `1aBcDe-0001Ab-Cd`, or `1aBcDe-00000001AbC-0001` since 4.97.
const SHAPES: [(usize, usize); 2] = [(16, 13), (23, 18)];

/// Where an id would end, which a blank follows.
fn id_end(message: &[u8]) -> Option<usize> {
    let shaped = |&(len, dash): &(usize, usize)| {
        message.get(len) == Some(&b' ') && message[6] == b'-' && message[dash] == b'-'
    };
    Some(SHAPES.iter().find(|shape| shaped(shape))?.0)
}

fn is_id(id: &[u8]) -> bool {
    SHAPES.iter().any(|(len, dash)| {
        let alphanumeric = |part: &[u8]| part.iter().all(u8::is_ascii_alphanumeric);
        id.len() == *len
            && alphanumeric(&id[..6])
            && alphanumeric(&id[7..*dash])
            && alphanumeric(&id[dash + 1..])
    })
}

/// `a@example.net H=mx [192.0.2.1] P=esmtps S=900 id=x@example.net`
fn arrival(text: &[u8]) -> Option<Glance<'_>> {
    let (path, rest) = address(text)?;
    let path = if path == b"<>" { b"" } else { path };
    let mut message_id: &[u8] = b"";
    let mut fields = Fields(rest);
    while let Field::Is(key, value) = fields.next()? {
        if key == b"id" {
            message_id = value;
        }
    }
    Some(Glance::Sender { path, message_id })
}

/// `a@example.org R=dnslookup T=remote_smtp H=mx [192.0.2.1] C="250 OK"`,
/// `bob <bob@example.org> R=local T=local_delivery`
fn accepted(text: &[u8]) -> Option<Glance<'_>> {
    let (first, mut rest) = address(text)?;
    // Addresses between the first and the last.
    if rest.starts_with(b" (") {
        return None;
    }
    let mut recipient = first;
    if let Some(inside) = rest.strip_prefix(b" <") {
        let end = inside.iter().position(|byte| matches!(byte, b'>' | b'"'))?;
        if inside[end] == b'"' || inside.get(end + 1) != Some(&b' ') {
            return None;
        }
        if !first.contains(&b'@') {
            recipient = &inside[..end];
        }
        rest = &inside[end + 1..];
    }
    // The reply that confirmed it.
    let mut has_code = false;
    let mut fields = Fields(rest);
    while let Field::Is(key, value) = fields.next()? {
        if key == b"C" {
            has_code = ReplyCode::at_start_of(value).is_some();
        }
    }
    Some(Glance::Accepted { recipient, has_code, passed_on: false })
}

/// An address without quotes, up to a blank. Pipes, files and what ends in a colon are the grammar's.
fn address(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| *byte == b' ').unwrap_or(text.len());
    let (address, rest) = text.split_at(end);
    let odd =
        matches!(address.first(), None | Some(b'"' | b'|' | b'/' | b':' | b'>')) || address.ends_with(b":");
    (!odd).then_some((address, rest))
}

/// Fields of the regular kinds, each behind one blank: `R=dnslookup`, `K`, `H=mx [192.0.2.1]:25`, `T="a subject"`.
struct Fields<'a>(&'a [u8]);

enum Field<'a> {
    Is(&'a [u8], &'a [u8]),
    /// No field follows.
    End,
}

impl<'a> Fields<'a> {
    /// The next field; `None` if it is of another kind.
    // Inlined, since what it gives is taken apart at once: moving it would cost as much as finding it.
    #[inline(always)]
    fn next(&mut self) -> Option<Field<'a>> {
        if self.0.is_empty() {
            return Some(Field::End);
        }
        let text = self.0.strip_prefix(b" ")?;
        let key_end = text.iter().position(|byte| matches!(byte, b'=' | b' ')).unwrap_or(text.len());
        let key = &text[..key_end];
        let (value, rest) = match text.get(key_end) {
            Some(b'=') => {
                let value = &text[key_end + 1..];
                value.split_at(memchr::memchr(b' ', value).unwrap_or(value.len()))
            }
            _ => (&text[..0], &text[key_end..]),
        };
        if !is_key(key) {
            // A colon before the words, `defer (111)`, two blanks.
            let odd = key.is_empty() || key.contains(&b':') || key == b"defer";
            return if odd { None } else { Some(Field::End) };
        }
        self.0 = rest;
        if !text[key_end..].starts_with(b"=") {
            // A flag.
            return Some(Field::Is(b"", b""));
        }
        match value.first() {
            Some(b'<') => return None,
            Some(b'"') if key == b"H" => return None,
            Some(b'"') => {
                let inside = &text[key_end + 2..];
                let quote = closing_quote(inside)?;
                self.0 = &inside[quote + 1..];
                return Some(Field::Is(key, &inside[..quote]));
            }
            _ if value.ends_with(b":") => return None,
            _ if key == b"H" => self.host(value)?,
            _ => {}
        }
        Some(Field::Is(key, value))
    }

    /// What follows a host's name: perhaps what it called itself, its address, perhaps a port.
    fn host(&mut self, name: &[u8]) -> Option<()> {
        // Without a name there is what it called itself, in parentheses of its own.
        let odd_helo = match name {
            [b'(', inside @ .., b')'] => inside.iter().any(|byte| matches!(byte, b'(' | b')')),
            [b'(' | b'[', ..] => true,
            _ => false,
        };
        if odd_helo || name.contains(&b':') {
            return None;
        }
        if let Some(inside) = self.0.strip_prefix(b" (") {
            let close = inside.iter().position(|byte| matches!(byte, b')' | b'('))?;
            self.0 = inside[close..].strip_prefix(b")")?;
        }
        let inside = self.0.strip_prefix(b" [")?;
        // This host may be handing the mail back to itself: the grammar knows.
        if inside.starts_with(b"127.") || matches!(inside.first(), Some(b':' | b'0' | b'I')) {
            return None;
        }
        let after = &inside[inside.iter().position(|byte| *byte == b']')? + 1..];
        let end = after.iter().position(|byte| *byte == b' ').unwrap_or(after.len());
        let plain = match &after[..end] {
            [] => true,
            [b':', digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
            _ => false,
        };
        self.0 = &after[end..];
        plain.then_some(())
    }
}

/// Where the quoted text ends.
fn closing_quote(inside: &[u8]) -> Option<usize> {
    let mut escaped = false;
    inside.iter().position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::show::{glanced, parsed};
    use super::super::DIALECT;
    use proptest::prelude::*;

    const LINES: [&str; 14] = [
        "<= office@example.org H=web1.example.org [192.0.2.30] P=esmtp S=490 id=20261118@example.org T=\"Quarterly figures\"",
        "<= a@b H=mx (helo) [192.0.2.30]:4711 I=[192.0.2.25]:25 P=esmtps X=TLS1.3:X:256 CV=no S=490 id=x@y from <a@b> for c@d",
        "<= <> R=1xTYiA-0000bR-1k U=Debian-exim P=local S=2570 T=\"Mail \\\"delivery\\\" failed\" for a@b",
        "<= a@b U=root P=local S=1 id=z",
        "=> a@example.org R=dnslookup T=remote_smtp H=mx.example.org [198.51.100.11] X=TLS1.3:X:256 CV=yes C=\"250 2.0.0 OK\" QT=1s",
        "=> a@example.org R=dnslookup T=remote_smtp H=mx.example.org [127.0.0.1] C=\"250 queued as 1\"",
        "=> office <office@example.org> R=people T=maildir",
        "=> b@x <a@example.org> F=<c@d> R=r T=remote_smtp H=mx [198.51.100.11]:26 K C=\"250- 1 byte chunk\"",
        "-> b@example.org R=dnslookup T=remote_smtp H=mx [2001:db8::1] C=\"250 OK\"",
        ">> b@example.org R=cutthrough T=remote_smtp H=mx [198.51.100.1] C=\"250 OK\"",
        "=> |/usr/bin/prog <b@example.org> R=pipe T=address_pipe",
        "Completed",
        "** a@example.org R=dnslookup T=remote_smtp H=mx [198.51.100.1]: SMTP error from remote mail server after RCPT TO:<a@example.org>: 550 no",
        "== a@example.org R=dnslookup T=remote_smtp defer (-44) H=mx [198.51.100.1]: 451 later",
    ];

    /// What a glance says is what the grammar says.
    #[track_caller]
    fn check(message: &str) -> bool {
        match glanced(&DIALECT, message) {
            Some(got) => {
                assert_eq!(Some(got), parsed(&DIALECT, "exim", message), "{message}");
                true
            }
            None => false,
        }
    }

    #[test]
    fn regular_lines_are_taken() {
        let taken: Vec<bool> = LINES.iter().map(|line| check(&format!("1xTYiA-0000bM-15 {line}"))).collect();
        let expect =
            [true, true, true, true, true, false, true, false, true, true, false, true, false, false];
        let new: Vec<bool> =
            LINES.iter().map(|line| check(&format!("1xTYiA-00000001AbC-0001 {line}"))).collect();
        assert_eq!((taken, new), (expect.to_vec(), expect.to_vec()));
    }

    proptest! {
        #[test]
        fn others_too_say_what_the_grammar_says(
            line in prop::sample::select(LINES.as_slice()),
            cuts in prop::collection::vec((0..200usize, 0..3usize, prop::sample::select(
                vec![" ", ":", "=", "<", ">", "\"", "[", "]", "(", ")", "id=", "H=", " C=\"2", "a@b", "\\", "é"])), 0..4),
        ) {
            let mut message = format!("1xTYiA-0000bM-15 {line}");
            for (at, dropped, put) in cuts {
                let at = message.floor_char_boundary(at.min(message.len()));
                let end = message.floor_char_boundary((at + dropped).min(message.len()));
                message.replace_range(at..end.max(at), put);
            }
            check(&message);
        }
    }
}
