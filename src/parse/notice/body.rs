//! Notices written for people: a recipient, and what was said about it.
//!
//! Nearly all systems write an address on a line of its own (Exim, Gmail, qmail `<a@example.org>:`) or in front of
//! the reason (Postfix `<a@example.org>: host mx said: 550 no`), then the reason, and perhaps a session
//! (Sendmail `<<< 550 no`) or the fields of RFC 3464. What follows is the returned message.

use super::address::{AddressLine, address_line, addresses};
use super::finding::{Fate, Finding};
use super::original::{self, Original};
use super::quoted::{self, best_reply};
use super::signs::{self, Signs};
use super::stage;
use super::status::{self, Report, host_and_ip};
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

/// The longest text that is read, and the most recipients taken from prose.
const MAX_TEXT: usize = 256 * 1024;
const MAX_RECIPIENTS: usize = 1_000;

/// How much of the whole notice is kept as the words around one reply.
const MAX_CONTEXT: usize = 4 * 1024;

/// The longest reason kept for one group of recipients.
const MAX_BLOCK: usize = 16 * 1024;

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
    let mut blocks = walk(lines, known, not, false);
    if blocks.is_empty() {
        blocks = walk(lines, known, not, true);
    }
    let lower = prose.to_ascii_lowercase();
    let around = Around { prose: &prose, lower: &lower, exchanges: &exchanges, sole: blocks.len() < 2 };
    let findings = blocks.into_iter().take(MAX_RECIPIENTS).map(|b| b.into_finding(around)).collect();
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
        let quoted = |l: &String| l.starts_with('>') && !(l.starts_with(">>> ") && !l.starts_with(">>> >"));
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

/// Recipients and the words about them.
#[derive(Default, Debug)]
struct Block {
    recipients: Vec<(String, Option<String>)>,
    /// The sentence that names the recipient: the only words, if none follow.
    lead: String,
    text: String,
}

impl Block {
    fn push(&mut self, line: &str) {
        if self.text.len() + line.len() > MAX_BLOCK {
            return;
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(line);
    }
}

/// One recipient with its words.
#[derive(Debug)]
struct Named {
    recipient: String,
    original: Option<String>,
    text: String,
}

/// Collects addresses and what stands behind them. `loose`: also addresses inside a sentence.
fn walk(lines: &[&str], known: &[String], not: &[String], loose: bool) -> Vec<Named> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    let is_known = |m: &str| known.iter().any(|k| k.eq_ignore_ascii_case(m));
    let is_sender = |m: &str| not.iter().any(|n| n.eq_ignore_ascii_case(m)) && !is_known(m);
    let mut was_blank = false;
    let mut was_id = false;
    // Exchange and others give the reason in front: `Unable to deliver message …, because it was forwarded too often.`
    let mut before = "";
    for line in lines {
        let after_blank = std::mem::replace(&mut was_blank, line.trim().is_empty());
        if transcript::is_line(line) || is_heading(line) {
            open = false;
            continue;
        }
        let after_id = std::mem::replace(&mut was_id, line.trim_end().to_ascii_lowercase().ends_with("-id:"));
        if after_id {
            // The value of a wrapped `Message-ID:`.
            continue;
        }
        let found = address_line(line).or_else(|| {
            // An address inside the reply about a recipient is no other recipient.
            let in_reply = open && best_reply(line).is_some() && !transcript::is_summary(line);
            if loose && !in_reply { loose_line(line) } else { None }
        });
        let found = found.filter(|f| {
            !(loose && is_sender(f.mailbox))
                && (known.is_empty() || is_known(f.mailbox) || f.expanded_from.is_some_and(is_known))
        });
        match found {
            Some(AddressLine { mailbox, rest, expanded_from }) => {
                let fresh = !open || blocks.last().is_none_or(|b| !b.text.trim().is_empty());
                // A reply may be wrapped in front of an address: `550 5.1.1` / `<a@example.org>... User unknown`.
                let continues = open
                    && !after_blank
                    && blocks.last().is_some_and(|b| {
                        !b.text.is_empty()
                            && b.recipients.iter().any(|(m, _)| m.eq_ignore_ascii_case(mailbox))
                    });
                if continues {
                    if let Some(block) = blocks.last_mut() {
                        block.push(line.trim());
                    }
                    continue;
                }
                if fresh {
                    blocks.push(Block::default());
                }
                if let Some(block) = blocks.last_mut() {
                    if rest.is_empty() && block.lead.is_empty() {
                        let lead = if loose { line } else { before };
                        lead.trim().clone_into(&mut block.lead);
                    }
                    block.recipients.push((mailbox.to_owned(), expanded_from.map(str::to_owned)));
                    if !rest.is_empty() {
                        block.push(rest);
                    }
                }
                open = true;
            }
            None if open => {
                note_reason(line, &mut before);
                if let Some(block) = blocks.last_mut() {
                    // A blank line in front of the reason says nothing; one behind it ends a paragraph.
                    if !(line.trim().is_empty() && block.text.is_empty()) {
                        block.push(line);
                    }
                }
                if let Some((original, block)) = expanded(line).zip(blocks.last_mut())
                    && let Some(last) = block.recipients.last_mut()
                {
                    last.1.get_or_insert(original);
                }
            }
            None => note_reason(line, &mut before),
        }
    }
    named(blocks)
}

