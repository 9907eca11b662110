//! Notices written for people: a recipient, and what was said about it.
//!
//! Nearly all systems write an address on a line of its own (Exim, Gmail, qmail `<a@example.org>:`) or in front of
//! the reason (Postfix `<a@example.org>: host mx said: 550 no`), then the reason, and perhaps a session
//! (Sendmail `<<< 550 no`) or the fields of RFC 3464. What follows is the returned message.

use super::address::address_line;
use super::decide::{Around, finding};
use super::finding::{Fate, Finding};
use super::original::{self, Original};
use super::quoted::{self, best_reply};
use super::recipients::named;
use super::signs::{self, Signs};
use super::status::{self, Report};
use super::transcript::{self, Exchange};

/// What a body says.
#[derive(Default, Debug)]
pub(super) struct Body {
    /// One for each recipient that the prose names.
    pub findings: Vec<Finding>,
    /// Fields of RFC 3464 that stand in the text.
    pub report: Option<Report>,
    /// The headers of the returned message at the end of the text.
    pub original: Option<Original>,
    /// Whose words these are.
    pub signs: Signs,
    /// Printed replies of servers.
    pub exchanges: Vec<Exchange>,
    /// The words about the failure, without session, fields and returned message.
    pub prose: String,
    /// The same with ASCII letters in lower case.
    lower: String,
    /// It says that the returned message follows, or has a line such as `<a@example.org>: 550 no`.
    pub certain: bool,
}

impl Body {
    /// Where else a reply may stand. `sole`: there is no other recipient.
    pub fn around(&self, sole: bool) -> Around<'_> {
        Around { prose: &self.prose, lower: &self.lower, exchanges: &self.exchanges, sole }
    }
}

/// The longest text that is read.
const MAX_TEXT: usize = 256 * 1024;

/// Reads a body. `known`: recipients that the headers name (`X-Failed-Recipients`); `not`: whom the notice is to.
pub(super) fn read(text: &str, known: &[String], not: &[String]) -> Body {
    let text = quoted::cap(text, MAX_TEXT);
    let unquoted = unquote(text);
    let lines: Vec<&str> = unquoted.iter().map(|l| l.trim_end()).collect();
    let (lines, status_text) = take_status(&lines);
    let returned = original::start_in(&lines);
    let announced = lines[..returned.unwrap_or(lines.len())].iter().position(|l| announces_original(l));
    let returned = returned.or_else(|| {
        // Few headers, but where they are to be expected.
        let from = announced? + 1;
        let first = lines[from..].iter().position(|l| !l.trim().is_empty())? + from;
        original::is_header(lines[first]).then_some(first)
    });
    let original = returned.map(|at| original::read(&lines[at..].join("\n")));
    let end = [announced, returned].into_iter().flatten().min().unwrap_or(lines.len());
    let returns = announced.is_some_and(|at| lines[at].to_ascii_lowercase().contains("follow"));
    let lines = &lines[..end];
    let prose = lines.join("\n");
    let signs = signs::in_body(&prose);
    let mut exchanges = transcript::read(lines);
    exchanges.retain(|e| !quoted::is_summary(&e.reply));
    let blocks = named(lines, known, not);
    let lower = prose.to_ascii_lowercase();
    let around = Around { prose: &prose, lower: &lower, exchanges: &exchanges, sole: blocks.len() < 2 };
    let findings = blocks.into_iter().map(|b| finding(b, around)).collect();
    let report =
        (!status_text.is_empty()).then(|| status::read(&status_text)).filter(|r| !r.recipients.is_empty());
    let addressed = lines.iter().any(|l| is_addressed_reply(l));
    Body { findings, report, original, signs, exchanges, prose, lower, certain: returns || addressed }
}

/// `<a@example.org>: 550 user unknown (in reply to RCPT TO command)`
fn is_addressed_reply(line: &str) -> bool {
    line.trim_start().starts_with('<')
        && address_line(line).is_some_and(|l| best_reply(l.rest).is_some_and(|q| q.code.is_permanent()))
}

/// Takes one or more levels of `> ` off quoted text. Sendmail's own `>>> RCPT To:` is no quotation.
fn unquote(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..3 {
        let quoted = |l: &String| l.starts_with('>') && (!l.starts_with(">>> ") || l.starts_with(">>> >"));
        let n_quoted = lines.iter().filter(|l| quoted(l)).count();
        let n_lines = lines.iter().filter(|l| !l.trim().is_empty()).count();
        if n_quoted < 3 || n_quoted * 4 < n_lines {
            break;
        }
        for line in &mut lines {
            if let Some(rest) = line.strip_prefix('>') {
                *line = rest.strip_prefix(' ').unwrap_or(rest).to_owned();
            }
        }
    }
    lines
}

/// Takes the fields of RFC 3464 out of the lines.
fn take_status<'a>(lines: &[&'a str]) -> (Vec<&'a str>, String) {
    let mut prose = Vec::with_capacity(lines.len());
    let mut taken = String::new();
    let mut inside = false;
    let mut after_blank = false;
    for line in lines {
        let bare = line.trim_start_matches(['*', ' ', '\t']);
        let name = super::fields::split(bare).map(|(name, _)| name);
        let is_field = name.is_some_and(quoted::is_status_field);
        let opens = is_field
            && name.is_some_and(|n| {
                ["reporting-mta", "final-recipient", "original-recipient", "action", "diagnostic-code"]
                    .iter()
                    .any(|o| o.eq_ignore_ascii_case(n))
            });
        let folded = line.starts_with([' ', '\t']) && !line.trim().is_empty();
        let stays = is_field
            || line.trim().is_empty()
            || (folded && !after_blank)
            || name.is_some_and(|n| n.len() > 2 && n.get(..2).is_some_and(|x| x.eq_ignore_ascii_case("x-")) && !after_blank)
            // A value that was wrapped in transport.
            || (!after_blank && name.is_none());
        inside = (inside && stays) || opens;
        if inside {
            after_blank = line.trim().is_empty();
            taken.push_str(if is_field { bare } else { line });
            taken.push('\n');
        } else {
            prose.push(*line);
        }
    }
    (prose, taken)
}

/// A line that says that the returned message follows.
fn announces_original(line: &str) -> bool {
    /// The whole line, and how longer ones start.
    const LINES: [&str; 6] = [
        "original message",
        "message header",
        "returned message",
        "message follows",
        "original headers",
        "original mail",
    ];
    const STARTS: [&str; 19] = [
        "this is a copy of the message",
        "this is a copy of your message",
        "this is a copy of the headers",
        "a copy of the original message",
        "below this line is a copy of the message",
        "below this line is the original",
        "below is a copy of the original message",
        "original message follows",
        "original message header",
        "original mail as follows",
        "the header of the original message",
        "unsent message follows",
        "message header follows",
        "message headers follow",
        "message text follows",
        "included is a copy of the message header",
        "included below is the first",
        "header of your message",
        "the body of the message is",
    ];
    if line.len() > 120 {
        return false;
    }
    let words = line.trim().trim_matches(['-', '=', '*', ' ', '_', ':', '.', '|']).to_ascii_lowercase();
    LINES.contains(&words.as_str()) || STARTS.iter().any(|start| words.starts_with(start))
}

/// Whether the words say that the message is still being tried.
pub(super) fn fate_of(signs: Signs) -> Option<Fate> {
    (signs.delay).then_some(Fate::Delayed)
}
