//! A document that is neither a plain log nor a mail: pasted text, a transcript, a notice without its headers, or
//! a mixture of them with remarks in between.
//!
//! ```text
//! Hi all, since yesterday we get this:
//! > Mar  1 10:00:00 mx1 postfix/smtp[7]: 4F1C: to=<a@example.org>, … status=bounced (host mx said: 550 5.1.1 no)
//! ```
//! Log lines are set aside and read as a log; the rest is tried as sessions, then as a notice, and at last line by
//! line for bare replies. Each kind knows its own look-alikes; what holds a 5yz reply and gave nothing is counted.

mod fragment;
mod paste;

use super::LogCorrelator;
use crate::model::{EvidenceRef, Harvest, Origin, ReadOptions, SourceId};
use crate::parse::detect::is_log_line;
use crate::parse::{Kind, Line, Lines, detect, dress, notice, transcript};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Lines that a hard wrap made of one log line, at most.
const MAX_WRAPPED: usize = 12;

/// Reads a whole document; what is found goes to `out`.
pub fn read(source: SourceId, bytes: &[u8], options: &ReadOptions, out: &mut Harvest) {
    // Lines that end with CR alone; as long as LF, so places stay valid.
    if memchr::memchr(b'\n', bytes).is_none() && memchr::memchr(b'\r', bytes).is_some() {
        let bytes: Vec<u8> = bytes.iter().map(|b| if *b == b'\r' { b'\n' } else { *b }).collect();
        match detect(&bytes) {
            Kind::Mail => notice::read_mail(source, &bytes, 1, 0, out),
            _ => read(source, &bytes, options, out),
        }
        return;
    }
    let before = out.evidence.len();
    let split = split(source, bytes);
    let mut log = LogCorrelator::new(source, options.clone());
    // The correlator counts lines for itself; here each line of the document counts once.
    let mut from_log = Harvest::default();
    for line in &split.log_lines {
        log.line(
            Line { source, bytes: &line.text, number: line.number, start: line.start, plain: false },
            &mut from_log,
        );
    }
    log.finish(&mut from_log);
    from_log.evidence.extend(from_log.records.iter().map(EvidenceRef::to_evidence));
    put_spans_right(&mut from_log, &split.log_lines);
    let in_log = from_log.evidence.len() + from_log.accepted.len();
    out.evidence.append(&mut from_log.evidence);
    out.problems.append(&mut from_log.problems);
    for (domain, n) in from_log.accepted {
        *out.accepted.entry(domain).or_default() += n;
    }
    let n_log_lines = split.log_lines.len() as u64;
    from_log.coverage.lines = from_log.coverage.lines.saturating_sub(n_log_lines);
    out.coverage.add(from_log.coverage);

    // Lines framed like a log, in which no log was found, may be a framed session.
    let rest: &[u8] = if in_log == 0 { bytes } else { &split.rest };
    let logged = split.log_lines.iter().flat_map(|line| line.number..=line.last).collect();
    let mut known = Known { taken: BTreeSet::new(), logged };
    fragment::read(source, rest, out, &mut known.taken);
    let sessions = transcript::read_noting(source, rest, 1, 0, out);
    let in_sessions = sessions.found;
    known.taken.extend(sessions.lines);
    let mut in_notice = 0;
    if out.evidence.len() == before {
        in_notice = notice::read_body(source, rest, 1, 0, out);
    }
    let nothing = in_sessions == 0 && in_notice == 0 && out.evidence.len() == before;
    if options.bare_replies || !nothing {
        paste::read(source, rest, &known, nothing, in_notice > 0, out);
    } else {
        out.coverage.lines += Lines::new(source, bytes, 1, 0).count() as u64;
    }
    out.evidence[before..].sort_by_key(|e| e.origins.first().map_or(0, |o| o.start));
}

