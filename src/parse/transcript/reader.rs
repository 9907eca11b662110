//! A whole document of sessions, error messages and remarks, read line by line.
//!
//! Two passes: the first learns who speaks in which decoration, the second reads. Memory grows with the refusals and
//! with what is open, not with the document.

use super::command::{Command, MECHANISMS, Verb};
use super::connect;
use super::lex::{self, Kind, Prefix};
use super::refusal::{Refusal, Reply, words};
use super::roles::{Role, Roles};
use super::secrets::HIDDEN;
use super::session::Session;
use super::style::Style;
use super::summary::{self, Detail, Summary};
use crate::model::{Harvest, Origin, SourceId};
use crate::parse::{Line, Lines};
use crate::smtp::{ReplyCode, ReversePath, Stage};
use std::collections::{BTreeMap, BTreeSet};

/// Sessions that are open at the same time; the oldest ends when there are more.
const MAX_OPEN: usize = 1024;
/// Error messages that are kept until the sessions are read.
const MAX_RETOLD: usize = 20_000;
/// Bytes of one reply that are kept.
const MAX_REPLY: usize = 32 * 1024;
/// Credentials of one document that are looked for in its replies.
const MAX_SECRETS: usize = 64;
/// A refusal is told again within this many records.
const NEAR: usize = 64;

/// What was found, and which lines it was found in.
pub(crate) struct Taken {
    /// Refusals.
    pub(crate) found: usize,
    /// Numbers of the lines that were understood as replies or as error messages, in order.
    pub(crate) lines: Vec<u64>,
}

/// As [`read`](super::read), with the lines that were understood.
pub(crate) fn read_noting(source: SourceId, text: &[u8], line: u64, start: u64, out: &mut Harvest) -> Taken {
    let mut reader = Reader::default();
    for line in Lines::new(source, text, line, start) {
        reader.learn(&line);
    }
    reader.roles.conclude();
    for line in Lines::new(source, text, line, start) {
        reader.line(&line);
    }
    reader.finish(out)
}

/// A reply that may go on in the next line.
struct Open {
    key: String,
    code: ReplyCode,
    more: bool,
    text: String,
    origin: Origin,
    last_len: usize,
    last_line: u64,
    reply: Reply,
    /// Told by an error message: at this place in `retold`.
    retold: Option<usize>,
    session: String,
}

#[derive(Default)]
struct Reader {
    roles: Roles,
    /// Lines that are a lone dot.
    dots: Vec<u64>,
    next_dot: usize,
    sessions: BTreeMap<String, Session>,
    /// The ids of the open sessions, the last used last.
    order: Vec<String>,
    open: Option<Open>,
    done: Vec<Refusal>,
    accepted: Vec<crate::model::Text>,
    retold: Vec<Refusal>,
    /// Credentials that clients sent.
    secrets: BTreeSet<String>,
    /// Lines taken as replies by the sessions that turned out to be SMTP.
    lines: Vec<u64>,
    /// An error message whose code comes in a later line (PHPMailer), with its line number.
    codeless: Option<(u64, Stage, String)>,
}

impl Reader {
    /// First pass.
    fn learn(&mut self, line: &Line<'_>) {
        let text = lex::clean(line.bytes);
        let mut dot = false;
        lex::lex(&text, |prefix, kind| match kind {
            Kind::Reply { .. } if !prefix.retold => self.roles.saw_reply(&prefix.key),
            Kind::Command(_) => self.roles.saw_command(&prefix.key),
            Kind::Dot => dot = true,
            _ => {}
        });
        if dot {
            self.dots.push(line.number);
        }
    }

    /// Second pass.
    fn line(&mut self, line: &Line<'_>) {
        let text = lex::clean(line.bytes);
        while self.dots.get(self.next_dot).is_some_and(|dot| *dot < line.number) {
            self.next_dot += 1;
        }
        let origin = line.origin();
        // smtplib says everything twice; only if the first telling is missing the second counts.
        if let Some((code, reply)) = summary::retcode(&text) {
            self.close();
            if self.session("").expects_reply() {
                let mut prefix = Prefix::default();
                lex::lex(&text, |p, _| prefix = p.clone());
                let reply = Reply {
                    code: Some(code),
                    text: reply.into(),
                    origin,
                    time: prefix.time,
                    style: Style::Smtplib,
                };
                self.give(String::new(), reply);
            }
            self.lines.push(line.number);
            return;
        }
        lex::lex(&text, |prefix, kind| self.part(prefix, kind, origin, &text));
    }

