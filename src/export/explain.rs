//! One reply explained: the verdict, why, and what to do.

use super::style::Style;
use crate::classify::{Knowledge, Step};
use crate::model::Rejection;
use crate::notes::advice::facts;
use crate::notes::note::stage_words;
use crate::notes::wrap::wrap;
use crate::notes::{Advice, fill, fill_command, one_line, visible};
use std::io::{self, Write};
use std::ops::Range;

/// The names before the values, in one column.
const NAME_WIDTH: usize = 12;

/// Writes verdict, reasons and guidance, at most `width` columns wide. The reply and commands are not wrapped.
pub fn write_explain(
    out: &mut impl Write,
    knowledge: &Knowledge,
    rejection: &Rejection,
    style: Style,
    width: usize,
) -> io::Result<()> {
    let mut page = Page { out, width: width.max(40), style };
    let evidence = &rejection.evidence;
    let advice = Advice::new(knowledge, &rejection.verdict);
    let class = advice.class;
    let facts = facts(rejection);
    let why = knowledge.why(&facts, &rejection.verdict);

    page.heading(&class.id, &advice.title_and_provider())?;
    page.reply(&evidence.diagnostic_code, &knowledge.matched(&facts, &rejection.verdict))?;
    page.fact("Stage", &stage_words(evidence.stage, evidence.stage_inferred))?;
    let row = class.matrix_row.map_or(String::new(), |row| format!(", row {row} of the matrix"));
    page.fact("Class", &format!("{}{row}", class.id))?;
    page.fact("Confidence", rejection.verdict.confidence.name())?;
    page.fact("Why", why.tier)?;
    if let Some(rule) = &why.rule {
        page.fact("Rule", rule)?;
    }
    if !why.words.is_empty() {
        let words: Vec<String> = why.words.iter().map(|word| format!("“{}”", one_line(word))).collect();
        page.fact("Matched", &words.join(", "))?;
    }
    if let Some(source) = advice.rule.and_then(|rule| rule.source.as_deref()) {
        page.fact("Learnt from", source)?;
    }
    for (rule, class, tier) in &why.runners_up {
        page.fact("Also fits", &format!("{class}, by rule {rule} ({})", tier.label()))?;
    }

    page.section("Cause")?;
    page.text(&fill(&class.cause, rejection))?;
    if let Some(note) = advice.note() {
        page.text(&fill(note, rejection))?;
    }
    writeln!(page.out)?;
    page.fact("Who acts", &advice.actors())?;
    page.fact(
        "Retry",
        &format!("{}. {}", rejection.verdict.retry.label(), fill(&class.retry_note, rejection)),
    )?;
    page.steps("What to do", advice.fix(), rejection)?;
    page.steps("How to see that it worked", class.verify.iter(), rejection)?;
    page.list("How to keep it from coming back", &class.prevent)?;
    let links = advice.provider.map_or(&[][..], |provider| &provider.links);
    let links = links.iter().map(|(title, url)| format!("{title}: {url}"));
    page.list("Read more", &class.refs.iter().cloned().chain(links).collect::<Vec<_>>())
}

struct Page<'a, W: Write> {
    out: &'a mut W,
    width: usize,
    style: Style,
}

