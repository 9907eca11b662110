//! One JSON object a refusal, one refusal a line: for `jq`, scripts and databases.
//!
//! The keys and their order are in docs/REPORT.md; a change of them is a breaking change. What the evidence does not
//! say is `null`. Strings are as in the evidence: JSON escapes control characters, nothing else is changed.

use crate::classify::Knowledge;
use crate::model::{Attempt, Rejection, RejectionIdx, Snapshot};
use crate::query::words::fmt_rfc3339;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

/// So many lines are put into words at a time.
const CHUNK_ROWS: usize = 2048;

/// Writes `rows` in the order given. Many rows are put into words on all processors.
pub fn write_jsonl(
    out: &mut impl Write,
    snapshot: &Snapshot,
    knowledge: &Knowledge,
    rows: impl Iterator<Item = RejectionIdx>,
) -> io::Result<()> {
    let rows: Vec<_> = rows.collect();
    let chunks: Vec<_> = rows.chunks(CHUNK_ROWS).collect();
    let n_threads = thread::available_parallelism().map_or(1, usize::from).min(chunks.len());
    if n_threads < 2 {
        return rows
            .chunks(CHUNK_ROWS)
            .try_for_each(|rows| out.write_all(&lines(snapshot, knowledge, rows)?));
    }
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (send, done) = sync_channel(n_threads);
        for _ in 0..n_threads {
            let (send, next, chunks) = (send.clone(), &next, &chunks);
            scope.spawn(move || {
                while let number = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(rows) = chunks.get(number)
                    // Nobody takes it once the output is closed.
                    && send.send((number, lines(snapshot, knowledge, rows))).is_ok()
                {}
            });
        }
        drop(send);
        let mut early = BTreeMap::new();
        for due in 0..chunks.len() {
            while !early.contains_key(&due)
                && let Ok((number, lines)) = done.recv()
            {
                early.insert(number, lines);
            }
            // Without it a thread has panicked, and the scope will say so.
            let Some(lines) = early.remove(&due) else { break };
            out.write_all(&lines?)?;
        }
        Ok(())
    })
}

fn lines(snapshot: &Snapshot, knowledge: &Knowledge, rows: &[RejectionIdx]) -> io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(rows.len() * 1024);
    for rejection in rows.iter().filter_map(|idx| snapshot.get(*idx)) {
        serde_json::to_writer(&mut out, &line(snapshot, knowledge, rejection))?;
        out.push(b'\n');
    }
    Ok(out)
}

/// The keys, in order.
#[derive(Serialize)]
struct Line<'a> {
    source: Option<&'a str>,
    line: Option<u64>,
    format: &'a str,
    direction: &'a str,
    time: Option<String>,
    reporting_mta: Option<&'a str>,
    remote_mta: Option<&'a str>,
    remote_ip: Option<String>,
    queue_id: Option<&'a str>,
    message_id: Option<&'a str>,
    reverse_path: Option<&'a str>,
    final_recipient: Option<&'a str>,
    original_recipient: Option<&'a str>,
    stage: &'a str,
    stage_inferred: bool,
    reply_code: Option<u16>,
    enhanced_status: Option<String>,
    diagnostic_code: Option<&'a str>,
    action: &'a str,
    attempts: Vec<Try<'a>>,
    category: &'a str,
    matrix_row: Option<u8>,
    rule: Option<&'a str>,
    tier: &'a str,
    confidence: &'a str,
    provider: Option<&'a str>,
    actor: Vec<&'a str>,
    retry: &'a str,
    pattern_id: &'a str,
    pattern: &'a str,
}

#[derive(Serialize)]
struct Try<'a> {
    time: Option<String>,
    reply_code: Option<u16>,
    enhanced_status: Option<String>,
    remote_mta: Option<&'a str>,
    text: Option<&'a str>,
}

fn line<'a>(snapshot: &'a Snapshot, knowledge: &'a Knowledge, rejection: &'a Rejection) -> Line<'a> {
    let Rejection { evidence, verdict, pattern } = rejection;
    let class = knowledge.class(verdict.class);
    let origin = evidence.origins.first();
    Line {
        source: origin.map(|origin| snapshot.source_name(origin.source)),
        line: origin.map(|origin| origin.line),
        format: evidence.format,
        direction: evidence.direction.name(),
        time: evidence.time.map(fmt_rfc3339),
        reporting_mta: evidence.reporting_mta.as_deref(),
        remote_mta: evidence.remote_mta.as_deref(),
        remote_ip: evidence.remote_ip.map(|ip| ip.to_string()),
        queue_id: evidence.queue_id.as_deref(),
        message_id: evidence.message_id.as_deref(),
        reverse_path: evidence.reverse_path.as_ref().map(|path| path.as_str()),
        final_recipient: evidence.final_recipient.as_deref(),
        original_recipient: evidence.original_recipient.as_deref(),
        stage: evidence.stage.name(),
        stage_inferred: evidence.stage_inferred,
        reply_code: evidence.reply_code.map(|code| code.get()),
        enhanced_status: evidence.enhanced_status.map(|status| status.to_string()),
        diagnostic_code: words(&evidence.diagnostic_code),
        action: evidence.action.name(),
        attempts: evidence.attempts.iter().map(one_try).collect(),
        category: &class.id,
        matrix_row: class.matrix_row,
        rule: verdict.rule.map(|rule| knowledge.rule(rule).id.as_str()),
        tier: verdict.tier.name(),
        confidence: verdict.confidence.name(),
        provider: verdict.provider.map(|provider| knowledge.provider(provider).id.as_str()),
        actor: verdict.actors.iter().map(|actor| actor.name()).collect(),
        retry: verdict.retry.name(),
        pattern_id: &pattern.id,
        pattern: &pattern.text,
    }
}