/// Keeps a sentence that gives a reason, for the recipients listed below it.
fn note_reason<'a>(line: &'a str, before: &mut &'a str) {
    let lower = line.to_ascii_lowercase();
    if [" because ", " due to "].iter().any(|w| lower.contains(w)) {
        *before = line;
    }
}

/// `(expanded from: <b@example.org>)` on a line of its own.
fn expanded(line: &str) -> Option<String> {
    let line = line.trim();
    (line.starts_with("(expanded from")
        || line.starts_with("(generated from")
        || line.starts_with("(ultimately generated from"))
    .then(|| addresses(line).first().map(|a| (*a).to_owned()))?
}

/// One entry a recipient; the first with a reply wins.
fn named(blocks: Vec<Block>) -> Vec<Named> {
    let mut out: Vec<Named> = Vec::new();
    for mut block in blocks {
        if block.text.trim().is_empty() {
            block.text = std::mem::take(&mut block.lead);
        }
        for (recipient, original) in block.recipients {
            match out.iter_mut().find(|n| n.recipient.eq_ignore_ascii_case(&recipient)) {
                Some(have) => {
                    if best_reply(&have.text).is_none() && best_reply(&block.text).is_some() {
                        have.text.clone_from(&block.text);
                    }
                    have.original = have.original.take().or(original);
                }
                None => out.push(Named { recipient, original, text: block.text.clone() }),
            }
            if out.len() >= MAX_RECIPIENTS {
                return out;
            }
        }
    }
    out
}

/// `----- Transcript of session follows -----`, `=====`, `--- Below this line …`
fn is_heading(line: &str) -> bool {
    let line = line.trim();
    let marks = line.chars().take_while(|c| "-=*_~#|".contains(*c)).count();
    marks >= 3 && address_line(line).is_none()
}