impl<W: Write> Page<'_, W> {
    fn heading(&mut self, class_id: &str, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}\n", self.style.family(class_id, &one_line(text)))
    }

    fn section(&mut self, name: &str) -> io::Result<()> {
        writeln!(self.out, "\n{}", self.style.bold(name))
    }

    fn reply(&mut self, reply: &str, matched: &[Range<u32>]) -> io::Result<()> {
        if reply.trim().is_empty() {
            return writeln!(self.out, "  {}\n", self.style.dim("(the evidence holds no words)"));
        }
        let mut text = String::new();
        let mut at = 0;
        for range in matched {
            // Ranges are in order and within the text; one that is not is left unmarked.
            let range = range.start as usize..range.end as usize;
            let (Some(before), Some(found)) = (reply.get(at..range.start), reply.get(range.clone())) else {
                continue;
            };
            text.push_str(&visible(before));
            // A style ends with its line.
            let found: Vec<String> = visible(found).split('\n').map(|part| self.style.marked(part)).collect();
            text.push_str(&found.join("\n"));
            at = range.end;
        }
        text.push_str(&visible(&reply[at..]));
        for line in text.lines() {
            writeln!(self.out, "  {line}")?;
        }
        writeln!(self.out)
    }

    fn fact(&mut self, name: &str, value: &str) -> io::Result<()> {
        let first = format!("{name:NAME_WIDTH$}");
        let text = wrap(&one_line(value), self.width, &first, &" ".repeat(NAME_WIDTH));
        let (head, rest) = text.split_at(NAME_WIDTH.min(text.len()));
        write!(self.out, "{}{rest}", self.style.dim(head))
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(wrap(text, self.width, "", "").as_bytes())
    }

    fn steps<'s>(
        &mut self,
        title: &str,
        steps: impl Iterator<Item = &'s Step>,
        rejection: &Rejection,
    ) -> io::Result<()> {
        for (i, step) in steps.enumerate() {
            if i == 0 {
                self.section(title)?;
            }
            let number = format!("{}. ", i + 1);
            let indent = " ".repeat(number.len());
            let text = format!("{} ({})", fill(&step.text, rejection), step.who.label());
            self.out.write_all(wrap(&text, self.width, &number, &indent).as_bytes())?;
            if let Some(run) = &step.run {
                writeln!(self.out, "{indent}{}", self.style.bold(&fill_command(run, rejection)))?;
            }
        }
        Ok(())
    }

    fn list(&mut self, title: &str, items: &[String]) -> io::Result<()> {
        for (i, item) in items.iter().enumerate() {
            if i == 0 {
                self.section(title)?;
            }
            self.out.write_all(wrap(item, self.width, "- ", "  ").as_bytes())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::fixture::{evidence, knowledge, rejection};
    use std::sync::Arc;

    fn explained(reply: &str, style: Style) -> String {
        let knowledge = knowledge();
        let mut evidence = evidence(None, "news@acme.example", "ana@gmail.com", reply);
        evidence.remote_mta = Some("mx.google.com".into());
        let mut rejection = rejection(evidence, &Arc::new(crate::query::fixture::verdict()), "aa");
        rejection.verdict = Arc::new(knowledge.classify(&facts(&rejection)));
        let mut out = Vec::new();
        write_explain(&mut out, &knowledge, &rejection, style, 70).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_reply_that_a_rule_knows() {
        assert_eq!(
            explained("550-5.7.26 The sender is unauthenticated\u{202e}\n550 5.7.26 bye", Style::Plain),
            "\
Google refuses mail that is not authenticated

  550-5.7.26 The sender is unauthenticated⟨U+202E⟩
  550 5.7.26 bye

Stage       RCPT TO
Class       auth.none, row 5 of the matrix
Confidence  high
Why         The provider is known and the reply has its words
Rule        google.unauthenticated
Matched     “sender is unauthenticated”
Learnt from https://support.google.com/mail/answer/81126

Cause
Neither SPF nor DKIM passed.
Google asks for SPF or DKIM.

Who acts    You: DNS, You: sending side
Retry       Do not retry before the fix. The same message will be
            refused again.

What to do
1. Read Google's page (You: DNS)
2. List <our IP> in SPF of acme.example (You: DNS)
   dig +short TXT acme.example
3. Sign with DKIM (You: sending side)

How to see that it worked
1. Send to a mailbox at gmail.com (You: sending side)

Read more
- Sender guidelines: https://support.google.com/mail/answer/81126
"
        );
    }

    #[test]
    fn matched_words_are_marked() {
        let text = explained("550 the sender is unauthenticated, bye", Style::Coloured);
        assert!(text.contains("550 the \u{1b}[7msender is unauthenticated\u{1b}[0m, bye\n"), "{text}");
    }

    #[test]
    fn a_reply_that_no_rule_knows() {
        let text = explained("", Style::Plain);
        assert!(text.starts_with("Not classified · Google\n\n  (the evidence holds no words)\n"), "{text}");
        assert!(text.contains("Why         No rule matches, and nothing is guessed"), "{text}");
    }
}
