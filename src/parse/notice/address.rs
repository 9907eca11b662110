//! Mailboxes in running text, and the lines by which notices name a recipient.
//!
//! `<a@example.org>: host mx said: 550 no`, `  a@example.org`, `* a@example.org`, `"a b"@example.org:`.

/// The longest mailbox taken: RFC 5321 allows 254 octets, some systems write X.400 addresses into local parts.
const MAX_LEN: usize = 320;

/// The most mailboxes taken from one text.
const MAX_FOUND: usize = 200;

/// All mailboxes in `text`, in order, each once.
pub(super) fn addresses(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let mut from = 0;
    while found.len() < MAX_FOUND
        && let Some(at) = text[from..].find('@').map(|n| from + n)
    {
        let start = local_start(text, at, from);
        let end = at + 1 + domain_len(&text[at + 1..]);
        if start < at && end > at + 1 && end - start <= MAX_LEN {
            let mailbox = &text[start..end];
            if !found.iter().any(|f| f.eq_ignore_ascii_case(mailbox)) {
                found.push(mailbox);
            }
        }
        from = end.max(at + 1);
    }
    found
}

/// Where the local part before the `@` at `at` starts; not before `floor`.
fn local_start(text: &str, at: usize, floor: usize) -> usize {
    let before = &text[floor..at];
    let window = before.len().saturating_sub(MAX_LEN);
    let window = (window..=before.len()).find(|i| before.is_char_boundary(*i)).unwrap_or(before.len());
    let near = &before[window..];
    if let Some(inner) = near.strip_suffix('"')
        && let Some(open) = inner.rfind('"')
        && open + 1 < inner.len()
    {
        return floor + window + open;
    }
    let tail = near.trim_end_matches(is_local_char);
    // A dot or an apostrophe in front belongs to the sentence or to the quotation marks.
    let local = near[tail.len()..].trim_start_matches(['.', '\'', '=', '*', '|', '`']);
    at - local.len()
}

fn is_local_char(c: char) -> bool {
    c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c)
}

/// The length of the domain or address literal at the start of `text`; 0 if there is none.
fn domain_len(text: &str) -> usize {
    if text.starts_with('[') {
        return text.find(']').filter(|n| *n < 64).map_or(0, |n| n + 1);
    }
    let len =
        text.find(|c: char| !(c.is_alphanumeric() || c == '.' || c == '-' || c == '_')).unwrap_or(text.len());
    text[..len].trim_end_matches(['.', '-']).len()
}

/// A line that starts with a recipient.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AddressLine<'a> {
    /// Without angle brackets.
    pub mailbox: &'a str,
    /// What follows on the line: a reason, or nothing.
    pub rest: &'a str,
    /// `(expanded from <b@example.org>)`: as first given.
    pub expanded_from: Option<&'a str>,
}

/// Reads a line that starts with a recipient. Prose that merely mentions an address is none.
pub(super) fn address_line(line: &str) -> Option<AddressLine<'_>> {
    let text = line.trim();
    let text = text.trim_start_matches(['*', '-', '•', '·', '+', '>']).trim_start();
    let (mailbox, rest) = match text.strip_prefix('<') {
        Some(inner) => {
            let (mailbox, rest) = inner.split_once('>')?;
            (mailbox.trim(), rest)
        }
        None => leading_mailbox(text)?,
    };
    let named = addresses(mailbox).first().is_some_and(|a| a.len() == mailbox.len());
    // `<postmaster>: unknown user` without a domain, only in brackets and before a colon.
    let local = text.starts_with('<')
        && rest.starts_with(':')
        && !mailbox.is_empty()
        && mailbox.len() < 65
        && mailbox.chars().all(is_local_char);
    // Odd but bracketed: `<a b@example.org>`, `<x=y/z@example.org>`.
    let odd = text.starts_with('<')
        && mailbox.contains('@')
        && mailbox.len() <= MAX_LEN
        && !mailbox.contains("://");
    if !(named || local || odd) {
        return None;
    }
    let mailbox = mailbox.strip_prefix("mailto:").unwrap_or(mailbox);
    let rest = rest.trim_start();
    let (expanded_from, rest) = expansion(rest);
    let rest = rest.trim_start_matches([':', ';', ',', '.', '"']).trim();
    Some(AddressLine { mailbox, rest, expanded_from })
}

/// A mailbox without brackets at the very start of `text`, perhaps in quotation marks.
fn leading_mailbox(text: &str) -> Option<(&str, &str)> {
    let first = *addresses(text).first()?;
    let at = text.find(first)?;
    let rest = &text[at + first.len()..];
    match &text[..at] {
        "" => Some((first, rest)),
        "\"" | "'" => Some((first, rest.trim_start_matches(['"', '\'']))),
        "mailto:" | "rfc822;" | "rfc822; " | "SMTP:" | "smtp:" => Some((first, rest)),
        _ => None,
    }
}

/// `(expanded from <b@example.org>): …`, `(generated from b@example.org)` in front of the reason.
fn expansion(rest: &str) -> (Option<&str>, &str) {
    let lower = rest.get(..32.min(rest.len())).unwrap_or("").to_ascii_lowercase();
    if !["(expanded from", "(generated from", "(ultimately generated from", "(originally", "(actual address"]
        .iter()
        .any(|p| lower.starts_with(p))
    {
        return (None, rest);
    }
    let Some((inside, after)) = rest.split_once(')') else { return (None, rest) };
    (addresses(inside).first().copied(), after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_in_text() {
        #[track_caller]
        fn check(text: &str, expect: &[&str]) {
            assert_eq!(addresses(text), expect, "{text}");
        }
        check("to <a@example.org>, b+x@example.net.", &["a@example.org", "b+x@example.net"]);
        check("\"a b\"@example.org: no", &["\"a b\"@example.org"]);
        check("'a@example.org' and a@EXAMPLE.org", &["a@example.org"]);
        check("a@[192.0.2.1] x@ @y", &["a@[192.0.2.1]"]);
        check("jörg@bücher.example", &["jörg@bücher.example"]);
        check("no address", &[]);
    }

    #[test]
    fn address_lines() {
        #[track_caller]
        fn check(line: &str, expect: &str) {
            let got = address_line(line)
                .map(|l| format!("{}|{}|{}", l.mailbox, l.rest, l.expanded_from.unwrap_or("-")));
            assert_eq!(got.as_deref().unwrap_or("-"), expect, "{line}");
        }
        check("<a@example.org>: host mx said: 550 no", "a@example.org|host mx said: 550 no|-");
        check("  a@example.org", "a@example.org||-");
        check("   * a@example.org", "a@example.org||-");
        check("\"a@example.org\":", "a@example.org||-");
        check("a@example.org: 550 no", "a@example.org|550 no|-");
        check("a@example.org [User unknown]", "a@example.org|[User unknown]|-");
        check("<a@example.org>... User unknown", "a@example.org|User unknown|-");
        check("<a@example.org> (expanded from <b@example.org>): no", "a@example.org|no|b@example.org");
        check("  (generated from b@example.org)", "-");
        check("<root>: unknown user", "root|unknown user|-");
        check("write to a@example.org", "-");
        check("<https://example.org/a@b>", "-");
    }
}
