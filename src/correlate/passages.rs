//! Mail that was accepted and failed later: a notice tells of it, and a log of an earlier hop says that the mail went on.
//!
//! Nothing is kept in mind of accepted mail, so the logs are looked through once more for the messages of the notices:
//! first for their Message-IDs, which gives queue ids, then for those.

use crate::model::{EvidenceRef, Origin, Passage, RejectionIdx, Snapshot};
use crate::parse::event::{EventKind, LogEvent, LogLine, Outcome};
use crate::parse::frame::framed;
use crate::parse::{dress, formats::Family, mta};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// So many messages are looked for.
const MAX_MESSAGES: usize = 10_000;

/// The messages that are looked for, and what was found.
#[derive(Default, Debug)]
pub struct Passages {
    /// Refusals by Message-ID, each with its recipient's names.
    wanted: BTreeMap<String, Vec<(RejectionIdx, Vec<String>)>>,
    /// Which of them a queue id of a host means now; `None` after it was used for another message.
    queued: HashMap<(String, String), Option<String>>,
    found: BTreeMap<RejectionIdx, Passage>,
}

impl Passages {
    /// Looks for what the notices and events of `snapshot` tell of.
    pub fn of(snapshot: &Snapshot) -> Self {
        let mut passages = Self::default();
        for (idx, rejection) in snapshot.iter() {
            let evidence = rejection.evidence;
            let told =
                matches!(Family::of(evidence.format()), Family::Notice | Family::Events | Family::Table);
            let Some(id) =
                evidence.message_id().filter(|id| id.len() > 3 && told && rejection.is_permanent())
            else {
                continue;
            };
            if passages.wanted.len() < MAX_MESSAGES || passages.wanted.contains_key(id) {
                let counted = snapshot.retold.first(idx).unwrap_or(idx);
                passages.wanted.entry(id.to_owned()).or_default().push((counted, names(evidence)));
            }
        }
        passages
    }

    /// Nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// The words whose lines are wanted by [`Self::see_id`].
    pub fn message_ids(&self) -> Vec<String> {
        self.wanted.keys().cloned().collect()
    }

    /// The words whose lines are wanted by [`Self::see`], in the order of the log.
    pub fn queue_ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.queued.keys().map(|(_, queue_id)| queue_id.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Takes a line that holds a Message-ID: its queue id is worth following.
    pub fn see_id(&mut self, line: &[u8]) {
        with_event(line, |host, event| {
            if let (Some(queue_id), Some(id)) = (event.queue_id, message_id(&event.kind))
                && self.wanted.contains_key(id)
            {
                self.queued.insert((host.to_owned(), queue_id.to_owned()), None);
            }
        });
    }

    /// Takes a line that holds a queue id.
    pub fn see(&mut self, line: &[u8], origin: Origin) {
        with_event(line, |host, event| {
            let Some(queue_id) = event.queue_id else { return };
            let Some(means) = self.queued.get_mut(&(host.to_owned(), queue_id.to_owned())) else { return };
            if let Some(id) = message_id(&event.kind) {
                *means = self.wanted.contains_key(id).then(|| id.to_owned());
            }
            let EventKind::Attempt(attempt) = &event.kind else { return };
            let Some(wanted) = means.as_ref().and_then(|id| self.wanted.get(id)) else { return };
            for (idx, names) in wanted.iter().filter(|_| attempt.outcome == Outcome::Accepted) {
                let given = [Some(attempt.recipient), attempt.original_recipient];
                if given
                    .into_iter()
                    .flatten()
                    .any(|to| names.iter().any(|name| name.eq_ignore_ascii_case(to)))
                {
                    let passage = Passage {
                        origin,
                        remote_mta: attempt.remote_mta.map(Into::into),
                        text: attempt.text.as_ref().into(),
                    };
                    self.found.entry(*idx).or_insert(passage);
                }
            }
        });
    }

    /// For each refusal whose mail was accepted before, the line that says so; the first, if several hops did.
    pub fn found(self) -> BTreeMap<RejectionIdx, Passage> {
        self.found
    }
}

fn names(evidence: EvidenceRef<'_>) -> Vec<String> {
    evidence.final_recipient().into_iter().chain(evidence.original_recipient()).map(str::to_owned).collect()
}

fn message_id<'a>(kind: &EventKind<'a>) -> Option<&'a str> {
    match kind {
        EventKind::MessageId(id) => Some(id),
        EventKind::Sender { message_id, .. } => *message_id,
        _ => None,
    }
}

/// Calls `each` with the host and the event of a log line, if it is one.
fn with_event(line: &[u8], each: impl FnOnce(&str, &LogEvent<'_>)) {
    let text = String::from_utf8_lossy(line);
    let text = dress::undress(&text);
    let Some(found) = framed(&text).or_else(|| mta::bare(&text)) else { return };
    let line = LogLine {
        time: None,
        host: found.host,
        program: found.program,
        pid: found.pid,
        message: Cow::Borrowed(found.message),
    };
    if let Some(event) = mta::by_program(found.program).and_then(|dialect| (dialect.parse)(&line)) {
        each(found.host.unwrap_or(""), &event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SourceId;

    const LOG: [&str; 7] = [
        "Nov 23 08:35:32 out1 postfix/cleanup[1]: 5B41: message-id=<other@example.org>",
        "Nov 23 08:35:32 out1 postfix/smtp[1]: 5B41: to=<a@b.example>, relay=mx[192.0.2.1]:25, dsn=2.0.0, status=sent (250 no)",
        "Nov 23 08:35:33 out1 postfix/cleanup[1]: 5B41: message-id=<1@example.org>",
        "Nov 23 08:35:33 out1 postfix/smtp[1]: 5B41: to=<c@b.example>, relay=mx[192.0.2.1]:25, dsn=2.0.0, status=sent (250 not he)",
        "Nov 23 08:35:33 out1 postfix/smtp[1]: 5B41: to=<A@b.example>, relay=gw[192.0.2.1]:25, dsn=2.0.0, status=sent (250 yes)",
        "Nov 23 08:35:34 out2 postfix/smtp[1]: 5B41: to=<a@b.example>, relay=gw[192.0.2.1]:25, dsn=2.0.0, status=sent (250 other host)",
        "Nov 23 08:35:35 out1 postfix/cleanup[1]: 5B41: message-id=<next@example.org>",
    ];

    #[test]
    fn the_hop_that_accepted_is_found() {
        let wanted = vec![(7, vec!["a@b.example".to_owned()])];
        let mut passages = Passages {
            wanted: BTreeMap::from([("1@example.org".to_owned(), wanted)]),
            ..Passages::default()
        };
        LOG.iter().for_each(|line| passages.see_id(line.as_bytes()));
        assert_eq!(passages.queue_ids(), ["5B41"]);
        for (n, line) in LOG.iter().enumerate() {
            passages.see(line.as_bytes(), Origin { source: SourceId(0), line: n as u64, start: 0, len: 0 });
        }
        let found = passages.found();
        let passage = &found[&7];
        assert_eq!(
            (passage.origin.line, &*passage.text, passage.remote_mta.as_deref()),
            (4, "250 yes", Some("gw"))
        );
        assert_eq!(found.len(), 1);
    }
}
