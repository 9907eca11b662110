//! What there is to read under a path: the file itself, or everything in a folder, in name order.

use std::path::{Path, PathBuf};

/// One file to read, or why a path leads to none.
#[derive(Debug)]
pub enum Found {
    /// A file; `in_folder` if it was not named itself.
    File {
        /// Its path, beginning as the user gave it.
        path: PathBuf,
        /// Its size in bytes; 0 for a pipe.
        len_bytes: u64,
        /// It was found in a folder that was named.
        in_folder: bool,
    },
    /// Not readable, with a sentence that says why.
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

/// Walks `path`. Folders are read recursively in name order, without hidden files; links are followed, loops are
/// reported.
///
/// Devices and sockets are never read: they have no end. A pipe that is named itself is read.
pub fn discover(path: &Path) -> impl Iterator<Item = Found> {
    walkdir::WalkDir::new(path).follow_links(true).sort_by_file_name().into_iter().filter_map(|entry| {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().map(Path::to_path_buf).unwrap_or_default();
                let why = match (error.loop_ancestor(), error.io_error()) {
                    (Some(_), _) => "the link leads back to a folder it is in".to_owned(),
                    (None, Some(io)) => super::open::reason(io),
                    (None, None) => error.to_string(),
                };
                return Some(Found::Unreadable { path, why });
            }
        };
        let in_folder = entry.depth() > 0;
        let kind = entry.file_type();
        if kind.is_dir() {
            return None;
        }
        // Hidden files hold settings; hidden folders may be those of a Maildir++.
        if in_folder && entry.file_name().as_encoded_bytes().starts_with(b".") {
            return None;
        }
        let named_pipe = is_pipe(&kind) && !in_folder;
        if !kind.is_file() && !named_pipe {
            let why = "a device or socket; only files and pipes are read".to_owned();
            return (!in_folder).then(|| Found::Unreadable { path: entry.into_path(), why });
        }
        let len_bytes = entry.metadata().map_or(0, |m| if m.is_file() { m.len() } else { 0 });
        Some(Found::File { path: entry.into_path(), len_bytes, in_folder })
    })
}

#[cfg(unix)]
fn is_pipe(kind: &std::fs::FileType) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    kind.is_fifo()
}

#[cfg(not(unix))]
fn is_pipe(_kind: &std::fs::FileType) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_walked_in_name_order() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("b")).expect("a folder in it");
        for name in ["c.log", "a.log", "b/x.eml", ".hidden"] {
            std::fs::write(dir.path().join(name), name).expect("a file");
        }
        let found: Vec<_> = discover(dir.path())
            .map(|f| match f {
                Found::File { path, len_bytes, in_folder } => {
                    let name = path.strip_prefix(dir.path()).expect("under the folder").to_path_buf();
                    format!("{} {len_bytes} {in_folder}", name.display())
                }
                Found::Unreadable { why, .. } => why,
            })
            .collect();
        assert_eq!(found, ["a.log 5 true", "b/x.eml 7 true", "c.log 5 true"]);
    }

    #[test]
    fn a_missing_path_says_so() {
        let found: Vec<_> = discover(Path::new("/nonexistent/mail.log")).collect();
        assert!(matches!(&found[..], [Found::Unreadable { why, .. }] if why == "there is no such file"));
    }
}
