//! One JSON object a refusal, one refusal a line: for `jq`, scripts and databases.
//!
//! The keys and their order are in docs/REPORT.md; a change of them is a breaking change. What the evidence does not
//! say is `null`. Strings are as in the evidence: JSON escapes control characters, nothing else is changed.

use crate::classify::Knowledge;
use crate::model::{Conclusion, NO_TIME, Print, RejectionIdx, RejectionRef, Rejections, Snapshot, timestamp};
use crate::near;
use crate::query::words::fmt_rfc3339;
use crate::smtp::EnhancedStatus;
use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::Arc;

/// Lines are handed on in pieces of about this size.
const PIECE_BYTES: usize = 256 * 1024;

/// So long are most lines.
const LINE_BYTES: usize = 768;

/// Writes `rows` in the order given.
pub fn write_jsonl(
    out: &mut impl Write,
    snapshot: &Snapshot,
    knowledge: &Knowledge,
    rows: impl Iterator<Item = RejectionIdx>,
) -> io::Result<()> {
    let mut lines = Lines::default();
    let mut piece = Vec::with_capacity(PIECE_BYTES * 2);
    for (idx, rejection) in rows.filter_map(|idx| Some((idx, snapshot.get(idx)?))) {
        let source = snapshot.source_name(rejection.evidence.origin().source);
        let mut end = also(snapshot, idx);
        end.extend(end_of_line(knowledge, rejection.conclusion));
        lines.write(&mut piece, &json(source), rejection, &end);
        if piece.len() >= PIECE_BYTES {
            out.write_all(&piece)?;
            piece.clear();
        }
    }
    out.write_all(&piece)
}

/// Puts refusals into lines while they are being read.
pub struct JsonlPrinter {
    /// For the names of classes, rules and providers.
    pub knowledge: Arc<Knowledge>,
    /// Recipients that were only put off are printed, too.
    pub include_transient: bool,
}

impl Print for JsonlPrinter {
    fn print(&self, source: &str, rejections: &Rejections, out: &mut Vec<u8>) {
        let mut lines = Lines::default();
        let source = json(source);
        out.reserve(rejections.len() * LINE_BYTES);
        let mut ends: Vec<Option<Vec<u8>>> = vec![None; rejections.conclusions().len()];
        for (rejection, number) in rejections.iter().zip(rejections.numbers()) {
            if rejection.is_permanent() || self.include_transient {
                // What other sources tell is not known yet.
                let end = ends[*number as usize].get_or_insert_with(|| {
                    [NOBODY, &end_of_line(&self.knowledge, rejection.conclusion)].concat()
                });
                lines.write(out, &source, rejection, end);
            }
        }
    }
}

/// No other source tells of a refusal.
const NOBODY: &[u8] = b",\"also\":[]";

/// The places where other sources tell of a refusal.
fn also(snapshot: &Snapshot, idx: RejectionIdx) -> Vec<u8> {
    let mut out = NOBODY[..NOBODY.len() - 1].to_vec();
    for (n, other) in snapshot.retold.others(idx).iter().filter_map(|idx| snapshot.get(*idx)).enumerate() {
        let origin = other.evidence.origin();
        out.extend(if n > 0 { &b",{\"source\":"[..] } else { b"{\"source\":" });
        string(&mut out, snapshot.source_name(origin.source));
        out.extend(b",\"line\":");
        number(&mut out, origin.line);
        out.push(b'}');
    }
    out.push(b']');
    out
}

/// The keys that tell what is concluded: the same for all refusals with one masked reply.
fn end_of_line(knowledge: &Knowledge, Conclusion { verdict, pattern }: &Conclusion) -> Vec<u8> {
    let class = knowledge.class(verdict.class);
    let mut out = Vec::new();
    out.extend(b",\"category\":");
    string(&mut out, &class.id);
    out.extend(b",\"matrix_row\":");
    number_or_null(&mut out, class.matrix_row);
    out.extend(b",\"rule\":");
    string_or_null(&mut out, verdict.rule.map(|rule| knowledge.rule(rule).id.as_str()));
    out.extend(b",\"tier\":");
    string(&mut out, verdict.tier.name());
    out.extend(b",\"confidence\":");
    string(&mut out, verdict.confidence.name());
    out.extend(b",\"provider\":");
    string_or_null(&mut out, verdict.provider.map(|provider| knowledge.provider(provider).id.as_str()));
    out.extend(b",\"actor\":[");
    for (n, actor) in verdict.actors.iter().enumerate() {
        out.extend(if n > 0 { &b","[..] } else { b"" });
        string(&mut out, actor.name());
    }
    out.extend(b"],\"retry\":");
    string(&mut out, verdict.retry.name());
    out.extend(b",\"pattern_id\":");
    string(&mut out, &pattern.id);
    out.extend(b",\"pattern\":");
    string(&mut out, &pattern.text);
    out.extend(b"}\n");
    out
}

/// Writes lines, key by key: a log may hold a million refusals.
#[derive(Default)]
struct Lines {
    /// The time written last, and its words: a log has many lines of one second.
    time: Option<(i64, String)>,
}

