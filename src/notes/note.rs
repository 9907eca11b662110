//! The note to paste into a ticket, a mail to a postmaster, or an answer to a user.
//!
//! Our own team gets everything; who is outside gets what they need to find the matter on their side, their own
//! steps, and a courteous word. A 250 is always called accepted, never delivered: what happens after it is not in
//! the evidence.

use super::advice::{Advice, actor_words};
use super::document::{self, Block};
use super::escape::{one_line, visible};
use super::fill::{fill_command_with, fill_for_all, our_ip};
use super::redact::Redactor;
use crate::classify::{Knowledge, Need, Step};
use crate::model::{Actor, Direction, EvidenceRef, Rejection, RejectionIdx, Retry, Snapshot, Tier};
use crate::query::words::{counted, fmt_count, fmt_time};
use crate::query::{PatternRow, scope};
use crate::smtp::{Stage, domain_of};
use std::borrow::Cow;
use std::collections::HashSet;

/// How many queue ids, Message-IDs, recipients and hosts are listed.
const MAX_LISTED: usize = 5;

/// Whom a note is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reader {
    /// Those who run the sending mail system.
    Team,
    /// The person or application that wrote the message.
    Sender,
    /// Who runs the receiving mail system.
    RecipientPostmaster,
    /// Who edits the DNS zone in question.
    DnsOwner,
}

/// How a note is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum NoteFormat {
    /// Plain text, wrapped at 78 columns.
    Plain,
    /// Markdown.
    Markdown,
}

/// For whom, how, and with or without names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoteOptions {
    /// Whom it is for.
    pub reader: Reader,
    /// How it is written.
    pub format: NoteFormat,
    /// Local parts and the subject are left out; hosts, domains and ids stay.
    pub redact: bool,
}

impl Reader {
    /// All, our own side first.
    pub const ALL: [Self; 4] = [Self::Team, Self::Sender, Self::RecipientPostmaster, Self::DnsOwner];

    /// The name in commands and settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::Sender => "sender",
            Self::RecipientPostmaster => "postmaster",
            Self::DnsOwner => "dns",
        }
    }

    /// For people, after "for".
    pub fn label(self) -> &'static str {
        match self {
            Self::Team => "our team",
            Self::Sender => "the sender",
            Self::RecipientPostmaster => "the recipient's postmaster",
            Self::DnsOwner => "the DNS owner",
        }
    }

    /// By name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reader| reader.name() == name)
    }

    /// Whether steps of this actor are this reader's to do. Our team runs the sending side of outgoing mail and the
    /// receiving side of incoming mail.
    pub fn does(self, actor: Actor, direction: Direction) -> bool {
        let receiving = matches!(actor, Actor::RecipientAdmin | Actor::Recipient);
        match (self, direction) {
            (Self::Team, Direction::Outgoing) => !receiving,
            (Self::Team, Direction::Incoming) | (Self::RecipientPostmaster, _) => receiving,
            (Self::Sender, Direction::Outgoing) => actor == Actor::Sender,
            (Self::Sender, Direction::Incoming) => matches!(actor, Actor::Sender | Actor::SenderAdmin),
            (Self::DnsOwner, _) => actor == Actor::DnsOwner,
        }
    }
}

/// The note about a pattern: all its refusals under the current query.
pub fn note_for_pattern(
    snapshot: &Snapshot,
    knowledge: &Knowledge,
    row: &PatternRow,
    options: &NoteOptions,
) -> String {
    note(snapshot, knowledge, &row.rows, options)
}

/// The note about one refusal. Empty if there is no such one.
pub fn note_for_message(
    snapshot: &Snapshot,
    knowledge: &Knowledge,
    idx: RejectionIdx,
    options: &NoteOptions,
) -> String {
    note(snapshot, knowledge, &[idx], options)
}

