//! The dependency rule of docs/ARCHITECTURE.md, held by reading the source.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Each module and what it may import. What is not listed here may not exist.
const LAYERS: [(&str, &[&str]); 14] = [
    ("near", &[]),
    ("smtp", &[]),
    ("model", &["smtp"]),
    ("parse", &["near", "smtp", "model"]),
    ("correlate", &["smtp", "model", "parse"]),
    ("classify", &["smtp", "model"]),
    ("group", &["near", "smtp", "model", "classify"]),
    ("query", &["smtp", "model", "classify", "group"]),
    ("ingest", &["model"]),
    ("engine", &["smtp", "model", "parse", "correlate", "classify", "group", "query", "ingest"]),
    ("notes", &["smtp", "model", "classify", "group", "query"]),
    ("export", &["near", "smtp", "model", "classify", "group", "query", "notes"]),
    ("gui", &["smtp", "model", "classify", "group", "query", "engine", "notes", "export"]),
    ("cli", &["smtp", "model", "parse", "classify", "group", "query", "engine", "notes", "export", "gui"]),
];

/// Modules that do no input or output and ask no clock.
const PURE: [&str; 8] = ["near", "smtp", "model", "parse", "correlate", "classify", "group", "query"];

/// What a pure module may not name.
const IMPURE: [&str; 7] =
    ["std::fs", "std::net::Tcp", "std::process", "std::thread", "SystemTime", "Instant::now", "Utc::now"];

#[test]
fn modules_import_only_from_their_left() {
    let allowed: BTreeMap<_, _> = LAYERS.into_iter().collect();
    let mut wrong = Vec::new();
    each_line(|module, place, line| {
        let Some(allowed) = allowed.get(module) else {
            wrong.push(format!("{place}: module {module} is not in the list of layers"));
            return;
        };
        for (at, _) in line.match_indices("crate::") {
            let name: String =
                line[at + 7..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if name != module && !name.is_empty() && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{place}: {module} names {name}"));
            }
        }
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn only_the_window_names_egui() {
    let mut wrong = Vec::new();
    each_line(|module, place, line| {
        if module != "gui" && ["egui", "eframe", "rfd::"].iter().any(|name| line.contains(name)) {
            wrong.push(format!("{place}: {line}"));
        }
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_core_is_pure() {
    let mut wrong = Vec::new();
    each_line(|module, place, line| {
        if PURE.contains(&module) && IMPURE.iter().any(|name| line.contains(name)) {
            wrong.push(format!("{place}: {line}"));
        }
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Calls `visit` with the module, the place and the text of every line of code outside comments and test modules.
fn each_line(mut visit: impl FnMut(&str, &str, &str)) {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut n_lines = 0;
    for entry in walkdir::WalkDir::new(&src).sort_by_file_name() {
        let entry = entry.expect("the source can be walked");
        let path = entry.path();
        let inside = path.strip_prefix(&src).expect("under src");
        if path.extension().is_none_or(|e| e != "rs") || inside.components().count() < 2 {
            continue;
        }
        let module = inside.components().next().expect("a folder").as_os_str().to_string_lossy().into_owned();
        let text = fs::read_to_string(path).expect("the source can be read");
        for (at, line) in text.lines().enumerate() {
            if line.starts_with("mod tests {") {
                break;
            }
            if !line.trim_start().starts_with("//") {
                n_lines += 1;
                visit(&module, &format!("src/{}:{}", inside.display(), at + 1), line);
            }
        }
    }
    assert!(n_lines > 1000, "the source was not found");
}