impl Lines {
    /// `source` and `end` are JSON.
    fn write(&mut self, out: &mut Vec<u8>, source: &[u8], rejection: RejectionRef<'_>, end: &[u8]) {
        let evidence = rejection.evidence;
        out.extend(b"{\"source\":");
        out.extend(source);
        out.extend(b",\"line\":");
        number(out, evidence.origin().line);
        out.extend(b",\"format\":");
        string(out, evidence.format());
        out.extend(b",\"direction\":\"");
        out.extend(evidence.direction().name().as_bytes());
        out.extend(b"\",\"time\":");
        self.time(out, evidence.micros());
        out.extend(b",\"reporting_mta\":");
        string_or_null(out, evidence.reporting_mta());
        out.extend(b",\"remote_mta\":");
        string_or_null(out, evidence.remote_mta());
        out.extend(b",\"remote_ip\":");
        match evidence.remote_ip() {
            Some(IpAddr::V4(ip)) => {
                for (n, octet) in ip.octets().into_iter().enumerate() {
                    out.push(if n > 0 { b'.' } else { b'"' });
                    number(out, octet);
                }
                out.push(b'"');
            }
            Some(IpAddr::V6(ip)) => drop(write!(out, "\"{ip}\"")),
            None => out.extend(NULL),
        }
        out.extend(b",\"queue_id\":");
        string_or_null(out, evidence.queue_id());
        out.extend(b",\"message_id\":");
        string_or_null(out, evidence.message_id());
        out.extend(b",\"reverse_path\":");
        string_or_null(out, evidence.reverse_path().map(|path| if path.is_empty() { "<>" } else { path }));
        out.extend(b",\"final_recipient\":");
        string_or_null(out, evidence.final_recipient());
        out.extend(b",\"original_recipient\":");
        string_or_null(out, evidence.original_recipient());
        out.extend(b",\"stage\":\"");
        out.extend(evidence.stage().name().as_bytes());
        out.extend(if evidence.stage_inferred() {
            &b"\",\"stage_inferred\":true"[..]
        } else {
            b"\",\"stage_inferred\":false"
        });
        out.extend(b",\"reply_code\":");
        number_or_null(out, evidence.reply_code().map(|code| code.get()));
        out.extend(b",\"enhanced_status\":");
        status(out, evidence.enhanced_status());
        out.extend(b",\"diagnostic_code\":");
        let words_start = out.len();
        words(out, evidence.diagnostic_code());
        let words_end = out.len();
        out.extend(b",\"action\":\"");
        out.extend(evidence.action().name().as_bytes());
        out.extend(b"\",\"attempts\":[");
        for (n, (one, micros)) in evidence.tries().zip(evidence.tries_micros()).enumerate() {
            out.extend(if n > 0 { &b",{\"time\":"[..] } else { b"{\"time\":" });
            self.time(out, micros);
            out.extend(b",\"reply_code\":");
            number_or_null(out, one.reply_code.map(|code| code.get()));
            out.extend(b",\"enhanced_status\":");
            status(out, one.enhanced_status);
            out.extend(b",\"remote_mta\":");
            string_or_null(out, one.remote_mta);
            out.extend(b",\"text\":");
            if evidence.has_own_try() {
                out.extend_from_within(words_start..words_end);
            } else {
                words(out, one.text);
            }
            out.push(b'}');
        }
        out.push(b']');
        out.extend(end);
    }

    fn time(&mut self, out: &mut Vec<u8>, micros: i64) {
        if micros == NO_TIME {
            return out.extend(NULL);
        }
        if self.time.as_ref().is_none_or(|(last, _)| *last != micros) {
            self.time = timestamp(micros).map(|time| (micros, fmt_rfc3339(time)));
        }
        if let Some((_, words)) = &self.time {
            out.push(b'"');
            out.extend(words.as_bytes());
            out.push(b'"');
        }
    }
}

const NULL: &[u8] = b"null";

fn json(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    string(&mut out, text);
    out
}

fn string(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text.as_bytes();
    // Nearly all text needs no escapes; of the others most are line ends.
    while let Some(at) = near::find_quote_or_control(rest) {
        out.extend(&rest[..at]);
        match rest[at] {
            b'\n' => out.extend(b"\\n"),
            b'"' => out.extend(b"\\\""),
            b'\\' => out.extend(b"\\\\"),
            other => {
                let escaped = json_of(&char::from(other).to_string());
                out.extend(escaped.trim_matches('"').as_bytes());
            }
        }
        rest = &rest[at + 1..];
    }
    out.extend(rest);
    out.push(b'"');
}

fn json_of(text: &str) -> String {
    serde_json::to_string(text).expect("text can be put into words")
}

fn string_or_null(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => string(out, text),
        None => out.extend(NULL),
    }
}

/// Null where the evidence holds no words.
fn words(out: &mut Vec<u8>, text: &str) {
    string_or_null(out, (!text.is_empty()).then_some(text));
}

fn number(out: &mut Vec<u8>, n: impl itoa::Integer) {
    out.extend(itoa::Buffer::new().format(n).as_bytes());
}

fn number_or_null(out: &mut Vec<u8>, n: Option<impl itoa::Integer>) {
    match n {
        Some(n) => number(out, n),
        None => out.extend(NULL),
    }
}

fn status(out: &mut Vec<u8>, status: Option<EnhancedStatus>) {
    let Some(EnhancedStatus { class, subject, detail }) = status else { return out.extend(NULL) };
    out.push(b'"');
    number(out, class);
    out.push(b'.');
    number(out, subject);
    out.push(b'.');
    number(out, detail);
    out.push(b'"');
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

    proptest::proptest! {
        #[test]
        fn strings_are_json(text in "[a\u{0}-\u{1f}\"\\\\é]{0,40}") {
            proptest::prop_assert_eq!(String::from_utf8(json(&text)).unwrap(), json_of(&text));
        }
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
                r#""also":[],"category":"auth.none","matrix_row":5,"rule":null,"tier":"text","confidence":"medium","#,
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
                r#""action":"failed","attempts":[],"also":[],"category":"unclassified","matrix_row":null,"rule":null,"#,
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
