//! What most lines of a busy log say, read off their bytes: a client, a Message-ID, a sender, an accepted recipient,
//! `removed`, a connection.
//!
//! Only lines of the regular shape are taken, and for these the result is that of the grammar beside this file;
//! every other line (refused, put off, quoted addresses, keys that are not known here) goes to the grammar itself.

use super::super::AtAGlance;
use super::super::text::host;
use super::queue::known_remark;
use crate::near;
use crate::parse::event::Glance;
use crate::smtp::ReplyCode;

/// How Postfix' lines are read at a glance.
pub(super) const GLANCE: AtAGlance = AtAGlance { id_end, is_id, says, is_remark };

/// What follows a queue id; `: ` is first.
fn says(rest: &[u8]) -> Option<Glance<'_>> {
    let rest = &rest[2..];
    Some(match rest.first()? {
        b't' => return accepted(rest.strip_prefix(b"to=<")?),
        b'f' => return sender(rest.strip_prefix(b"from=<")?),
        b'm' => {
            let id = rest.strip_prefix(b"message-id=<")?.strip_suffix(b">")?;
            Glance::MessageId(id)
        }
        b'c' if rest.starts_with(b"client=") => Glance::Client,
        b'u' if rest.starts_with(b"uid=") => Glance::Client,
        b'r' if rest == b"removed" => Glance::Removed,
        b's' if rest.starts_with(b"sender non-delivery notification: ") => Glance::Other,
        _ => return None,
    })
}

/// Bits of [`CLASS`].
const NO_ID: u8 = 1;
const NOT_HEX: u8 = 2;
const VOWEL: u8 = 4;
const Z: u8 = 8;

/// What a byte may be in a queue id.
static CLASS: [u8; 256] = {
    let mut table = [NO_ID; 256];
    let mut c = 0;
    while c < 256 {
        let byte = c as u8;
        if byte.is_ascii_alphanumeric() {
            let hexadecimal = matches!(byte, b'0'..=b'9' | b'A'..=b'F');
            let vowel = matches!(byte.to_ascii_uppercase(), b'A' | b'E' | b'I' | b'O' | b'U');
            table[c] = if hexadecimal { 0 } else { NOT_HEX }
                | if vowel { VOWEL } else { 0 }
                | if byte == b'z' { Z } else { 0 };
        }
        c += 1;
    }
    table
};

/// Where the queue id at the start of `message` ends; `: ` follows. Case is kept.
pub(super) fn queue_id_end(message: &[u8]) -> Option<usize> {
    id_end(message).filter(|end| is_id(&message[..*end]))
}

/// Where a queue id would end; `: ` follows.
fn id_end(message: &[u8]) -> Option<usize> {
    let end = near::find(b':', &message[..message.len().min(32)])?;
    (message.get(end + 1) == Some(&b' ')).then_some(end)
}

fn is_id(id: &[u8]) -> bool {
    // All bytes at once: a branch for each would cost more.
    let kinds = |bytes: &[u8]| bytes.iter().fold(0, |all, byte| all | CLASS[usize::from(*byte)]);
    let (seconds, inode) = id.split_at(id.len().min(10));
    let inode = kinds(inode);
    let all = kinds(seconds) | inode;
    if all & NO_ID != 0 {
        return false;
    }
    let short = id.len() >= 4 && all & NOT_HEX == 0;
    // Seconds (6 or more), microseconds (4), `z`, inode: no vowels, so no word looks like one.
    let long = all & VOWEL == 0 && inode & Z != 0;
    // Older long ids and other programs' ones: with digits among the letters, no word looks like them either.
    let other = || id.len() >= 10 && id.iter().filter(|byte| byte.is_ascii_digit()).count() >= 2;
    short || long || other()
}

/// The address up to `>`, and what follows. Addresses with quotes are left to the grammar.
fn plain_address(inside: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = near::find_either(b'"', b'>', inside)?;
    let after = &inside[end + 1..];
    (inside[end] == b'>' && after.first() == Some(&b',')).then_some((&inside[..end], after))
}

/// `from=<a@example.org>, size=1, nrcpt=1 (queue active)`, from the address on.
fn sender(inside: &[u8]) -> Option<Glance<'_>> {
    let (address, after) = plain_address(inside)?;
    // `status=expired, returned to sender` is another thing.
    (!after.ends_with(b"sender")).then_some(Glance::Sender { path: address, message_id: b"" })
}

