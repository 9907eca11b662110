//! Pieces that the lines of several MTAs have in common.

use crate::near;
use crate::smtp::{EnhancedStatus, ReplyCode, innermost, read_reply, unflatten};
use std::borrow::Cow;
use std::net::IpAddr;

/// A host as MTAs write it: `mx.example.org[192.0.2.1]:25`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Host<'a> {
    /// The name, unless it is `unknown` or missing.
    pub name: Option<&'a str>,
    /// The address.
    pub ip: Option<IpAddr>,
}

/// `name[ip]`, `[ip]:port`, `name`. What is in brackets and no address (`[private/dovecot-lmtp]`) is left out.
pub fn host(text: &str) -> Host<'_> {
    let Some(open) = near::find(b'[', text.as_bytes()) else {
        return Host { name: host_name(text), ip: None };
    };
    let inside = &text[open + 1..];
    let inside = &inside[..inside.bytes().position(|b| b == b']').unwrap_or(inside.len())];
    Host { name: host_name(&text[..open]), ip: ip(inside) }
}

/// An address, also as `IPv6:2001:db8::1`.
pub fn ip(text: &str) -> Option<IpAddr> {
    let text = text.strip_prefix("IPv6:").unwrap_or(text);
    text.parse().ok()
}

fn host_name(name: &str) -> Option<&str> {
    let name = name.trim();
    (!name.is_empty() && name != "unknown" && name != "none").then_some(name)
}

/// The codes of the innermost reply in `text`.
pub fn codes(text: &str) -> (Option<ReplyCode>, Option<EnhancedStatus>) {
    let reply = read_reply(innermost(text).inner);
    (reply.code, reply.enhanced)
}

/// A reply put back into its lines.
pub fn lines(text: &str) -> Cow<'_, str> {
    // Only these can hold more than one line; the others are borrowed.
    let has_escape = || memchr::memchr(b'\\', text.as_bytes()).is_some_and(|at| text[at..].contains("\\n"));
    if text.as_bytes().get(3) == Some(&b'-') || has_escape() {
        Cow::Owned(unflatten(text))
    } else {
        Cow::Borrowed(text)
    }
}

/// Splits at the first `mark` that a blank follows: `, ` or `: `. Most lines are split this way, so it has to be
/// quicker than a search for a text.
pub fn split_before_blank(text: &str, mark: u8) -> Option<(&str, &str)> {
    let b = text.as_bytes();
    near::Places::of(mark, b).find(|at| b.get(at + 1) == Some(&b' ')).map(|at| (&text[..at], &text[at + 2..]))
}

/// `<address>` at the start of `text`: the address and what follows `>`.
///
/// A quoted local part may hold anything, also `>`; an unquoted one is taken as it stands, since Postfix may be
/// set to log addresses in their internal form, where quotes are gone.
pub fn angle(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('<')?;
    let end = first_end(inside).or_else(|| quoted_end(inside)).or_else(|| plain_end(inside))?;
    Some((&inside[..end], &inside[end + 1..]))
}

/// Nearly always the first `>` ends it, and no quote stands before.
fn first_end(inside: &str) -> Option<usize> {
    let at = near::find_either(b'"', b'>', inside.as_bytes())?;
    (inside.as_bytes()[at] == b'>' && ends(&inside[at + 1..])).then_some(at)
}

fn quoted_end(inside: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in inside.bytes().enumerate() {
        match c {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted && ends(&inside[at + 1..]) => return Some(at),
            _ => {}
        }
    }
    None
}

fn plain_end(inside: &str) -> Option<usize> {
    inside.match_indices('>').map(|(at, _)| at).find(|at| ends(&inside[at + 1..]))
}

/// What may follow a closing `>`.
fn ends(rest: &str) -> bool {
    matches!(rest.as_bytes().first(), None | Some(b' ' | b',' | b':' | b';' | b')'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let check = |text, name: &str, addr: &str| {
            let h = host(text);
            let addr_of = h.ip.map_or("-".into(), |ip| ip.to_string());
            assert_eq!((h.name.unwrap_or("-"), addr_of.as_str()), (name, addr), "{text}");
        };
        check("mx.example.org[192.0.2.1]:25", "mx.example.org", "192.0.2.1");
        check("unknown[2001:db8::1]", "-", "2001:db8::1");
        check("[192.0.2.1]:4711", "-", "192.0.2.1");
        check("mx.example.org[private/lmtp]", "mx.example.org", "-");
        check("none", "-", "-");
        check("mx[", "mx", "-");
    }

    #[test]
    fn splits() {
        assert_eq!(split_before_blank("a:b: c: d", b':'), Some(("a:b", "c: d")));
        assert_eq!(split_before_blank("a:b:", b':'), None);
        assert_eq!(split_before_blank("é, x", b','), Some(("é", "x")));
    }

    #[test]
    fn addresses() {
        assert_eq!(angle("<a@example.org>, x"), Some(("a@example.org", ", x")));
        assert_eq!(angle("<>"), Some(("", "")));
        assert_eq!(angle("<\"a>, b\"@example.org> x"), Some(("\"a>, b\"@example.org", " x")));
        assert_eq!(angle("<\"a@example.org>, x"), Some(("\"a@example.org", ", x")));
        assert_eq!(angle("<a, b (c)@example.org>, x"), Some(("a, b (c)@example.org", ", x")));
        assert_eq!(angle("<a"), None);
    }
}
