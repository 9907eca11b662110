//! One SMTP session: which reply answers which command, and which replies refuse something.
//!
//! RFC 5321 §3 gives the order: greeting, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, content, final dot. Commands may be
//! sent in a burst and be answered later (RFC 2920), so they wait in a queue. What follows from a refusal (503 to
//! RCPT after a refused MAIL, 554 to DATA after every RCPT was refused) is no refusal of its own.

use super::command::{self, Command, Verb};
use super::connect::{self, Target};
use super::infer;
use super::lex;
use super::refusal::{Peer, Refusal, Reply};
use super::style::Style;
use crate::model::{Origin, OriginalMail, Text};
use crate::smtp::{ReversePath, Stage};
use std::collections::VecDeque;

/// Commands that wait for their reply; no client sends more before it reads.
const MAX_PENDING: usize = 16_384;
/// Bytes of the header section that are kept.
const MAX_HEADERS: usize = 64 * 1024;

/// A session while it is read.
#[derive(Default)]
pub(super) struct Session {
    /// Refusals found, and recipients that were accepted for good.
    pub(super) found: Vec<Refusal>,
    pub(super) accepted: Vec<Text>,
    /// Commands of SMTP, and of other protocols.
    pub(super) commands: u32,
    pub(super) foreign: u32,
    pub(super) replies: u32,
    /// Numbers of the lines that hold its replies.
    pub(super) lines: Vec<u64>,
    /// The decoration alone says that these are replies of a server.
    pub(super) decorated: bool,
    /// The content is being sent.
    pub(super) in_content: bool,
    pending: VecDeque<Pending>,
    /// Replies to commands that are not shown.
    orphans: Vec<Reply>,
    peer: Peer,
    greeted: bool,
    /// The greeting was `220`.
    welcomed: bool,
    greeting_refused: bool,
    ended: bool,
    /// Only the replies that refuse are shown.
    errors_only: bool,
    lmtp: bool,
    /// Refused EHLO or STARTTLS: no matter if the session goes on.
    held: Option<Refusal>,
    held_auth: Option<Refusal>,
    transaction: Transaction,
}

struct Pending {
    verb: Verb,
    argument: String,
    origin: Origin,
}

/// One message: from MAIL to the reply to the final dot.
#[derive(Default)]
struct Transaction {
    reverse_path: Option<ReversePath>,
    mail_refused: bool,
    refused: usize,
    accepted: Vec<(Option<Text>, Origin)>,
    /// Where its refusals begin in `found`.
    first: usize,
    headers: String,
    past_headers: bool,
    done: bool,
}

impl Session {
    /// The client opens a connection, or names the server.
    pub(super) fn target(&mut self, target: Target, server_side: bool) {
        if server_side {
            self.peer.client = target.host.map(Into::into).or(self.peer.client.take());
            self.peer.client_ip = target.ip.or(self.peer.client_ip);
            return;
        }
        self.peer.server = target.host.map(Into::into).or(self.peer.server.take());
        self.peer.server_ip = target.ip.or(self.peer.server_ip);
    }

    /// Whether a new connection, or this greeting, starts another session.
    pub(super) fn is_over(&self, reply: Option<&Reply>) -> bool {
        match reply {
            None => self.replies > 0 && (self.ended || self.pending.is_empty() || self.commands > 0),
            Some(reply) => {
                let greeting = reply.code.is_some_and(|c| c.get() == 220);
                let starttls = self.pending.front().is_some_and(|p| p.verb == Verb::StartTls);
                self.ended && self.pending.is_empty()
                    || greeting && self.greeted && self.commands > 0 && !starttls
            }
        }
    }

    /// Whether the client says EHLO after its QUIT was answered: the greeting of the next session is not shown.
    pub(super) fn has_ended(&self) -> bool {
        self.ended && self.pending.is_empty()
    }

    /// Whether the client answers a challenge next.
    pub(super) fn awaits_credential(&self) -> bool {
        self.pending.front().is_some_and(|pending| pending.verb == Verb::Auth)
    }