/// An address inside a sentence about a delivery: `Unable to deliver message to: <a@example.org>`.
fn loose_line(line: &str) -> Option<AddressLine<'_>> {
    const ABOUT: [&str; 29] = [
        "deliver",
        "recipient",
        "address",
        "user",
        "mailbox",
        "to:",
        "unknown",
        "failed",
        "rejected",
        "account",
        "zugestellt",
        "empfänger",
        "destinataire",
        "destinatario",
        "remis",
        "宛先",
        "получател",
        "quota",
        "full",
        "error",
        "duplicated",
        "timed out",
        "connect",
        "refused",
        "denied",
        "invalid",
        "no such",
        "500 ",
        "550 ",
    ];
    const NOT: [&str; 6] = ["contact", "from:", "mail from", "help", "message-id:", "sender"];
    let lower = line.to_lowercase();
    if NOT.iter().any(|w| lower.contains(w)) || !ABOUT.iter().any(|w| lower.contains(w)) {
        return None;
    }
    let mailbox = *addresses(line).first()?;
    // `To: a@example.org` describes the message.
    if original::is_header(line.trim()) {
        return None;
    }
    let is_role = ["postmaster@", "abuse@", "support@", "mailer-daemon@"]
        .iter()
        .any(|r| mailbox.to_ascii_lowercase().starts_with(r));
    if is_role && !lower.contains("deliver") {
        return None;
    }
    let at = line.find(mailbox)?;
    // The whole sentence is the reason: the reply may stand in front of the address.
    let after = line[at + mailbox.len()..].trim_start_matches(['>', ':', '.', ' ', '"', '\'']).trim();
    let rest = if best_reply(line).is_some() { line.trim() } else { after };
    Some(AddressLine { mailbox, rest, expanded_from: None })
}

impl Named {
    fn into_finding(self, around: Around<'_>) -> Finding {
        let mut finding = Finding {
            recipient: Some(self.recipient),
            original_recipient: self.original,
            context: self.text,
            ..Finding::default()
        };
        decide(&mut finding, around);
        finding
    }
}

/// Where else in a notice the reply about a recipient may stand.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    /// The words for people.
    pub prose: &'a str,
    /// The same with ASCII letters in lower case.
    lower: &'a str,
    /// The printed session.
    pub exchanges: &'a [Exchange],
    /// There is no other recipient whose reply it could be.
    pub sole: bool,
}

/// The status in the sending program's own line: `550 5.1.2 <a@example.org>... Host unknown`.
fn summary_status(recipient: &str, around: Around<'_>) -> Option<crate::smtp::EnhancedStatus> {
    around.lines_naming(recipient).find_map(|line| {
        let (about, _) = line.split_once("... ")?;
        let read = crate::smtp::read_reply(about);
        (read.code.is_some() && read.text.contains('@')).then_some(read.enhanced).flatten()
    })
}

/// Finds the reply about a recipient: in the session, in the words behind it, in the rest of the notice.
pub(super) fn decide(finding: &mut Finding, around: Around<'_>) {
    let Around { prose, sole, .. } = around;
    if finding.status.is_none() {
        finding.status = finding.recipient.as_deref().and_then(|r| summary_status(r, around));
    }
    let own = best_reply(&finding.context);
    let permanent = own.as_ref().is_some_and(|q| q.code.is_permanent() && !quoted::is_summary(&q.reply));
    let exchange = around.exchange_for(finding.recipient.as_deref());
    let certain = exchange.is_some_and(|e| {
        e.code().is_some_and(|c| c.is_permanent())
            && finding.recipient.as_deref().is_some_and(|r| e.is_about(r))
    });
    if let Some(exchange) = exchange {
        finding.stage = exchange.stage;
        let (host, ip) = exchange.host.as_deref().map(host_and_ip).unwrap_or_default();
        finding.remote_mta = Some(host).filter(|h| !h.is_empty());
        finding.remote_ip = ip;
        if certain || !permanent {
            finding.text.clone_from(&exchange.reply);
            return;
        }
    }
    if let Some(own) = own {
        finding.text = own.reply;
        return;
    }
    // Nothing of its own: a line of the notice that names the recipient, else the only reply there is.
    let named = finding.recipient.as_deref().and_then(|r| around.lines_naming(r).find_map(best_reply));
    let own_status = quoted::find_enhanced(&finding.context).is_some();
    // With words of its own, another recipient's reply is not its reply.
    let has_words = own_status || !(sole || finding.context.trim().is_empty());
    let reply = named.or_else(|| if has_words { None } else { best_reply(prose) });
    match reply {
        Some(reply) => {
            if finding.context.is_empty() {
                finding.context = quoted::cap(prose, MAX_CONTEXT).to_owned();
            }
            finding.text = reply.reply;
        }
        None => {
            let bare = quoted::bare_status_reply(&finding.context);
            finding.text = bare.unwrap_or_else(|| first_paragraph(&finding.context));
            if finding.text.is_empty() && sole {
                finding.text = words_of_failure(prose);
            }
        }
    }
}