/// `to=<a@example.org>, relay=mx[192.0.2.1]:25, delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (250 Ok)`, from the
/// address on.
fn accepted(inside: &[u8]) -> Option<Glance<'_>> {
    let (recipient, after) = plain_address(inside)?;
    let mut rest = after.strip_prefix(b", ")?;
    let mut relay: &[u8] = b"";
    // Every other comma ends a value.
    let mut commas = near::Places::of(b',', rest);
    let mut at = 0;
    loop {
        let field = &rest[at..];
        let is_relay = match field.first_chunk::<4>()? {
            b"stat" => break,
            b"rela" if field.starts_with(b"relay=") => true,
            b"dela" if field.starts_with(b"delay=") || field.starts_with(b"delays=") => false,
            b"conn" if field.starts_with(b"conn_use=") => false,
            b"dsn=" | b"tls=" => false,
            b"orig" => {
                let inside = field.strip_prefix(b"orig_to=<")?;
                rest = plain_address(inside)?.1.strip_prefix(b", ")?;
                (commas, at) = (near::Places::of(b',', rest), 0);
                continue;
            }
            _ => return None,
        };
        let end = commas.find(|comma| rest.get(comma + 1) == Some(&b' '))?;
        if is_relay {
            relay = rest.get(at + 6..end)?;
        }
        at = end + 2;
    }
    let words = rest[at..].strip_prefix(b"status=sent (")?.strip_suffix(b")")?;
    let has_code = ReplyCode::at_start_of(words).is_some();
    let passed_on = is_here(relay)? && memchr::memmem::find(words, b"queued as").is_some();
    Some(Glance::Accepted { recipient, has_code, passed_on })
}

/// Whether a relay is on this host; `None` if the bytes do not say it plainly.
fn is_here(relay: &[u8]) -> Option<bool> {
    let Some(open) = near::find(b'[', relay) else { return Some(false) };
    // Loopback addresses are written 127.…, ::1, 0:…:1, IPv6:….
    let inside = &relay[open + 1..];
    if !inside.starts_with(b"127.") && !matches!(inside.first(), Some(b'0' | b':' | b'I')) {
        return Some(false);
    }
    let relay = std::str::from_utf8(relay).ok()?;
    Some(host(relay).ip.is_some_and(|ip| ip.is_loopback()))
}

/// Remarks without a queue id that decide nothing.
fn is_remark(message: &[u8]) -> bool {
    const LONGEST: usize = 64;
    const OFTEN: [&[u8]; 4] = [b"connect from ", b"disconnect from ", b"warning: ", b"lost connection "];
    if OFTEN.iter().any(|start| message.starts_with(start)) {
        return true;
    }
    let start = &message[..message.len().min(LONGEST)];
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or(""),
    };
    known_remark(text)
}

#[cfg(test)]
mod tests {
    use super::super::super::show::{glanced, parsed};
    use super::super::DIALECT;
    use proptest::prelude::*;

    const LINES: [&str; 14] = [
        "client=mx.example.org[192.0.2.1]",
        "uid=0 from=<root>",
        "message-id=<20261118.1@example.org>",
        "from=<a@example.org>, size=1, nrcpt=1 (queue active)",
        "from=<>, status=expired, returned to sender",
        "to=<a@example.org>, relay=mx[192.0.2.1]:25, delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (250 Ok)",
        "to=<a@x>, orig_to=<b@x>, relay=mx[192.0.2.1]:25, conn_use=2, delay=1, delays=0/0/1/0, tls=1, dsn=2.0.0, \
         status=sent (250 2.0.0 Ok: queued as 4F1C)",
        "to=<a@x>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (250 2.0.0 from \
         MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4F1C)",
        "to=<a@x>, relay=local, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status=sent (delivered to maildir)",
        "to=<\"a b\"@x>, relay=mx[192.0.2.1]:25, delay=1, dsn=2.0.0, status=sent (250 Ok)",
        "to=<a@x>, relay=mx[192.0.2.1]:25, delay=1, dsn=5.1.1, status=bounced (host mx[192.0.2.1] said: 550 no)",
        "removed",
        "sender non-delivery notification: 4F1D",
        "reject: RCPT from x[192.0.2.1]: 550 no; from=<a> to=<b> proto=ESMTP helo=<x>",
    ];

    proptest! {
        /// What a glance says is what the grammar says.
        #[test]
        fn a_glance_says_what_the_grammar_says(
            id in prop::sample::select(vec!["4F1C07E1", "48rT2v1hQrz1J0N", "3pXPBc5gcdz3xxV", "word", "4F1", "NOQUEUE", "abc1def2gh"]),
            line in prop::sample::select(LINES.as_slice()),
            cuts in prop::collection::vec((0..200usize, 0..3usize, prop::sample::select(
                vec![" ", ":", ",", "=", "<", ">", "\"", "[", "]", "(", ")", ", ", "é", "status=", "127.0.0.1", "x"])), 0..4),
        ) {
            let mut message = format!("{id}: {line}");
            for (at, dropped, put) in cuts {
                let at = message.floor_char_boundary(at.min(message.len()));
                let end = message.floor_char_boundary((at + dropped).min(message.len()));
                message.replace_range(at..end.max(at), put);
            }
            if let Some(got) = glanced(&DIALECT, &message) {
                prop_assert_eq!(Some(got), parsed(&DIALECT, "postfix/smtp", &message), "{}", message);
            }
        }
    }
}
