//! Syslog lines as files and terminals have them.
//!
//! `Nov 17 14:51:07 mx postfix/smtp[7]: …` (RFC 3164, also journalctl's default), `Mär 17 14:51:07 mx …`,
//! `2026-11-17T14:51:07.123456+01:00 mx postfix/smtp[7]: …` (rsyslog, `journalctl -o short-iso`),
//! `Tue 2026-11-17 14:51:07 CET mx …` (short-full), `[ 5678.123456] mx …` (short-monotonic),
//! `<22>1 2026-11-17T14:51:07Z mx postfix/smtp 7 - - …` (RFC 5424), each also behind `<PRI>` or docker-compose's
//! `mail-1  | `. Container tools put more in front: there, the program's name is what is looked for.

use super::Framed;
use super::repeat;
use super::stamp::{Stamp, bsd, epoch, iso, local, with_weekday, with_zone_name, year_first};
use crate::near;
use crate::parse::mta;

/// Takes the frame off `text`; `None` if it has none.
pub fn framed(text: &str) -> Option<Framed<'_>> {
    let found = at_start(text).or_else(|| at_start(without_compose_prefix(text)?));
    match found {
        Some(found) if mta::by_program(found.program).is_some() => Some(found),
        // A container's own syslog inside another: the inner one knows the program.
        Some(found) => {
            let inner = embedded(found.message)
                // Two programs hand the line on within a moment; whose host the outer one names is not known.
                .map(|inner| Framed { stamp: inner.stamp.within(found.stamp), ..inner });
            inner.or(Some(found))
        }
        None => embedded(text),
    }
}

/// Takes off a frame that begins with the text.
pub(super) fn at_start(text: &str) -> Option<Framed<'_>> {
    match text.as_bytes().first()? {
        b'1' if text.starts_with("1 ") => rfc5424(&text[2..]),
        b'0'..=b'9' => {
            if text.as_bytes().get(4) == Some(&b'-') {
                return dated(text);
            }
            // RFC 6587: the length of what follows.
            let digits = text.bytes().take_while(u8::is_ascii_digit).count();
            if let Some(rest) = text[digits..].strip_prefix(' ').filter(|rest| rest.starts_with('<')) {
                return at_start(rest);
            }
            let (stamp, rest) = year_first(text).or_else(|| epoch(text)).or_else(|| local(text))?;
            tail(stamp, rest)
        }
        b'<' => {
            let (pri, rest) = text[1..].split_once('>')?;
            let numeric = (1..=3).contains(&pri.len()) && pri.bytes().all(|b| b.is_ascii_digit());
            if numeric && !rest.starts_with('<') { at_start(rest) } else { None }
        }
        b'[' => {
            // Seconds since the machine started, and with `short-delta` since the line before.
            let (clock, rest) = text[1..].split_once(']')?;
            let monotonic = clock.contains('.') && clock.bytes().all(|b| b" .<>0123456789".contains(&b));
            if monotonic { tail(Stamp::None, rest) } else { None }
        }
        byte if byte.is_ascii_alphabetic() || *byte >= 0x80 => {
            let (stamp, rest) = bsd(text).or_else(|| with_weekday(text)).or_else(|| local(text))?;
            tail(stamp, rest)
        }
        _ => None,
    }
}

/// `2026-11-17T14:51:07Z mx …`
fn dated(text: &str) -> Option<Framed<'_>> {
    let (stamp, rest) = iso(text)?;
    let (stamp, rest) = with_zone(stamp, rest);
    let found = tail(stamp, rest)?;
    // Many programs start their own lines so (`2026-11-17 14:51:07 TLS error: x`); syslog writes a `T`.
    let own = text.as_bytes()[10] == b' ' && mta::by_program(found.program).is_none();
    (!own || repeat::is_repeat(found.message)).then_some(found)
}

