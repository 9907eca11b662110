//! The fields of an Exim line: `R=dnslookup T=remote_smtp H=mx (helo) [192.0.2.1]:25 X=TLS1.3:… C="250 OK"`.
//!
//! One or a few letters, `=`, a value; a host's value has blanks. `: ` after a field starts the words.

use super::super::text::{angle, ip};
use std::net::IpAddr;

/// What matters of them.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Fields<'a> {
    /// `H=`: the verified name.
    pub host: Option<&'a str>,
    /// `H=`: the address.
    pub ip: Option<IpAddr>,
    /// `F=<…>`, else `P=<…>`.
    pub reverse_path: Option<&'a str>,
    /// `T=` on deliveries.
    pub transport: Option<&'a str>,
    /// `C="…"`: the reply that confirmed a delivery.
    pub confirmation: Option<&'a str>,
    /// `id=`: the Message-ID.
    pub message_id: Option<&'a str>,
    /// There was a `defer (-44)`.
    pub deferred: bool,
}

/// Reads all fields; what follows them is returned, words without their `: `.
pub(super) fn read(text: &str) -> (Fields<'_>, &str) {
    let mut fields = Fields::default();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(' ');
        if let Some(words) = rest.strip_prefix(':') {
            return (fields, words.trim_start_matches(' '));
        }
        if let Some(after) = rest.strip_prefix("defer (") {
            let Some((_, after)) = after.split_once(')') else { return (fields, rest) };
            fields.deferred = true;
            rest = after;
            continue;
        }
        // Flags without a value: `K` (chunking), `L` (pipelined), `PRDR`.
        let word_end = rest.bytes().position(|byte| matches!(byte, b' ' | b'=' | b':')).unwrap_or(rest.len());
        let key = &rest[..word_end];
        if !is_key(key.as_bytes()) {
            return (fields, rest);
        }
        let Some(value) = rest[word_end..].strip_prefix('=') else {
            rest = &rest[word_end..];
            if rest.is_empty() {
                return (fields, rest);
            }
            continue;
        };
        let (value, after) = match key {
            "H" => host(value, &mut fields),
            _ => self::value(value),
        };
        match key {
            "F" => fields.reverse_path = Some(value),
            "P" if fields.reverse_path.is_none() && rest[2..].starts_with('<') => {
                fields.reverse_path = Some(value);
            }
            "T" => fields.transport = Some(value),
            "C" => fields.confirmation = Some(value),
            "id" => fields.message_id = Some(value),
            _ => {}
        }
        rest = after;
    }
}

/// The keys of the specification's "Summary of fields in log lines".
pub(super) fn is_key(key: &[u8]) -> bool {
    matches!(
        key,
        b"A" | b"C"
            | b"CV"
            | b"DKIM"
            | b"DN"
            | b"DS"
            | b"DT"
            | b"F"
            | b"H"
            | b"I"
            | b"K"
            | b"L"
            | b"M8S"
            | b"P"
            | b"PRDR"
            | b"PRX"
            | b"PS"
            | b"Q"
            | b"QT"
            | b"R"
            | b"RT"
            | b"S"
            | b"SNI"
            | b"ST"
            | b"T"
            | b"TFO"
            | b"U"
            | b"X"
            | b"id"
            | b"Ci"
            | b"rcpts"
            | b"D"
            | b"no"
            | b"SRS"
    )
}

/// `<address>`, `"quoted"` or a word.
fn value(text: &str) -> (&str, &str) {
    if let Some(found) = angle(text) {
        return found;
    }
    if let Some(inside) = text.strip_prefix('"') {
        let end = closing_quote(inside);
        return (&inside[..end], inside.get(end + 1..).unwrap_or(""));
    }
    let end = memchr::memchr(b' ', text.as_bytes()).unwrap_or(text.len());
    // `T=remote_smtp: words`
    let word = &text[..end];
    let word = word.strip_suffix(':').unwrap_or(word);
    (word, &text[word.len()..])
}

/// Where the quoted text ends.
pub(super) fn closing_quote(inside: &str) -> usize {
    let mut escaped = false;
    for (at, c) in inside.bytes().enumerate() {
        match c {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    inside.len()
}

/// `mx.example.org (helo) [192.0.2.1]:25`, each part but one may be missing.
fn host<'a>(text: &'a str, fields: &mut Fields<'a>) -> (&'a str, &'a str) {
    let mut rest = text;
    if !rest.starts_with(['(', '[']) {
        let end = memchr::memchr2(b' ', b':', rest.as_bytes()).unwrap_or(rest.len());
        fields.host = (end > 0).then_some(&rest[..end]);
        rest = &rest[end..];
    }
    let helo = rest.strip_prefix(' ').unwrap_or(rest);
    if helo.starts_with('(') {
        // `([192.0.2.5])` and names with parentheses: the last one before the address.
        let end = helo.find(") ").or_else(|| helo.find(')')).map_or(helo.len(), |at| at + 1);
        rest = &helo[end..];
    }
    let address = rest.strip_prefix(' ').unwrap_or(rest);
    if let Some(inside) = address.strip_prefix('[')
        && let Some((inside, after)) = inside.split_once(']')
    {
        fields.ip = ip(inside);
        rest = after;
        // A port, unless a blank follows the colon: then the words start.
        if let Some(port) = after.strip_prefix(':') {
            rest = match port.bytes().take_while(u8::is_ascii_digit).count() {
                0 => after,
                digits => &port[digits..],
            };
        }
    }
    (text, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let (f, rest) = read(text);
        let ip = f.ip.map_or("-".into(), |ip| ip.to_string());
        let got = format!(
            "{} {ip} {} {} |{rest}",
            f.host.unwrap_or("-"),
            f.reverse_path.unwrap_or("-"),
            f.transport.unwrap_or("-"),
        );
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn fields() {
        check("R=a T=smtp H=mx [192.0.2.1]: no", "mx 192.0.2.1 - smtp |no");
        check("R=a T=smtp H=mx [192.0.2.1]:25 X=TLS1.3:ABC:256 CV=no: no: x", "mx 192.0.2.1 - smtp |no: x");
        check("R=a T=smtp: no", "- - - smtp |no");
        check(": no", "- - - - |no");
        check(
            "H=(x) [2001:db8::1]:550 F=<a@example.org> rejected",
            "- 2001:db8::1 a@example.org - |rejected",
        );
        check("H=([192.0.2.5]) [192.0.2.1] rejected", "- 192.0.2.1 - - |rejected");
        check("H=mx (x) [192.0.2.1] A=plain:bob F=<> rejected", "mx 192.0.2.1  - |rejected");
        check("T=smtp defer (-44) H=mx [192.0.2.1]: no", "mx 192.0.2.1 - smtp |no");
        check(
            "T=smtp H=mx [192.0.2.1] defer (111): Connection refused",
            "mx 192.0.2.1 - smtp |Connection refused",
        );
        check(
            "F=<\"a b\"@example.org> P=<x> DN=\"C=DE, O=\\\"x\\\"\" L K: no",
            "- - \"a b\"@example.org - |no",
        );
        check("H=mx", "mx - - - |");
        check("H=", "- - - - |");
    }
}