/// A log line was read without its dress and put together: its place is what stands in the document.
fn put_spans_right(from_log: &mut Harvest, lines: &[LogLine]) {
    let right = |origin: &mut Origin| {
        if let Ok(at) = lines.binary_search_by_key(&origin.start, |line| line.start) {
            origin.len = lines[at].span;
        }
    };
    for evidence in &mut from_log.evidence {
        evidence.origins.iter_mut().for_each(right);
        evidence.attempts.iter_mut().for_each(|attempt| right(&mut attempt.origin));
    }
    from_log.problems.iter_mut().filter_map(|problem| problem.origin.as_mut()).for_each(right);
    from_log.coverage.not_understood_at.iter_mut().for_each(right);
}

/// Which lines are settled.
struct Known {
    /// Lines that hold a reply or an error message that was understood.
    taken: BTreeSet<u64>,
    /// Log lines: the correlator has counted their replies.
    logged: BTreeSet<u64>,
}

/// A log line of the document: without the paste's decoration, put back together if it was wrapped.
struct LogLine {
    text: Vec<u8>,
    /// Its length with the blanks that stood at its end.
    full: usize,
    /// It stood behind quote marks.
    quoted: bool,
    number: u64,
    last: u64,
    start: u64,
    /// Bytes of the document from `start` to its end.
    span: u32,
}

struct Split {
    log_lines: Vec<LogLine>,
    /// The document with the log lines blanked out, so that places stay valid.
    rest: Vec<u8>,
}

/// Sets the log lines aside.
fn split(source: SourceId, bytes: &[u8]) -> Split {
    let mut log_lines: Vec<LogLine> = Vec::new();
    let mut rest = bytes.to_vec();
    if let Some(bom) = rest.get_mut(..3).filter(|head| *head == b"\xef\xbb\xbf") {
        bom.fill(b' ');
    }
    let wrap = Wrap::of(bytes);
    let (mut wrapped, mut open_len) = (0, 0);
    for line in Lines::new(source, bytes, 1, 0) {
        let text = String::from_utf8_lossy(line.bytes);
        let bare = dress::undress(&text);
        let bare = match frameless(&bare) {
            Some(program) => Cow::Owned(format!("{program}[0]: {bare}")),
            None => bare,
        };
        // PHPMailer and nodemailer stamp the lines of a session like a log.
        let is_log = is_log_line(bare.as_bytes())
            || is_framed(bare.as_bytes()) && !transcript::is_session_line(line.bytes);
        let goes_on = !is_log
            && wrapped < MAX_WRAPPED
            && !bare.trim().is_empty()
            && !bare.starts_with("```")
            && log_lines.last().is_some_and(|open| {
                open.last + 1 == line.number
                    && match is_whole(&open.text) {
                        Some(whole) => !whole,
                        None => wrap.cut(open_len, &bare),
                    }
            });
        if !(is_log || goes_on) {
            continue;
        }
        let from = line.start as usize;
        rest[from..from + line.bytes.len()].fill(b' ');
        let (mark_len, width) = marks_and_width(&text);
        if let (true, Some(open)) = (goes_on, log_lines.last_mut()) {
            wrapped += 1;
            if wrap.inside_words(open_len) {
                // A blank at the edge belongs to the text.
                open.text.resize(open.text.len().max(open.full), b' ');
                // `>` at the edge of a text that is not quoted is the text's.
                let mark_len = if open.quoted { mark_len } else { 0 };
                open.text.extend_from_slice(text[mark_len..].as_bytes());
            } else {
                open.text.push(b' ');
                open.text.extend_from_slice(bare.as_bytes());
            }
            open.full = open.text.len();
            open.text.truncate(open.text.trim_ascii_end().len());
            open.last = line.number;
            let end = line.start + line.bytes.len() as u64;
            open.span = u32::try_from(end.saturating_sub(open.start)).unwrap_or(u32::MAX);
            open_len = width;
            continue;
        }
        (wrapped, open_len) = (0, width);
        let skipped = line.bytes.len().saturating_sub(width) as u64;
        log_lines.push(LogLine {
            full: width,
            quoted: mark_len > 0,
            text: bare.into_owned().into_bytes(),
            number: line.number,
            last: line.number,
            start: line.start + skipped,
            span: u32::try_from(line.bytes.len() as u64 - skipped).unwrap_or(u32::MAX),
        });
    }
    Split { log_lines, rest }
}

