//! What is known of a message when a refusal is handed out.

use crate::correlate::context::{Context, Key, Try, Waiting};
use crate::model::{Action, Evidence, Harvest, Origin, Text};
use crate::smtp::{ReversePath, Stage, tidy_mailbox};

/// What is known of a message when a refusal is handed out.
pub(super) struct Known {
    pub(super) format: &'static str,
    pub(super) host: Option<Text>,
    pub(super) queue_id: Option<Text>,
    pub(super) message_id: Option<Text>,
    pub(super) reverse_path: Option<ReversePath>,
    pub(super) origins: Vec<Origin>,
}

impl Known {
    pub(super) fn of(context: &Context, more: &[Origin]) -> Self {
        let mut origins = Vec::with_capacity(more.len() + context.origins.len());
        origins.extend(more);
        origins.extend(&context.origins);
        Self {
            format: context.format,
            host: context.host(),
            queue_id: context.queue_id(),
            message_id: context.message_id(),
            reverse_path: context.reverse_path(),
            origins,
        }
    }

    pub(super) fn only(format: &'static str, key: Key<'_>, more: &[Origin]) -> Self {
        let text = |text: &str| (!text.is_empty()).then(|| Text::from(text));
        Self {
            format,
            host: text(key.host),
            queue_id: text(&String::from_utf8_lossy(key.queue_id)),
            message_id: None,
            reverse_path: None,
            origins: more.to_vec(),
        }
    }

    /// Evidence with what is known of the message; the line at `origin` decides.
    pub(super) fn bare_evidence(&self, origin: Origin) -> Evidence {
        let mut evidence = Evidence::new(self.format, origin);
        evidence.reporting_mta = self.host.clone();
        evidence.queue_id = self.queue_id.clone();
        evidence.message_id = self.message_id.clone();
        evidence.reverse_path = self.reverse_path.clone();
        evidence.origins.extend(self.origins.iter().filter(|o| **o != origin));
        evidence
    }

    pub(super) fn evidence(
        &self,
        waiting: Waiting,
        deciding: &Try,
        action: Action,
        origin: Origin,
    ) -> Evidence {
        let mut evidence = self.bare_evidence(origin);
        evidence.final_recipient = Some(tidy_mailbox(&waiting.recipient).into());
        evidence.original_recipient = waiting.original_recipient;
        evidence.remote_mta = deciding.attempt.remote_mta.clone();
        evidence.remote_ip = deciding.remote_ip;
        evidence.reply_code = deciding.attempt.reply_code;
        evidence.enhanced_status = deciding.attempt.enhanced_status;
        evidence.diagnostic_code = deciding.attempt.text.clone();
        evidence.stage = deciding.stage;
        if evidence.stage == Stage::Unknown && evidence.reply_code.is_some() {
            evidence.stage = evidence.enhanced_status.and_then(Stage::usual_for).unwrap_or_default();
            evidence.stage_inferred = evidence.stage != Stage::Unknown;
        }
        evidence.action = action;
        let others = waiting.tries.iter().map(|t| t.attempt.origin).filter(|o| *o != origin);
        evidence.origins.extend(others);
        evidence.origins[1..].sort_unstable();
        evidence.attempts = waiting.tries.into_iter().map(|t| t.attempt).collect();
        evidence
    }

    pub(super) fn hand_out_delayed(&self, waiting: Vec<Waiting>, out: &mut Harvest) {
        for waiting in waiting {
            let Some(last) = waiting.tries.last().cloned() else { continue };
            let mut evidence = self.evidence(waiting, &last, Action::Delayed, last.attempt.origin);
            evidence.time = last.attempt.time;
            out.evidence.push(evidence);
        }
    }
}
