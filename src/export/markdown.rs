//! The summary as Markdown, for a ticket or a wiki.

use super::summary;
use crate::classify::Knowledge;
use crate::model::Snapshot;
use crate::notes::document::{cell, escape, fenced};
use crate::query::View;
use crate::query::words::{counted, fmt_count};
use std::io::{self, Write};

/// Writes the summary of `view`.
pub fn write_markdown(
    out: &mut impl Write,
    snapshot: &Snapshot,
    knowledge: &Knowledge,
    view: &View,
) -> io::Result<()> {
    writeln!(out, "# Refused mail\n\n{}", escape(&summary::headline(snapshot, view)))?;
    if let Some(filter) = summary::filter(view) {
        writeln!(out, "\nFilter: {}", escape(&filter))?;
    }
    let patterns: Vec<_> =
        view.patterns.iter().map(|row| summary::pattern_words(snapshot, knowledge, row)).collect();
    if !patterns.is_empty() {
        writeln!(out, "\n| refusals | recipients | problem | who acts | retry |\n|---:|---:|---|---|---|")?;
    }
    for pattern in &patterns {
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            fmt_count(pattern.n_refusals.into()),
            fmt_count(pattern.n_recipients.into()),
            cell(&pattern.title),
            cell(&pattern.acts),
            cell(&pattern.retry),
        )?;
    }
    for pattern in &patterns {
        writeln!(out, "\n## {}\n", escape(&pattern.title))?;
        let refusals = counted(pattern.n_refusals.into(), "refusal", "refusals");
        let recipients = counted(pattern.n_recipients.into(), "recipient", "recipients");
        writeln!(out, "{refusals} of {recipients}; {}\n", escape(&pattern.seen))?;
        out.write_all(fenced(&pattern.reply, "").as_bytes())?;
        writeln!(out)?;
        let facts = [
            ("Stage", Some(&pattern.stage)),
            ("Cause", Some(&pattern.cause)),
            ("Who acts", Some(&pattern.acts)),
            ("First step", pattern.first_step.as_ref()),
            ("Retry", Some(&pattern.retry)),
            ("Pattern", Some(&pattern.id)),
        ];
        for (name, value) in facts {
            if let Some(value) = value {
                writeln!(out, "- **{name}:** {}", cell(value))?;
            }
        }
    }
    writeln!(out, "\n## What was read\n\n{}", escape(&summary::coverage(snapshot)))?;
    for (title, items) in
        [("Not understood", summary::not_understood(snapshot)), ("Trouble", summary::problems(snapshot))]
    {
        if items.is_empty() {
            continue;
        }
        writeln!(out, "\n{title}:\n")?;
        for item in items {
            writeln!(out, "- {}", cell(&item))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::terminal::tests::case;
    use crate::query::fixture::knowledge;
    use crate::query::{Query, answer};

    #[test]
    fn a_report() {
        let (knowledge, mut case) = (knowledge(), case());
        case.coverage.not_understood_at.truncate(1);
        case.coverage.not_understood = 1;
        let query = Query::parse("domain:example.net").unwrap();
        let view = answer(&knowledge, &case, &query, false, &|| false).unwrap();
        let mut out = Vec::new();
        write_markdown(&mut out, &case, &knowledge, &view).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\
# Refused mail

1 refusal of 1 recipient in 1 pattern; 8,112 recipients accepted

Filter: domain:example.net

| refusals | recipients | problem | who acts | retry |
|---:|---:|---|---|---|
| 1 | 1 | User unknown | The sender, Recipient's admin | Do not retry |

## User unknown

1 refusal of 1 recipient; no time in the evidence

```
550 ⟨U+001B⟩[31m⟨U+202E⟩ …
```

- **Stage:** RCPT TO
- **Cause:** The mailbox z@example.net does not exist.
- **Who acts:** The sender, Recipient's admin
- **First step:** Check the spelling of z@example.net
- **Retry:** Do not retry
- **Pattern:** v1:bb

## What was read

1,200 lines read from 1 source; 5 lines with a reply; 1 line with a 5yz reply not understood

Not understood:

- mail.log:7

Trouble:

- b.gz: ends early
"
        );
    }
}