    /// One part of a line.
    fn part(&mut self, prefix: &Prefix, kind: Kind<'_>, origin: Origin, line: &str) {
        let id = prefix.id.clone().unwrap_or_default();
        let role = self.roles.of(&prefix.key);
        match kind {
            Kind::Reply { code, more, text } => self.reply_line(prefix, id, role, (code, more, text), origin),
            Kind::Command(command) => {
                self.close();
                if command.verb == Verb::Auth {
                    let response = line.split_whitespace().next_back().unwrap_or("");
                    self.note_secret(response);
                }
                let session = self.session(&id);
                if session.in_content && role != Role::Server {
                    session.content(lex::content(line));
                    return;
                }
                if matches!(command.verb, Verb::Ehlo | Verb::Helo | Verb::Lhlo) && session.has_ended() {
                    self.end(&id);
                }
                self.session(&id).command(command, origin);
            }
            Kind::Dot => {
                self.close();
                self.session(&id).command(Command { verb: Verb::EndOfData, argument: "" }, origin);
            }
            Kind::Other(text) => self.other(prefix, &id, text, origin, line),
        }
    }

    fn reply_line(
        &mut self,
        prefix: &Prefix,
        id: String,
        role: Role,
        (code, more, text): (ReplyCode, bool, &str),
        origin: Origin,
    ) {
        // The next line of a multi-line reply, whatever stands before it.
        if let Some(open) = &mut self.open {
            let adjacent = open.last_line + 2 >= origin.line;
            if open.more && open.code == code && adjacent && open.session == id {
                open.more = more;
                open.last_len = origin.len as usize;
                open.last_line = origin.line;
                if open.text.len() + text.len() < MAX_REPLY {
                    open.text.push('\n');
                    open.text.push_str(text);
                }
                open.origin.len = u32::try_from(origin.start - open.origin.start).unwrap_or(u32::MAX);
                open.origin.len = open.origin.len.saturating_add(origin.len);
                self.session(&id).lines.push(origin.line);
                return;
            }
        }
        self.close();
        let dot_ahead = self.next_dot < self.dots.len();
        let session = self.session(&id);
        if session.in_content
            && (matches!(role, Role::Client | Role::Neither) || role == Role::Mixed && dot_ahead)
        {
            session.content(lex::content(text));
            return;
        }
        if prefix.retold || !matches!(role, Role::Server | Role::Mixed) {
            // Loose repetitions (Sendmail's `550 5.1.1 <a>... User unknown`) say nothing that is not told elsewhere.
            if prefix.retold && code.get() >= 400 {
                self.retell(prefix, Stage::Unknown, Some(code), text, None, origin);
            }
            return;
        }
        if role == Role::Server && !prefix.key.is_empty() && told_by_server(&prefix.key) {
            session.decorated = true;
        }
        let reply =
            Reply { code: Some(code), text: "".into(), origin, time: prefix.time, style: prefix.style };
        session.lines.push(origin.line);
        self.open = Some(Open {
            key: prefix.key.clone(),
            code,
            more,
            text: text.to_owned(),
            origin,
            last_len: origin.len as usize,
            last_line: origin.line,
            reply,
            retold: None,
            session: id,
        });
    }

    fn other(&mut self, prefix: &Prefix, id: &str, text: &str, origin: Origin, line: &str) {
        // A reply that the paste has broken: its rest has no code and no decoration.
        if let Some(open) = &mut self.open {
            let next = open.last_line + 1 >= origin.line;
            if next && prefix.key == open.key && is_wrapped_rest(text, open) {
                open.text.push(' ');
                open.text.push_str(text);
                open.last_len = text.len();
                open.last_line = origin.line;
                open.origin.len = u32::try_from(origin.start - open.origin.start).unwrap_or(u32::MAX);
                open.origin.len = open.origin.len.saturating_add(origin.len);
                return;
            }
        }
        // A blank line inside a reply is the paste's; anything else ends it.
        if text.is_empty() && self.open.as_ref().is_some_and(|open| open.more) {
            return;
        }
        self.close();
        let session = self.session(id);
        if session.awaits_credential() && !session.in_content {
            self.note_secret(lex::after_marker(line).map_or_else(|| lex::content(line), |(_, text)| text));
        }
        let session = self.session(id);
        if session.in_content {
            if line.contains("We are completely uploaded") || line.contains("upload completely sent off") {
                session.content_sent(origin);
                return;
            }
            session.content(lex::content(line));
        }
        if let Some(target) = connect::read(line) {
            let server_side = line.to_ascii_lowercase().contains("errors from ");
            let session = self.session(id);
            if target.opens && session.is_over(None) && !session.in_content {
                self.end(id);
            }
            self.session(id).target(target, server_side);
        }
        self.summaries(prefix, origin, line);
    }

