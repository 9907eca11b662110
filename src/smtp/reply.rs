//! SMTP replies as text: code, enhanced status code, words; flattened and nested ones.
//!
//! `550-5.1.1 The account does not exist.` / `550 5.1.1 See https://example.org` (RFC 5321 §4.2.1, RFC 2034).
//! Postfix and others log the lines of one reply joined with blanks; Exim writes the two characters `\n`.
//! One reply may quote another: `550 5.1.1 <a>: undeliverable address: host mx[192.0.2.1] said: 550 5.1.1 no`.

use super::{EnhancedStatus, ReplyCode};
use std::borrow::Cow;

/// A reply taken apart. Borrowed from the text it was read from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reply<'a> {
    /// The three-digit code, if the text starts with one.
    pub code: Option<ReplyCode>,
    /// The enhanced status code, if one follows.
    pub enhanced: Option<EnhancedStatus>,
    /// What follows the codes on the first line, and all further lines untouched.
    pub text: &'a str,
}

/// Reads the codes at the start of `text`. Knows `550 5.1.1 …`, `550-5.1.1 …`, `550 #5.1.1 …`, `550 (5.1.1) …`,
/// `550: …`, `5.1.1 …`, and a code given twice (`550 550 5.1.1 …`).
pub fn read_reply(text: &str) -> Reply<'_> {
    let mut rest = text.trim();
    let mut code = None;
    for _ in 0..2 {
        let Some(found) = ReplyCode::at_start(rest) else { break };
        if code.is_some_and(|code| code != found) {
            break;
        }
        let after = &rest[3..];
        if !(after.is_empty() || after.starts_with([' ', '-', ':', '\t', '\n', '\r', ',', '#', '_'])) {
            break;
        }
        code = Some(found);
        rest = after.trim_start_matches([' ', '-', ':', '\t', '\r', '\n', ',', '_']);
    }
    let bare = rest.trim_start_matches(['#', '(', '[']);
    let Some((enhanced, after)) = EnhancedStatus::at_start(bare) else {
        return Reply { code, enhanced: None, text: rest };
    };
    let opened = rest.len() - bare.len() > 0 && !rest.starts_with('#');
    let after = if opened { after.trim_start_matches([')', ']']) } else { after };
    Reply {
        code,
        enhanced: Some(enhanced),
        text: after.trim_start_matches([' ', ':', '-', '\t', '\r', '\n']),
    }
}

/// The lines of a multi-line reply, put back from its flattened form and joined with `\n`.
///
/// A new line starts only where the *first* line's code (and its enhanced status code, if it has one) stands
/// again, so that a number in prose does not cut the reply. Exim's `\n` is a line break too.
pub fn unflatten(text: &str) -> String {
    let text = match memchr::memchr2(b'\\', b'\r', text.as_bytes()) {
        Some(_) => {
            let ends = text.replace("\\r\\n", "\n").replace("\\n", "\n").replace("\r\n", "\n");
            Cow::Owned(ends)
        }
        None => Cow::Borrowed(text),
    };
    let first = read_reply(&text);
    // The first line must have been a continuation (`550-`).
    let dash_first = text.trim_start().as_bytes().get(3) == Some(&b'-');
    if first.code.is_none() || !dash_first {
        return text.into_owned();
    }
    let digits = &text.trim()[..3];
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let stands_at = |start: &usize| text.as_bytes()[*start..].starts_with(digits.as_bytes());
    for start in memchr::memchr_iter(digits.as_bytes()[0], text.as_bytes()).filter(stands_at) {
        // `555` in `5555` stands once.
        if start < at {
            continue;
        }
        let line = &text[start..];
        let blank_before = text[..start].ends_with([' ', '\t']) && !text[..start].trim_end().is_empty();
        // The status must be repeated if there is one.
        let starts_line = blank_before
            && matches!(line.as_bytes().get(3), Some(b'-' | b' '))
            && (first.enhanced.is_none() || read_reply(line).enhanced == first.enhanced);
        if starts_line {
            let head = &text[at..start];
            out.push_str(head.trim_end_matches([' ', '\t']));
            out.push('\n');
            out.push_str(digits);
        } else {
            out.push_str(&text[at..start + digits.len()]);
        }
        at = start + digits.len();
    }
    out.push_str(&text[at..]);
    out
}

/// A reply with the replies it quotes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NestedReply<'a> {
    /// The texts from the outermost to the one before the innermost.
    pub outer: Vec<&'a str>,
    /// The innermost reply: it decides.
    pub inner: &'a str,
    /// The host that gave the innermost reply, where the text names it.
    pub inner_host: Option<&'a str>,
}

/// How deep quoted replies are followed: deeper ones do not occur in good faith.
const MAX_DEPTH: usize = 8;

/// Follows `host mx[192.0.2.1] said: 550 …` and like words to the innermost reply.
///
/// Text after the innermost reply that belongs to the reporting program, as in
/// `550 no (in reply to RCPT TO command)`, is cut off.
pub fn innermost(text: &str) -> NestedReply<'_> {
    let mut outer = Vec::new();
    let mut inner = text.trim();
    let mut inner_host = None;
    for _ in 0..MAX_DEPTH {
        let Some((host, reply)) = quoted_reply(inner) else { break };
        outer.push(inner);
        inner = reply;
        inner_host = host.or(inner_host);
    }
    NestedReply { outer, inner: without_in_reply_to(inner), inner_host }
}

