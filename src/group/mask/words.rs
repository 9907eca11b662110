//! Words that tell what stands beside them: names after `domain`, units after a number, ordinary words that are no
//! mailbox.

use crate::group::shape::{is_month, is_weekday};

/// Domains that stay where they stand in prose: who runs lists and big services is part of what is said.
pub(super) const WELL_KNOWN: [&str; 48] = [
    "spamhaus.org",
    "spamhaus.net",
    "spamcop.net",
    "barracudacentral.org",
    "sorbs.net",
    "surbl.org",
    "uribl.com",
    "uceprotect.net",
    "spamrats.com",
    "abuseat.org",
    "mailspike.net",
    "mailspike.org",
    "invaluement.com",
    "senderscore.com",
    "senderscore.net",
    "senderbase.org",
    "talosintelligence.com",
    "cloudmark.com",
    "proofpoint.com",
    "mimecast.com",
    "mimecast.org",
    "google.com",
    "gmail.com",
    "googlemail.com",
    "microsoft.com",
    "outlook.com",
    "office.com",
    "office365.com",
    "hotmail.com",
    "live.com",
    "yahoo.com",
    "yahooinc.com",
    "aol.com",
    "apple.com",
    "icloud.com",
    "t-online.de",
    "gmx.net",
    "gmx.com",
    "web.de",
    "mail.com",
    "orange.fr",
    "free.fr",
    "mail.ru",
    "yandex.ru",
    "yandex.com",
    "qq.com",
    "163.com",
    "spamrl.com",
];

/// A name after one of these is somebody's, not a list's.
pub(super) const BEFORE_NAME: [&str; 9] =
    ["from", "domain", "domains", "host", "for", "of", "to", "name", "sender"];

/// A name after one of these is a machine's.
pub(super) const BEFORE_HOST: [&str; 6] = ["hostname", "helo", "ehlo", "client", "server", "via"];

/// A name before one of these is what the sentence is about.
pub(super) const AFTER_NAME: [&str; 8] = ["is", "has", "does", "did", "was", "cannot", "not", "isn't"];

/// A number before one of these is a measure.
pub(super) const UNITS: [&str; 24] = [
    "bytes",
    "byte",
    "octets",
    "b",
    "k",
    "m",
    "kb",
    "mb",
    "gb",
    "kib",
    "mib",
    "gib",
    "messages",
    "recipients",
    "connections",
    "times",
    "hops",
    "attempts",
    "emails",
    "mails",
    "characters",
    "points",
    "percent",
    "%",
];

/// A number and one of these is a length of time.
pub(super) const TIME_UNITS: [&str; 15] = [
    "seconds", "second", "secs", "sec", "s", "minutes", "minute", "mins", "min", "hours", "hour", "hrs", "h",
    "days", "day",
];

/// A number after one of these says which, not how many.
pub(super) const BEFORE_WHICH: [&str; 12] =
    ["rfc", "section", "error", "err", "code", "rule", "status", "reason", "type", "policy", "level", "bl"];

/// A bare local part is the recipient's after one of these.
pub(super) const BEFORE_MAILBOX: [&str; 8] =
    ["user", "mailbox", "account", "recipient", "address", "alias", "for", "to"];

/// Local parts that are words of every reply.
pub(super) const ORDINARY: [&str; 16] = [
    "user",
    "mailbox",
    "account",
    "recipient",
    "address",
    "unknown",
    "mail",
    "email",
    "message",
    "sender",
    "host",
    "server",
    "domain",
    "relay",
    "spam",
    "policy",
];

pub(super) fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|w| w.eq_ignore_ascii_case(word))
}

/// `name` is one of these domains or below one.
pub(super) fn is_under(name: &str, domains: &[&str]) -> bool {
    domains.iter().any(|domain| {
        name.len().checked_sub(domain.len()).is_some_and(|cut| {
            name.is_char_boundary(cut)
                && name[cut..].eq_ignore_ascii_case(domain)
                && (cut == 0 || name.as_bytes()[cut - 1] == b'.')
        })
    })
}

pub(super) fn last_two_labels(host: &str) -> Option<&str> {
    let (at, _) = host.trim_end_matches('.').rmatch_indices('.').nth(1)?;
    Some(host[at + 1..].trim_end_matches('.'))
}

/// Whether what a word before `word` is may depend on how `word` begins: a number before `s`, a date before `12`, a
/// time before `UTC`, a name before `is`. So may whether a reply begins here, with `550` or `5.1.1`.
pub(in crate::group) fn decides_for_what_is_before(word: &str) -> bool {
    let len = word.bytes().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(word.len());
    let run = &word[..len];
    let n_digits = run.bytes().filter(u8::is_ascii_digit).count();
    if n_digits == len {
        return len <= 4;
    }
    let is_zone = ["UTC", "GMT"].iter().any(|zone| word.starts_with(zone));
    let is_word = || {
        is_one_of(run, &UNITS)
            || is_one_of(run, &TIME_UNITS)
            || is_one_of(run, &AFTER_NAME)
            || is_month(run)
            || is_weekday(run)
    };
    is_zone || (n_digits == 0 && is_word())
}