    /// Whether a command waits for its reply, or nothing at all was answered yet.
    pub(super) fn expects_reply(&self) -> bool {
        !self.pending.is_empty() || !self.greeted && self.replies == 0
    }

    /// The client sends a command.
    pub(super) fn command(&mut self, command: Command<'_>, origin: Origin) {
        match command.verb {
            Verb::Foreign => {
                self.foreign += 1;
                return;
            }
            Verb::Aside => {}
            _ => self.commands += 1,
        }
        if command.verb == Verb::EndOfData {
            if !self.in_content && !self.pending.iter().any(|p| matches!(p.verb, Verb::Data | Verb::Bdat)) {
                // A dot that ends nothing we saw; BDAT says its end itself.
                if command.argument.is_empty() {
                    return;
                }
            }
            self.in_content = false;
            // LMTP answers once for each recipient.
            let times = if self.lmtp { self.transaction.accepted.len().clamp(1, 1000) } else { 1 };
            for _ in 0..times {
                self.wait_for(command, origin);
            }
            return;
        }
        self.wait_for(command, origin);
    }

    fn wait_for(&mut self, command: Command<'_>, origin: Origin) {
        if self.pending.len() >= MAX_PENDING {
            self.pending.pop_front();
        }
        let argument = command.argument.to_owned();
        self.pending.push_back(Pending { verb: command.verb, argument, origin });
    }

    /// A line of the content.
    pub(super) fn content(&mut self, line: &str) {
        let message = &mut self.transaction;
        if message.past_headers {
            return;
        }
        let blank = line.is_empty();
        if blank || message.headers.len() + line.len() > MAX_HEADERS {
            message.past_headers = blank && !message.headers.is_empty();
            return;
        }
        if lex::header_name(line).is_some() {
            message.headers.push_str(line);
            message.headers.push_str("\r\n");
        }
    }

    /// The content was sent, though no dot is shown (curl).
    pub(super) fn content_sent(&mut self, origin: Origin) {
        if self.in_content {
            self.command(Command { verb: Verb::EndOfData, argument: "" }, origin);
        }
    }

    /// The server replies.
    pub(super) fn reply(&mut self, reply: Reply) {
        let Some(code) = reply.code else { return };
        self.replies += 1;
        if lex::is_foreign(code) || (code.get() == 220 && reply.text.contains("FTP")) {
            self.foreign += 1;
        }
        if self.in_content {
            // The dot is not shown.
            self.in_content = false;
            let origin = reply.origin;
            self.pending.push_front(Pending { verb: Verb::EndOfData, argument: String::new(), origin });
        }
        let first_reply = self.replies == 1;
        let greets = !self.greeted && first_reply && (code.get() == 220 || self.pending.is_empty());
        // A burst sent before the greeting: 220 is nobody else's reply.
        let late_greeting = !self.greeted && first_reply && matches!(code.get(), 220 | 421 | 554);
        // A reply that names the recipient greets nobody: what was before it is not shown.
        let recipient =
            infer::recipient(&reply.text).filter(|_| greets && self.commands == 0 && is_refusal(&reply));
        if let Some(recipient) = recipient {
            self.greeted = true;
            let mut refusal = Refusal::new(Stage::RcptTo, reply);
            refusal.stage_inferred = true;
            refusal.recipient = Some(recipient.into());
            self.found.push(refusal);
            return;
        }
        let errors_only = reply.style == Style::Swaks && self.pending.len() > 1;
        if greets || late_greeting && !errors_only {
            self.greeting(reply);
            return;
        }
        // swaks can be told to show errors only: then a reply answers the command before it.
        let hello = |p: &Pending| matches!(p.verb, Verb::Ehlo | Verb::Helo | Verb::Lhlo);
        self.errors_only |= reply.style == Style::Swaks
            && first_reply
            && self.pending.len() > 1
            && self.pending.front().is_some_and(hello);
        if self.errors_only {
            self.skip_hidden();
        }
        let Some(pending) = self.pending.pop_front() else {
            if code.get() == 221 || code.get() == 421 {
                self.ended = true;
            }
            self.orphans.push(reply);
            return;
        };
        self.answer(&pending, reply);
    }