/// The Postfix daemon that wrote a line whose frame was cut off: `NOQUEUE: reject: RCPT from …`,
/// `4F1C23A: to=<a@example.org>, …`.
fn frameless(line: &str) -> Option<&'static str> {
    let (id, rest) = line.split_once(": ")?;
    let short = (5..=16).contains(&id.len()) && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'));
    let long = (12..=20).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric())
        && id.bytes().any(|b| b.is_ascii_digit());
    if !(id == "NOQUEUE" || short || long) {
        return None;
    }
    let rejects = ["reject: ", "milter-reject: ", "proxy-reject: "].iter().any(|w| rest.starts_with(w));
    if rejects && (rest.contains(": header ") || rest.contains(": body ")) {
        return Some("postfix/cleanup");
    }
    if rejects {
        return Some("postfix/smtpd");
    }
    if rest.starts_with("to=<") {
        return Some("postfix/smtp");
    }
    if rest.starts_with("message-id=<") {
        return Some("postfix/cleanup");
    }
    let queue = rest.starts_with("from=<") && (rest.contains("nrcpt=") || rest.contains("status=expired"));
    (queue || rest == "removed").then_some("postfix/qmgr")
}

/// How many bytes of quote marks a line begins with, and how wide the rest is.
fn marks_and_width(line: &str) -> (usize, usize) {
    let mark_len = quote_len(line.as_bytes());
    (mark_len, line.len() - mark_len)
}

/// The length of `> > `; a further blank is the text's.
fn quote_len(line: &[u8]) -> usize {
    let mut len = 0;
    while line.get(len) == Some(&b'>') {
        len += 1 + usize::from(line.get(len + 1) == Some(&b' '));
    }
    len
}

/// How a document was wrapped: by a mail client between words, by a terminal at a column.
struct Wrap {
    /// The widest line, if the document looks wrapped.
    width: Option<usize>,
    /// Several lines end at the very same column.
    at_column: bool,
}

impl Wrap {
    /// Widths that mail clients and terminals have.
    const WIDTHS: std::ops::RangeInclusive<usize> = 56..=160;

    fn of(bytes: &[u8]) -> Self {
        let widths = || {
            bytes.split(|b| *b == b'\n').map(|line| {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                line.len() - quote_len(line)
            })
        };
        let widest = widths().max().unwrap_or(0);
        let close = widths().filter(|width| width + 24 >= widest).count();
        let same = widths().filter(|width| *width == widest).count();
        Self {
            width: (Self::WIDTHS.contains(&widest) && close >= 2).then_some(widest),
            at_column: same >= 2 && same * 2 > close,
        }
    }

    /// Whether a line of `len` bytes was cut because the first word of `next` had no place in it.
    fn cut(&self, len: usize, next: &str) -> bool {
        let word = next.trim_start().split(' ').next().unwrap_or("").len();
        self.width.is_some_and(|width| if self.at_column { len == width } else { len + 1 + word > width })
    }

    /// Whether a line of `len` bytes ends in the middle of a word for all one knows.
    fn inside_words(&self, len: usize) -> bool {
        self.at_column && self.width == Some(len)
    }
}

/// Whether a Postfix line that decides something is there to its end; `None` if that does not show.
fn is_whole(line: &[u8]) -> Option<bool> {
    let has = |words: &[u8]| memchr::memmem::find(line, words);
    if has(b"to=<").is_some() && has(b"reject: ").is_none() {
        let Some(status) = has(b"status=") else { return (line.len() > 60).then_some(false) };
        let tail = &line[status..];
        let open = tail.iter().filter(|b| **b == b'(').count();
        let closed = tail.iter().filter(|b| **b == b')').count();
        return Some(open > 0 && open <= closed);
    }
    if let Some(at) = has(b"reject: ") {
        // A client's command is told with `helo=<…>`; the words of a header check come after it.
        let keys = &line[at..];
        let helo = memchr::memmem::find(keys, b"helo=<");
        let told = helo.is_some_and(|at| memchr::memchr(b'>', &keys[at..]).is_some());
        return if told { None } else { Some(false) };
    }
    None
}

