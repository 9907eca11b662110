//! Personal data taken out of what is handed on.
//!
//! Who helps needs hosts, addresses of machines and domains, but not who wrote to whom: the part before the `@`
//! goes. `ana@example.org` becomes `recipient-1@example.org` wherever it stands, and the same address has the same
//! number throughout one note.

use super::escape::is_hidden;
use crate::model::Rejection;
use crate::smtp::ReversePath;
use std::collections::HashMap;

/// From how many letters on a bare local part is taken out of a reply wherever it stands: shorter ones are words of
/// their own, and go only where a mailbox is named.
const MIN_LOCAL_PART: usize = 4;

/// Takes local parts out; remembers which address got which number.
#[derive(Default)]
pub struct Redactor {
    /// Off: everything passes unchanged.
    on: bool,
    /// Address in lower case without `+detail`, to what stands for its local part.
    names: HashMap<String, String>,
    n_recipients: usize,
    n_senders: usize,
    n_others: usize,
    /// Local parts by themselves, longest first.
    local_parts: Vec<(String, String)>,
}

#[derive(Clone, Copy)]
enum Kind {
    Recipient,
    Sender,
    Other,
}

impl Redactor {
    /// One that takes local parts out.
    pub fn new() -> Self {
        Self { on: true, ..Self::default() }
    }

    /// One that changes nothing.
    pub fn off() -> Self {
        Self::default()
    }

    /// Whether it takes anything out.
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// Makes the addresses of a refusal known, so that they are found in its texts in any form.
    pub fn learn(&mut self, rejection: &Rejection) {
        if !self.on {
            return;
        }
        let evidence = &rejection.evidence;
        for recipient in [&evidence.final_recipient, &evidence.original_recipient].into_iter().flatten() {
            self.name(recipient, Kind::Recipient);
        }
        if let Some(ReversePath::Mailbox(mailbox)) = &evidence.reverse_path {
            self.name(mailbox, Kind::Sender);
        }
        if let Some(from) = &evidence.original.from {
            // A header holds a display name too; only what looks like an address is learnt.
            for (start, end) in addresses(from) {
                self.name(&from[start..end], Kind::Sender);
            }
        }
    }

