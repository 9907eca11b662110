//! The summary for a terminal: what was refused, why, who acts; then what was read and what was not understood.

use super::style::Style;
use super::summary::{self, PatternWords};
use crate::classify::Knowledge;
use crate::model::Snapshot;
use crate::notes::wrap::wrap;
use crate::query::View;
use crate::query::words::{counted, fmt_count};
use std::io::{self, Write};

/// Narrower than this is not wrapped any further.
const MIN_WIDTH: usize = 40;

/// The names before the values of a pattern, in one column.
const NAME_WIDTH: usize = 11;

/// Writes the summary of `view`, at most `width` columns wide (single words may be wider).
pub fn write_terminal(
    out: &mut impl Write,
    snapshot: &Snapshot,
    knowledge: &Knowledge,
    view: &View,
    width: usize,
    style: Style,
) -> io::Result<()> {
    let width = width.max(MIN_WIDTH);
    let headline = wrap(&summary::headline(snapshot, view), width, "", "");
    out.write_all(lines(&headline, |line| style.bold(line)).as_bytes())?;
    if let Some(filter) = summary::filter(view) {
        out.write_all(lines(&wrap(&filter, width, "Filter: ", "  "), |line| style.dim(line)).as_bytes())?;
    }
    let patterns = view.patterns.iter().map(|row| summary::pattern_words(snapshot, knowledge, row));
    let count_width = view.patterns.first().map_or(1, |row| fmt_count(row.rows.len() as u64).len());
    for pattern in patterns {
        out.write_all(b"\n")?;
        write_pattern(out, &pattern, count_width, width, style)?;
    }
    out.write_all(b"\n")?;
    write_coverage(out, snapshot, width, style)
}

fn write_pattern(
    out: &mut impl Write,
    pattern: &PatternWords,
    count_width: usize,
    width: usize,
    style: Style,
) -> io::Result<()> {
    let count = fmt_count(pattern.n_refusals.into());
    let indent = " ".repeat(count_width + 2);
    let title = wrap(&pattern.title, width, &format!("{count:>count_width$}  "), &indent);
    out.write_all(lines(&title, |line| style.family(&pattern.class_id, line)).as_bytes())?;
    out.write_all(wrap(&pattern.reply, width, &indent, &indent).as_bytes())?;
    let recipients = counted(pattern.n_recipients.into(), "recipient", "recipients");
    let facts = [
        ("Hit", Some(&recipients)),
        ("Seen", Some(&pattern.seen)),
        ("Stage", Some(&pattern.stage)),
        ("Cause", Some(&pattern.cause)),
        ("Who acts", Some(&pattern.acts)),
        ("First", pattern.first_step.as_ref()),
        ("Retry", Some(&pattern.retry)),
        ("Pattern", Some(&pattern.id)),
    ];
    for (name, value) in facts {
        let Some(value) = value else { continue };
        let first = format!("{indent}{name:NAME_WIDTH$}");
        let text = wrap(value, width, &first, &" ".repeat(first.len()));
        // The name alone is dim; it stands at the beginning of the first line.
        let (head, rest) = text.split_at(first.len().min(text.len()));
        out.write_all(style.dim(head).as_bytes())?;
        out.write_all(rest.as_bytes())?;
    }
    Ok(())
}

fn write_coverage(out: &mut impl Write, snapshot: &Snapshot, width: usize, style: Style) -> io::Result<()> {
    let coverage = wrap(&summary::coverage(snapshot), width, "", "");
    out.write_all(lines(&coverage, |line| style.dim(line)).as_bytes())?;
    for (title, items) in
        [("Not understood:", summary::not_understood(snapshot)), ("Trouble:", summary::problems(snapshot))]
    {
        if items.is_empty() {
            continue;
        }
        writeln!(out, "{}", style.bold(title))?;
        for item in items {
            out.write_all(wrap(&item, width, "  ", "    ").as_bytes())?;
        }
    }
    Ok(())
}

