//! One refusal of a session, and what becomes of it: evidence.

use super::infer;
use super::style::Style;
use crate::model::{Action, Attempt, Direction, Evidence, Origin, OriginalMail, Text, Timestamp};
use crate::smtp::{ReplyCode, ReversePath, Stage, innermost, read_reply, unflatten};
use std::net::IpAddr;

/// A reply with its lines joined with `\n`.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    /// `None` for an error message that gives only words or an enhanced status code.
    pub(super) code: Option<ReplyCode>,
    pub(super) text: Text,
    pub(super) origin: Origin,
    pub(super) time: Option<Timestamp>,
    pub(super) style: Style,
}

/// A reply that refuses, with its place in the session.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) stage: Stage,
    pub(super) stage_inferred: bool,
    pub(super) reply: Reply,
    /// The command it answers.
    pub(super) command: Option<Origin>,
    pub(super) recipient: Option<Text>,
    pub(super) reverse_path: Option<ReversePath>,
    pub(super) message_id: Option<Text>,
    pub(super) original: OriginalMail,
    pub(super) peer: Peer,
}

/// The two ends of a session.
#[derive(Clone, Default, Debug)]
pub(super) struct Peer {
    /// The server.
    pub(super) server: Option<Text>,
    pub(super) server_ip: Option<IpAddr>,
    /// The client, from its EHLO.
    pub(super) client: Option<Text>,
    /// The client, where the server wrote the transcript.
    pub(super) client_ip: Option<IpAddr>,
}

impl Refusal {
    /// Nothing known but the reply.
    pub(super) fn new(stage: Stage, reply: Reply) -> Self {
        Self {
            stage,
            stage_inferred: false,
            reply,
            command: None,
            recipient: None,
            reverse_path: None,
            message_id: None,
            original: OriginalMail::default(),
            peer: Peer::default(),
        }
    }

    /// The stage from the words, where the evidence does not state it.
    pub(super) fn infer_stage(&mut self) {
        if self.stage == Stage::Unknown {
            self.stage = infer::stage(&self.reply.text);
            self.stage_inferred = self.stage != Stage::Unknown;
        }
    }

    /// What is handed on.
    pub(super) fn into_evidence(self) -> Evidence {
        let style = self.reply.style;
        let mut evidence = Evidence::new(style.format(), self.reply.origin);
        let text: Text = unflatten(&self.reply.text).into();
        let inner = read_reply(innermost(&text).inner);
        let outer = read_reply(&text);
        evidence.reply_code = inner.code.or(outer.code).or(self.reply.code);
        // Some servers give the status on the last line only.
        evidence.enhanced_status =
            inner.enhanced.or(outer.enhanced).or_else(|| read_reply(text.lines().next_back()?).enhanced);
        evidence.time = self.reply.time;
        evidence.stage = self.stage;
        evidence.stage_inferred = self.stage_inferred;
        let transient = match self.reply.code {
            Some(code) => code.is_transient(),
            None => evidence.enhanced_status.is_some_and(|status| status.class == 4),
        };
        evidence.action = if transient { Action::Delayed } else { Action::Failed };
        let peer = self.peer;
        if matches!(style, Style::Postfix | Style::Server) {
            // Postfix sends its postmaster the transcript of sessions in which *it* refused a client.
            evidence.direction = Direction::Incoming;
            evidence.reporting_mta = peer.server;
            evidence.remote_mta = peer.client;
            evidence.remote_ip = peer.client_ip;
        } else {
            evidence.reporting_mta = peer.client;
            evidence.remote_mta = peer.server;
            evidence.remote_ip = peer.server_ip;
        }
        evidence.final_recipient = self.recipient;
        evidence.reverse_path = self.reverse_path;
        evidence.message_id = self.message_id;
        evidence.original = self.original;
        evidence.origins.extend(self.command);
        evidence.attempts = vec![Attempt {
            time: evidence.time,
            remote_mta: evidence.remote_mta.clone(),
            reply_code: evidence.reply_code,
            enhanced_status: evidence.enhanced_status,
            text: text.clone(),
            origin: self.reply.origin,
        }];
        evidence.diagnostic_code = text;
        evidence
    }
}

/// The words of a reply for comparison: letters and digits, without the codes of each line.
pub(super) fn words(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let line = read_reply(line).text;
        out.extend(line.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase));
    }
    out
}