    /// All commands but the last were answered, and the answers are not shown: they were no errors.
    fn skip_hidden(&mut self) {
        while self.pending.len() > 1 {
            let Some(pending) = self.pending.pop_front() else { return };
            match pending.verb {
                Verb::Mail => {
                    self.end_transaction();
                    self.transaction.reverse_path = path(&pending.argument);
                }
                Verb::Rcpt => {
                    let recipient = command::mailbox(&pending.argument).map(Text::from);
                    self.transaction.accepted.push((recipient, pending.origin));
                }
                Verb::Ehlo | Verb::Helo => {
                    if let Some(name) = connect::client_host(&pending.argument) {
                        self.peer.client.get_or_insert_with(|| name.into());
                    }
                }
                _ => {}
            }
        }
    }

    fn greeting(&mut self, reply: Reply) {
        self.greeted = true;
        self.welcomed = reply.code.is_some_and(|c| c.get() == 220);
        let first = reply.text.get(4..).unwrap_or("").split_whitespace().next().unwrap_or("");
        if connect::is_host(first) && !is_refusal(&reply) {
            self.peer.server = Some(first.trim_end_matches('.').into());
        }
        if is_refusal(&reply) {
            self.greeting_refused = true;
            self.found.push(Refusal::new(Stage::Connect, reply));
        }
    }

    /// `reply` answers `pending`.
    fn answer(&mut self, pending: &Pending, reply: Reply) {
        let refused = is_refusal(&reply);
        let code = reply.code.map_or(0, crate::smtp::ReplyCode::get);
        let refusal = |stage, reply: Reply| {
            let mut refusal = Refusal::new(stage, reply);
            refusal.command = (pending.origin != refusal.reply.origin).then_some(pending.origin);
            refusal
        };
        match pending.verb {
            Verb::Ehlo | Verb::Helo | Verb::Lhlo => {
                self.lmtp = pending.verb == Verb::Lhlo;
                if refused {
                    let refusal = refusal(Stage::Ehlo, reply);
                    self.held.get_or_insert(refusal);
                    return;
                }
                self.held = None;
                if let Some(name) = connect::client_host(&pending.argument) {
                    self.peer.client.get_or_insert_with(|| name.into());
                }
                let first = reply.text.get(4..).unwrap_or("").split_whitespace().next().unwrap_or("");
                if self.peer.server.is_none() && connect::is_host(first) {
                    self.peer.server = Some(first.into());
                }
            }
            Verb::StartTls if refused => self.held = Some(refusal(Stage::StartTls, reply)),
            Verb::Auth if code == 334 => {
                // The challenge: the credential comes, then the verdict.
                let again = Pending { verb: Verb::Auth, argument: String::new(), origin: pending.origin };
                self.pending.push_front(again);
            }
            // Clients try one mechanism after the other: one refusal.
            Verb::Auth if refused && self.held_auth.is_none() => {
                self.held_auth = Some(refusal(Stage::Auth, reply))
            }
            Verb::Auth if code == 235 => self.held_auth = None,
            Verb::Mail => {
                self.end_transaction();
                self.transaction.reverse_path = path(&pending.argument);
                if refused {
                    self.transaction.mail_refused = true;
                    // After a refused login, "authentication required" is the same trouble.
                    let needs_login = self.held_auth.is_some() && matches!(code, 530 | 550 | 554);
                    let consequent = needs_login || self.greeting_refused;
                    if !consequent {
                        self.push(refusal(Stage::MailFrom, reply));
                    }
                } else {
                    self.held = None;
                    self.forget_parameter_refusal();
                }
            }
            Verb::Rcpt => {
                let recipient = command::mailbox(&pending.argument).map(Text::from);
                if !refused {
                    self.transaction.accepted.push((recipient, pending.origin));
                    return;
                }
                self.transaction.refused += 1;
                // 503 to RCPT: MAIL was refused or is missing.
                if self.transaction.mail_refused || self.greeting_refused {
                    return;
                }
                let mut refusal = refusal(Stage::RcptTo, reply);
                refusal.recipient = recipient;
                let told =
                    self.found[self.transaction.first.min(self.found.len())..].iter().rev().take(64).any(
                        |f| {
                            f.stage == Stage::RcptTo
                                && f.recipient.is_some()
                                && f.recipient == refusal.recipient
                                && f.reply.code == refusal.reply.code
                        },
                    );
                if !told {
                    self.push(refusal);
                }
            }
            Verb::Data if code == 354 => {
                self.in_content = !self.pending.iter().any(|p| p.verb == Verb::EndOfData);
            }
            Verb::Data | Verb::Bdat if refused => {
                // The client sent the content all the same.
                if self.pending.front().is_some_and(|p| p.verb == Verb::EndOfData) {
                    self.pending.pop_front();
                }
                let stage = if pending.verb == Verb::Bdat { Stage::EndOfData } else { Stage::Data };
                self.message_refused(&refusal(stage, reply));
            }
            Verb::EndOfData => {
                if refused {
                    self.message_refused(&refusal(Stage::EndOfData, reply));
                } else if self.lmtp && !self.transaction.accepted.is_empty() {
                    if let (Some(recipient), _) = self.transaction.accepted.remove(0) {
                        self.accepted.push(recipient);
                    }
                } else {
                    self.held_auth = None;
                }
                if !self.pending.iter().any(|p| p.verb == Verb::EndOfData) {
                    self.end_transaction();
                }
            }
            Verb::Rset => self.end_transaction(),
            Verb::Quit => self.ended = true,
            _ => {}
        }
        if code == 421 {
            self.ended = true;
        }
    }

