//! The properties of a message, a recipient or an attachment in a compound file ([MS-OXMSG] section 2).
//!
//! Short values stand in a stream of their own table, `__properties_version1.0`; each longer one is a stream, called by
//! its number and type: `__substg1.0_0037001F` is the subject, in UTF-16.

use cfb::CompoundFile;
use encoding_rs::Encoding;
use std::io::{Cursor, Read as _};

/// An open compound file.
pub(super) type File<'a> = CompoundFile<Cursor<std::borrow::Cow<'a, [u8]>>>;

/// The longest value that is read.
const MAX_VALUE: u64 = 8 << 20;

/// The most that is added to a file that was cut.
const MAX_PADDING: usize = 64 << 20;

/// So many recipients or attachments are read.
const MAX_PARTS: usize = 2_000;

/// Opens a compound file, and says whether it was cut. What is missing of one is taken for zeros: its streams may stand
/// before that.
pub(super) fn open(bytes: &[u8]) -> Option<(File<'_>, bool)> {
    let word = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let sector = 1usize << word(30).filter(|shift| matches!(shift, 9 | 12))?;
    if bytes.len().is_multiple_of(sector)
        && let Ok(file) = CompoundFile::open(Cursor::new(bytes.into()))
    {
        return Some((file, false));
    }
    let padded = |len: usize| {
        let mut padded = bytes.to_vec();
        padded.resize(len, 0);
        CompoundFile::open(Cursor::new(padded.into())).ok()
    };
    if let Some(file) = padded(bytes.len().next_multiple_of(sector)) {
        return Some((file, true));
    }
    let n_tables = u32::from_le_bytes(bytes.get(44..48)?.try_into().ok()?) as usize;
    // Each sector of the table speaks of so many others.
    let whole = n_tables.checked_mul(sector / 4)?.checked_mul(sector)?.checked_add(sector)?;
    let missing = whole.checked_sub(bytes.len()).filter(|missing| *missing <= MAX_PADDING)?;
    Some((padded(bytes.len() + missing)?, true))
}

/// Whether the file is a message.
pub(super) fn is_message(file: &File<'_>) -> bool {
    file.is_stream("/__properties_version1.0")
}

/// A message, a recipient or an attachment: a storage with properties.
pub(super) struct Object {
    /// Its path, without a slash at its end.
    path: String,
    /// Numbers of properties with their short values.
    fixed: Vec<(u16, [u8; 8])>,
    /// The character set of texts that are not in UTF-16.
    encoding: &'static Encoding,
}

/// What kind of object it is: the table of its properties begins behind a header of another size.
#[derive(Clone, Copy)]
pub(super) enum Is {
    Message,
    Embedded,
    Part,
}

impl Object {
    /// The object at `path`.
    pub fn at(file: &mut File<'_>, path: String, is: Is) -> Self {
        let header = match is {
            Is::Message => 32,
            Is::Embedded => 24,
            Is::Part => 8,
        };
        let table = stream(file, &format!("{path}/__properties_version1.0")).unwrap_or_default();
        let rows = table.get(header..).unwrap_or_default().chunks_exact(16);
        let fixed: Vec<(u16, [u8; 8])> = rows
            .filter_map(|row| Some((u16::from_le_bytes([row[2], row[3]]), row[8..16].try_into().ok()?)))
            .collect();
        let mut object = Self { path, fixed, encoding: encoding_rs::WINDOWS_1252 };
        // PidTagMessageCodepage, PidTagInternetCodepage
        let code_page = object.number(0x3ffd).or_else(|| object.number(0x3fde));
        object.encoding = code_page.and_then(encoding_of).unwrap_or(encoding_rs::WINDOWS_1252);
        object
    }

    /// A number.
    pub fn number(&self, id: u16) -> Option<u32> {
        let (_, value) = self.fixed.iter().find(|(known, _)| *known == id)?;
        Some(u32::from_le_bytes([value[0], value[1], value[2], value[3]]))
    }

    /// A point in time, in seconds since 1970.
    pub fn time(&self, id: u16) -> Option<i64> {
        let (_, value) = self.fixed.iter().find(|(known, _)| *known == id)?;
        // In 100 ns since 1601.
        let seconds = i64::try_from(u64::from_le_bytes(*value) / 10_000_000).ok()?;
        Some(seconds - 11_644_473_600).filter(|seconds| *seconds > 0)
    }

    /// A text; `None` if it is empty.
    pub fn text(&self, file: &mut File<'_>, id: u16) -> Option<String> {
        let text = match self.stream(file, id, 0x001f) {
            Some(bytes) => encoding_rs::UTF_16LE.decode_without_bom_handling(&bytes).0.into_owned(),
            None => self.encoding.decode_without_bom_handling(&self.stream(file, id, 0x001e)?).0.into_owned(),
        };
        let text = text.trim_end_matches('\0');
        (!text.trim().is_empty()).then(|| text.to_owned())
    }

    /// Bytes.
    pub fn bytes(&self, file: &mut File<'_>, id: u16) -> Option<Vec<u8>> {
        self.stream(file, id, 0x0102)
    }

    /// Bytes that are a text in the object's character set, unless they are UTF-8.
    pub fn text_of(&self, bytes: &[u8]) -> String {
        match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => self.encoding.decode(bytes).0.into_owned(),
        }
    }

    fn stream(&self, file: &mut File<'_>, id: u16, kind: u16) -> Option<Vec<u8>> {
        stream(file, &format!("{}/__substg1.0_{id:04X}{kind:04X}", self.path))
    }

    /// The message that is embedded in this attachment.
    pub fn embedded(&self, file: &mut File<'_>) -> Option<Self> {
        let path = format!("{}/__substg1.0_3701000D", self.path);
        file.is_storage(&path).then(|| Self::at(file, path, Is::Embedded))
    }

    /// Its recipients (`recip`) or attachments (`attach`), in their order.
    pub fn parts(&self, file: &mut File<'_>, what: &str) -> Vec<Self> {
        let begin = format!("__{what}_version1.0_#");
        let path = if self.path.is_empty() { "/" } else { &self.path };
        let Ok(entries) = file.read_storage(path) else { return Vec::new() };
        let mut names: Vec<String> = entries
            .filter(|entry| entry.is_storage() && entry.name().starts_with(&begin))
            .map(|entry| entry.name().to_owned())
            .take(MAX_PARTS)
            .collect();
        names.sort();
        names.into_iter().map(|name| Self::at(file, format!("{}/{name}", self.path), Is::Part)).collect()
    }
}

fn stream(file: &mut File<'_>, path: &str) -> Option<Vec<u8>> {
    let stream = file.open_stream(path).ok()?;
    let mut bytes = Vec::new();
    // What comes before a broken chain of sectors is of use.
    let _ = stream.take(MAX_VALUE).read_to_end(&mut bytes);
    Some(bytes)
}

/// The character set of a Windows code page.
pub(super) fn encoding_of(code_page: u32) -> Option<&'static Encoding> {
    let label = match code_page {
        65001 | 20127 => "utf-8",
        874 => "windows-874",
        932 => "shift_jis",
        936 => "gbk",
        949 => "euc-kr",
        950 => "big5",
        20866 => "koi8-r",
        21866 => "koi8-u",
        50220..=50222 => "iso-2022-jp",
        51932 => "euc-jp",
        54936 => "gb18030",
        1250..=1258 => return Encoding::for_label(format!("windows-{code_page}").as_bytes()),
        28591..=28606 => return Encoding::for_label(format!("iso-8859-{}", code_page - 28590).as_bytes()),
        _ => return None,
    };
    Encoding::for_label(label.as_bytes())
}