/// Each line styled by itself, so that a cut or scrolled output has no open style.
pub(super) fn lines(text: &str, style: impl Fn(&str) -> String) -> String {
    text.lines().map(|line| style(line) + "\n").collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::{Origin, Problem, ProblemKind, SourceId, SourceProblem};
    use crate::query::fixture::{at, evidence, knowledge, rejection, snapshot, verdict_of};
    use crate::query::{Query, answer};
    use std::sync::Arc;

    pub(in crate::export) fn case() -> Snapshot {
        let knowledge = knowledge();
        let auth = Arc::new(verdict_of(&knowledge, "auth.none"));
        let unknown = Arc::new(verdict_of(&knowledge, "recipient.unknown"));
        let mut case = snapshot(vec![
            rejection(
                evidence(Some(at(9, 1)), "a@acme.example", "x@example.org", "550 5.7.26 no"),
                &auth,
                "aa",
            ),
            rejection(
                evidence(Some(at(9, 2)), "a@acme.example", "y@example.org", "550 5.7.26 no"),
                &auth,
                "aa",
            ),
            rejection(
                evidence(None, "a@acme.example", "z@example.net", "550 \u{1b}[31m\u{202e}"),
                &unknown,
                "bb",
            ),
        ]);
        case.accepted = [("example.com".to_owned(), 8112u64)].into_iter().collect();
        let origin = Origin { source: SourceId(0), line: 7, start: 0, len: 0 };
        case.coverage.lines = 1200;
        case.coverage.with_reply = 5;
        (0..12).for_each(|_| case.coverage.miss(origin));
        let problem = Problem { kind: ProblemKind::Truncated, origin: None, message: "ends early".into() };
        case.problems.push_back(SourceProblem { source: "b.gz".into(), problem });
        case
    }

    #[test]
    fn a_summary() {
        let (knowledge, case) = (knowledge(), case());
        let view = answer(&knowledge, &case, &Query::default(), false, &|| false).unwrap();
        let mut out = Vec::new();
        write_terminal(&mut out, &case, &knowledge, &view, 60, Style::Plain).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\
3 refusals of 3 recipients in 2 patterns; 8,112 recipients
accepted

2  Not authenticated
   550 5.7.26 no …
   Hit        2 recipients
   Seen       2026-11-17 09:01:07 UTC to 2026-11-17 09:02:07
              UTC
   Stage      RCPT TO
   Cause      Neither SPF nor DKIM passed.
   Who acts   You: DNS, You: sending side
   First      List <our IP> in SPF of acme.example
   Retry      Do not retry before the fix
   Pattern    v1:aa

1  User unknown
   550 ⟨U+001B⟩[31m⟨U+202E⟩ …
   Hit        1 recipient
   Seen       no time in the evidence
   Stage      RCPT TO
   Cause      The mailbox z@example.net does not exist.
   Who acts   The sender, Recipient's admin
   First      Check the spelling of z@example.net
   Retry      Do not retry
   Pattern    v1:bb

1,200 lines read from 1 source; 5 lines with a reply; 12
lines with a 5yz reply not understood
Not understood:
  mail.log:7
  mail.log:7
  mail.log:7
  mail.log:7
  mail.log:7
  mail.log:7
  mail.log:7
  mail.log:7
  mail.log:7
  mail.log:7
  and 2 more lines
Trouble:
  b.gz: ends early
"
        );
    }

    #[test]
    fn nothing_of_the_evidence_reaches_the_terminal_unescaped() {
        let (knowledge, case) = (knowledge(), case());
        let view = answer(&knowledge, &case, &Query::default(), false, &|| false).unwrap();
        let mut out = Vec::new();
        write_terminal(&mut out, &case, &knowledge, &view, 80, Style::Coloured).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\u{1b}[1;35m2  Not authenticated\u{1b}[0m\n"), "{text}");
        assert!(!text.contains("\u{1b}[31m") && !text.contains('\u{202e}'), "{text}");
    }

    #[test]
    fn no_refusals() {
        let (knowledge, case) = (knowledge(), Snapshot::default());
        let query = Query::parse("code:550").unwrap();
        let view = answer(&knowledge, &case, &query, false, &|| false).unwrap();
        let mut out = Vec::new();
        write_terminal(&mut out, &case, &knowledge, &view, 80, Style::Plain).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "No refusal matches\nFilter: code:550\n\n0 lines read from 0 sources; 0 lines with a reply\n"
        );
    }
}
