//! Events as one line of text, for the tables of the grammars' tests.

use crate::parse::event::{DeliveryAttempt, Refusal};
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

fn or_dash(value: Option<impl Display>) -> String {
    value.map_or("-".into(), |v| v.to_string())
}