/// The words after which MTAs quote the reply of another server.
const QUOTES: [&str; 9] = [
    " said: ",
    " refused to talk to me: ",
    "remote host said: ",
    "smtp error from remote mail server after ",
    "smtp error from remote mailer after ",
    "lmtp error after ",
    "the response from the remote server was: ",
    "the error that the other server returned was: ",
    "remote server returned: ",
];

/// The first reply quoted in `text`, and the host the text says it is from.
fn quoted_reply(text: &str) -> Option<(Option<&str>, &str)> {
    if !may_quote(text.as_bytes()) {
        return None;
    }
    // ASCII only: byte offsets stay valid in the original.
    let lower = text.to_ascii_lowercase();
    let (at, words) =
        QUOTES.iter().filter_map(|q| lower.find(q).map(|at| (at, *q))).min_by_key(|(at, _)| *at)?;
    let mut rest = &text[at + words.len()..];
    if words.contains("after ") {
        // Exim: `after RCPT TO:<a@example.org>: 550 …`; the command may hold colons.
        rest = rest.match_indices(": ").map(|(i, _)| &rest[i + 2..]).find(|t| starts_like_reply(t))?;
    }
    let rest = rest.trim_start();
    if !starts_like_reply(rest) {
        return None;
    }
    let before = text[..at].trim_end();
    let host = before.rsplit_once("host ").map_or(before, |(_, host)| host);
    let host = (!host.is_empty() && !host.contains(char::is_whitespace)).then_some(host);
    Some((host, rest))
}

/// A quoted reply stands after a colon and a blank, and begins with a code. Most replies quote none, and a look at
/// their colons is all it takes to know.
fn may_quote(text: &[u8]) -> bool {
    memchr::memchr_iter(b':', text).any(|at| {
        let rest = text[at + 1..].trim_ascii_start();
        rest.len() < text.len() - at - 1
            && matches!(rest.first(), Some(b'2'..=b'5' | b'#' | b'(' | b'[' | b'\x0b' | 0x80..))
    })
}

fn starts_like_reply(text: &str) -> bool {
    let reply = read_reply(text);
    reply.code.is_some() || reply.enhanced.is_some()
}

/// Cuts Postfix's ` (in reply to RCPT TO command)` and what follows it.
fn without_in_reply_to(text: &str) -> &str {
    let opens = |at: &usize| text.as_bytes()[*at..].starts_with(b"(in reply to ");
    match memchr::memrchr_iter(b'(', text.as_bytes()).find(opens) {
        Some(at) => text[..at].trim_end(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let r = read_reply(text);
        let code = r.code.map_or("-".into(), |c| c.to_string());
        let enhanced = r.enhanced.map_or("-".into(), |e| e.to_string());
        assert_eq!(format!("{code} {enhanced} | {}", r.text), expect);
    }

    #[test]
    fn replies() {
        check("550 5.1.1 no such user", "550 5.1.1 | no such user");
        check("550-5.1.1 no such user", "550 5.1.1 | no such user");
        check("550 no such user", "550 - | no such user");
        check("550 #5.1.1 no", "550 5.1.1 | no");
        check("550 (5.1.1) no", "550 5.1.1 | no");
        check("550: no", "550 - | no");
        check("550 550 5.1.1 no", "550 5.1.1 | no");
        check("5.1.1 no", "- 5.1.1 | no");
        check("550 5.7.515 Access denied", "550 5.7.515 | Access denied");
        check("550 192.0.2.1 is listed", "550 - | 192.0.2.1 is listed");
        check("550 0.0.0 x", "550 - | 0.0.0 x");
        check("no codes", "- - | no codes");
        check("550", "550 - | ");
        check("55012 no", "- - | 55012 no");
    }

    #[test]
    fn flattened_replies() {
        assert_eq!(unflatten("550-5.1.1 a 550-5.1.1 b 550 5.1.1 c"), "550-5.1.1 a\n550-5.1.1 b\n550 5.1.1 c");
        assert_eq!(unflatten("550-a 550 b"), "550-a\n550 b");
        assert_eq!(unflatten("550 5.1.1 room 550 is closed"), "550 5.1.1 room 550 is closed");
        assert_eq!(
            unflatten("550-5.1.1 room 550 is 550 5.1.1 closed"),
            "550-5.1.1 room 550 is\n550 5.1.1 closed"
        );
        assert_eq!(unflatten("550-a\\n550 b"), "550-a\n550 b");
        assert_eq!(unflatten("no code\\nat all"), "no code\nat all");
    }

    #[test]
    fn nested_replies() {
        let n = innermost("host mx[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command)");
        assert_eq!((n.inner, n.inner_host), ("550 5.1.1 no", Some("mx[192.0.2.1]")));
        let n = innermost("550 5.1.1 <a@b>: undeliverable address: host x[192.0.2.9] said: 550 5.2.1 off");
        assert_eq!((n.inner, n.inner_host, n.outer.len()), ("550 5.2.1 off", Some("x[192.0.2.9]"), 1));
        let n = innermost("SMTP error from remote mail server after RCPT TO:<a@b>: 550 No: really");
        assert_eq!(n.inner, "550 No: really");
        let n = innermost("550 He said: hello");
        assert_eq!((n.inner, n.outer.len()), ("550 He said: hello", 0));
    }
}