fn note(snapshot: &Snapshot, knowledge: &Knowledge, rows: &[RejectionIdx], options: &NoteOptions) -> String {
    // Where they are kept: a pattern may have a million refusals.
    let all: Vec<EvidenceRef<'_>> =
        rows.iter().filter_map(|idx| Some(snapshot.get(*idx)?.evidence)).collect();
    let Some(first) = rows.first().and_then(|idx| snapshot.open(*idx)) else { return String::new() };
    let mut redactor = if options.redact { Redactor::new() } else { Redactor::off() };
    // Those that are listed below; others are found by their form.
    rows.iter().take(100).filter_map(|idx| snapshot.open(*idx)).for_each(|r| redactor.learn(&r));
    let advice = Advice::new(knowledge, &first.verdict);
    let mut writer = Writer { first: &first, all: &all, advice, reader: options.reader, redactor };
    let sentence = scope(snapshot, rows).sentence();
    let mut blocks = vec![Block::Title(writer.title())];
    if let Some(greeting) = writer.greeting() {
        blocks.push(Block::Text(greeting));
    }
    blocks.push(Block::Text(one_line(&sentence).into_owned()));
    blocks.push(Block::Facts(writer.facts()));
    blocks.push(Block::Heading("The reply, verbatim"));
    blocks.push(Block::Reply(writer.reply()));
    if writer.is_plain_to_reader() {
        blocks.push(Block::Heading("Cause"));
        blocks.push(Block::Text(writer.cause()));
    }
    writer.steps(&mut blocks);
    writer.verify(&mut blocks);
    if let Some(retry) = writer.retry() {
        blocks.push(Block::Heading("Sending again"));
        blocks.push(Block::Text(retry));
    }
    if options.reader == Reader::Team {
        blocks.push(Block::Text(writer.why()));
    }
    match options.format {
        NoteFormat::Plain => document::plain(&blocks),
        NoteFormat::Markdown => document::markdown(&blocks),
    }
}

struct Writer<'a> {
    /// The newest.
    first: &'a Rejection,
    all: &'a [EvidenceRef<'a>],
    advice: Advice<'a>,
    reader: Reader,
    redactor: Redactor,
}

impl<'a> Writer<'a> {
    fn title(&self) -> String {
        if self.is_plain_to_reader() {
            return self.advice.title_and_provider();
        }
        format!("Refused mail{}", self.parties("", " to {recipient_domain}"))
    }

    /// That no rule of ours knows the reply is nobody's concern but the team's.
    fn is_plain_to_reader(&self) -> bool {
        self.reader == Reader::Team || self.advice.verdict.tier != Tier::Unclassified
    }

    /// Whether there is something for this reader to do.
    fn has_steps(&self) -> bool {
        self.is_plain_to_reader() && self.advice.fix().any(|step| self.does(step.who))
    }

    fn does(&self, actor: Actor) -> bool {
        self.reader.does(actor, self.first.evidence.direction)
    }

    /// `from` and `to` with their domains filled in; nothing in place of one that the evidence does not say.
    fn parties(&self, from: &str, to: &str) -> String {
        let known = |domain: fn(EvidenceRef<'_>) -> Option<&str>| {
            self.all.iter().any(|evidence| domain(*evidence).is_some())
        };
        let from = if known(sender_domain) { from } else { "" };
        let to = if known(|e| e.final_recipient().and_then(domain_of)) { to } else { "" };
        fill_for_all(&format!("{from}{to}"), self.all, &mut Redactor::off())
    }

    fn greeting(&self) -> Option<String> {
        let mail = self.parties(" from {sender_domain}", " to {recipient_domain}");
        let to = self.parties("", " to {recipient_domain}");
        let text = match (self.reader, self.first.evidence.direction) {
            (Reader::Team, _) => return None,
            (Reader::Sender, Direction::Outgoing) => {
                format!("Hello, mail that you sent{to} was refused. This is what the other side said.")
            }
            (Reader::Sender, Direction::Incoming) => {
                format!("Hello, mail that you sent{to} was refused. This is what our server said.")
            }
            (Reader::RecipientPostmaster, direction) => {
                let by = if direction == Direction::Outgoing { " by your server" } else { "" };
                let asks = self.has_steps() || !self.is_plain_to_reader();
                let request = if asks { " Could you please look into it?" } else { "" };
                format!("Hello, mail{mail} is refused{by}.{request}")
            }
            (Reader::DnsOwner, _) if self.has_steps() => {
                format!("Hello, mail{mail} is refused. Could you please check the DNS records?")
            }
            (Reader::DnsOwner, _) => format!("Hello, mail{mail} is refused."),
        };
        Some(text)
    }

