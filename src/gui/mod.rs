//! The window: reads the engine's answers and draws them. It parses, groups and judges nothing itself.
//!
//! [`app`] takes the newest answer each frame; the [`panels`] draw it and ask for [`command`]s, which run after
//! drawing. Colours, sizes and fonts come from [`theme`].

pub mod app;
pub mod command;
pub mod dialogs;
#[cfg(any(test, feature = "gui-tests"))]
pub mod fixture;
pub mod fonts;
pub mod frame_ctx;
pub mod panels;
pub mod samples;
pub mod scopes;
pub mod state;
pub mod theme;
pub mod widgets;
pub mod words;

pub use app::App;

use crate::classify::Knowledge;
use crate::engine::{Engine, Input, Wake};
use eframe::egui;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The shortest time between frames that show news of the engine.
const BETWEEN_NEWS: Duration = Duration::from_millis(80);

/// Why the window could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum GuiError {
    /// Neither an X11 nor a Wayland display is there.
    #[error("there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set")]
    NoDisplay,
    /// A library that is opened at run time is missing.
    #[error("the window needs {0}; on Debian and Ubuntu: apt install {PACKAGES}")]
    MissingLibrary(String),
    /// Anything else.
    #[error("the window could not be opened: {0}")]
    Other(String),
}

/// What has to be installed for the window on X11.
const PACKAGES: &str = "libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libgl1";

/// Opens the window with `inputs` and returns when it is closed.
pub fn run(knowledge: Arc<Knowledge>, year: Option<i32>, inputs: Vec<Input>) -> Result<(), GuiError> {
    run_within(knowledge, year, inputs, |app| app)
}

/// As [`run`], within an application of the caller's that hands input and frames on: for measuring.
#[doc(hidden)]
pub fn run_within<A: eframe::App + 'static>(
    knowledge: Arc<Knowledge>,
    year: Option<i32>,
    inputs: Vec<Input>,
    within: impl FnOnce(App) -> A,
) -> Result<(), GuiError> {
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    if cfg!(target_os = "linux") && !set("DISPLAY") && !set("WAYLAND_DISPLAY") && !set("WAYLAND_SOCKET") {
        return Err(GuiError::NoDisplay);
    }
    let waker: Arc<OnceLock<egui::Context>> = Arc::default();
    let wake: Wake = {
        let (waker, last) = (waker.clone(), Mutex::new(None));
        Arc::new(move || {
            let Some(ctx) = waker.get() else { return };
            // An answer shows at once. News that come one after another while reading share a frame, so that
            // painting does not take from the readers where it has no graphics card.
            let now = Instant::now();
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            match last.map(|at: Instant| at + BETWEEN_NEWS).filter(|next| *next > now) {
                Some(next) => ctx.request_repaint_after(next - now),
                None => {
                    *last = Some(now);
                    ctx.request_repaint();
                }
            }
        })
    };
    let engine = Engine::start(knowledge, year, wake);
    open(move |cc| {
        let _ = waker.set(cc.egui_ctx.clone());
        let mut app = App::new(&cc.egui_ctx, engine, App::saved_in(cc.storage));
        app.open(inputs);
        within(app)
    })
}

