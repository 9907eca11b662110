//! What clients say about the connection before the greeting: the server's name and address.
//!
//! `=== Trying mx.example.org:25...`, `* Connected to mx.example.org (192.0.2.1) port 25`,
//! `connect: to ('mx.example.org', 25)`, `... while talking to mx.example.org.:`,
//! `Connecting to mx.example.org [192.0.2.1]:25`.

use std::net::IpAddr;

/// Words after which the server is named.
const WORDS: [&str; 9] = [
    "trying ",
    "connected to ",
    "connecting to ",
    "connection established to ",
    "connection to ",
    "connect: to (",
    "while talking to ",
    "opening connection to ",
    "errors from ",
];

/// The server that the line names.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Target {
    pub(super) host: Option<String>,
    pub(super) ip: Option<IpAddr>,
    /// A new connection begins (not: one has ended).
    pub(super) opens: bool,
}

/// Reads a line about the connection.
pub(super) fn read(line: &str) -> Option<Target> {
    if line.len() > 400 {
        return None;
    }
    let lower = line.to_ascii_lowercase();
    let (at, words) = WORDS.iter().find_map(|w| lower.find(w).map(|at| (at, *w)))?;
    let mut target = Target { opens: words != "connection to ", ..Target::default() };
    let rest = &line[at + words.len()..];
    for token in rest.split(|c: char| c.is_whitespace() || "()[]'\",;/#".contains(c)).take(8) {
        let token = token.trim_end_matches(['.', ':']);
        let bare = match token.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => token,
        };
        if let Ok(ip) = bare.parse::<IpAddr>() {
            target.ip = target.ip.or(Some(ip));
        } else if target.host.is_none() && target.ip.is_none() && is_host(bare) {
            target.host = Some(bare.to_owned());
        }
    }
    (target.host.is_some() || target.ip.is_some()).then_some(target)
}

/// A host name with a domain.
pub(super) fn is_host(text: &str) -> bool {
    let text = text.trim_end_matches('.');
    let top = text.rsplit('.').next().unwrap_or("");
    text.contains('.')
        && text.len() <= 253
        && top.len() >= 2
        && top.bytes().all(|b| b.is_ascii_alphabetic())
        && text.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

/// The name in an EHLO, where it can be the name of a host: libraries put anything there.
pub(super) fn client_host(argument: &str) -> Option<&str> {
    let name = argument.trim_end_matches('.');
    let local = name.to_ascii_lowercase();
    let made_up = ["localhost", "localdomain", ".local", ".txt", ".eml"].iter().any(|w| local.ends_with(w))
        || local.starts_with("localhost");
    (is_host(name) && !made_up).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expect: &str) {
        let got = read(line).map_or("-".into(), |t| {
            format!("{} {}", t.host.unwrap_or("-".into()), t.ip.map_or("-".into(), |ip| ip.to_string()))
        });
        assert_eq!(got, expect, "{line}");
    }

    #[test]
    fn connections() {
        check("=== Trying mx.example.org:25...", "mx.example.org -");
        check("*   Trying 192.0.2.1:25...", "- 192.0.2.1");
        check("*   Trying [2001:db8::1]:25...", "- 2001:db8::1");
        check("* Connected to mx.example.org (192.0.2.1) port 25 (#0)", "mx.example.org 192.0.2.1");
        check("connect: to ('mx.example.org', 25) None", "mx.example.org -");
        check("... while talking to mx.example.org.:", "mx.example.org -");
        check("Connecting to mx.example.org [192.0.2.1]:25 ... connected", "mx.example.org 192.0.2.1");
        check("Connected to smtp://mx.example.org:25/?starttls=always", "mx.example.org -");
        check("I was trying to send mail", "-");
    }

    #[test]
    fn client_names() {
        assert_eq!(client_host("mail.example.org"), Some("mail.example.org"));
        assert_eq!(client_host("localhost.localdomain"), None);
        assert_eq!(client_host("_m.txt"), None);
        assert_eq!(client_host("[192.0.2.1]"), None);
        assert_eq!(client_host("vm"), None);
    }
}
