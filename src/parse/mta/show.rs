//! Events as one line of text, for the tables of the grammars' tests.

use super::Dialect;
use crate::parse::event::{DeliveryAttempt, EventKind, Glance, LogLine, Outcome, Refusal};
use std::fmt::Display;

/// A try: outcome, recipient (and as first given), remote MTA, address, stage, codes, words.
pub(super) fn attempt(a: &DeliveryAttempt<'_>) -> String {
    let from = a.original_recipient.map_or(String::new(), |o| format!(" ({o})"));
    format!(
        "{:?} {}{from} {} {} {} {} {} | {}",
        a.outcome,
        a.recipient,
        a.remote_mta.unwrap_or("-"),
        or_dash(a.remote_ip),
        a.stage.name(),
        or_dash(a.reply_code),
        or_dash(a.enhanced_status),
        a.text.replace('\n', "/"),
    )
}

/// A refused client: stage, client, address, codes, reverse-path, recipient, words.
pub(super) fn refusal(r: &Refusal<'_>) -> String {
    format!(
        "{} {} {} {} {} <{}> <{}>{} | {}",
        r.stage.name(),
        r.client.unwrap_or("-"),
        or_dash(r.client_ip),
        or_dash(r.reply_code),
        or_dash(r.enhanced_status),
        r.reverse_path.unwrap_or("?"),
        r.recipient.unwrap_or("?"),
        if r.permanent { "" } else { " for now" },
        r.text
    )
}

/// What a glance at a message says: queue id and event.
pub(super) fn glanced(dialect: &Dialect, message: &str) -> Option<String> {
    let glance = dialect.glance?;
    let queue_id = glance.queue_id(message.as_bytes(), |_| false);
    let what = glance.what(message.as_bytes(), queue_id)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let what = match what {
        Glance::Client => "client".into(),
        Glance::MessageId(id) => format!("message-id {}", text(id)),
        Glance::Sender { path, message_id } => format!("sender {} {}", text(path), text(message_id)),
        Glance::Accepted { recipient, has_code, passed_on } => {
            format!("accepted {} {has_code} {passed_on}", text(recipient))
        }
        Glance::Removed => "removed".into(),
        Glance::Other => "other".into(),
    };
    Some(format!("{} {what}", text(queue_id)))
}

/// What the grammar says of the same message, in the same words as far as there are any.
pub(super) fn parsed(dialect: &Dialect, program: &str, message: &str) -> Option<String> {
    let line = LogLine { time: None, host: None, program, pid: None, message: message.into() };
    let event = (dialect.parse)(&line)?;
    let what = match event.kind {
        EventKind::Client { .. } => "client".into(),
        EventKind::MessageId(id) => format!("message-id {id}"),
        EventKind::Sender { reverse_path, message_id } => {
            format!("sender {reverse_path} {}", message_id.unwrap_or(""))
        }
        EventKind::Attempt(a) if a.outcome == Outcome::Accepted => {
            let here = a.remote_ip.is_some_and(|ip| ip.is_loopback());
            let passed_on = here && a.text.contains("queued as");
            format!("accepted {} {} {passed_on}", a.recipient, a.reply_code.is_some())
        }
        EventKind::Removed => "removed".into(),
        EventKind::Other | EventKind::Notice { .. } => "other".into(),
        other => format!("{other:?}"),
    };
    Some(format!("{} {what}", event.queue_id.unwrap_or("")))
}

fn or_dash(value: Option<impl Display>) -> String {
    value.map_or("-".into(), |v| v.to_string())
}