/// A time stamp with a month's name, a host and a program.
fn is_framed(line: &[u8]) -> bool {
    let mut words = line.split(|b| *b == b' ').filter(|word| !word.is_empty());
    let month = words.next().is_some_and(|word| word.len() == 3 && word[0].is_ascii_uppercase());
    let day = words.next().is_some_and(|word| word.len() <= 2 && word.iter().all(u8::is_ascii_digit));
    let clock = words.next().is_some_and(|word| word.len() >= 8 && word[2] == b':' && word[5] == b':');
    month && day && clock && words.nth(1).is_some_and(|program| program.ends_with(b":"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn read_all(text: &str) -> Harvest {
        let mut out = Harvest::default();
        let options = ReadOptions {
            year: None,
            zone: Default::default(),
            written: Timestamp::UNIX_EPOCH,
            bare_replies: true,
        };
        read(SourceId(0), text.as_bytes(), &options, &mut out);
        for origin in out.evidence.iter().flat_map(|e| &e.origins) {
            assert!(origin.start + u64::from(origin.len) <= text.len() as u64);
        }
        out
    }

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let got: Vec<_> = read_all(text)
            .evidence
            .iter()
            .map(|e| {
                format!(
                    "{} {} {} {} | {}",
                    e.format,
                    e.reply_code.map_or("-".into(), |c| c.to_string()),
                    e.enhanced_status.map_or("-".into(), |s| s.to_string()),
                    e.final_recipient.as_deref().unwrap_or("-"),
                    e.diagnostic_code.replace('\n', " / ")
                )
            })
            .collect();
        assert_eq!(got.join("\n"), expect, "{text}");
    }

    #[test]
    fn bare_replies() {
        check("550 5.1.1 no such user\n", "transcript.paste 550 5.1.1 - | 550 5.1.1 no such user");
        check(
            "Hi,\n\nwe get `550 5.7.1 <a@example.org>: Relay access denied` since Monday.\n",
            "transcript.paste 550 5.7.1 a@example.org | 550 5.7.1 <a@example.org>: Relay access denied",
        );
        check(
            "> 550-5.1.1 The account\n> 550 5.1.1 does not exist\n",
            "transcript.paste 550 5.1.1 - | 550-5.1.1 The account / 550 5.1.1 does not exist",
        );
        check(
            "the server said: 550 Mailbox unavailable\n",
            "transcript.paste 550 - - | 550 Mailbox unavailable",
        );
        check(
            "host mx.example.net[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command)\n",
            "transcript.paste 550 5.1.1 - | 550 5.1.1 no",
        );
        check(
            "550 5.1.8 &lt;s@example.org&gt;: Sender address rejected\n",
            "transcript.paste 550 5.1.8 - | 550 5.1.8 <s@example.org>: Sender address rejected",
        );
        check("550 Rejected\n", "transcript.paste 550 - - | 550 Rejected");
        // Told twice.
        check("550 5.1.1 no\n\nAgain: 550 5.1.1 no\n", "transcript.paste 550 5.1.1 - | 550 5.1.1 no");
    }

    #[test]
    fn replies_in_data_of_other_programs() {
        let told = |text: &str| {
            let out = read_all(text);
            let each = out
                .evidence
                .iter()
                .map(|e| format!("{} {}", e.final_recipient.as_deref().unwrap_or("-"), e.diagnostic_code));
            each.collect::<Vec<_>>().join(" | ")
        };
        assert_eq!(
            told(
                "{\"recipient\":\"a@example.org\",\"diagnosticCode\":\"smtp; 550 5.1.1 user unknown\"},\"x\":1}\n"
            ),
            "a@example.org 550 5.1.1 user unknown"
        );
        assert_eq!(
            told("level=error msg=failed error=\"550 5.1.1 user unknown\" rcpt=a@example.org\n"),
            "a@example.org 550 5.1.1 user unknown"
        );
        assert_eq!(
            told("smtpmsg='550 5.1.1 user unknown' errormsg='recipient not accepted'\n"),
            "- 550 5.1.1 user unknown"
        );
        assert_eq!(
            told(
                "Date,Sender,Recipient,Status,Detail\n1,s@example.org,a@example.org,Failed,\"550 5.1.1 no, never\"\n\
                 2,s@example.org,b@example.org,Failed,\"[{LRT=};{LED=550 5.1.1 no, never};{FQDN=}]\"\n"
            ),
            "a@example.org 550 5.1.1 no, never | b@example.org 550 5.1.1 no, never"
        );
        // Line ends of old.
        assert_eq!(told("Hello,\r\r550 5.1.1 user unknown\r\rBye\r"), "- 550 5.1.1 user unknown");
    }

    #[test]
    fn look_alikes_give_nothing() {
        for text in [
            "220 ftp ready\nUSER demo\n331 Password required\n550 notes.txt: No such file or directory\n",
            "550 Failed to change directory.\n",
            "550 messages rejected last week, 12 deferred\n",
            "removed: size=550, nrcpt=1\n",
            "queue id 550AB12CD34: done\n",
            "line 550 of the file says mail\n",
            "Version 5.5.0 of the mail server, RFC 5501\n",
            "it took 0.550 seconds to send the message\n",
            "500 Syntax error, command unrecognized message\n501 Syntax error in mailbox\n550 mailbox unavailable\n\
             551 User not local\n552 mailbox full\n553 mailbox name not allowed\n554 mail transaction failed\n",
            "A 550 error, e.g. \"550 5.1.1 user unknown\", means that the mailbox does not exist.\n",
            "The price is $550 - mail me\n",
            "  550 rejected\n   17 held\n   551   senders\n",
            "  500 mailbox\n  550 mailbox\n",
            "550 5.1.1: 42 messages\n",
            "",
        ] {
            check(text, "");
        }
    }

    #[test]
    fn fragments_without_a_frame() {
        check(
            "to=<a@example.org>, relay=mx.example.net[192.0.2.1]:25, delay=1, dsn=5.1.1, status=bounced (host \
             mx.example.net[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command))\n",
            "postfix 550 5.1.1 a@example.org | 550 5.1.1 no",
        );
        check(
            "> to=&lt;a@example.org&gt;, orig_to=&lt;b@example.org&gt;, dsn=5.1.1,\n> status=bounced (unknown user:\n> \"a\")\n",
            "postfix - 5.1.1 a@example.org | unknown user: \"a\"",
        );
        assert_eq!(
            read_all("to=<a@example.org>, status=sent (250 ok)\n").accepted.get("example.org"),
            Some(&1)
        );
    }

    #[test]
    fn lines_without_a_frame() {
        let out = read_all(
            "NOQUEUE: reject: RCPT from x[192.0.2.7]: 550 5.1.1 <b@example.org>: Recipient address rejected: User \
             unknown; from=<s@example.com> to=<b@example.org> proto=ESMTP helo=<x>\n\
             > 4F1C23A: from=<s@example.org>, size=550, nrcpt=1 (queue active)\n\
             > 4F1C23A: to=<a@example.net>, relay=mx.example.net[192.0.2.9]:25, delay=1, dsn=5.1.1,\n\
             > status=bounced (host mx.example.net[192.0.2.9] said: 550 5.1.1 no)\n",
        );
        let told = out.evidence.iter().map(|e| {
            let path = format!("{:?}", e.reverse_path);
            (e.final_recipient.as_deref().unwrap_or("-").to_owned(), path, e.diagnostic_code.lines().count())
        });
        let expect = [("b@example.org", "s@example.com", 1), ("a@example.net", "s@example.org", 1)];
        for ((to, path, lines), expect) in told.zip(expect) {
            assert_eq!((to.as_str(), lines), (expect.0, expect.2));
            assert!(path.contains(expect.1), "{path}");
        }
        assert_eq!(out.evidence.len(), expect.len());
    }

    #[test]
    fn sessions_between_remarks() {
        check(
            "Hello,\n\nI tried this:\n\n```\n220 mx.example.net ESMTP\nEHLO c.example.org\n250 ok\nMAIL FROM:&lt;s@example.org&gt;\n\
             250 ok\nRCPT TO:&lt;a@example.net&gt;\n550 5.1.1 no\nQUIT\n```\n\nWhy 550 5.1.1?\n",
            "transcript.other 550 5.1.1 a@example.net | 550 5.1.1 no",
        );
    }

    #[test]
    fn log_lines_in_any_dress() {
        const SENT: &str = "Nov 17 14:51:07 mx postfix/smtp[7]: 4F1C23A: to=<a@example.net>, relay=mx.example.net\
                            [192.0.2.9]:25, delay=1.2, delays=0.1/0/0.5/0.6, dsn=5.1.1, status=bounced (host mx.exam\
                            ple.net[192.0.2.9] said: 550 5.1.1 <a@example.net>: Recipient address rejected: User unk\
                            nown (in reply to RCPT TO command))";
        const REFUSED: &str = "Nov 17 14:51:08 mx postfix/smtpd[9]: NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 5\
                               50 5.1.1 <b@example.org>: Recipient address rejected: User unknown; from=<x@example.c\
                               om> to=<b@example.org> proto=ESMTP helo=<h.example.com>";
        const EXIM: &str = "2026-11-17 14:51:08 1aBcDe-0001Ab-Cd ** c@example.net R=dnslookup T=remote_smtp H=mx.exa\
                            mple.net [192.0.2.9]: SMTP error from remote mail server after RCPT TO:<c@example.net>: \
                            550 5.1.1 no such user";
        let lines = [SENT, REFUSED, EXIM];
        let expect = "postfix 550 5.1.1 a@example.net | 550 5.1.1 <a@example.net>: Recipient address rejected: User \
                      unknown\npostfix 550 5.1.1 b@example.org | 550 5.1.1 <b@example.org>: Recipient address rejecte\
                      d: User unknown\nexim 550 5.1.1 c@example.net | 550 5.1.1 no such user";
        let each = |dress: &dyn Fn(&str) -> String| lines.map(|line| dress(line) + "\n").concat();
        check(&each(&|line| format!("> {line}")), expect);
        check(&each(&|line| format!("| {line} |")), expect);
        check(&each(&|line| format!("`{line}`")), expect);
        check(&each(&|line| format!("/var/log/mail.log.1:{line}")), expect);
        check(&each(&|line| format!("1200:{line}")), expect);
        check(&each(&|line| format!("mail-1  | {line}")), expect);
        check(
            &each(&|line| format!("<code>{}</code>", line.replace('<', "&lt;").replace('>', "&gt;"))),
            expect,
        );
        for width in [60, 72, 76, 80, 100, 132] {
            let soft = each(&|line| {
                let mut out = String::new();
                let mut room = width;
                for word in line.split(' ') {
                    let end = if word.len() > room { "\n" } else { " " };
                    out += if out.is_empty() { "" } else { end };
                    room = if end == "\n" { width } else { room };
                    room = room.saturating_sub(word.len() + 1);
                    out += word;
                }
                out
            });
            check(&format!("Hello,\n\n{soft}\nAny idea?\n"), expect);
            check(&format!("Hello,\n\n> {}", soft.trim_end().replace('\n', "\n> ")), expect);
            let hard = each(&|line| {
                let cut: Vec<_> = line.as_bytes().chunks(width).map(String::from_utf8_lossy).collect();
                cut.join("\n")
            });
            check(&hard, expect);
            check(&format!("> {}", hard.trim_end().replace('\n', "\n> ")), expect);
        }
    }

    #[test]
    fn what_is_not_understood_is_counted() {
        let out =
            read_all("C: MAIL FROM:<s@example.org>\nS: 550 5.7.1 no\n\nElsewhere: 552 5.2.2 mailbox full\n");
        assert_eq!((out.evidence.len(), out.coverage.not_understood, out.coverage.lines), (1, 1, 4));
        assert_eq!(out.coverage.not_understood_at[0].line, 4);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            read_all(&String::from_utf8_lossy(&bytes));
            let mut out = Harvest::default();
            read(SourceId(0), &bytes, &ReadOptions { year: None, zone: Default::default(), written: Timestamp::UNIX_EPOCH, bare_replies: true }, &mut out);
        }
    }
}
