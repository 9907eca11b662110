//! What most lines of a busy Exim log say, read off their bytes: an arrival, a delivery, `Completed`.
//!
//! Only lines of the regular shape are taken, and for these the result is that of the grammar beside this file;
//! every other line (refused, put off, quoted addresses, fields with quotes before the one that counts) goes to the
//! grammar itself.

use super::super::AtAGlance;
use super::fields::is_key;
use crate::near;
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
    let Some((_, dash)) = SHAPES.iter().find(|(len, _)| *len == id.len()) else { return false };
    // The dashes are all there is but letters and digits: counted, since that takes no branch for each byte.
    let n_others = id.iter().fold(0u8, |n, byte| n + u8::from(!byte.is_ascii_alphanumeric()));
    n_others == 2 && id[6] == b'-' && id[*dash] == b'-'
}

/// `a@example.net H=mx [192.0.2.1] P=esmtps S=900 id=x@example.net`
fn arrival(text: &[u8]) -> Option<Glance<'_>> {
    let mut words = Words::of(text);
    let path = address(words.next()?)?;
    let path = if path == b"<>" { b"" } else { path };
    Some(Glance::Sender { path, message_id: field(words, b"id")? })
}

/// `a@example.org R=dnslookup T=remote_smtp H=mx [192.0.2.1] C="250 OK"`,
/// `bob <bob@example.org> R=local T=local_delivery`
fn accepted(text: &[u8]) -> Option<Glance<'_>> {
    let mut words = Words::of(text);
    let mut recipient = address(words.next()?)?;
    match words.rest() {
        // Addresses between the first and the last.
        [b'(', ..] => return None,
        [b'<', ..] => {
            let inside = words.next()?.strip_prefix(b"<")?.strip_suffix(b">")?;
            // A blank follows, or the grammar has to say where it ends.
            if words.rest().is_empty() || inside.iter().any(|byte| matches!(byte, b'>' | b'"')) {
                return None;
            }
            if !recipient.contains(&b'@') {
                recipient = inside;
            }
        }
        _ => {}
    }
    // The reply that confirmed it.
    let reply = field(words, b"C")?;
    let has_code = ReplyCode::at_start_of(reply).is_some();
    Some(Glance::Accepted { recipient, has_code, passed_on: false })
}

/// An address without quotes. Pipes, files and what ends in a colon are the grammar's.
fn address(word: &[u8]) -> Option<&[u8]> {
    let odd = matches!(word, [] | [b'"' | b'|' | b'/' | b':' | b'>', ..] | [.., b':']);
    (!odd).then_some(word)
}

/// What stands between blanks.
#[derive(Clone, Copy)]
struct Words<'a> {
    text: &'a [u8],
    /// Where the next word begins; behind the text's end after the last one.
    at: usize,
}

impl<'a> Words<'a> {
    fn of(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// What was not taken yet.
    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or(&[])
    }

    /// The next word: empty between two blanks and behind the last one. `None` at the end.
    #[inline(always)]
    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.text.get(self.at..)?;
        let len = near::find(b' ', rest).unwrap_or(rest.len());
        self.at += len + 1;
        Some(&rest[..len])
    }

    /// The text in quotes that begins at `from`, within the last word; what comes next is the word behind its end.
    /// `None` if something other than a blank follows it.
    fn quoted(&mut self, from: usize) -> Option<&'a [u8]> {
        let inside = self.text.get(from..)?;
        let quote = closing_quote(inside)?;
        self.at = from + quote + 2;
        matches!(inside.get(quote + 1), None | Some(b' ')).then(|| &inside[..quote])
    }
}

/// The value of the last field `wanted`, or nothing. `None` if a field is not of the regular kinds, each behind one
/// blank: `R=dnslookup`, `K`, `H=mx [192.0.2.1]:25`, `T="a subject"`.
// Inlined, since what is wanted is then compared as a constant.
#[inline(always)]
fn field<'a>(mut words: Words<'a>, wanted: &[u8]) -> Option<&'a [u8]> {
    let mut found: &[u8] = b"";
    loop {
        let start = words.at;
        let Some(word) = words.next() else { return Some(found) };
        // Nearly all keys have one or two letters.
        let key_len = match word {
            [_, b'=', ..] => 1,
            [_, _, b'=', ..] => 2,
            _ => word.iter().position(|byte| *byte == b'=').unwrap_or(word.len()),
        };
        let (key, value) = word.split_at(key_len);
        if !is_key(key) {
            // A colon before the words, `defer (111)`, two blanks.
            let odd = key.is_empty() || key.contains(&b':') || key == b"defer";
            return if odd { None } else { Some(found) };
        }
        // Without a value it is a flag.
        let Some(mut value) = value.strip_prefix(b"=") else { continue };
        match value {
            [b'<', ..] => return None,
            [b'"', ..] if key == b"H" => return None,
            [b'"', ..] => value = words.quoted(start + key_len + 2)?,
            [.., b':'] => return None,
            _ if key == b"H" => host(value, &mut words)?,
            _ => {}
        }
        if key == wanted {
            found = value;
        }
    }
}

/// What follows a host's name: perhaps what it called itself, its address, perhaps a port.
fn host(name: &[u8], words: &mut Words<'_>) -> Option<()> {
    // Without a name there is what it called itself, in parentheses of its own.
    match name {
        [b'(', ..] => helo(name)?,
        [b'[', ..] => return None,
        _ if near::find(b':', name).is_some() => return None,
        _ => {}
    }
    let mut address = words.next()?;
    if address.starts_with(b"(") {
        helo(address)?;
        address = words.next()?;
    }
    let inside = address.strip_prefix(b"[")?;
    // This host may be handing the mail back to itself: the grammar knows.
    if inside.starts_with(b"127.") || matches!(inside.first(), Some(b':' | b'0' | b'I')) {
        return None;
    }
    let close = near::find(b']', inside)?;
    match &inside[close + 1..] {
        [] => Some(()),
        [b':', digits @ ..] => (!digits.is_empty() && digits.iter().all(u8::is_ascii_digit)).then_some(()),
        _ => None,
    }
}

/// What a host called itself, in parentheses, and without any within.
fn helo(word: &[u8]) -> Option<()> {
    let inside = word.strip_prefix(b"(")?.strip_suffix(b")")?;
    (!inside.iter().any(|byte| matches!(byte, b'(' | b')'))).then_some(())
}

/// Where the quoted text ends.
fn closing_quote(inside: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += near::find_either(b'"', b'\\', &inside[at..])?;
        if inside[at] == b'"' {
            return Some(at);
        }
        // Whatever follows a backslash is part of the text.
        at = (at + 2).min(inside.len());
    }
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