    /// What the line says about a refusal.
    fn summaries(&mut self, prefix: &Prefix, origin: Origin, line: &str) {
        if let Some(detail) = summary::detail(line) {
            self.add_detail(detail, origin);
        }
        if self.phpmailer(prefix, origin, line) {
            return;
        }
        let found = summary::read(line);
        for Summary { stage, code, text, recipient, sender } in found {
            let before = self.retold.len();
            self.retell(prefix, stage, code, &text, recipient, origin);
            if let (Some(sender), Some(told)) = (sender, self.retold.get_mut(before)) {
                told.reverse_path = Some(ReversePath::Mailbox(sender.into()));
            }
        }
    }

    /// `… DATA END command failed Detail: no` and, in the next line, `SMTP code: 550 Additional SMTP info: 5.7.1`.
    fn phpmailer(&mut self, prefix: &Prefix, origin: Origin, line: &str) -> bool {
        if let Some((head, detail)) = line.rsplit_once(" command failed Detail: ") {
            let stage = match head.rsplit(": ").next().unwrap_or("") {
                "DATA END" => Stage::EndOfData,
                "DATA" => Stage::Data,
                "MAIL FROM" => Stage::MailFrom,
                "RCPT TO" => Stage::RcptTo,
                _ => Stage::Unknown,
            };
            self.codeless = Some((origin.line, stage, detail.trim().to_owned()));
            if !detail.contains("SMTP code:") {
                return false;
            }
        }
        let Some((_, rest)) = line.split_once("SMTP code: ") else { return false };
        let Some(code) = ReplyCode::at_start(rest) else { return false };
        let Some((at, stage, detail)) = self.codeless.take().filter(|(at, ..)| at + 4 >= origin.line) else {
            return false;
        };
        let _ = at;
        let status = rest.split_once("Additional SMTP info: ").map(|(_, s)| s);
        let status = status.and_then(|s| s.split_whitespace().next()).unwrap_or("");
        let detail = detail.split(" SMTP code:").next().unwrap_or("").trim();
        let text = [&code.to_string(), status, detail].iter().filter(|t| !t.is_empty()).fold(
            String::new(),
            |mut text, part| {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(part);
                text
            },
        );
        self.retell(prefix, stage, Some(code), &text, None, origin);
        true
    }

    /// An error object goes on about the refusal told just before.
    fn add_detail(&mut self, detail: Detail, origin: Origin) {
        self.close();
        let Some(last) = self.retold.last_mut().filter(|r| r.reply.origin.line + 60 > origin.line) else {
            return;
        };
        match detail {
            Detail::Stage(stage) if last.stage == Stage::Unknown => last.stage = stage,
            Detail::Recipient(recipient) if last.stage != Stage::MailFrom && last.stage != Stage::Connect => {
                last.recipient.get_or_insert_with(|| recipient.into());
            }
            _ => {}
        }
    }