    /// DATA or the content was refused: for every recipient that had been accepted.
    fn message_refused(&mut self, refusal: &Refusal) {
        let message = &mut self.transaction;
        if message.mail_refused || self.greeting_refused {
            return;
        }
        let n = if self.lmtp && refusal.stage == Stage::EndOfData { 1 } else { message.accepted.len() };
        let recipients: Vec<_> = message.accepted.drain(..n.min(message.accepted.len())).collect();
        if recipients.is_empty() {
            // "No valid recipients" after every RCPT was refused says nothing new.
            if message.refused == 0 && !message.done {
                self.push(refusal.clone());
            }
        }
        for (recipient, _) in recipients {
            let mut refusal = refusal.clone();
            refusal.recipient = recipient;
            self.push(refusal);
        }
        self.transaction.done = true;
    }

    fn push(&mut self, mut refusal: Refusal) {
        refusal.reverse_path = self.transaction.reverse_path.clone();
        self.found.push(refusal);
    }

    /// MAIL was tried again without the parameter that the server does not know (RFC 5321 §4.1.1.11).
    fn forget_parameter_refusal(&mut self) {
        let same_sender = self.found.last().is_some_and(|f| {
            f.stage == Stage::MailFrom
                && f.reverse_path == self.transaction.reverse_path
                && f.reply.code.is_some_and(|c| matches!(c.get(), 501 | 504 | 555))
        });
        if same_sender {
            self.found.pop();
            self.transaction.first = self.found.len();
        }
    }

    fn end_transaction(&mut self) {
        let message = std::mem::take(&mut self.transaction);
        self.transaction.first = self.found.len();
        if !message.headers.is_empty() {
            let (original, message_id) = read_headers(&message.headers);
            for refusal in &mut self.found[message.first..] {
                refusal.original = original.clone();
                refusal.message_id = message_id.clone();
            }
        }
        if !message.mail_refused && !self.greeting_refused {
            self.accepted.extend(message.accepted.into_iter().filter_map(|(recipient, _)| recipient));
        }
    }

