//! What happens to a message between its arrival and its deliveries.
//!
//! `4F1C: client=mx[192.0.2.1]`, `4F1C: message-id=<x@example.org>`, `4F1C: from=<a@example.org>, size=1, nrcpt=1
//! (queue active)`, `4F1C: from=<a@example.org>, status=expired, returned to sender`, `4F1C: removed`,
//! `4F1C: sender non-delivery notification: 5A2B`. Written by smtpd, cleanup, qmgr, bounce and pickup.

use super::super::text::{angle, host, split_before_blank};
use crate::parse::event::EventKind;

/// Reads what follows the queue id; `None` if it is none of these.
pub(super) fn read(rest: &str) -> Option<EventKind<'_>> {
    if rest == "removed" {
        return Some(EventKind::Removed);
    }
    if rest.starts_with("from=<") {
        let (reverse_path, after) = angle(&rest[5..])?;
        // Also `status=force-expired`.
        if after.ends_with("expired, returned to sender") {
            return Some(EventKind::Expired { reverse_path });
        }
        return Some(EventKind::Sender { reverse_path, message_id: None });
    }
    if let Some(id) = rest.strip_prefix("message-id=").or_else(|| rest.strip_prefix("resent-message-id=")) {
        if rest.starts_with("resent") {
            return Some(EventKind::Other);
        }
        let id = id.trim();
        let id = id.strip_prefix('<').unwrap_or(id);
        return Some(EventKind::MessageId(id.strip_suffix('>').unwrap_or(id)));
    }
    if let Some(client) = rest.strip_prefix("client=") {
        let (peer, fields) = split_before_blank(client, b',').unwrap_or((client, ""));
        let login = match fields {
            "" => None,
            fields => fields.split(", ").find_map(|f| f.strip_prefix("sasl_username=")),
        };
        let peer = host(peer);
        return Some(EventKind::Client { host: peer.name, ip: peer.ip, login });
    }
    if let Some(fields) = rest.strip_prefix("uid=") {
        // pickup: `uid=1000 from=<bob>`.
        let login = fields.split_once("from=").and_then(|(_, from)| angle(from)).map(|(from, _)| from);
        return Some(EventKind::Client { host: None, ip: None, login });
    }
    if let Some(notice_id) = rest.strip_prefix("sender non-delivery notification: ") {
        return Some(EventKind::Notice { notice_id });
    }
    known_queue_remark(rest).then_some(EventKind::Other)
}

/// Remarks about a message that decide nothing. An intermediate `host mx[192.0.2.1] said: 451 …` is one: another
/// server is tried, and the line that decides follows.
fn known_queue_remark(rest: &str) -> bool {
    const STARTS: [&str; 22] = [
        "host ",
        "lost connection with ",
        "conversation with ",
        "sender delivery status notification: ",
        "sender delay notification: ",
        "postmaster ",
        "enabling PIX workarounds",
        "skipped, still being delivered",
        "placed on hold",
        "released from hold",
        "requeued",
        "replace: ",
        "prepend: ",
        "filter: ",
        "info: ",
        "warning: ",
        "deferring",
        "Cannot start TLS",
        "SASL authentication failed",
        "TLS is required",
        "original_queue_id=",
        "breaking line",
    ];
    STARTS.iter().any(|s| rest.starts_with(s))
}

/// Remarks without a queue id that decide nothing.
pub(super) fn known_remark(message: &str) -> bool {
    const STARTS: [&str; 28] = [
        "connect from ",
        "disconnect from ",
        "lost connection ",
        "timeout after ",
        "connect to ",
        "warning: ",
        "statistics: ",
        "cache ",
        "setting up TLS connection ",
        "Anonymous TLS connection established",
        "Untrusted TLS connection established",
        "Trusted TLS connection established",
        "Verified TLS connection established",
        "SSL_accept error",
        "SSL_connect error",
        "improper command pipelining",
        "too many errors",
        "CONNECT from ",
        "DISCONNECT ",
        "PASS ",
        "PREGREET ",
        "HANGUP ",
        "DNSBL rank",
        "WHITELISTED ",
        "ALLOWLISTED ",
        "addr ",
        "COMMAND ",
        "BARE NEWLINE",
    ];
    STARTS.iter().any(|s| message.starts_with(s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rest: &str, expect: &str) {
        let got = match read(rest) {
            None => "none".into(),
            Some(EventKind::Client { host, ip, login }) => {
                let ip = ip.map_or("-".into(), |ip| ip.to_string());
                format!("client {} {ip} {}", host.unwrap_or("-"), login.unwrap_or("-"))
            }
            Some(EventKind::MessageId(id)) => format!("id {id}"),
            Some(EventKind::Sender { reverse_path, .. }) => format!("from <{reverse_path}>"),
            Some(EventKind::Expired { reverse_path }) => format!("expired <{reverse_path}>"),
            Some(EventKind::Notice { notice_id }) => format!("notice {notice_id}"),
            Some(EventKind::Removed) => "removed".into(),
            Some(_) => "other".into(),
        };
        assert_eq!(got, expect, "{rest}");
    }

    #[test]
    fn life_of_a_message() {
        check("client=mx.example.org[192.0.2.1]", "client mx.example.org 192.0.2.1 -");
        check(
            "client=unknown[192.0.2.1]:4711, sasl_method=PLAIN, sasl_username=bob, orig_queue_id=AB12",
            "client - 192.0.2.1 bob",
        );
        check("uid=0 from=<root>", "client - - root");
        check("message-id=<x@example.org>", "id x@example.org");
        check("message-id=no brackets", "id no brackets");
        check("message-id=<>", "id ");
        check("from=<>, size=5, nrcpt=1 (queue active)", "from <>");
        check("from=<\"a, b\"@example.org>, size=5, nrcpt=1 (queue active)", "from <\"a, b\"@example.org>");
        check("from=<a@example.org>, status=expired, returned to sender", "expired <a@example.org>");
        check("from=<a@example.org>, status=force-expired, returned to sender", "expired <a@example.org>");
        check("sender non-delivery notification: 5A2B", "notice 5A2B");
        check("sender delay notification: 5A2B", "other");
        check("removed", "removed");
        check("host mx[192.0.2.1] said: 451 later (in reply to end of DATA command)", "other");
        check("reject: RCPT from mx[192.0.2.1]: 550 no", "none");
    }
}
