//! The text of a compressed RTF body ([MS-OXRTFCP]): Outlook keeps the words of a notice in it.

use super::props::encoding_of;

/// What the dictionary holds at first ([MS-OXRTFCP] section 2.1.2.1).
const DICTIONARY: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \
\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\
\\b\\i\\u\\tab\\tx";

/// The longest text that is unpacked.
const MAX_RTF: usize = 8 << 20;

/// How deep groups in RTF are followed.
const MAX_GROUPS: usize = 256;

/// The text of a compressed body.
pub(super) fn text(packed: &[u8]) -> Option<String> {
    let rtf = decompress(packed)?;
    let text = plain(&rtf);
    (!text.trim().is_empty()).then_some(text)
}

/// Undoes the compression. What is cut gives what it holds.
pub(super) fn decompress(packed: &[u8]) -> Option<Vec<u8>> {
    let word = |at: usize| Some(u32::from_le_bytes(packed.get(at..at + 4)?.try_into().ok()?));
    let len = (word(4)? as usize).min(MAX_RTF);
    let data = packed.get(16..)?;
    match word(8)? {
        // MELA: as it is.
        0x414c_454d => return Some(data[..data.len().min(len)].to_vec()),
        // LZFu
        0x7546_5a4c => {}
        _ => return None,
    }
    let mut dictionary = [0u8; 4096];
    dictionary[..DICTIONARY.len()].copy_from_slice(DICTIONARY);
    let (mut at, mut out) = (DICTIONARY.len(), Vec::new());
    let mut bytes = data.iter().copied();
    'runs: while let Some(control) = bytes.next() {
        for bit in 0..8 {
            if out.len() >= len {
                break 'runs;
            }
            if control >> bit & 1 == 0 {
                let Some(byte) = bytes.next() else { break 'runs };
                out.push(byte);
                dictionary[at] = byte;
                at = (at + 1) % dictionary.len();
                continue;
            }
            let (Some(high), Some(low)) = (bytes.next(), bytes.next()) else { break 'runs };
            let from = usize::from(high) << 4 | usize::from(low >> 4);
            if from == at {
                break 'runs;
            }
            for n in 0..usize::from(low & 15) + 2 {
                let byte = dictionary[(from + n) % dictionary.len()];
                out.push(byte);
                dictionary[at] = byte;
                at = (at + 1) % dictionary.len();
            }
        }
    }
    Some(out)
}

/// Groups whose text is not shown.
const HIDDEN: [&str; 9] =
    ["fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "footer", "generator"];

/// What a group changes until it ends.
#[derive(Clone, Copy)]
struct State {
    hidden: bool,
    /// So many characters follow a `\u` for those who do not know it.
    skip: usize,
}

/// The text of RTF.
pub(super) fn plain(rtf: &[u8]) -> String {
    let mut out = String::new();
    let mut encoding = encoding_rs::WINDOWS_1252;
    let mut state = State { hidden: false, skip: 1 };
    let mut states = Vec::new();
    let mut pending: Vec<u8> = Vec::new();
    let (mut at, mut skipping) = (0, 0);
    let flush = |pending: &mut Vec<u8>, out: &mut String, encoding: &'static encoding_rs::Encoding| {
        if !pending.is_empty() {
            out.push_str(&encoding.decode_without_bom_handling(pending).0);
            pending.clear();
        }
    };
    while let Some(byte) = rtf.get(at).copied() {
        at += 1;
        match byte {
            b'{' if states.len() < MAX_GROUPS => states.push(state),
            b'{' => {}
            b'}' => state = states.pop().unwrap_or(state),
            b'\r' | b'\n' => {}
            b'\\' => {
                let (word, number, next) = control(rtf, at);
                let symbol = rtf.get(at).copied().unwrap_or(b' ');
                at = next;
                if word == "'" {
                    let Some(hex) = number.map(|number| number as u8) else { continue };
                    if skipping > 0 {
                        skipping -= 1;
                    } else if !state.hidden {
                        pending.push(hex);
                    }
                    continue;
                }
                if word.is_empty() {
                    match symbol {
                        b'\\' | b'{' | b'}' if !state.hidden => pending.push(symbol),
                        b'~' if !state.hidden => pending.push(b' '),
                        b'*' => state.hidden = true,
                        _ => {}
                    }
                    continue;
                }
                flush(&mut pending, &mut out, encoding);
                match word {
                    "par" | "line" | "row" | "sect" | "page" if !state.hidden => out.push('\n'),
                    "tab" | "cell" if !state.hidden => out.push('\t'),
                    "u" => {
                        // Numbers over 32767 are written as negative ones.
                        let code = number.unwrap_or(0).rem_euclid(65_536) as u32;
                        if !state.hidden {
                            out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                        }
                        skipping = state.skip;
                    }
                    "uc" => state.skip = number.unwrap_or(1).clamp(0, 16) as usize,
                    "ansicpg" => {
                        let known = number.and_then(|n| u32::try_from(n).ok()).and_then(encoding_of);
                        encoding = known.unwrap_or(encoding);
                    }
                    _ if HIDDEN.contains(&word) => state.hidden = true,
                    _ => {}
                }
            }
            _ if skipping > 0 => skipping -= 1,
            _ if !state.hidden => pending.push(byte),
            _ => {}
        }
        if pending.len() > 4096 || matches!(byte, b'{' | b'}') {
            flush(&mut pending, &mut out, encoding);
        }
    }
    flush(&mut pending, &mut out, encoding);
    out
}

/// The control word at `at`, its number, and where the text goes on. A symbol gives an empty word; `\'e4` its byte.
fn control(rtf: &[u8], at: usize) -> (&str, Option<i32>, usize) {
    let rest = &rtf[at.min(rtf.len())..];
    if rest.first() == Some(&b'\'') {
        let hex = rest.get(1..3).and_then(|hex| std::str::from_utf8(hex).ok());
        let value = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        return ("'", value.map(i32::from), at + 1 + if value.is_some() { 2 } else { 0 });
    }
    let n_letters = rest.iter().take(32).take_while(|b| b.is_ascii_alphabetic()).count();
    if n_letters == 0 {
        return ("", None, at + 1);
    }
    let word = std::str::from_utf8(&rest[..n_letters]).unwrap_or("");
    let tail = &rest[n_letters..];
    let sign = usize::from(tail.first() == Some(&b'-'));
    let n_digits = tail[sign..].iter().take(10).take_while(|b| b.is_ascii_digit()).count();
    let n_number = if n_digits > 0 { sign + n_digits } else { 0 };
    let number = std::str::from_utf8(&tail[..n_number]).ok().and_then(|text| text.parse().ok());
    let blank = usize::from(tail.get(n_number) == Some(&b' '));
    (word, number, at + n_letters + n_number + blank)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first example of [MS-OXRTFCP].
    const HELLO: [u8; 49] = [
        0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 3, 0, 0x0a, 0, 0x72,
        0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c, 9, 0, 0x20, 0x62,
        0x77, 5, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
    ];

    #[test]
    fn compressed_bodies() {
        assert_eq!(DICTIONARY.len(), 207);
        let rtf = decompress(&HELLO).expect("is read");
        assert_eq!(String::from_utf8_lossy(&rtf), "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        assert_eq!(text(&HELLO).as_deref(), Some("hello world"));
        for cut in 0..HELLO.len() {
            if let Some(part) = decompress(&HELLO[..cut]) {
                assert!(rtf.starts_with(&part), "{cut}");
            }
        }
        let mut as_it_is = HELLO[..16].to_vec();
        as_it_is[8..12].copy_from_slice(b"MELA");
        as_it_is.extend_from_slice(b"{\\rtf1 x}");
        assert_eq!(text(&as_it_is).as_deref(), Some("x"));
    }

    #[test]
    fn texts() {
        #[track_caller]
        fn check(rtf: &str, expect: &str) {
            assert_eq!(plain(rtf.as_bytes()), expect);
        }
        check(
            "{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}{\\*\\generator x;}one\\par\ntwo\\tab 3\\line}",
            "one\ntwo\t3\n",
        );
        check("{\\rtf1\\ansicpg1252 f\\'fcr \\{a\\}\\~\\\\b}", "f\u{fc}r {a} \\b");
        check("{\\rtf1\\ansicpg932 \\'83\\'81}", "\u{30e1}");
        check("{\\rtf1\\uc1 \\u8211?x \\u-10179?\\uc0\\u228 y}", "\u{2013}x \u{fffd}\u{e4}y");
        check(
            "{\\rtf1\\fromhtml1{\\*\\htmltag64 <p>}\\htmlrtf {\\htmlrtf0 550 no\\htmlrtf\\par}\\htmlrtf0}",
            "550 no\n",
        );
        check("{\\rtf1 a}}}b", "ab");
        check("{\\rtf1 \\", "");
        check("{\\rtf1 \\'", "");
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400),
                                       words in "[a-z0-9{}\\\\'* -]{0,200}") {
            plain(&bytes);
            plain(words.as_bytes());
            let mut packed = HELLO[..16].to_vec();
            packed.extend_from_slice(&bytes);
            text(&packed);
        }
    }
}