    /// The session is over.
    pub(super) fn finish(&mut self) {
        self.place_orphans();
        self.end_transaction();
        if !self.greeting_refused {
            if let Some(auth) = self.held_auth.take() {
                self.found.push(auth);
            } else if let (Some(held), true) = (self.held.take(), self.found.is_empty()) {
                self.found.push(held);
            }
        }
        for refusal in &mut self.found {
            refusal.peer = self.peer.clone();
        }
    }

    /// Replies whose commands are not shown: their order gives the stage.
    fn place_orphans(&mut self) {
        let orphans = std::mem::take(&mut self.orphans);
        if self.greeting_refused || (self.commands > 0 && !self.found.is_empty()) {
            return;
        }
        let mut next = Stage::Ehlo;
        let mut refused_rcpt = false;
        for reply in orphans {
            let code = reply.code.map_or(0, crate::smtp::ReplyCode::get);
            match code {
                220 => next = Stage::Ehlo,
                235 => next = Stage::MailFrom,
                334 => next = Stage::Auth,
                354 => next = Stage::EndOfData,
                221 => break,
                200..=299 => {
                    next = match next {
                        Stage::Ehlo => Stage::MailFrom,
                        Stage::MailFrom => Stage::RcptTo,
                        Stage::RcptTo => Stage::RcptTo,
                        _ => Stage::MailFrom,
                    };
                }
                _ if is_refusal(&reply) => {
                    let words = infer::stage(&reply.text);
                    let stage = match (self.commands > 0, words) {
                        (_, Stage::MailFrom | Stage::RcptTo | Stage::Auth) => words,
                        (true, _) => words,
                        (false, _) => next,
                    };
                    let consequent =
                        refused_rcpt && matches!(code, 503 | 554) && infer::recipient(&reply.text).is_none();
                    // A 4yz that closes an idle connection is about no message.
                    if consequent || (self.commands > 0 && code == 421) {
                        continue;
                    }
                    refused_rcpt |= stage == Stage::RcptTo;
                    let mut refusal = Refusal::new(stage, reply);
                    refusal.stage_inferred = stage != Stage::Unknown;
                    if stage == Stage::RcptTo {
                        refusal.recipient = infer::recipient(&refusal.reply.text).map(Into::into);
                    }
                    self.found.push(refusal);
                    if stage == Stage::MailFrom {
                        break;
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether this is a session of SMTP: a lone line with a number is not.
    pub(super) fn is_smtp(&self) -> bool {
        let conversation = self.commands > 0 || self.decorated || (self.welcomed && self.replies >= 2);
        conversation && self.replies > 0 && self.foreign <= self.commands / 2
    }
}

fn is_refusal(reply: &Reply) -> bool {
    reply.code.is_some_and(|code| code.get() >= 400)
}

/// From, Subject, Date and Message-ID.
/// The reverse-path of `MAIL FROM:`.
fn path(argument: &str) -> Option<ReversePath> {
    (argument.starts_with("<>"))
        .then_some(ReversePath::Null)
        .or_else(|| command::mailbox(argument).map(|m| ReversePath::Mailbox(m.into())))
}

fn read_headers(headers: &str) -> (OriginalMail, Option<Text>) {
    let raw = format!("{headers}\r\n");
    let Some(mail) = mail_parser::MessageParser::default().parse_headers(raw.as_bytes()) else {
        return (OriginalMail::default(), None);
    };
    let from = mail.from().and_then(|a| a.first()).and_then(|a| a.address()).map(Text::from);
    let original = OriginalMail {
        from,
        subject: mail.subject().map(Text::from),
        date: mail.date().and_then(|d| chrono::DateTime::from_timestamp(d.to_timestamp(), 0)),
    };
    (original, mail.message_id().map(Text::from))
}
