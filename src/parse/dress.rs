//! What stands around a log line where people paste it: quote marks, bullets, fences, table bars, tags, colours.
//!
//! `> > Nov 17 14:51:07 mx …`, `| Nov 17 14:51:07 mx … |`, `[code]Nov 17 …[/code]`, `<pre>Nov 17 … to=&lt;a@b&gt;`.

use crate::near;
use std::borrow::Cow;

/// Bytes that a line may wear on its left.
const LEFT: [char; 9] = [' ', '\t', '>', '|', '`', '*', '-', '\u{a0}', '\u{feff}'];

/// Whether a line of a log may wear anything: a quick look, because nearly none does.
pub fn is_dressed(line: &[u8]) -> bool {
    let Some(first) = line.first() else { return false };
    let tag = *first == b'<' && line.get(1).is_some_and(u8::is_ascii_alphabetic);
    // `[pod/mail] …` is a prefix; only a forum's tags are clothes.
    tag || b" \t>|`*-\xc2\xef".contains(first)
        || (*first == b'[' && forum_tag(line).is_some())
        || plain_len(line) < line.len()
        || ends_in_tag(line)
}

/// As [`is_dressed`], for a line that begins with a capital letter, a digit or `<22>`. `plain`: no byte within it is of a
/// dress, as [`plain_len`] says.
pub fn is_dressed_within(line: &[u8], plain: bool) -> bool {
    !plain && plain_len(line) < line.len() || ends_in_tag(line)
}

/// Where the first byte stands that a dress has within a line: a colour's, an entity's, a no-break space's.
pub fn plain_len(text: &[u8]) -> usize {
    memchr::memchr3(0x1b, b'&', 0xc2, text).unwrap_or(text.len())
}

fn ends_in_tag(line: &[u8]) -> bool {
    let tail = &line[line.len().saturating_sub(24)..];
    let opens = |slash: usize| slash > 0 && matches!(tail[slash - 1], b'<' | b'[');
    // Nearly always the first search is the last one.
    matches!(tail.last(), Some(b'>' | b']'))
        && near::find(b'/', tail).is_some()
        && near::Places::of(b'/', tail).any(opens)
}

/// The line without its clothes.
pub fn undress(line: &str) -> Cow<'_, str> {
    if !is_dressed(line.as_bytes()) {
        return Cow::Borrowed(line);
    }
    let mut text = Cow::Borrowed(line);
    if text.contains('\u{1b}') {
        text = Cow::Owned(without_colours(&text));
    }
    if text.contains('\u{a0}') {
        text = Cow::Owned(text.replace('\u{a0}', " "));
    }
    let bare = without_marks(&text);
    if bare.len() < text.len() {
        text = Cow::Owned(bare.to_owned());
    }
    // A line with entities has no bare `<`; otherwise `&lt;` is what the server said.
    if text.contains("&lt;") && !text.contains('<') {
        let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        text = Cow::Owned(plain.replace("&#39;", "'").replace("&nbsp;", " ").replace("&amp;", "&"));
    }
    text
}

fn without_marks(line: &str) -> &str {
    let mut rest = line;
    loop {
        let shorter = rest.trim_start_matches(LEFT);
        let shorter = &shorter[tag(shorter).unwrap_or(0)..];
        if shorter.len() == rest.len() {
            break;
        }
        rest = shorter;
    }
    let taken = &line[..line.len() - rest.len()];
    loop {
        let mut shorter = rest.trim_end();
        // On the right only what was opened on the left, or the end of a tag.
        for mark in ['|', '`', '*'] {
            if taken.contains(mark) {
                shorter = shorter.trim_end_matches(mark);
            }
        }
        if let Some(at) = shorter.rfind(['<', '['])
            && shorter[at + 1..].starts_with('/')
            && tag(&shorter[at..]) == Some(shorter.len() - at)
        {
            shorter = &shorter[..at];
        }
        if shorter.len() == rest.len() {
            return rest;
        }
        rest = shorter;
    }
}