/// ` mx postfix/smtp[7]: message`; the host may be missing.
fn tail(stamp: Stamp, rest: &str) -> Option<Framed<'_>> {
    let mut rest = rest.strip_prefix(' ')?.trim_start_matches(' ');
    if rest.starts_with('<') {
        // FreeBSD: `<mail.info>` between stamp and host.
        rest = rest.split_once("> ")?.1;
    }
    if repeat::is_repeat(rest) {
        return Some(Framed { stamp, host: None, program: repeat::PROGRAM, pid: None, message: rest });
    }
    let blank = memchr::memchr(b' ', rest.as_bytes())?;
    let (first, after) = (&rest[..blank], rest[blank..].trim_start_matches(' '));
    let (host, tagged) = if first.ends_with(':') { (None, rest) } else { (Some(first), after) };
    if let Some((program, pid, message)) = tag(tagged).or_else(|| tag(without_facility(tagged)?)) {
        return Some(Framed { stamp, host, program, pid, message });
    }
    repeat::is_repeat(tagged).then_some(Framed {
        stamp,
        host,
        program: repeat::PROGRAM,
        pid: None,
        message: tagged,
    })
}

/// What follows `mail.info `: busybox writes it before the program.
fn without_facility(text: &str) -> Option<&str> {
    let (word, rest) = text.split_once(' ')?;
    let (facility, severity) = word.split_once('.')?;
    let known =
        facility == "mail" || facility == "daemon" || facility == "user" || facility.starts_with("local");
    const SEVERITIES: [&str; 11] =
        ["emerg", "alert", "crit", "err", "error", "warn", "warning", "notice", "info", "debug", "panic"];
    (known && SEVERITIES.contains(&severity)).then_some(rest)
}

/// `postfix/smtp[7]: message`.
pub(super) fn tag(text: &str) -> Option<(&str, Option<u32>, &str)> {
    let b = text.as_bytes();
    let end = b.iter().position(|c| matches!(c, b' ' | b'[' | b':'))?;
    let program = &text[..end];
    // A time of day is no tag.
    if program.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (pid, after) = if b[end] == b'[' {
        let close = end + memchr::memchr(b']', &b[end..])?;
        (text[end + 1..close].parse().ok(), &text[close + 1..])
    } else {
        (None, &text[end..])
    };
    let message = after.strip_prefix(':')?;
    Some((program, pid, without_solaris_id(message.strip_prefix(' ').unwrap_or(message))))
}

/// Solaris puts `[ID 197553 mail.info] ` before the message.
fn without_solaris_id(message: &str) -> &str {
    if !message.starts_with("[ID ") {
        return message;
    }
    message.split_once("] ").map_or(message, |(_, rest)| rest)
}

/// What follows `<22>1 `: stamp, host, program, process, message id, structured data, message.
fn rfc5424(text: &str) -> Option<Framed<'_>> {
    let (stamp, rest) = match text.strip_prefix("- ") {
        Some(rest) => (Stamp::None, rest),
        None => {
            let (stamp, rest) = iso(text)?;
            (stamp, rest.strip_prefix(' ')?)
        }
    };
    let mut words = rest.splitn(5, ' ');
    let (host, program, pid, _id) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let message = structured_data(words.next()?)?.trim_start_matches('\u{feff}');
    Some(Framed {
        stamp,
        host: (host != "-").then_some(host),
        program,
        pid: pid.parse().ok(),
        // rsyslog keeps the blank that stood behind the tag.
        message: message.strip_prefix(' ').unwrap_or(message),
    })
}