    /// The text with its addresses redacted.
    pub fn text(&mut self, text: &str) -> String {
        if !self.on {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for (start, end) in addresses(text) {
            out.push_str(&self.bare(&text[at..start]));
            out.push_str(&self.name(&text[start..end], Kind::Other));
            at = end;
        }
        out.push_str(&self.bare(&text[at..]));
        out
    }

    /// A Message-ID. Its left part is an id as a rule and stays; it goes if it holds an address or a local part
    /// that is known.
    pub fn message_id(&mut self, id: &str) -> String {
        if !self.on {
            return id.to_owned();
        }
        let Some((left, domain)) = id.rsplit_once('@') else { return self.bare(id) };
        let known = self.names.contains_key(&key(id));
        match known || left.contains('@') || left.contains("%40") {
            true => self.name(id, Kind::Other),
            false => format!("{}@{domain}", self.bare(left)),
        }
    }

    /// Known local parts that stand alone.
    fn bare(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        'text: while let Some(c) = rest.chars().next() {
            let before = text[..text.len() - rest.len()].chars().next_back();
            if before.is_none_or(|b| !is_word(b)) {
                for (local, name) in &self.local_parts {
                    let Some(head) = rest.get(..local.len()) else { continue };
                    let after = rest[local.len()..].chars().next();
                    let ends = after.is_none_or(|c| !is_word(c));
                    let certain =
                        local.chars().count() >= MIN_LOCAL_PART || is_named(text, rest, before, after);
                    if ends && certain && head.eq_ignore_ascii_case(local) {
                        out.push_str(name);
                        rest = &rest[local.len()..];
                        continue 'text;
                    }
                }
            }
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
        out
    }

    /// What stands for an address: its domain stays as written.
    fn name(&mut self, address: &str, kind: Kind) -> String {
        let (local, domain) = split(address);
        let key = key(address);
        if let Some(name) = self.names.get(&key) {
            return join(name, domain);
        }
        let name = match kind {
            Kind::Recipient => {
                self.n_recipients += 1;
                format!("recipient-{}", self.n_recipients)
            }
            Kind::Sender => {
                self.n_senders += 1;
                format!("sender-{}", self.n_senders)
            }
            Kind::Other => {
                self.n_others += 1;
                format!("address-{}", self.n_others)
            }
        };
        self.names.insert(key, name.clone());
        if !matches!(kind, Kind::Other) {
            let plain = local.trim_matches('"');
            let undetailed = plain.split_once('+').map_or(plain, |(head, _)| head);
            for part in [plain, undetailed] {
                let known = self.local_parts.iter().any(|(known, _)| known.eq_ignore_ascii_case(part));
                if !part.is_empty() && !known && !is_role(part) {
                    self.local_parts.push((part.to_owned(), name.clone()));
                }
            }
            self.local_parts.sort_by_key(|(part, _)| std::cmp::Reverse(part.len()));
        }
        join(&name, domain)
    }
}

/// Whether a mailbox is named where `rest` of `text` begins: in quotation marks or brackets, or after `user` and the
/// like.
fn is_named(text: &str, rest: &str, before: Option<char>, after: Option<char>) -> bool {
    let pairs = [('<', '>'), ('\'', '\''), ('"', '"'), ('(', ')'), ('[', ']')];
    let quoted = pairs.iter().any(|(open, close)| before == Some(*open) && after == Some(*close));
    let words = text[..text.len() - rest.len()].trim_end_matches([' ', ':', '<', '\'', '"', '=']);
    let word = words.rsplit(|c: char| !is_word(c)).next().unwrap_or("");
    let names = ["user", "mailbox", "account", "recipient", "alias", "address", "inbox", "login"];
    quoted || names.iter().any(|name| name.eq_ignore_ascii_case(word))
}

/// Spans of what looks like an address: `a@b`, `"a b"@c`, `a%b@c`, `a%40b`, `a=b@c`.
fn addresses(text: &str) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    let mut from = 0;
    while let Some((at, sign)) = next_at(text, from) {
        let floor = out.last().map_or(0, |(_, end)| *end);
        let start = local_start(text, floor, at);
        let after = at + sign;
        let len = text[after..].find(|c: char| !(c.is_alphanumeric() || "-.[]:".contains(c)));
        let domain = &text[after..len.map_or(text.len(), |len| after + len)];
        let literal = domain.starts_with('[');
        let domain = match literal {
            true => domain.find(']').map_or(domain, |close| &domain[..=close]),
            false => domain.split(['[', ']', ':']).next().unwrap_or("").trim_end_matches(['.', '-']),
        };
        let end = after + domain.len();
        if start < at && !domain.is_empty() {
            // `a%b@c` and `"a@b"@c`: one address, not two.
            match out.last_mut() {
                Some(last) if last.1 == at || start < last.1 => last.1 = end,
                _ => out.push((start, end)),
            }
        }
        from = end.max(after);
    }
    out
}