/// The length of the tag at the start: `<pre>`, `</td>`, `[code]`, `[/QUOTE]`.
fn tag(text: &str) -> Option<usize> {
    if text.starts_with('[') {
        return forum_tag(text.as_bytes());
    }
    const NAMES: [&str; 14] =
        ["pre", "code", "p", "br", "div", "span", "li", "td", "tr", "blockquote", "b", "tt", "samp", "table"];
    let inner = text.strip_prefix('<')?;
    let end = inner.bytes().take(80).position(|b| b == b'>')?;
    let name = inner[..end].trim_matches('/').split([' ', '/']).next()?;
    NAMES.iter().any(|n| n.eq_ignore_ascii_case(name)).then_some(end + 2)
}

fn forum_tag(text: &[u8]) -> Option<usize> {
    const NAMES: [&str; 8] = ["code", "quote", "pre", "b", "i", "font", "mono", "noparse"];
    let end = text.iter().take(40).position(|b| *b == b']')?;
    let name = std::str::from_utf8(text.get(1..end)?).ok()?.trim_matches('/');
    let name = name.split(['=', ' ']).next()?;
    NAMES.iter().any(|n| n.eq_ignore_ascii_case(name)).then_some(end + 1)
}

/// Without terminal sequences: `ESC [ … letter`.
pub(super) fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let body = after.strip_prefix('[').map_or(0, |body| {
            let parameters = body.bytes().take_while(|b| matches!(b, 0x20..=0x3f)).count();
            1 + parameters + usize::from(body.as_bytes().get(parameters).is_some_and(u8::is_ascii_graphic))
        });
        rest = &after[body..];
    }
    out.push_str(rest);
    out
}

/// A reply without rsyslog's escapes for line ends, tabs and terminal sequences (`#012`, `#011`, `#033[1m`); `None` if it
/// has none.
pub fn unescaped(text: &str) -> Option<String> {
    if !text.contains("#0") {
        return None;
    }
    const ESCAPES: [(&str, &str); 4] = [("#012", "\n"), ("#011", "\t"), ("#015", ""), ("#033", "\u{1b}")];
    let mut plain = text.to_owned();
    for (escape, byte) in ESCAPES {
        if plain.contains(escape) {
            plain = plain.replace(escape, byte);
        }
    }
    let plain = if plain.contains('\u{1b}') { without_colours(&plain) } else { plain };
    (plain != text).then(|| plain.trim_end_matches('\n').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expect: &str) {
        assert_eq!(undress(line), expect, "{line}");
    }

    #[test]
    fn clothes() {
        for line in [
            "Nov 17 mx x: to=<a>",
            "> Nov 17 mx x: to=<a>",
            "> > Nov 17 mx x: to=<a>",
            "| Nov 17 mx x: to=<a> |",
            "`Nov 17 mx x: to=<a>`",
            "**Nov 17 mx x: to=<a>**",
            "- Nov 17 mx x: to=<a>",
            "[code]Nov 17 mx x: to=<a>[/code]",
            "[QUOTE=bob]Nov 17 mx x: to=<a>[/QUOTE]",
            "<pre><code>Nov 17 mx x: to=<a></code></pre>",
            "<pre class=\"log\">Nov 17 mx x: to=&lt;a&gt;<br />",
            "Nov 17 mx x: to=&lt;a&gt;</pre>",
            "Nov 17 mx x: \u{1b}[01;31m\u{1b}[Kto=\u{1b}[m\u{1b}[K<a>",
            "Nov\u{a0}17 mx x:\u{a0}to=<a>",
            "\u{feff}Nov 17 mx x: to=<a>",
        ] {
            check(line.trim_end_matches("<br />"), "Nov 17 mx x: to=<a>");
        }
    }

    #[test]
    fn escapes_of_rsyslog() {
        let check =
            |text: &str, expect: Option<&str>| assert_eq!(unescaped(text).as_deref(), expect, "{text}");
        check("550-5.7.1 no#012550 5.7.1 way#012", Some("550-5.7.1 no\n550 5.7.1 way"));
        check("550 a#011b", Some("550 a\tb"));
        check("550 #033[01;31mno#033[0m", Some("550 no"));
        check("550 no (#5.1.1)", None);
        check("550 see #0815", None);
        check("", None);
    }

    #[test]
    fn the_servers_own_marks_stay() {
        for line in [
            "<22>Nov 17 mx x: to=<a>",
            "Nov 17 mx x: to=<a> said: &lt;no&gt; **",
            "Nov 17 mx x: (550 `no`)",
            "[pod/mail-0] Nov 17 mx x: |",
            "",
        ] {
            check(line, line);
        }
    }
}