fn one_try(attempt: &Attempt) -> Try<'_> {
    Try {
        time: attempt.time.map(fmt_rfc3339),
        reply_code: attempt.reply_code.map(|code| code.get()),
        enhanced_status: attempt.enhanced_status.map(|status| status.to_string()),
        remote_mta: attempt.remote_mta.as_deref(),
        text: words(&attempt.text),
    }
}

/// Empty where the evidence holds no words.
fn words(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Evidence, Origin, SourceId};
    use crate::query::fixture::{at, evidence, knowledge, rejection, snapshot, verdict_of};
    use std::sync::Arc;

    fn written(evidence: Evidence, class: &str) -> String {
        let knowledge = knowledge();
        let verdict = Arc::new(verdict_of(&knowledge, class));
        let snapshot = snapshot(vec![rejection(evidence, &verdict, "3fa94c0d1e2f")]);
        let mut out = Vec::new();
        write_jsonl(&mut out, &snapshot, &knowledge, 0..5).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_full_line() {
        let full = evidence(Some(at(14, 51)), "<>", "ana@example.org", "550-5.1.1 No\n550 \u{7}");
        assert_eq!(
            written(full, "auth.none"),
            concat!(
                r#"{"source":"mail.log","line":12,"format":"postfix","direction":"outgoing","#,
                r#""time":"2026-11-17T14:51:07Z","reporting_mta":null,"remote_mta":"mx.example.org","#,
                r#""remote_ip":"192.0.2.1","queue_id":"4c8Kx0z2bQ","message_id":"20261117.1@acme.example","#,
                r#""reverse_path":"<>","final_recipient":"ana@example.org","original_recipient":null,"#,
                r#""stage":"rcpt_to","stage_inferred":false,"reply_code":550,"enhanced_status":"5.1.1","#,
                r#""diagnostic_code":"550-5.1.1 No\n550 \u0007","action":"failed","#,
                r#""attempts":[{"time":"2026-11-17T14:51:07Z","reply_code":550,"enhanced_status":"5.1.1","#,
                r#""remote_mta":"mx.example.org","text":"550-5.1.1 No\n550 \u0007"}],"#,
                r#""category":"auth.none","matrix_row":5,"rule":null,"tier":"text","confidence":"medium","#,
                r#""provider":null,"actor":["dns_owner","sender_admin"],"retry":"after_fix","#,
                r#""pattern_id":"v1:3fa94c0d1e2f","pattern":"550-5.1.1 No\n550 \u0007 …"}"#,
                "\n"
            )
        );
    }

    #[test]
    fn what_is_not_known_is_null() {
        let origin = Origin { source: SourceId(0), line: 1, start: 0, len: 0 };
        assert_eq!(
            written(Evidence::new("postfix", origin), "unclassified"),
            concat!(
                r#"{"source":"mail.log","line":1,"format":"postfix","direction":"outgoing","time":null,"#,
                r#""reporting_mta":null,"remote_mta":null,"remote_ip":null,"queue_id":null,"message_id":null,"#,
                r#""reverse_path":null,"final_recipient":null,"original_recipient":null,"stage":"unknown","#,
                r#""stage_inferred":false,"reply_code":null,"enhanced_status":null,"diagnostic_code":null,"#,
                r#""action":"failed","attempts":[],"category":"unclassified","matrix_row":null,"rule":null,"#,
                r#""tier":"text","confidence":"medium","provider":null,"actor":["sender_admin"],"#,
                r#""retry":"after_fix","pattern_id":"v1:3fa94c0d1e2f","pattern":" …"}"#,
                "\n"
            )
        );
    }

    #[test]
    fn the_document_lists_the_keys_in_order() {
        let line = written(evidence(None, "a@acme.example", "b@example.org", "550 no"), "auth.none");
        let top_level = line.replace(r#"[{"time":null,"reply_code":550,"enhanced_status":null,"remote_mta":"mx.example.org","text":"550 no"}]"#, "[]");
        let keys: Vec<&str> = top_level
            .split("\":")
            .filter_map(|part| part.rsplit_once(['{', ',']).map(|(_, key)| key.trim_start_matches('"')))
            .filter(|key| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') && !key.is_empty())
            .collect();
        let doc = include_str!("../../docs/REPORT.md");
        let listed: Vec<&str> = doc
            .lines()
            .skip_while(|line| !line.starts_with("| key |"))
            .skip(2)
            .take_while(|line| line.starts_with("| `"))
            .filter_map(|line| line.split('`').nth(1))
            .collect();
        assert_eq!(listed, keys);
    }
}
