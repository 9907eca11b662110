//! What can be typed next: fields, then values with their counts.

use super::fields::FIELDS;
use super::lex::field_prefix;
use super::term::quoted_value;
use super::view::View;
use crate::model::Snapshot;
use std::ops::Range;

/// How many proposals are made.
const MAX_PROPOSALS: usize = 50;

/// One proposal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Completion {
    /// Bytes of the text that it replaces.
    pub replace: Range<usize>,
    /// What is put there: `stage:` or `rcpt_to`.
    pub insert: String,
    /// What it means, or whom it names.
    pub help: String,
    /// Refusals with this value under the current query.
    pub count: Option<u32>,
}

/// Proposals for the word that ends at `cursor` (a byte of `text`).
pub fn complete(text: &str, cursor: usize, view: &View, snapshot: &Snapshot) -> Vec<Completion> {
    let cursor = text.floor_char_boundary(cursor);
    let start = word_start(&text[..cursor]);
    let word = &text[start..cursor];
    let mut out = match field_prefix(word) {
        Some(name) => {
            let at = start + name.len() + 1;
            values(&name.to_ascii_lowercase(), &text[at..cursor], at..cursor, view, snapshot)
        }
        None => fields(word, start..cursor),
    };
    out.truncate(MAX_PROPOSALS);
    out
}

fn fields(typed: &str, replace: Range<usize>) -> Vec<Completion> {
    let typed = typed.to_ascii_lowercase();
    let fits = FIELDS.iter().filter(|field| field.name.starts_with(&typed));
    fits.map(|field| Completion {
        replace: replace.clone(),
        insert: format!("{}:", field.name),
        help: format!("{}: {}", field.help, field.values),
        count: None,
    })
    .collect()
}

fn values(
    name: &str,
    typed: &str,
    replace: Range<usize>,
    view: &View,
    snapshot: &Snapshot,
) -> Vec<Completion> {
    let typed = typed.trim_start_matches('"').to_lowercase();
    let mut out: Vec<Completion> = Vec::new();
    let mut propose = |insert: String, help: &str, count: Option<u32>| {
        let fits = insert.to_lowercase().trim_start_matches('"').starts_with(&typed);
        let found = fits || (!typed.is_empty() && help.to_lowercase().contains(&typed) && count.is_some());
        if found && !out.iter().any(|have| have.insert == insert) {
            out.push(Completion { replace: replace.clone(), insert, help: help.to_owned(), count });
        }
    };
    let facets = view.facets.0.iter().flat_map(|(_, facets)| facets);
    for facet in facets {
        if let Some(value) = facet.term.strip_prefix(name).and_then(|rest| rest.strip_prefix(':')) {
            propose(value.to_owned(), &facet.label, Some(facet.count));
        }
    }
    match name {
        "pattern" => {
            for row in &view.patterns {
                propose(row.pattern.id.to_string(), &row.pattern.text, Some(row.rows.len() as u32));
            }
        }
        "source" => {
            for source in &snapshot.sources {
                propose(quoted_value(&source.name), "", None);
            }
        }
        _ => {}
    }
    let known = FIELDS.iter().find(|field| field.name == name).map_or(&[][..], |field| field.known);
    for value in known {
        propose((*value).to_owned(), "", None);
    }
    out
}

/// Where the last word of `text` begins, its minus sign left out. Blanks within quotation marks do not end a word.
fn word_start(text: &str) -> usize {
    let mut start = 0;
    let mut in_quotes = false;
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        let begins = i == start || text[..i].ends_with(':');
        match c {
            _ if escaped => escaped = false,
            '\\' if in_quotes => escaped = true,
            '"' if in_quotes => in_quotes = false,
            '"' if begins => in_quotes = true,
            '-' if i == start => start = i + 1,
            c if !in_quotes && (c.is_whitespace() || c == '(' || c == ')') => start = i + c.len_utf8(),
            _ => {}
        }
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::fixture::{at, evidence, knowledge, rejection, snapshot, verdict_of};
    use crate::query::{Query, answer};
    use std::sync::Arc;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let knowledge = knowledge();
        let verdict = Arc::new(verdict_of(&knowledge, "auth.none"));
        let mail = |to| rejection(evidence(Some(at(9, 0)), "a@acme.example", to, "550 no"), &verdict, "aa");
        let snapshot = snapshot(vec![mail("x@example.org"), mail("y@example.org"), mail("z@example.net")]);
        let view = answer(&knowledge, &snapshot, &Query::default(), false, &|| false).unwrap();
        let line = |c: &Completion| match c.count {
            Some(n) => format!("[{}]{}={n}", &text[c.replace.clone()], c.insert),
            None => format!("[{}]{}", &text[c.replace.clone()], c.insert),
        };
        let got: Vec<String> = complete(text, text.len(), &view, &snapshot).iter().map(line).collect();
        assert_eq!(got.join(" "), expect, "{text}");
    }

    #[test]
    fn proposals() {
        check("code:550 se", "[se]sender: [se]seen:");
        check("-(dom", "[dom]domain:");
        check("x -dom", "[dom]domain:");
        check("domain:", "[]example.org=2 []example.net=1");
        check("domain:example.n", "[example.n]example.net=1");
        check("who:dn", "[dn]dns_owner=3");
        check("who:r", "[r]recipient_admin [r]recipient");
        check("row:au", "[au]auth=3");
        check("row:authen", "[authen]auth=3");
        check("source:\"ma", "[\"ma]mail.log=3");
        check("pattern:", "[]v1:aa=3");
        check("retry:a", "[a]after_fix [a]auto");
        check("nofield:x", "");
        check("zzz", "");
        check("\"dom", "");
    }
}
