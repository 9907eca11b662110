//! A note before it is plain text or Markdown.

use super::wrap::{columns, wrap};

/// A piece of a note. Its texts are redacted and made visible already.
pub(super) enum Block {
    Title(String),
    Heading(&'static str),
    Text(String),
    /// Name and value.
    Facts(Vec<(&'static str, String)>),
    /// The reply, verbatim.
    Reply(String),
    /// Sentence and command.
    Steps(Vec<(String, Option<String>)>),
}

/// For mail and tickets.
pub(super) fn plain(blocks: &[Block]) -> String {
    const WIDTH: usize = 78;
    let mut out = String::new();
    let mut after_heading = true;
    for block in blocks {
        if !after_heading {
            out.push('\n');
        }
        match block {
            Block::Title(text) => {
                out.push_str(&format!("{text}\n{}\n", "=".repeat(columns(text).min(WIDTH))));
            }
            Block::Heading(text) => out.push_str(&format!("{text}:\n")),
            Block::Text(text) => out.push_str(&wrap(text, WIDTH, "", "")),
            Block::Facts(facts) => {
                let name_width = facts.iter().map(|(name, _)| name.len() + 2).max().unwrap_or(0);
                for (name, value) in facts {
                    let first = format!("{:name_width$}", format!("{name}:"));
                    out.push_str(&wrap(value, WIDTH, &first, &" ".repeat(name_width)));
                }
            }
            Block::Reply(reply) => {
                for line in reply.lines() {
                    out.push_str(&format!("    {line}\n"));
                }
            }
            Block::Steps(steps) => {
                for (i, (text, run)) in steps.iter().enumerate() {
                    let number = format!("{}. ", i + 1);
                    out.push_str(&wrap(text, WIDTH, &number, &" ".repeat(number.len())));
                    if let Some(run) = run {
                        out.push_str(&format!("{}{run}\n", " ".repeat(number.len())));
                    }
                }
            }
        }
        // A heading belongs to what follows: no blank line between them.
        after_heading = matches!(block, Block::Heading(_));
    }
    out
}

/// For issue trackers.
pub(super) fn markdown(blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        if !out.is_empty() {
            out.push('\n');
        }
        match block {
            Block::Title(text) => out.push_str(&format!("## {}\n", escape(text))),
            Block::Heading(text) => out.push_str(&format!("**{}**\n", escape(text))),
            Block::Text(text) => out.push_str(&format!("{}\n", escape(text))),
            Block::Facts(facts) => {
                out.push_str("| | |\n|---|---|\n");
                for (name, value) in facts {
                    out.push_str(&format!("| {} | {} |\n", cell(name), cell(value)));
                }
            }
            Block::Reply(reply) => out.push_str(&fenced(reply, "")),
            Block::Steps(steps) => {
                for (i, (text, run)) in steps.iter().enumerate() {
                    let number = format!("{}. ", i + 1);
                    out.push_str(&format!("{number}{}\n", escape(text)));
                    if let Some(run) = run {
                        out.push_str(&fenced(run, &" ".repeat(number.len())));
                    }
                }
            }
        }
    }
    out
}

/// Text in Markdown that shows as it is.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\`*_[]<>#|~&".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Text in a cell of a Markdown table.
pub fn cell(text: &str) -> String {
    escape(text).replace(['\n', '\r'], " ")
}

/// Text in a fenced block, whose fence is longer than any in it.
pub fn fenced(text: &str, indent: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let mut out = format!("{indent}{fence}\n");
    for line in text.lines() {
        out.push_str(&format!("{indent}{line}\n"));
    }
    out.push_str(&format!("{indent}{fence}\n"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_markdown() {
        assert_eq!(escape("a*b_c <x> [y](z)"), r"a\*b\_c \<x\> \[y\](z)");
        assert_eq!(cell("a|b\nc"), r"a\|b c");
        assert_eq!(fenced("550 no", ""), "```\n550 no\n```\n");
        assert_eq!(fenced("550\n````\nx", " "), " `````\n 550\n ````\n x\n `````\n");
    }
}