    /// A refusal that an error message tells.
    fn retell(
        &mut self,
        prefix: &Prefix,
        stage: Stage,
        code: Option<ReplyCode>,
        text: &str,
        recipient: Option<String>,
        origin: Origin,
    ) {
        self.lines.push(origin.line);
        if code.is_some_and(|c| c.get() < 400) || self.retold.len() >= MAX_RETOLD {
            return;
        }
        let text = &text[..text.floor_char_boundary(MAX_REPLY)];
        // msmtp puts its name before each line of the reply.
        if let Some(last) = self.retold.last_mut().filter(|last| goes_on(last, text, origin)) {
            last.reply.text = format!("{}\n{text}", last.reply.text).into();
            let len = origin.start.saturating_sub(last.reply.origin.start) + u64::from(origin.len);
            last.reply.origin.len = u32::try_from(len).unwrap_or(u32::MAX);
            return;
        }
        let reply = Reply { code, text: text.into(), origin, time: prefix.time, style: Style::Other };
        let mut refusal = Refusal::new(stage, reply.clone());
        refusal.recipient = recipient.map(Into::into);
        self.retold.push(refusal);
        let last = text.lines().next_back().unwrap_or("");
        let more = last.as_bytes().get(3) == Some(&b'-') && lex::reply_code(last).is_some();
        if let (Some(code), true) = (code, more) {
            self.open = Some(Open {
                key: prefix.key.clone(),
                code,
                more,
                text: text.to_owned(),
                origin,
                last_len: 0,
                last_line: origin.line,
                reply,
                retold: Some(self.retold.len() - 1),
                session: prefix.id.clone().unwrap_or_default(),
            });
        }
    }

    /// A credential: servers repeat what they could not decode.
    fn note_secret(&mut self, response: &str) {
        let response = response.trim_matches(['"', '\'', ',', ' ']).trim_end_matches("\\r\\n");
        if (6..4096).contains(&response.len())
            && !response.contains(' ')
            && !MECHANISMS.iter().any(|m| m.eq_ignore_ascii_case(response))
            && self.secrets.len() < MAX_SECRETS
        {
            self.secrets.insert(response.to_owned());
        }
    }

    /// The reply is complete.
    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        if let Some(at) = open.retold {
            if let Some(refusal) = self.retold.get_mut(at) {
                refusal.reply.text = open.text.into();
                refusal.reply.origin = open.origin;
            }
            return;
        }
        let reply = Reply { text: open.text.into(), origin: open.origin, ..open.reply };
        self.give(open.session, reply);
    }

    fn give(&mut self, id: String, reply: Reply) {
        if self.session(&id).is_over(Some(&reply)) {
            self.end(&id);
        }
        self.session(&id).reply(reply);
    }

    /// The open session with this id; lines without an id belong to the one last used.
    fn session(&mut self, id: &str) -> &mut Session {
        let id = match self.order.last() {
            Some(last) if id.is_empty() || id == last => last.clone(),
            _ => {
                self.order.retain(|known| known != id);
                self.order.push(id.to_owned());
                id.to_owned()
            }
        };
        if self.order.len() > MAX_OPEN {
            let oldest = self.order.remove(0);
            if let Some(session) = self.sessions.remove(&oldest) {
                self.conclude(session);
            }
        }
        self.sessions.entry(id).or_default()
    }

    /// The session with this id is over; what follows under the same id is the next one.
    fn end(&mut self, id: &str) {
        let id = if id.is_empty() { self.order.last().cloned().unwrap_or_default() } else { id.to_owned() };
        if let Some(session) = self.sessions.remove(&id) {
            self.conclude(session);
        }
    }

    fn conclude(&mut self, mut session: Session) {
        session.finish();
        // Lines of FTP and the like are understood, too: as none of ours.
        if session.is_smtp() || session.foreign > session.commands / 2 {
            self.lines.append(&mut session.lines);
        }
        if session.is_smtp() {
            self.done.append(&mut session.found);
            self.accepted.append(&mut session.accepted);
        }
    }

    /// The document is over: one record for each refusal, however often it was told.
    fn finish(mut self, out: &mut Harvest) -> Taken {
        self.close();
        for id in std::mem::take(&mut self.order) {
            self.end(&id);
        }
        let mut told_before = Vec::new();
        let shown = Shown::of(&self.done);
        for mut told in std::mem::take(&mut self.retold) {
            if shown.has(&told) {
                continue;
            }
            told.infer_stage();
            merge(&mut self.done, &mut told_before, told);
        }
        for refusal in self.done.iter_mut().filter(|refusal| refusal.stage == Stage::Auth) {
            for secret in &self.secrets {
                if refusal.reply.text.contains(secret.as_str()) {
                    refusal.reply.text = refusal.reply.text.replace(secret.as_str(), HIDDEN).into();
                }
            }
        }
        self.done.sort_by_key(|refusal| refusal.reply.origin.start);
        for recipient in &self.accepted {
            out.accept(recipient);
        }
        let found = self.done.len();
        out.evidence.extend(self.done.into_iter().map(Refusal::into_evidence));
        self.lines.sort_unstable();
        self.lines.dedup();
        Taken { found, lines: self.lines }
    }
}

