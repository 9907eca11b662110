//! Archives built here, read again.

use super::*;
use crate::ingest::open::open_reader;
use crate::ingest::packing::tests::{ALL, pack};
use std::io::Write as _;

/// A tar archive of these files.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mtime(1_800_000_000);
        header.set_mode(0o644);
        // The library refuses names that lead out of the archive.
        let field = &mut header.as_old_mut().name;
        field[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, *bytes).expect("is added");
    }
    builder.into_inner().expect("ends")
}

fn zip_with(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        writer.start_file(*name, options).expect("begins");
        writer.write_all(bytes).expect("is added");
    }
    writer.finish().expect("ends").into_inner()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(files, CompressionMethod::Deflated)
}

use zip::CompressionMethod;

/// What was found, in words.
#[derive(Default)]
struct Told(Vec<String>);

impl Members for Told {
    fn member(&mut self, member: Member<'_>) {
        let mut bytes = Vec::new();
        let end = match member.reader.read_to_end(&mut bytes) {
            Ok(_) => String::new(),
            Err(error) => format!(" ! {}", super::super::open::reason(&error)),
        };
        let mut text = Vec::new();
        let _ = open_reader(Cursor::new(bytes)).map(|mut opened| opened.reader.read_to_end(&mut text));
        let shown = if text.len() < 40 {
            String::from_utf8_lossy(&text).into_owned()
        } else {
            text.len().to_string()
        };
        self.0.push(format!("{} {:?} {shown}{end}", member.name, member.place));
    }

    fn problem(&mut self, name: &str, _kind: ProblemKind, message: String) {
        self.0.push(format!("{name} ! {message}"));
    }
}

fn tell_with(bytes: &[u8], limits: Limits, wanted: Option<&[u32]>) -> Vec<String> {
    let mut told = Told::default();
    let archive = archive_in_bytes(&bytes.into()).expect("it is an archive");
    archive.walk("a", wanted, limits, &|| false, &mut told);
    told.0
}

fn tell(bytes: &[u8]) -> Vec<String> {
    tell_with(bytes, Limits::default(), None)
}

const FILES: [(&str, &[u8]); 3] = [("b/x.log", b"one\n"), ("b/.hidden", b"no"), ("a.log", b"two\n")];

#[test]
fn members_in_their_order() {
    let expect = ["a/b/x.log [0] one\n", "a/a.log [2] two\n"];
    assert_eq!(tell(&tar(&FILES)), expect);
    for packing in ALL {
        assert_eq!(tell(&pack(packing, &tar(&FILES))), expect, "{packing:?}");
    }
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated, CompressionMethod::Bzip2] {
        assert_eq!(tell(&zip_with(&FILES, method)), expect, "{method}");
    }
    let nothing: [String; 0] = [];
    assert_eq!(tell(&zip(&[])), nothing);
    assert_eq!(tell_with(&tar(&FILES), Limits::default(), Some(&[2])), expect[1..]);
    assert_eq!(tell_with(&zip(&FILES), Limits::default(), Some(&[2])), expect[1..]);
    assert_eq!(tell_with(&zip(&FILES), Limits::default(), Some(&[7])), nothing);
}

#[test]
fn compressed_members_and_archives_within() {
    let log = pack(Packing::Gzip, b"three\n");
    let inner = pack(Packing::Xz, &tar(&[("i.log", b"four\n"), ("j.log.gz", &log)]));
    let outer = zip(&[("x.gz", &log), ("inner.tar.xz", &inner), ("z.zip", &zip(&FILES)), ("end", b"five\n")]);
    let expect = [
        "a/x.gz [0] three\n",
        "a/inner.tar.xz/i.log [1, 0] four\n",
        "a/inner.tar.xz/j.log.gz [1, 1] three\n",
        "a/z.zip/b/x.log [2, 0] one\n",
        "a/z.zip/a.log [2, 2] two\n",
        "a/end [3] five\n",
    ];
    assert_eq!(tell(&outer), expect);
    for (at, place) in [(2, &[1, 1][..]), (4, &[2, 2]), (5, &[3])] {
        assert_eq!(tell_with(&outer, Limits::default(), Some(place)), expect[at..=at]);
    }
}

