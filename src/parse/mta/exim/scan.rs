//! What most lines of a busy Exim log say, read off their bytes: an arrival, a delivery, `Completed`.
//!
//! Only lines of the regular shape are taken, and for these the result is that of the grammar beside this file;
//! every other line (refused, put off, quoted addresses, fields with quotes before the one that counts) goes to the
//! grammar itself.

use super::fields::is_key;
use crate::parse::event::Glance;
use crate::smtp::ReplyCode;

/// The message's id and what is said of it. `message` is what follows the stamp and the process id.
pub(super) fn glance(message: &[u8]) -> Option<(&[u8], Glance<'_>)> {
    let len = id_len(message)?;
    let rest = message[len..].strip_prefix(b" ")?;
    let what = match rest.first()? {
        b'<' => arrival(rest.strip_prefix(b"<= ")?)?,
        b'=' => accepted(rest.strip_prefix(b"=> ")?)?,
        b'-' => accepted(rest.strip_prefix(b"-> ")?)?,
        b'>' => accepted(rest.strip_prefix(b">> ")?)?,
        b'C' if rest.starts_with(b"Completed") => Glance::Removed,
        _ => return None,
    };
    Some((&message[..len], what))
}

/// The length of an id, which a blank follows: `1aBcDe-0001Ab-Cd`, or `1aBcDe-00000001AbC-0001` since 4.97.
fn id_len(message: &[u8]) -> Option<usize> {
    is_id::<16>(message, 13).then_some(16).or_else(|| is_id::<23>(message, 18).then_some(23))
}

/// Whether an id of `LEN` bytes stands here, whose second dash is at `dash`.
fn is_id<const LEN: usize>(message: &[u8], dash: usize) -> bool {
    let Some((id, rest)) = message.split_first_chunk::<LEN>() else { return false };
    // The dashes are all there is but letters and digits: counted, since that takes no branch for each byte.
    let n_others = id.iter().fold(0u8, |n, byte| n + u8::from(!byte.is_ascii_alphanumeric()));
    n_others == 2 && id[6] == b'-' && id[dash] == b'-' && rest.first() == Some(&b' ')
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
        let len = first_of([b' '], rest).unwrap_or(rest.len());
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

/// Where the first of `bytes` stands.
// Eight bytes at a time, in one number: what is looked for here is too near for a call of memchr, and too far for one
// byte at a time.
#[inline(always)]
fn first_of<const N: usize>(bytes: [u8; N], text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const TOPS: u64 = u64::from_ne_bytes([0x80; 8]);
    let (eights, rest) = text.as_chunks::<8>();
    for (n, eight) in eights.iter().enumerate() {
        // The lowest byte that is zero gets its top bit from the subtraction; those above it do not matter.
        let found = bytes.iter().fold(0, |found, byte| {
            let zero_there = u64::from_le_bytes(*eight) ^ (ONES * u64::from(*byte));
            found | zero_there.wrapping_sub(ONES) & !zero_there & TOPS
        });
        if found != 0 {
            return Some(8 * n + found.trailing_zeros() as usize / 8);
        }
    }
    Some(8 * eights.len() + rest.iter().position(|byte| bytes.contains(byte))?)
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
        _ if first_of([b':'], name).is_some() => return None,
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
    let close = first_of([b']'], inside)?;
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
        at += first_of([b'"', b'\\'], &inside[at..])?;
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
        fn the_first_of_some_bytes_is_found(text in prop::collection::vec(prop::sample::select(
            vec![b' ', b'!', b'\x1f', b'a', b'"', b'#', b'\xa0', b'\x00', b'\xff']), 0..40), letters in 0..30usize) {
            let text = [vec![b'x'; letters], text].concat();
            let first = |bytes: &[u8]| text.iter().position(|byte| bytes.contains(byte));
            prop_assert_eq!(super::first_of([b' '], &text), first(b" "));
            prop_assert_eq!(super::first_of([b'"', b' '], &text), first(b"\" "));
        }

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