/// What follows `-` or `[id name="value"]…`.
fn structured_data(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('-') {
        return Some(rest.strip_prefix(' ').unwrap_or(rest));
    }
    let (mut quoted, mut escaped, mut depth) = (false, false, 0);
    for (at, c) in text.bytes().enumerate() {
        match c {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' if !quoted => depth += 1,
            b']' if !quoted => depth -= 1,
            b' ' if depth == 0 => return Some(&text[at + 1..]),
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// What follows docker-compose's `mail-1  | `, with or without its colours.
fn without_compose_prefix(text: &str) -> Option<&str> {
    let head = text.get(..text.len().min(96)).or_else(|| text.get(..48))?;
    let bar = head.find('|')?;
    let name = head[..bar].trim_end();
    if name.is_empty() || name.contains(' ') {
        return None;
    }
    let rest = &text[bar + 1..];
    let rest = rest.strip_prefix("\u{1b}[0m").unwrap_or(rest);
    Some(rest.trim_start_matches(' '))
}

/// How far into a line a program's name is looked for.
const MAX_PREFIX: usize = 200;

/// A known program's `name[pid]: ` behind a prefix of unknown form. A stamp in the prefix is taken.
fn embedded(text: &str) -> Option<Framed<'_>> {
    let mut head = text.len().min(MAX_PREFIX);
    while !text.is_char_boundary(head) {
        head -= 1;
    }
    // Mails name programs, too; only a log has a colon behind the name.
    let is_tag = |word: &[u8]| word.ends_with(b":") && mta::may_name_program(word);
    let starts =
        std::iter::once(0).chain(memchr::memchr_iter(b' ', &text.as_bytes()[..head]).map(|at| at + 1));
    let mut words = starts.map(|at| {
        let rest = &text.as_bytes()[at..];
        &rest[..near::find(b' ', rest).unwrap_or(rest.len())]
    });
    if !words.any(is_tag) {
        return None;
    }
    let (mut stamp, mut host, mut stamp_ends) = (Stamp::None, None, 0);
    let mut at = 0;
    while at < head {
        let word_end = memchr::memchr(b' ', &text.as_bytes()[at..]).map_or(text.len(), |n| at + n);
        let word = &text[at..word_end];
        if at >= stamp_ends
            && let Some((found, rest)) = stamp_in(&text[at..], word.len())
        {
            let (found, rest) = with_zone(found, rest);
            stamp = found.within(stamp);
            stamp_ends = text.len() - rest.len();
            host = None;
        } else if word.ends_with(':')
            && let Some((program, pid, message)) = tag(&text[at..])
            && mta::by_program(program).is_some()
            // Prose may say `with postfix: no` as well.
            && (pid.is_some() || stamp != Stamp::None || (at == 0 && program.contains('/')))
        {
            return Some(Framed { stamp, host, program, pid, message });
        } else if at >= stamp_ends && !word.is_empty() {
            // Only a word right after the stamp can be the host; container names and the like are none.
            host = (stamp != Stamp::None && text[stamp_ends..at].trim().is_empty()).then_some(word);
        }
        at = word_end + 1;
    }
    None
}

/// A stamp that begins in the first word: at its start, or where grep's `mail.log.1:`, `1200:` or `mail.log-1200-`
/// ends.
fn stamp_in(text: &str, word_len: usize) -> Option<(Stamp, &str)> {
    let starts = text[..word_len].match_indices([':', '-', '|', '>', '[', '\t', '=']).map(|(at, _)| at + 1);
    std::iter::once(0).chain(starts).find_map(|at| {
        let text = &text[at..];
        bsd(text).or_else(|| iso(text)).or_else(|| local(text)).or_else(|| epoch(text))
    })
}

/// Takes in a zone's letters: ` CET mx …`.
fn with_zone(stamp: Stamp, rest: &str) -> (Stamp, &str) {
    let (named, after) = with_zone_name(stamp, rest);
    // The program follows a host, not a zone.
    let is_host = after.len() < rest.len() && tag(after.trim_start_matches(' ')).is_some();
    if is_host { (stamp, rest) } else { (named, after) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let got = framed(text).map_or("none".into(), |f| {
            let stamp = match f.stamp {
                Stamp::None => "-".into(),
                Stamp::Full(t) => t.format("%FT%TZ").to_string(),
                Stamp::Local(t) => t.format("%FT%T").to_string(),
                Stamp::NoYear { month, day, secs, .. } => format!("{month}-{day}T{secs}"),
            };
            let pid = f.pid.map_or("-".into(), |p| p.to_string());
            format!("{stamp} {} {} {pid} |{}", f.host.unwrap_or("-"), f.program, f.message)
        });
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn rfc_3164() {
        check("Nov 17 14:51:07 mx postfix/smtp[7]: x: y", "11-17T53467 mx postfix/smtp 7 |x: y");
        check("Nov 17 14:51:07.25 mx postfix/smtp[7]: x", "11-17T53467 mx postfix/smtp 7 |x");
        check("<22>Nov 17 14:51:07 mx exim: x", "11-17T53467 mx exim - |x");
        check("Nov 17 14:51:07 <mail.info> mx exim[3]: x", "11-17T53467 mx exim 3 |x");
        check("Nov 17 14:51:07 mx postfix/smtp[7]: [ID 1 mail.info] x", "11-17T53467 mx postfix/smtp 7 |x");
        check("Nov 17 14:51:07 postfix/smtp[7]: x", "11-17T53467 - postfix/smtp 7 |x");
        check("Nov 17 14:51:07 mx kernel: oops", "11-17T53467 mx kernel - |oops");
        check("Nov 17 14:51:07 mx hello", "none");
        check("Nov 17 14:51:07 mx mail.info postfix/smtp[7]: x", "11-17T53467 mx postfix/smtp 7 |x");
        check("Nov 17 14:51:07 mx www.example: x", "11-17T53467 mx www.example - |x");
        check("Mär 17 14:51:07 mx cron[7]: x", "3-17T53467 mx cron 7 |x");
        check("févr. 17 14:51:07 mx cron[7]: x", "2-17T53467 mx cron 7 |x");
        check("17 dic 14:51:07 mx cron[7]: x", "12-17T53467 mx cron 7 |x");
        check("Nov 17 2026 14:51:07 mx cron[7]: x", "2026-11-17T14:51:07 mx cron 7 |x");
        check("2026 Nov 17 14:51:07 mx cron[7]: x", "2026-11-17T14:51:07 mx cron 7 |x");
    }

    #[test]
    fn repeats() {
        for said in ["last message repeated 2 times", "--- last message repeated 1 time ---"] {
            check(&format!("Nov 17 14:51:07 mx {said}"), &format!("11-17T53467 mx syslogd - |{said}"));
            check(&format!("Nov 17 14:51:07 {said}"), &format!("11-17T53467 - syslogd - |{said}"));
            check(
                &format!("2026-11-17T14:51:07Z mx {said}"),
                &format!("2026-11-17T14:51:07Z mx syslogd - |{said}"),
            );
            check(
                &format!("Nov 17 14:51:07 mx syslogd[3]: {said}"),
                &format!("11-17T53467 mx syslogd 3 |{said}"),
            );
        }
        check(
            "Nov 17 14:51:07 mx postfix/smtpd[7]: message repeated 2 times: [ x]",
            "11-17T53467 mx postfix/smtpd 7 |message repeated 2 times: [ x]",
        );
    }

    #[test]
    fn rfc_3339_and_5424() {
        check(
            "2026-11-17T14:51:07.1+01:00 mx postfix/smtp[7]: x",
            "2026-11-17T13:51:07Z mx postfix/smtp 7 |x",
        );
        check("2026-11-17T14:51:07+0100 mx postfix/smtp[7]: x", "2026-11-17T13:51:07Z mx postfix/smtp 7 |x");
        check(
            "<22>1 2026-11-17T14:51:07Z mx postfix/smtp 7 - - x",
            "2026-11-17T14:51:07Z mx postfix/smtp 7 |x",
        );
        check(
            "<22>1 2026-11-17T14:51:07Z mx exim 7 id [a b=\"] \\\" c\"][d] x y",
            "2026-11-17T14:51:07Z mx exim 7 |x y",
        );
        check("1 - - exim - - - x", "- - exim - |x");
        check("<22>1 2026-11-17T14:51:07+00:00 mx postfix 7 - -  x", "2026-11-17T14:51:07Z mx postfix 7 |x");
        check(
            "<22>1 2026-11-17T14:51:07.1+01:00 mx exim 7 id - \u{feff}x",
            "2026-11-17T13:51:07Z mx exim 7 |x",
        );
        check("62 <22>1 2026-11-17T14:51:07Z mx exim 7 - - x", "2026-11-17T14:51:07Z mx exim 7 |x");
        check("2026-11-17T14:51:07,5+0100 mx cron[7]: x", "2026-11-17T13:51:07Z mx cron 7 |x");
        check("2026-11-17 14:51:07+01:00 mx exim[7]: x", "2026-11-17T13:51:07Z mx exim 7 |x");
        check("Tue 2026-11-17 14:51:07 CET mx cron[7]: x", "2026-11-17T13:51:07Z mx cron 7 |x");
        check("[ 5678.123456] mx postfix/smtp[7]: x", "- mx postfix/smtp 7 |x");
        check("[12345.678901 <    0.000123 >] mx postfix/smtp[7]: x", "- mx postfix/smtp 7 |x");
    }

    #[test]
    fn prefixes() {
        check("mail-1  | Nov 17 14:51:07 mx postfix/smtp[7]: x", "11-17T53467 mx postfix/smtp 7 |x");
        check("\u{1b}[36mmail |\u{1b}[0m Nov 17 14:51:07 mx exim[7]: x", "11-17T53467 mx exim 7 |x");
        check(
            "2026-11-17T14:51:07Z stdout F Nov 17 15:51:07 mx postfix/smtp[7]: x",
            "2026-11-17T15:51:07 mx postfix/smtp 7 |x",
        );
        check("postfix/smtp[7]: x", "- - postfix/smtp 7 |x");
        check("mail | postfix/smtp[7]: x", "- - postfix/smtp 7 |x");
        check("Nov 17 14:51:07 vm docker[9]: postfix/smtp[7]: x", "11-17T53467 - postfix/smtp 7 |x");
    }

    #[test]
    fn prefixes_of_grep_and_journalctl() {
        for prefix in [
            "mail.log.1:",
            "/var/log/mail.log-2.gz:",
            "1200:",
            "/var/log/maillog:1200:",
            "maillog-1200-",
            "  12\t",
        ] {
            let line = format!("{prefix}Nov 17 14:51:07 mx postfix/smtp[7]: x");
            check(&line, "11-17T53467 mx postfix/smtp 7 |x");
            let line = format!("{prefix}2026-11-17T14:51:07+00:00 mx postfix/smtp[7]: x");
            check(&line, "2026-11-17T14:51:07Z mx postfix/smtp 7 |x");
        }
        check("Okt 17 14:51:07 mx postfix/smtp[7]: x", "10-17T53467 mx postfix/smtp 7 |x");
        check(
            "Tue 2026-11-17 14:51:07 CET mx postfix/smtp[7]: x",
            "2026-11-17T13:51:07Z mx postfix/smtp 7 |x",
        );
        check(
            "x Tue 2026-11-17 14:51:07 CET mx postfix/smtp[7]: x",
            "2026-11-17T13:51:07Z mx postfix/smtp 7 |x",
        );
        check("Tue 2026-11-17 14:51:07 MAIL postfix/smtp[7]: x", "2026-11-17T14:51:07 - postfix/smtp 7 |x");
        check("Nov 17 2026 14:51:07 mx postfix/smtp[7]: x", "2026-11-17T14:51:07 mx postfix/smtp 7 |x");
        check("1763387467.123456 mx postfix/smtp[7]: x", "2025-11-17T13:51:07Z mx postfix/smtp 7 |x");
        check(
            "Nov 17 14:51:07 mx postfix@-.service[7]: postfix/smtp[7]: x",
            "11-17T53467 - postfix/smtp 7 |x",
        );
    }

    #[test]
    fn not_framed() {
        check("", "none");
        check("550 5.1.1 no such user", "none");
        check("Subject: postfix is nice", "none");
        check("Since I use postfix: 550 errors", "none");
        check("exim: 550 errors", "none");
        check("2026-11-17 14:51:07 1aBcDe-0001Ab-Cd Completed", "none");
        check("2026-11-17 14:51:07 TLS error: x", "none");
        check("2026-11-17 14:51:07 mx postfix/smtp[7]: x", "2026-11-17T14:51:07 mx postfix/smtp 7 |x");
        check("Nov 17", "none");
        check("é| postfix", "none");
    }
}