#[test]
fn names_are_only_names() {
    let names = [
        ("../../etc/passwd", "a/../../etc/passwd"),
        ("./x", "a/x"),
        ("/abs", "a//abs"),
        ("a\u{1b}[2J\nb", "a/a\u{fffd}[2J\u{fffd}b"),
    ];
    for (name, expect) in names {
        assert_eq!(tell(&tar(&[(name, b"t")])), [format!("{expect} [0] t")]);
    }
    assert_eq!(member_name("a", "x\u{202e}gol.exe"), "a/x\u{fffd}gol.exe");
}

#[test]
fn what_is_left_out_is_said() {
    let small = Limits { depth: 2, members: 3, free_bytes: 100_000, ratio: 50, zip_bytes: 2_000 };
    let said = |bytes: &[u8]| tell_with(bytes, small, None);
    let nested = |n: usize| (0..n).fold(tar(&[("x", b"t")]), |inner, _| tar(&[("n.tar", &inner)]));
    assert_eq!(said(&nested(1)), ["a/n.tar/x [0, 0] t"]);
    assert_eq!(
        said(&nested(2)),
        ["a/n.tar/n.tar ! an archive within 2 others was not opened; unpack it yourself first"]
    );
    let many: Vec<(String, &[u8])> = (0..9).map(|n| (n.to_string(), &b"t"[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    for bytes in [tar(&many), zip(&many)] {
        let got = said(&bytes);
        assert_eq!(got[2..], ["a/2 [2] t", "a ! it holds more than 3 files; the rest was left out"]);
    }
    let zeros = vec![0; 3_000_000];
    for bytes in [
        zip(&[("x", b"t"), ("bomb", &zeros), ("y", b"t")]),
        pack(Packing::Xz, &tar(&[("x", b"t"), ("bomb", &zeros), ("y", b"t")])),
        zip(&[("x", b"t"), ("bomb.gz", &pack(Packing::Gzip, &zeros)), ("y", b"t")]),
    ] {
        let got = said(&bytes);
        assert_eq!(got.len(), 3, "{got:?}");
        assert!(got[1].ends_with("! the archive expands to more than 50 times its size"), "{got:?}");
        assert_eq!(got[2], "a ! it expands to more than 50 times its size; the rest was left out");
    }
    let noise: Vec<u8> = (0..4_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let inner = zip_with(&[("noise", &noise)], CompressionMethod::Stored);
    let got = said(&tar(&[("i.zip", &inner), ("y", b"t")]));
    assert!(got[0].starts_with("a/i.zip ! a zip archive of over"), "{got:?}");
    assert_eq!(got[1], "a/y [1] t");
}

#[test]
fn a_header_without_end_is_not_kept() {
    // A GNU long name of a thousand megabytes, packed to a thousandth.
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(1_000_000_000);
    header.as_old_mut().name[..13].copy_from_slice(b"././@LongLink");
    header.set_cksum();
    let (first, zeros) = (header.as_bytes().to_vec(), io::repeat(b'x').take(20_000_000));
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    io::copy(&mut first.chain(zeros), &mut encoder).expect("compresses");
    let got = tell(&encoder.finish().expect("ends"));
    assert_eq!(got, ["a ! the archive has a header that is too long; what came before was read"]);
}

#[test]
fn encrypted_members_and_unknown_methods() {
    let mut bytes = zip(&[("secret", b"t"), ("open", b"u")]);
    // The flag that says so, in both headers of the first member.
    bytes[6] |= 1;
    let contents = bytes.windows(4).position(|w| w == b"PK\x01\x02").expect("a table of contents");
    bytes[contents + 8] |= 1;
    let got = tell(&bytes);
    assert_eq!(got, ["a/secret ! it is encrypted; unpack it with its password first", "a/open [1] u"]);
    let mut bytes = zip_with(&[("odd", b"t"), ("open", b"u")], CompressionMethod::Stored);
    let contents = bytes.windows(4).position(|w| w == b"PK\x01\x02").expect("a table of contents");
    bytes[8] = 97;
    bytes[contents + 10] = 97;
    let got = tell(&bytes);
    assert_eq!(got, ["a/odd ! it is packed in a way that is not known here", "a/open [1] u"]);
}

#[test]
fn zstandard_in_a_zip() {
    let packed = pack(Packing::Zstd, b"three\n");
    let mut bytes = zip_with(&[("z", &packed), ("y", b"t")], CompressionMethod::Stored);
    let contents = bytes.windows(4).position(|w| w == b"PK\x01\x02").expect("a table of contents");
    for (at, value) in [(8, 93u16), (22, 6), (contents + 10, 93), (contents + 24, 6)] {
        bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }
    assert_eq!(tell(&bytes), ["a/z [0] three\n", "a/y [1] t"]);
}

#[test]
fn documents_are_no_archives() {
    for name in ["[Content_Types].xml", "mimetype", "META-INF/MANIFEST.MF"] {
        assert!(archive_in_bytes(&zip(&[(name, b"t")]).into()).is_none(), "{name}");
    }
    for bytes in [&b"PK\x03\x04"[..], b"550 no", b"", &[0; 1024], b"PK\x05\x06"] {
        assert!(archive_in_bytes(&bytes.into()).is_none(), "{bytes:?}");
    }
}

#[test]
fn cut_anywhere_gives_what_is_whole_and_says_so() {
    let text = |n: u32| (0..300).map(|i| format!("{n} {}\n", i * n)).collect::<String>();
    let texts: Vec<(String, String)> = (1..6).map(|n| (format!("f{n}"), text(n))).collect();
    let files: Vec<(&str, &[u8])> =
        texts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let plain = tar(&files);
    let whole = tell(&plain);
    let mut archives = vec![("tar", plain.clone()), ("zip", zip(&files))];
    archives.extend(ALL.map(|packing| (packing.name(), pack(packing, &plain))));
    for (kind, bytes) in archives {
        let n_steps = 120;
        for step in 1..n_steps {
            let cut = 600 + (bytes.len() - 600) * step / n_steps;
            let Some(_) = archive_in_bytes(&bytes[..cut].into()) else { continue };
            let got = tell(&bytes[..cut]);
            let n_whole = got.iter().zip(&whole).take_while(|(a, b)| a == b).count();
            // The two empty blocks at its end may be missing.
            let at_boundary = kind == "tar" && got.len() == n_whole;
            assert!(
                at_boundary || got[n_whole..].iter().any(|line| line.contains(" ! ")),
                "{kind} {cut}: {got:?}"
            );
            assert!(got.iter().all(|line| line.starts_with('a')), "{kind} {cut}: {got:?}");
        }
    }
    // The members that came before the end are read even though the table of contents is gone.
    let zip = zip(&files);
    let got = tell(&zip[..zip.len() - 30]);
    assert_eq!(got[..5], whole[..5]);
    assert_eq!(got[5], "a ! the zip data ends early or is damaged; what came before was read");
}

proptest::proptest! {
    #[test]
    fn damaged_archives_never_panic(at in proptest::prelude::any::<proptest::sample::Index>(),
                                    bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40)) {
        let inner = pack(Packing::Bzip2, &tar(&FILES));
        for mut archive in [tar(&[("i.tar.bz2", &inner), ("x", b"t")]), zip(&[("i.tar.bz2", &inner), ("x", b"t")])] {
            let at = at.index(archive.len());
            let end = (at + bytes.len()).min(archive.len());
            archive.splice(at..end, bytes.iter().copied());
            if let Some(archive) = archive_in_bytes(&archive.into()) {
                archive.walk("a", None, Limits::default(), &|| false, &mut Told::default());
            }
        }
    }
}