/// Place and length of the next `@` or `%40`.
fn next_at(text: &str, from: usize) -> Option<(usize, usize)> {
    let rest = &text[from..];
    let plain = rest.find('@').map(|at| (from + at, 1));
    let coded = rest.find("%40").map(|at| (from + at, 3));
    match (plain, coded) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Where the local part that ends at `at` begins.
fn local_start(text: &str, floor: usize, at: usize) -> usize {
    let before = &text[floor..at];
    if let Some(inner) = before.strip_suffix('"') {
        return inner.rfind('"').map_or(at, |open| floor + open);
    }
    // In an address within an address of a list (`bounce-ana=example.org@…`) the equals sign is part of it, in a
    // page's address (`?to=ana%40example.org`) it is not.
    let coded = text[at..].starts_with('%');
    let in_local = |c: char| {
        c.is_alphanumeric() || "!$%'*+-/^_`{|}~.".contains(c) || (c == '=' && !coded)
        // Something unseen within an address does not end it.
        || (!c.is_ascii() && is_hidden(c))
    };
    let mut start = before
        .rfind(|c| !in_local(c))
        .map_or(0, |i| i + before[i..].chars().next().map_or(1, char::len_utf8));
    if before[start..].contains("//") {
        start = before.rfind('/').map_or(start, |slash| slash + 1);
    }
    // A quotation mark before a whole address is none of its letters.
    floor + before.len() - before[start..].trim_start_matches(['\'', '.', '`']).len()
}

fn split(address: &str) -> (&str, Option<&str>) {
    if let Some((local, domain)) = address.rsplit_once('@') {
        return (local, Some(domain));
    }
    match address.rfind("%40") {
        Some(at) => (&address[..at], Some(&address[at + 3..])),
        None => (address, None),
    }
}

fn join(name: &str, domain: Option<&str>) -> String {
    domain.map_or(name.to_owned(), |domain| format!("{name}@{domain}"))
}

/// Addresses that reach the same mailbox have one key: case, quotation marks and `+detail` do not count, nor
/// whether the `@` is written `%40`.
fn key(address: &str) -> String {
    let (local, domain) = split(address);
    let local = local.trim_matches('"');
    let local = local.split_once('+').map_or(local, |(head, _)| if head.is_empty() { local } else { head });
    format!("{}@{}", local.to_lowercase(), domain.unwrap_or("").trim_end_matches('.').to_lowercase())
}

/// Names of offices, which are no personal data and stand in many replies as words.
fn is_role(local: &str) -> bool {
    let roles =
        ["postmaster", "abuse", "mailer-daemon", "root", "hostmaster", "webmaster", "noreply", "no-reply"];
    let words =
        ["user", "mail", "mailbox", "recipient", "sender", "address", "news", "info", "unknown", "host"];
    roles.iter().chain(&words).any(|role| local.eq_ignore_ascii_case(role))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::fixture::{at, evidence, rejection, verdict};
    use std::sync::Arc;

    fn redactor() -> Redactor {
        let mut evidence =
            evidence(Some(at(9, 0)), "news.team@acme.example", "Annabel+shop@example.org", "550 no");
        evidence.original_recipient = Some("bo@alias.example".into());
        let mut redactor = Redactor::new();
        redactor.learn(&rejection(evidence, &Arc::new(verdict()), "aa"));
        redactor
    }

    #[test]
    fn addresses_in_texts() {
        for (text, expect) in [
            ("550 <annabel+shop@example.org>: unknown", "550 <recipient-1@example.org>: unknown"),
            ("550 <ANNABEL@EXAMPLE.ORG> unknown", "550 <recipient-1@EXAMPLE.ORG> unknown"),
            ("550 bo@alias.example is off", "550 recipient-2@alias.example is off"),
            ("550 user annabel unknown", "550 user recipient-1 unknown"),
            ("550 User Annabel. Bye", "550 User recipient-1. Bye"),
            ("550 annabella is another", "550 annabella is another"),
            ("550 bo unknown", "550 bo unknown"),
            ("550 user bo unknown", "550 user recipient-2 unknown"),
            ("550 <bo>: 'BO' unknown", "550 <recipient-2>: 'recipient-2' unknown"),
            ("550 from news.team@acme.example.", "550 from sender-1@acme.example."),
            (
                "550 carl@example.net and dee@example.net",
                "550 address-1@example.net and address-2@example.net",
            ),
            ("550 carl@example.net, CARL@example.net", "550 address-1@example.net, address-1@example.net"),
            ("550 \"carl x\"@example.net no", "550 address-1@example.net no"),
            ("550 carl%example.net@relay.example no", "550 address-1@relay.example no"),
            (
                "https://example.net/?a=annabel%40example.org",
                "https://example.net/?a=recipient-1@example.org",
            ),
            ("550 carl@[192.0.2.1]: no", "550 address-1@[192.0.2.1]: no"),
            ("550 @ alone and a@ and @b", "550 @ alone and a@ and @b"),
            ("550 mx.example.org[192.0.2.1]:25 says", "550 mx.example.org[192.0.2.1]:25 says"),
            ("550 ca\u{200b}rl@example.net no", "550 address-1@example.net no"),
            ("550 jürgen@exämple.org no", "550 address-1@exämple.org no"),
        ] {
            assert_eq!(redactor().text(text), expect, "{text}");
        }
        assert_eq!(Redactor::off().text("a@b"), "a@b");
    }

    #[test]
    fn message_ids_stay_unless_they_are_addresses() {
        for (id, expect) in [
            ("20261117.1@acme.example", "20261117.1@acme.example"),
            ("annabel@example.org", "recipient-1@example.org"),
            ("17.annabel.3@acme.example", "17.recipient-1.3@acme.example"),
            ("x.carl@example.net@acme.example", "address-1@acme.example"),
            ("bare", "bare"),
        ] {
            assert_eq!(redactor().message_id(id), expect, "{id}");
        }
    }
}
