//! Which recipients a notice names, and the words behind each.
//!
//! Most systems put an address on a line of its own or in front of the reason; some only mention it in a sentence,
//! `Unable to deliver message to: <a@example.org>`. Sentences count only where no line starts with an address.

use super::address::{AddressLine, address_line, addresses};
use super::original;
use super::quoted::best_reply;
use super::transcript;

/// The most recipients taken from prose.
const MAX_RECIPIENTS: usize = 1_000;

/// The longest reason kept for one group of recipients.
const MAX_BLOCK: usize = 16 * 1024;

/// The recipients that `lines` name, each once. `known`: those that the headers name; `not`: whom the notice is to.
pub(super) fn named(lines: &[&str], known: &[String], not: &[String]) -> Vec<Named> {
    let strict = walk(lines, known, not, false);
    if strict.is_empty() { walk(lines, known, not, true) } else { strict }
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
pub(super) struct Named {
    /// Without angle brackets.
    pub recipient: String,
    /// As first given, where the notice says.
    pub original: Option<String>,
    /// What was said about it.
    pub text: String,
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
    each_once(blocks)
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
fn each_once(blocks: Vec<Block>) -> Vec<Named> {
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
pub(super) fn is_heading(line: &str) -> bool {
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
