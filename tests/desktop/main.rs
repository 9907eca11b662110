//! A real window under Xvfb: a file is dropped on it, a key is pressed, the clipboard is read.
//!
//! Needs `Xvfb` and `xclip` and the window's libraries. Without them the test says so and passes, unless
//! `FIVEFIFTY_REQUIRE_DESKTOP=1` is set.

#![cfg(target_os = "linux")]

mod xdnd;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use xdnd::Desktop;

/// How long anything may take on a slow machine with software OpenGL.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_dropped_log_is_read_and_its_note_is_copied() {
    if !can_run() {
        return;
    }
    let (_server, display) = start_server();
    let home = tempfile::tempdir().expect("a folder for what the program remembers");
    let mut program = start_program(&display, home.path());

    let desktop = Desktop::connect(&display).expect("the server answers");
    let window = wait("the window", || {
        assert!(program.0.try_wait().expect("a state").is_none(), "the program ended");
        desktop.find_window("fivefifty")
    });
    let log = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs/postfix/gmail-unauthenticated.log");
    desktop.drop_files(window, &[log.as_path()], PATIENCE).expect("the drop is taken");

    let title =
        wait("the title with the number", || desktop.title(window).filter(|title| title.contains("refused")));
    let n: u32 = title.split(' ').next().expect("a word").replace(',', "").parse().expect("a number first");
    assert!(n > 0, "{title}");

    let note = wait("the note in the clipboard", || {
        desktop.press(window, 'c').expect("the key is pressed");
        std::thread::sleep(Duration::from_millis(500));
        Some(clipboard(&display)).filter(|text| !text.is_empty())
    });
    assert!(note.contains("550") && note.contains("authenticat"), "{note}");
    picture(&display);
}

/// A window that was closed off the screen comes back with its size, and on the screen: there is no window manager
/// that could bring it back.
#[test]
fn an_old_place_off_the_screen_is_not_taken() {
    if !can_run() {
        return;
    }
    let (_server, display) = start_server();
    let home = tempfile::tempdir().expect("a folder for what the program remembers");
    let folder = home.path().join("fivefifty");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("app.ron"), OFF_THE_SCREEN).expect("a file");
    let mut program = start_program(&display, home.path());
    let desktop = Desktop::connect(&display).expect("the server answers");
    let window = wait("the window", || {
        assert!(program.0.try_wait().expect("a state").is_none(), "the program ended");
        desktop.find_window("fivefifty")
    });
    wait("the old size at a place on the screen", || {
        desktop.place(window).filter(|place| *place == (0, 0, 1100, 700))
    });
}

/// What eframe keeps of a window that was closed off the screen.
const OFF_THE_SCREEN: &str = r#"{
    "window": "(normal_geometry:(outer_position_pixels:Some((x:-900.0,y:4000.0)),scale_factor:1.0,inner_size_points:(x:1100.0,y:700.0)),fullscreen:false,maximized:false)",
}"#;

/// Whether what the tests need is installed; says what is not.
fn can_run() -> bool {
    let missing: Vec<&str> = ["Xvfb", "xclip"].into_iter().filter(|name| !installed(name)).collect();
    if !missing.is_empty() {
        let message = format!("not installed: {}", missing.join(", "));
        assert!(std::env::var_os("FIVEFIFTY_REQUIRE_DESKTOP").is_none(), "{message}");
        eprintln!("skipped, {message}");
        return false;
    }
    true
}

fn start_program(display: &str, home: &Path) -> Running {
    Running(
        Command::new(env!("CARGO_BIN_EXE_fivefifty"))
            .env("DISPLAY", display)
            .env_remove("WAYLAND_DISPLAY")
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("HOME", home)
            .env("XDG_DATA_HOME", home)
            .stdin(Stdio::null())
            .spawn()
            .expect("the program starts"),
    )
}

fn installed(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(name).is_file())
}

/// Starts a server on a free display.
fn start_server() -> (Running, String) {
    let mut server = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("Xvfb starts");
    let mut number = String::new();
    let stdout = server.stdout.take().expect("its output is a pipe");
    BufReader::new(stdout).read_line(&mut number).expect("Xvfb names its display");
    (Running(server), format!(":{}", number.trim()))
}

/// Asks again and again until there is an answer.
#[track_caller]
fn wait<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(since.elapsed() < PATIENCE, "no sign of {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The text in the clipboard; empty if there is none.
fn clipboard(display: &str) -> String {
    let arguments = ["-selection", "clipboard", "-target", "UTF8_STRING", "-o"];
    let output = Command::new("xclip").args(arguments).env("DISPLAY", display).output();
    output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default()
}

/// Keeps a picture of the screen for people to look at, if ImageMagick is there.
fn picture(display: &str) {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("desktop.png");
    let taken = Command::new("import").args(["-window", "root"]).arg(&path).env("DISPLAY", display).status();
    if taken.is_ok_and(|status| status.success()) {
        eprintln!("picture: {}", path.display());
    }
}