    fn facts(&mut self) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        let times = || self.all.iter().filter_map(|evidence| evidence.time());
        match (times().min(), times().max()) {
            (Some(first), Some(last)) if first != last => {
                facts.push(("First", fmt_time(first)));
                facts.push(("Last", fmt_time(last)));
            }
            (Some(time), _) => facts.push(("Time", fmt_time(time))),
            _ => facts.push(("Time", "not in the evidence".to_owned())),
        }
        let evidence = &self.first.evidence;
        facts.push(("Stage", stage_words(evidence.stage, evidence.stage_inferred)));
        let refused_by = match evidence.direction {
            Direction::Outgoing => ("Refused by", "Logged by"),
            Direction::Incoming => ("Client", "Refused by"),
        };
        let as_it_is = |text: &str| text.to_owned();
        self.list(&mut facts, refused_by.0, host, as_it_is);
        self.list(&mut facts, refused_by.1, |e| e.reporting_mta().map(Cow::from), as_it_is);
        self.list(
            &mut facts,
            "Our IP",
            |e| our_ip(e).map(|ip| ip.to_string().into()),
            |ip| format!("{ip} (named in the reply)"),
        );
        let mut redactor = std::mem::take(&mut self.redactor);
        let sender = |e: EvidenceRef<'a>| match e.reverse_path()? {
            "" => Some("<>".into()),
            mailbox => Some(mailbox.into()),
        };
        self.list(&mut facts, "Sender", sender, |text| redactor.text(text));
        let recipient = |e: EvidenceRef<'a>| e.final_recipient().map(Cow::from);
        self.list(&mut facts, "Recipient", recipient, |text| redactor.text(text));
        let original = |e: EvidenceRef<'a>| e.original_recipient().map(Cow::from);
        self.list(&mut facts, "First given as", original, |text| redactor.text(text));
        self.list(&mut facts, "Queue id", |e| e.queue_id().map(Cow::from), as_it_is);
        let message_id = |e: EvidenceRef<'a>| e.message_id().map(Cow::from);
        self.list(&mut facts, "Message-ID", message_id, |text| redactor.message_id(text));
        if !redactor.is_on() && self.all.len() == 1 {
            let subject = |e: EvidenceRef<'a>| e.original()?.subject.as_deref().map(Cow::from);
            self.list(&mut facts, "Subject", subject, as_it_is);
        }
        self.redactor = redactor;
        let tries = self.first.evidence.attempts.len();
        if self.all.len() == 1 && tries > 1 {
            facts.push(("Tries", fmt_count(tries as u64)));
        }
        facts
    }

    /// The different values, at most [`MAX_LISTED`] of them, and how many more there are.
    fn list(
        &self,
        facts: &mut Vec<(&'static str, String)>,
        name: &'static str,
        value: impl Fn(EvidenceRef<'a>) -> Option<Cow<'a, str>>,
        mut show: impl FnMut(&str) -> String,
    ) {
        let mut seen = HashSet::<_, foldhash::fast::RandomState>::default();
        let mut listed = Vec::new();
        for value in self.all.iter().filter_map(|evidence| value(*evidence)) {
            if listed.len() < MAX_LISTED && !seen.contains(&value) {
                listed.push(one_line(&show(&value)).into_owned());
            }
            seen.insert(value);
        }
        if listed.is_empty() {
            return;
        }
        let more = match seen.len() - listed.len() {
            0 => String::new(),
            n => format!(" and {} more", fmt_count(n as u64)),
        };
        facts.push((name, listed.join(", ") + &more));
    }

    fn reply(&mut self) -> String {
        let reply = &self.first.evidence.diagnostic_code;
        if reply.trim().is_empty() {
            return "(the evidence holds no words)".to_owned();
        }
        visible(&self.redactor.text(reply)).into_owned()
    }

    fn cause(&mut self) -> String {
        let mut text = fill_for_all(&self.advice.class.cause, self.all, &mut self.redactor);
        if let Some(note) = self.advice.note() {
            text.push(' ');
            text.push_str(&fill_for_all(note, self.all, &mut self.redactor));
        }
        // Notes of rules are written as one sentence for the screen, without a period.
        if !text.ends_with(['.', '!', '?']) {
            text.push('.');
        }
        text
    }

    fn steps(&mut self, blocks: &mut Vec<Block>) {
        let reader = self.reader;
        let (mine, others): (Vec<&Step>, Vec<&Step>) =
            self.advice.fix().partition(|step| self.does(step.who));
        if mine.is_empty() {
            blocks.push(Block::Text(self.nothing_to_do()));
        } else {
            let heading = match reader {
                Reader::Team => "What to do",
                Reader::Sender => "What you can do",
                Reader::RecipientPostmaster | Reader::DnsOwner => "What would help",
            };
            blocks.push(Block::Heading(heading));
            let several = mine.iter().any(|step| step.who != mine[0].who);
            let steps = mine.iter().map(|step| self.step(step, several && reader == Reader::Team)).collect();
            blocks.push(Block::Steps(steps));
        }
        if reader == Reader::Team && !others.is_empty() {
            blocks.push(Block::Heading("What others have to do"));
            let steps = others.iter().map(|step| self.step(step, true)).collect();
            blocks.push(Block::Steps(steps));
        }
    }

    /// For a reader who has no step.
    fn nothing_to_do(&self) -> String {
        match (self.reader, self.advice.verdict.actors.first()) {
            _ if self.advice.class.need == Need::Nothing => "There is nothing to do.".to_owned(),
            (Reader::RecipientPostmaster, _) if !self.is_plain_to_reader() => {
                "Please tell us why this mail is refused and what we should change.".to_owned()
            }
            (Reader::RecipientPostmaster, Some(actor)) => format!(
                "By the reply it is for {} to act. Please tell us if your log shows another reason.",
                actor_words(*actor)
            ),
            (_, Some(actor)) if !self.does(*actor) => {
                format!("There is nothing for you to do: it is for {} to act.", actor_words(*actor))
            }
            _ => "No step is known that would help.".to_owned(),
        }
    }

    fn verify(&mut self, blocks: &mut Vec<Block>) {
        let reader = self.reader;
        let verify: Vec<&Step> = self.advice.class.verify.iter().collect();
        let mine: Vec<&Step> =
            verify.into_iter().filter(|step| reader == Reader::Team || self.does(step.who)).collect();
        if !mine.is_empty() {
            blocks.push(Block::Heading("How to see that it worked"));
            let steps = mine.into_iter().map(|step| self.step(step, false)).collect();
            blocks.push(Block::Steps(steps));
        }
    }

    fn step(&mut self, step: &Step, with_actor: bool) -> (String, Option<String>) {
        let mut text = fill_for_all(&step.text, self.all, &mut self.redactor);
        if with_actor {
            text.push_str(&format!(" ({})", actor_words(step.who)));
        }
        let run = step.run.as_ref().map(|run| fill_command_with(run, self.first, &mut self.redactor));
        (text, run)
    }

    fn retry(&mut self) -> Option<String> {
        let retry = self.advice.verdict.retry;
        match self.reader {
            Reader::Team | Reader::Sender => {
                let note = fill_for_all(&self.advice.class.retry_note, self.all, &mut self.redactor);
                Some(format!("{}. {note}", retry.label()).trim_end().to_owned())
            }
            // Without a step of theirs there is nothing to wait for.
            _ if !self.has_steps() => None,
            _ => {
                let text = match (retry, self.first.evidence.direction) {
                    (Retry::Never, _) => return None,
                    (_, Direction::Incoming) => "The sender has to send again once this is changed.",
                    (Retry::AfterFix, _) => {
                        "Please tell us when this is changed: we will send again and tell you whether it is accepted."
                    }
                    (Retry::Later | Retry::Auto, _) => "Our server will try again later.",
                };
                Some(text.to_owned())
            }
        }
    }

    fn why(&self) -> String {
        let verdict = self.advice.verdict;
        let rule = self.advice.rule.map_or("no rule".to_owned(), |rule| format!("rule {}", rule.id));
        format!(
            "Verdict: {}, by {rule} ({}), confidence {}. Pattern {}, {}.",
            self.advice.class.id,
            verdict.tier.label(),
            verdict.confidence.name(),
            self.first.pattern.id,
            counted(self.all.len() as u64, "refusal", "refusals"),
        )
    }
}

/// "RCPT TO", "end of DATA (inferred from the reply)".
pub fn stage_words(stage: Stage, inferred: bool) -> String {
    match (stage, inferred) {
        (Stage::Unknown, _) => "not in the evidence".to_owned(),
        (stage, false) => stage.label().to_owned(),
        (stage, true) => format!("{} (inferred, the evidence does not say it)", stage.label()),
    }
}

fn sender_domain(evidence: EvidenceRef<'_>) -> Option<&str> {
    evidence.reverse_path().and_then(domain_of)
}

/// Name and address of the remote MTA: `mx.example.org [192.0.2.1]`.
fn host(evidence: EvidenceRef<'_>) -> Option<Cow<'_, str>> {
    match (evidence.remote_mta(), evidence.remote_ip()) {
        (Some(name), Some(ip)) => Some(format!("{name} [{ip}]").into()),
        (Some(name), None) => Some(name.into()),
        (None, Some(ip)) => Some(format!("[{ip}]").into()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;
    use crate::query::fixture::{at, evidence, knowledge, rejection, snapshot, verdict_of};
    use crate::query::{Query, answer};
    use std::sync::Arc;

    fn note(class: &str, reader: Reader, format: NoteFormat, redact: bool) -> String {
        let knowledge = knowledge();
        let rule = (class == "auth.none").then(|| knowledge.rule_by_id("google.unauthenticated").unwrap());
        let tier = if class == "unclassified" { Tier::Unclassified } else { Tier::Text };
        let verdict = Verdict {
            rule,
            tier,
            provider: knowledge.provider_by_id("google"),
            ..verdict_of(&knowledge, class)
        };
        let verdict = Arc::new(verdict);
        let mail = |minute, from, to, reply| {
            rejection(evidence(Some(at(9, minute)), from, to, reply), &verdict, "aa")
        };
        let mut rejections = vec![
            mail(
                1,
                "newsletter@acme.example",
                "annabel@example.org",
                "550 5.1.1 <annabel@example.org>: no\n550 x",
            ),
            mail(
                2,
                "newsletter@acme.example",
                "bo@example.org",
                "550-5.1.1 <bo@example.org> ```\u{202e}\n550 203.0.113.9",
            ),
        ];
        rejections[1].evidence.stage_inferred = true;
        rejections[1].evidence.original.subject = Some("Secret | plan".into());
        let snapshot = snapshot(rejections);
        let view = answer(&knowledge, &snapshot, &Query::default(), false, &|| false).unwrap();
        note_for_pattern(&snapshot, &knowledge, &view.patterns[0], &NoteOptions { reader, format, redact })
    }

    #[test]
    fn for_the_team() {
        assert_eq!(
            note("auth.none", Reader::Team, NoteFormat::Plain, false),
            "\
Google refuses mail that is not authenticated
=============================================

2 refusals of 2 recipients at example.org, all from acme.example.

First:      2026-11-17 09:01:07 UTC
Last:       2026-11-17 09:02:07 UTC
Stage:      RCPT TO (inferred, the evidence does not say it)
Refused by: mx.example.org [192.0.2.1]
Our IP:     203.0.113.9 (named in the reply)
Sender:     newsletter@acme.example
Recipient:  bo@example.org, annabel@example.org
Queue id:   4c8Kx0z2bQ
Message-ID: 20261117.1@acme.example

The reply, verbatim:
    550-5.1.1 <bo@example.org> ```⟨U+202E⟩
    550 203.0.113.9

Cause:
Neither SPF nor DKIM passed. Google asks for SPF or DKIM.

What to do:
1. Read Google's page (the DNS owner)
2. List 203.0.113.9 in SPF of acme.example (the DNS owner)
   dig +short TXT acme.example
3. Sign with DKIM (the sending mail system's admin)

How to see that it worked:
1. Send to a mailbox at example.org

Sending again:
Do not retry before the fix. The same message will be refused again.

Verdict: auth.none, by rule google.unauthenticated (text), confidence medium.
Pattern v1:aa, 2 refusals.
"
        );
    }

    #[test]
    fn for_a_postmaster_in_markdown_redacted() {
        assert_eq!(
            note("recipient.unknown", Reader::RecipientPostmaster, NoteFormat::Markdown, true),
            "\
## User unknown · Google

Hello, mail from acme.example to example.org is refused by your server. Could you please look into it?

2 refusals of 2 recipients at example.org, all from acme.example.

| | |
|---|---|
| First | 2026-11-17 09:01:07 UTC |
| Last | 2026-11-17 09:02:07 UTC |
| Stage | RCPT TO (inferred, the evidence does not say it) |
| Refused by | mx.example.org \\[192.0.2.1\\] |
| Our IP | 203.0.113.9 (named in the reply) |
| Sender | sender-1@acme.example |
| Recipient | recipient-1@example.org, recipient-2@example.org |
| Queue id | 4c8Kx0z2bQ |
| Message-ID | 20261117.1@acme.example |

**The reply, verbatim**

````
550-5.1.1 <recipient-1@example.org> ```⟨U+202E⟩
550 203.0.113.9
````

**Cause**

The mailbox recipient-1@example.org and recipient-2@example.org does not exist.

**What would help**

1. Check whether recipient-1@example.org and recipient-2@example.org should exist
"
        );
    }

    #[test]
    fn our_team_receives_incoming_mail() {
        let (incoming, outgoing) = (Direction::Incoming, Direction::Outgoing);
        for (reader, actor, direction, does) in [
            (Reader::Team, Actor::SenderAdmin, outgoing, true),
            (Reader::Team, Actor::RecipientAdmin, outgoing, false),
            (Reader::Team, Actor::RecipientAdmin, incoming, true),
            (Reader::Team, Actor::SenderAdmin, incoming, false),
            (Reader::Sender, Actor::SenderAdmin, incoming, true),
            (Reader::Sender, Actor::SenderAdmin, outgoing, false),
            (Reader::DnsOwner, Actor::DnsOwner, incoming, true),
        ] {
            assert_eq!(reader.does(actor, direction), does, "{reader:?} {actor:?} {direction:?}");
        }
    }

    #[test]
    fn each_reader_gets_their_own() {
        let plain = |class, reader| note(class, reader, NoteFormat::Plain, true);
        let sender = plain("recipient.unknown", Reader::Sender);
        assert!(
            sender.contains("1. Check the spelling of recipient-1@example.org and recipient-2@example.org"),
            "{sender}"
        );
        assert!(!sender.contains("should exist") && !sender.contains("Verdict:"), "{sender}");
        let sender = plain("auth.none", Reader::Sender);
        assert!(
            sender.contains("There is nothing for you to do: it is for the DNS owner to act."),
            "{sender}"
        );
        let dns = plain("auth.none", Reader::DnsOwner);
        assert!(dns.contains("List 203.0.113.9 in SPF") && !dns.contains("DKIM\n"), "{dns}");
        let unknown = plain("unclassified", Reader::RecipientPostmaster);
        assert!(unknown.starts_with("Refused mail to example.org\n"), "{unknown}");
        assert!(unknown.contains("Please tell us why") && !unknown.contains("Cause:"), "{unknown}");
        let team = plain("recipient.unknown", Reader::Team);
        assert!(team.contains("What others have to do:\n1. Check whether"), "{team}");
        for reader in Reader::ALL {
            for class in ["auth.none", "recipient.unknown"] {
                for format in [NoteFormat::Plain, NoteFormat::Markdown] {
                    let note = note(class, reader, format, true).to_lowercase();
                    for word in ["annabel", "newsletter", "secret", "delivered", "\u{202e}"] {
                        assert!(!note.contains(word), "{word} in {note}");
                    }
                }
            }
        }
    }
}
