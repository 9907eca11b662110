//! What is known of a message when a refusal is handed out.

use super::forgotten::Forgotten;
use crate::correlate::context::{Context, Key, Tried, Waiting};
use crate::model::{Action, Draft, Origin, Records, Timestamp, Try};
use crate::smtp::{Stage, tidy_mailbox};
use std::borrow::Cow;
use std::net::IpAddr;

/// What is known of a message when a refusal is handed out.
pub(super) struct Known<'a> {
    format: &'static str,
    host: Cow<'a, str>,
    queue_id: Cow<'a, str>,
    message_id: Option<Cow<'a, str>>,
    reverse_path: Option<Cow<'a, str>>,
    /// What is known of the message as a whole.
    context: Option<&'a Context>,
    /// Further lines of the event that is being read.
    more: &'a [Origin],
}

/// A recipient, and the try that decided about it.
#[derive(Clone, Copy)]
pub(super) struct Decided<'a> {
    pub recipient: &'a str,
    pub original_recipient: Option<&'a str>,
    /// The envelope sender, where the line has it.
    pub reverse_path: Option<&'a str>,
    pub by: Try<'a>,
    pub stage: Stage,
    pub remote_ip: Option<IpAddr>,
    pub action: Action,
    pub time: Option<Timestamp>,
    /// The deciding line.
    pub origin: Origin,
}

impl<'a> Known<'a> {
    pub(super) fn of(context: &'a Context, more: &'a [Origin]) -> Self {
        Self {
            format: context.format,
            host: context.host(),
            queue_id: context.queue_id(),
            message_id: context.message_id(),
            reverse_path: context.reverse_path(),
            context: Some(context),
            more,
        }
    }

    pub(super) fn only(format: &'static str, key: Key<'a>, more: &'a [Origin]) -> Self {
        Self {
            format,
            host: Cow::Borrowed(key.host),
            queue_id: String::from_utf8_lossy(key.queue_id),
            message_id: None,
            reverse_path: None,
            context: None,
            more,
        }
    }

    /// Some messages were forgotten, and sender or Message-ID are not known: this may be one of them.
    pub(super) fn note_lack(&self, forgotten: &mut Forgotten, place: u64) {
        if forgotten.any && (self.message_id.is_none() || self.reverse_path.is_none()) {
            forgotten.note(&self.host, &self.queue_id, place);
        }
    }

    /// All but the deciding line, in `lines`.
    pub(super) fn other_origins(&self, origin: Origin, lines: &mut Vec<Origin>) {
        lines.clear();
        let known = self.context.into_iter().flat_map(Context::origins);
        lines.extend(self.more.iter().copied().chain(known).filter(|line| *line != origin));
    }

    /// A draft with what is known of the message; the line at `origin` decides.
    pub(super) fn draft<'d>(&'d self, origin: Origin, other_origins: &'d [Origin]) -> Draft<'d> {
        let said = |text: &'d str| (!text.is_empty()).then_some(text);
        Draft {
            reporting_mta: said(&self.host),
            queue_id: said(&self.queue_id),
            message_id: self.message_id.as_deref(),
            reverse_path: self.reverse_path.as_deref().map(tidy_mailbox),
            other_origins,
            ..Draft::new(self.format, origin)
        }
    }

    /// Hands out a recipient's refusal. `lines` is room to work in.
    pub(super) fn hand_out(
        &self,
        decided: Decided<'_>,
        tries: &[Try<'_>],
        lines: &mut Vec<Origin>,
        out: &mut Records,
    ) {
        let origin = decided.origin;
        self.other_origins(origin, lines);
        lines.extend(tries.iter().map(|one| one.origin).filter(|line| *line != origin));
        lines.sort_unstable();
        let mut draft = self.draft(origin, lines);
        if let Some(path) = decided.reverse_path {
            draft.reverse_path = Some(tidy_mailbox(path));
        }
        draft.time = decided.time;
        draft.final_recipient = Some(tidy_mailbox(decided.recipient));
        draft.original_recipient = decided.original_recipient;
        draft.remote_mta = decided.by.remote_mta;
        draft.remote_ip = decided.remote_ip;
        draft.reply_code = decided.by.reply_code;
        draft.enhanced_status = decided.by.enhanced_status;
        draft.diagnostic_code = decided.by.text;
        draft.stage = decided.stage;
        if draft.stage == Stage::Unknown && draft.reply_code.is_some() {
            draft.stage = draft.enhanced_status.and_then(Stage::usual_for).unwrap_or_default();
            draft.stage_inferred = draft.stage != Stage::Unknown;
        }
        draft.action = decided.action;
        draft.tries = tries;
        out.push(&draft);
    }

    /// Hands out a recipient that waits, as `by` has decided: with its last try, whatever came of it, or failed by
    /// the line at `origin`.
    pub(super) fn hand_out_waiting(
        &self,
        waiting: &Waiting,
        by: &Tried,
        failed: Option<(Option<Timestamp>, Origin)>,
        lines: &mut Vec<Origin>,
        out: &mut Records,
    ) {
        let tries: Vec<Try<'_>> = waiting.tries.iter().map(|tried| tried.attempt.as_try()).collect();
        let (time, origin) = failed.unwrap_or((by.attempt.time, by.attempt.origin));
        let decided = Decided {
            recipient: &waiting.recipient,
            original_recipient: waiting.original_recipient.as_deref(),
            reverse_path: None,
            by: by.attempt.as_try(),
            stage: by.stage,
            remote_ip: by.remote_ip,
            action: if failed.is_some() { Action::Failed } else { Action::Delayed },
            time,
            origin,
        };
        self.hand_out(decided, &tries, lines, out);
    }

    /// Hands out recipients that were only put off.
    pub(super) fn hand_out_delayed(&self, waiting: &[Waiting], lines: &mut Vec<Origin>, out: &mut Records) {
        for waiting in waiting {
            if let Some(last) = waiting.tries.last() {
                self.hand_out_waiting(waiting, last, None, lines, out);
            }
        }
    }
}
