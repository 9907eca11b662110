//! Which reply is the one about a recipient.
//!
//! It stands in the session (`<<< 550 5.1.1 no`), in the words behind the recipient, or elsewhere in the notice. The
//! reply about another recipient is never taken for it.

use super::address::addresses;
use super::finding::Finding;
use super::quoted::{self, best_reply};
use super::recipients::{Named, is_heading};
use super::stage;
use super::status::host_and_ip;
use super::transcript::Exchange;

/// How much of the whole notice is kept as the words around one reply.
const MAX_CONTEXT: usize = 4 * 1024;

/// What is known of a recipient that the words name.
pub(super) fn finding(named: Named, around: Around<'_>) -> Finding {
    let mut finding = Finding {
        recipient: Some(named.recipient),
        original_recipient: named.original,
        context: named.text,
        ..Finding::default()
    };
    decide(&mut finding, around);
    finding
}

/// Where else in a notice the reply about a recipient may stand.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    /// The words for people.
    pub prose: &'a str,
    /// The same with ASCII letters in lower case.
    pub lower: &'a str,
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
