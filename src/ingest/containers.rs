//! What evidence may be packed in: compressed streams, archives, mailboxes. `fivefifty formats` prints it.

/// Something that evidence is packed in.
#[derive(Clone, Copy, Debug)]
pub struct Container {
    /// As people call it.
    pub name: &'static str,
    /// How files of it are usually called. Names decide nothing.
    pub extensions: &'static [&'static str],
    /// What it is recognised by.
    pub magic: &'static str,
    /// The library that opens it; empty if this program does.
    pub library: &'static str,
}

/// All containers: streams, archives, then files that hold mails.
pub static CONTAINERS: &[Container] = &[
    Container { name: "gzip", extensions: &[".gz"], magic: "1f 8b", library: "flate2" },
    Container { name: "bzip2", extensions: &[".bz2"], magic: "BZh", library: "bzip2" },
    Container { name: "xz", extensions: &[".xz"], magic: "fd 37 7a 58 5a 00", library: "lzma-rust2" },
    Container { name: "Zstandard", extensions: &[".zst"], magic: "28 b5 2f fd", library: "ruzstd" },
    Container {
        name: "UTF-16 text",
        extensions: &[".txt", ".csv"],
        magic: "ff fe, fe ff, or a NUL beside each letter",
        library: "encoding_rs",
    },
    Container { name: "zip", extensions: &[".zip"], magic: "PK 03 04", library: "zip" },
    Container {
        name: "tar, also compressed",
        extensions: &[".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst"],
        magic: "the checksum of its first header",
        library: "tar",
    },
    Container {
        name: "mbox",
        extensions: &[".mbox"],
        magic: "a line \"From address date\" before each mail",
        library: "",
    },
    Container {
        name: "Maildir, MH folder",
        extensions: &[],
        magic: "a folder with one mail a file",
        library: "",
    },
    Container {
        name: "Apple Mail",
        extensions: &[".emlx"],
        magic: "a line with the mail's length",
        library: "",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_described() {
        for (at, container) in CONTAINERS.iter().enumerate() {
            assert!(!container.name.is_empty() && !container.magic.is_empty(), "{container:?}");
            assert!(CONTAINERS[..at].iter().all(|c| c.name != container.name), "{container:?}");
            assert!(container.extensions.iter().all(|e| e.starts_with('.')), "{container:?}");
        }
    }
}