/// The refusals that sessions show, to know them again in error messages.
#[derive(Default)]
struct Shown {
    codes: BTreeSet<u16>,
    /// With the recipient; empty where none is known.
    recipients: BTreeSet<(u16, String)>,
}

impl Shown {
    fn of(done: &[Refusal]) -> Self {
        let mut shown = Self::default();
        for refusal in done {
            let code = refusal.reply.code.map_or(0, ReplyCode::get);
            shown.codes.insert(code);
            shown.recipients.insert((code, refusal.recipient.as_deref().unwrap_or("").to_owned()));
        }
        shown
    }

    /// Whether `told` is one of them. Beside a session code and recipient are enough.
    fn has(&self, told: &Refusal) -> bool {
        let Some(code) = told.reply.code.map(ReplyCode::get) else { return !self.codes.is_empty() };
        match &told.recipient {
            None => self.codes.contains(&code),
            Some(recipient) => {
                ["", recipient].iter().any(|r| self.recipients.contains(&(code, (*r).to_owned())))
            }
        }
    }
}

/// Adds what an error message tells, unless another one has told it: `told_before` has the words of those, which are
/// the last of `done`.
fn merge(done: &mut Vec<Refusal>, told_before: &mut Vec<String>, told: Refusal) {
    let told_words = words(&told.reply.text);
    let first = done.len() - told_before.len();
    let near = told_before.len().saturating_sub(NEAR);
    let known = (near..told_before.len()).find(|at| {
        let known = &done[first + at];
        let code = told.reply.code.is_none() || known.reply.code == told.reply.code;
        let recipient =
            told.recipient.is_none() || known.recipient.is_none() || known.recipient == told.recipient;
        let words = &told_before[*at];
        let same = words.is_empty()
            || told_words.is_empty()
            || words.contains(&told_words)
            || told_words.contains(words.as_str());
        code && recipient && same
    });
    let Some(at) = known else {
        done.push(told);
        told_before.push(told_words);
        return;
    };
    let known = &mut done[first + at];
    if known.recipient.is_none() && told.recipient.is_some() {
        known.recipient = told.recipient;
    }
    if (known.stage == Stage::Unknown || known.stage_inferred)
        && !told.stage_inferred
        && told.stage != Stage::Unknown
    {
        known.stage = told.stage;
        known.stage_inferred = false;
    }
    if known.reply.text.len() < told.reply.text.len() {
        known.reply = told.reply;
        told_before[at] = told_words;
    }
}

/// Whether `text` in the line at `origin` is the next line of a multi-line reply.
fn goes_on(told: &Refusal, text: &str, origin: Origin) -> bool {
    let before = &told.reply.text;
    let last = before.lines().next_back().unwrap_or("");
    before.len() < 4096
        && last.as_bytes().get(3) == Some(&b'-')
        && lex::reply_code(last).is_some()
        && lex::reply_code(last) == lex::reply_code(text)
        && told.reply.origin.line + before.lines().count() as u64 == origin.line
}

/// Decoration that only a server's side of a session has, as tools print it.
fn told_by_server(key: &str) -> bool {
    key.contains(['<', '>', '←', '→', '«', '»'])
        && !key.trim_matches(['>', '@', '[', ']', '`', '|']).is_empty()
        || ["s:", "reply:", "out:", "server:", "recv:", "received:", "smtp:"].iter().any(|l| key.ends_with(l))
}

/// Whether `text` is what a hard wrap cut off the reply before it.
fn is_wrapped_rest(text: &str, open: &Open) -> bool {
    let in_link = open.text.rsplit(' ').next().is_some_and(|word| word.contains("://"));
    let starts_low = text.starts_with(|c: char| c.is_ascii_lowercase() || matches!(c, '(' | '<' | '['))
        || text.starts_with('/') && in_link;
    // What `openssl s_client` says when it waits and when it ends.
    if text.starts_with("read R BLOCK") || text.starts_with("read:errno") || text == "closed" {
        return false;
    }
    let long = open.last_len >= 60;
    let room = open.text.len() + text.len() < MAX_REPLY;
    !text.is_empty()
        && text.len() < 200
        && long
        && room
        && (open.more || starts_low)
        && connect::read(text).is_none()
}