impl<'a> Around<'a> {
    /// The lines that name a recipient.
    fn lines_naming(&self, recipient: &str) -> impl Iterator<Item = &'a str> {
        /// A line of a long list of recipients says nothing about one of them.
        const MAX_MENTIONS: usize = 16;
        let (prose, lower) = (self.prose, self.lower);
        let recipient = recipient.to_ascii_lowercase();
        let at = memchr::memmem::find_iter(lower.as_bytes(), recipient.as_bytes())
            .take(MAX_MENTIONS)
            .collect::<Vec<_>>();
        at.into_iter().map(move |at| {
            let from = prose[..at].rfind('\n').map_or(0, |n| n + 1);
            let to = prose[at..].find('\n').map_or(prose.len(), |n| at + n);
            &prose[from..to]
        })
    }

    /// The reply of the session for this recipient: one known to be about it, else one that names it, else one that
    /// is about nobody in particular.
    pub fn exchange_for(&self, recipient: Option<&str>) -> Option<&'a Exchange> {
        let exchanges = self.exchanges;
        let usable = || exchanges.iter();
        let about = |e: &&Exchange| recipient.is_some_and(|r| e.is_about(r));
        let names = |e: &&Exchange| {
            e.reply.contains('@')
                && recipient.is_some_and(|r| addresses(&e.reply).iter().any(|a| a.eq_ignore_ascii_case(r)))
        };
        let permanent = |e: &&Exchange| e.code().is_some_and(|c| c.is_permanent());
        // An alias is listed under its own name, and asked for under another.
        let open = |e: &&Exchange| self.sole || e.recipients.is_empty();
        usable()
            .filter(about)
            .find(permanent)
            .or_else(|| usable().find(about))
            .or_else(|| usable().filter(names).find(permanent))
            .or_else(|| usable().filter(|e| e.recipients.is_empty()).find(permanent))
            .or_else(|| usable().filter(open).find(permanent))
            .or_else(|| usable().find(open))
    }
}

/// For a recipient without any words: the line that gives up, else the first paragraph that is no salutation.
pub(super) fn words_of_failure(prose: &str) -> String {
    const GIVE_UP: [&str; 7] = [
        "could not be delivered for",
        "deferred: ",
        "timed out",
        "expired",
        "not found",
        "does not exist",
        "could not find",
    ];
    let line = prose.lines().find(|l| {
        let lower = l.to_ascii_lowercase();
        GIVE_UP.iter().any(|w| lower.contains(w))
    });
    if let Some(line) = line {
        return line.trim().to_owned();
    }
    let salutation = |l: &&str| {
        l.len() < 100
            && (l.ends_with([',', '!', '，', '、', '،', '：', ':']) || l.split_whitespace().count() < 3)
    };
    let rest: Vec<&str> =
        prose.lines().map(str::trim).skip_while(|l| l.is_empty() || is_heading(l) || salutation(l)).collect();
    first_paragraph(&rest.join("\n"))
}

/// The words of a reason without a reply: the first paragraph that is more than an introduction.
fn first_paragraph(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() && !out.is_empty() {
            break;
        }
        // `For the following reason:`, `because:`
        if line.is_empty() || (out.is_empty() && line.ends_with(':') && line.len() < 100) {
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(line);
        if out.len() > 2_000 {
            break;
        }
    }
    if out.is_empty() { text.trim().to_owned() } else { out }
}

/// The stage of a finding, from its session or its words.
pub(super) fn stage_of(finding: &Finding) -> Option<crate::smtp::Stage> {
    stage::from_words(&finding.text).or_else(|| stage::from_words(&finding.context)).or(finding.stage)
}

/// Whether the words say that the message is still being tried.
pub(super) fn fate_of(signs: Signs) -> Option<Fate> {
    (signs.delay).then_some(Fate::Delayed)
}