/// Opens a window with the application that `create` makes.
fn open<A: eframe::App + 'static>(
    create: impl FnOnce(&eframe::CreationContext<'_>) -> A,
) -> Result<(), GuiError> {
    let icon = eframe::icon_data::from_png_bytes(include_bytes!("../../assets/icons/fivefifty.png"));
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("fivefifty")
            .with_app_id("fivefifty")
            .with_icon(icon.unwrap_or_default())
            .with_inner_size([1440.0, 900.0])
            .with_min_inner_size([640.0, 420.0]),
        persist_window: true,
        // Of the last run only the size comes back, which eframe keeps within the monitor: where the window was may
        // be on no monitor any more, and without a window manager nobody could bring it back.
        window_builder: Some(Box::new(without_position)),
        ..Default::default()
    };
    // winit and glutin panic where a library is missing: keep that from the terminal, and say which it is.
    let message: Arc<Mutex<Option<String>>> = Arc::default();
    let hook = std::panic::take_hook();
    let started = Arc::new(std::sync::atomic::AtomicBool::new(false));
    {
        let (message, started) = (message.clone(), started.clone());
        let thread = std::thread::current().id();
        std::panic::set_hook(Box::new(move |info| {
            let opening = !started.load(std::sync::atomic::Ordering::Relaxed);
            if opening && std::thread::current().id() == thread {
                if let Ok(mut message) = message.lock() {
                    *message = Some(info.to_string());
                }
            } else {
                hook(info);
            }
        }));
    }
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        eframe::run_native(
            "fivefifty",
            options,
            Box::new(|cc| {
                let app = create(cc);
                started.store(true, std::sync::atomic::Ordering::Relaxed);
                Ok(Box::new(app))
            }),
        )
    }));
    let opened = started.load(std::sync::atomic::Ordering::Relaxed);
    match result {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(explain(&error.to_string())),
        Err(panic) if opened => std::panic::resume_unwind(panic),
        Err(_) => {
            let _ = std::panic::take_hook();
            let message = message.lock().ok().and_then(|mut m| m.take()).unwrap_or_default();
            Err(explain(&message))
        }
    }
}

/// The window as asked for, placed by the window manager.
fn without_position(mut builder: egui::ViewportBuilder) -> egui::ViewportBuilder {
    builder.position = None;
    builder
}

/// What an error of winit, glutin or their loaders means to who reads it.
fn explain(message: &str) -> GuiError {
    let lower = message.to_lowercase();
    const LIBRARIES: &[(&str, &str)] = &[
        ("libx11-xcb", "libx11-xcb1"),
        ("libx11", "libx11-6"),
        ("libxcursor", "libxcursor1"),
        ("libxi.", "libxi6"),
        ("libxi", "libxi6"),
        ("libxkbcommon-x11", "libxkbcommon-x11-0"),
        ("xkbcommon", "libxkbcommon-x11-0"),
        ("libegl", "libegl1"),
        ("libgl", "libgl1"),
        ("glx", "libgl1"),
        ("libwayland", "libwayland-client0"),
    ];
    let missing = lower.contains("cannot open shared object")
        || lower.contains("could not be loaded")
        || lower.contains("dlopen")
        || lower.contains("library")
        || lower.contains("not supported");
    if missing && let Some((_, package)) = LIBRARIES.iter().find(|(name, _)| lower.contains(name)) {
        return GuiError::MissingLibrary((*package).to_owned());
    }
    if lower.contains("xlib's shared libraries") {
        return GuiError::MissingLibrary("one of X11's libraries".to_owned());
    }
    if lower.contains("connection to x server") || lower.contains("xopendisplay") {
        let display = std::env::var("DISPLAY").unwrap_or_default();
        return GuiError::Other(format!("the X server at {display} does not answer"));
    }
    let last = message.lines().map(str::trim).rfind(|l| !l.is_empty()).unwrap_or("no reason was given");
    // What stands before names a line of a library's source.
    let last = last
        .rsplit_once(".rs:")
        .map_or(last, |(_, rest)| rest.trim_start_matches(|c: char| !c.is_alphabetic()));
    GuiError::Other(last.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, expect: &str) {
        let got = explain(message).to_string();
        assert!(got.starts_with(expect), "{got}");
    }

    #[test]
    fn no_old_position_comes_back() {
        let old =
            egui::ViewportBuilder::default().with_position([-900.0, 0.0]).with_inner_size([700.0, 500.0]);
        let new = without_position(old);
        assert_eq!((new.position, new.inner_size), (None, Some(egui::vec2(700.0, 500.0))));
    }

    #[test]
    fn errors_name_the_package() {
        check(
            "libXcursor.so.1: cannot open shared object file: No such file",
            "the window needs libxcursor1",
        );
        check("Library libxkbcommon-x11.so could not be loaded.", "the window needs libxkbcommon-x11-0");
        check(
            "winit EventLoopError: os error at /src/mod.rs:788: Failed to load one of xlib's shared libraries",
            "the window needs one of X11's libraries; on Debian",
        );
        check("os error at /src/mod.rs:7: it broke", "the window could not be opened: it broke");
        check("something else", "the window could not be opened: something else");
    }
}
