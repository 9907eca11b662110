//! The Phosphor icons that are bundled, by name. `assets/fonts/README.md` says how to add one.

/// `arrow-clockwise`
pub const ARROW_CLOCKWISE: char = '\u{e036}';
/// `arrow-down`
pub const ARROW_DOWN: char = '\u{e03e}';
/// `arrow-right`
pub const ARROW_RIGHT: char = '\u{e06c}';
/// `arrow-up`
pub const ARROW_UP: char = '\u{e08e}';
/// `arrows-clockwise`
pub const ARROWS_CLOCKWISE: char = '\u{e094}';
/// `buildings`
pub const BUILDINGS: char = '\u{e102}';
/// `caret-down`
pub const CARET_DOWN: char = '\u{e136}';
/// `caret-right`
pub const CARET_RIGHT: char = '\u{e13a}';
/// `check`
pub const CHECK: char = '\u{e182}';
/// `clipboard-text`
pub const CLIPBOARD_TEXT: char = '\u{e198}';
/// `clock`
pub const CLOCK: char = '\u{e19a}';
/// `cloud`
pub const CLOUD: char = '\u{e1aa}';
/// `copy`
pub const COPY: char = '\u{e1ca}';
/// `dots-three-vertical`
pub const DOTS_THREE_VERTICAL: char = '\u{e208}';
/// `envelope-open`
pub const ENVELOPE_OPEN: char = '\u{e216}';
/// `envelope-simple-open`
pub const ENVELOPE_SIMPLE_OPEN: char = '\u{e21a}';
/// `eye`
pub const EYE: char = '\u{e220}';
/// `eye-slash`
pub const EYE_SLASH: char = '\u{e224}';
/// `file`
pub const FILE: char = '\u{e230}';
/// `file-text`
pub const FILE_TEXT: char = '\u{e23a}';
/// `folder`
pub const FOLDER: char = '\u{e24a}';
/// `folder-open`
pub const FOLDER_OPEN: char = '\u{e256}';
/// `funnel`
pub const FUNNEL: char = '\u{e266}';
/// `globe`
pub const GLOBE: char = '\u{e288}';
/// `hand-pointing`
pub const HAND_POINTING: char = '\u{e29a}';
/// `hourglass-medium`
pub const HOURGLASS_MEDIUM: char = '\u{e2b8}';
/// `info`
pub const INFO: char = '\u{e2ce}';
/// `keyboard`
pub const KEYBOARD: char = '\u{e2d8}';
/// `magnifying-glass`
pub const MAGNIFYING_GLASS: char = '\u{e30c}';
/// `moon`
pub const MOON: char = '\u{e330}';
/// `paper-plane-tilt`
pub const PAPER_PLANE_TILT: char = '\u{e398}';
/// `prohibit`
pub const PROHIBIT: char = '\u{e3de}';
/// `sidebar-simple`
pub const SIDEBAR_SIMPLE: char = '\u{ec24}';
/// `stop`
pub const STOP: char = '\u{e46c}';
/// `sun`
pub const SUN: char = '\u{e472}';
/// `tray-arrow-down`
pub const TRAY_ARROW_DOWN: char = '\u{e010}';
/// `user`
pub const USER: char = '\u{e4c2}';
/// `user-circle`
pub const USER_CIRCLE: char = '\u{e4c4}';
/// `users-three`
pub const USERS_THREE: char = '\u{e68e}';
/// `warning`
pub const WARNING: char = '\u{e4e0}';
/// `wrench`
pub const WRENCH: char = '\u{e5d4}';
/// `x`
pub const X: char = '\u{e4f6}';
/// `arrow-bend-up-right`, filled
pub const FILL_ARROW_BEND_UP_RIGHT: char = '\u{e026}';
/// `arrows-clockwise`, filled
pub const FILL_ARROWS_CLOCKWISE: char = '\u{e094}';
/// `at`, filled
pub const FILL_AT: char = '\u{e0ac}';
/// `check-circle`, filled
pub const FILL_CHECK_CIRCLE: char = '\u{e184}';
/// `check-square`, filled
pub const FILL_CHECK_SQUARE: char = '\u{e186}';
/// `clock`, filled
pub const FILL_CLOCK: char = '\u{e19a}';
/// `envelope`, filled
pub const FILL_ENVELOPE: char = '\u{e214}';
/// `envelope-open`, filled
pub const FILL_ENVELOPE_OPEN: char = '\u{e216}';
/// `envelope-simple`, filled
pub const FILL_ENVELOPE_SIMPLE: char = '\u{e218}';
/// `envelope-simple-open`, filled
pub const FILL_ENVELOPE_SIMPLE_OPEN: char = '\u{e21a}';
/// `file-magnifying-glass`, filled
pub const FILL_FILE_MAGNIFYING_GLASS: char = '\u{e238}';
/// `gauge`, filled
pub const FILL_GAUGE: char = '\u{e628}';
/// `gear`, filled
pub const FILL_GEAR: char = '\u{e270}';
/// `globe`, filled
pub const FILL_GLOBE: char = '\u{e288}';
/// `hard-drives`, filled
pub const FILL_HARD_DRIVES: char = '\u{e2a0}';
/// `hourglass-medium`, filled
pub const FILL_HOURGLASS_MEDIUM: char = '\u{e2b8}';
/// `house`, filled
pub const FILL_HOUSE: char = '\u{e2c2}';
/// `lock`, filled
pub const FILL_LOCK: char = '\u{e2fa}';
/// `lock-key`, filled
pub const FILL_LOCK_KEY: char = '\u{e2fe}';
/// `plugs`, filled
pub const FILL_PLUGS: char = '\u{eb56}';
/// `prohibit`, filled
pub const FILL_PROHIBIT: char = '\u{e3de}';
/// `question`, filled
pub const FILL_QUESTION: char = '\u{e3e8}';
/// `repeat`, filled
pub const FILL_REPEAT: char = '\u{e3f6}';
/// `scales`, filled
pub const FILL_SCALES: char = '\u{e750}';
/// `shield-check`, filled
pub const FILL_SHIELD_CHECK: char = '\u{e40c}';
/// `shield-slash`, filled
pub const FILL_SHIELD_SLASH: char = '\u{e410}';
/// `shield-warning`, filled
pub const FILL_SHIELD_WARNING: char = '\u{e412}';
/// `tray`, filled
pub const FILL_TRAY: char = '\u{e4aa}';
/// `user-circle`, filled
pub const FILL_USER_CIRCLE: char = '\u{e4c4}';
/// `user-minus`, filled
pub const FILL_USER_MINUS: char = '\u{e4ce}';
/// `users-three`, filled
pub const FILL_USERS_THREE: char = '\u{e68e}';
/// `warning`, filled
pub const FILL_WARNING: char = '\u{e4e0}';
/// `warning-octagon`, filled
pub const FILL_WARNING_OCTAGON: char = '\u{e4e4}';
/// `x-circle`, filled
pub const FILL_X_CIRCLE: char = '\u{e4f8}';

/// The filled icon of a family of classes, by the name that guidance, facets and samples give it; a question mark
/// if there is none of that name.
pub fn family(name: &str) -> char {
    match name {
        "account" | "lock-key" => FILL_LOCK_KEY,
        "auth" | "shield-warning" => FILL_SHIELD_WARNING,
        "content" | "file-magnifying-glass" => FILL_FILE_MAGNIFYING_GLASS,
        "format" | "envelope" => FILL_ENVELOPE,
        "identity" | "at" => FILL_AT,
        "limit" | "gauge" => FILL_GAUGE,
        "local" | "house" => FILL_HOUSE,
        "mailbox" | "envelope-simple-open" => FILL_ENVELOPE_SIMPLE_OPEN,
        "policy" | "scales" => FILL_SCALES,
        "protocol" | "plugs" => FILL_PLUGS,
        "recipient" | "user-minus" => FILL_USER_MINUS,
        "rejected" | "prohibit" => FILL_PROHIBIT,
        "relay" | "arrow-bend-up-right" => FILL_ARROW_BEND_UP_RIGHT,
        "reputation" | "warning-octagon" => FILL_WARNING_OCTAGON,
        "routing" | "globe" => FILL_GLOBE,
        "sender" | "user-circle" => FILL_USER_CIRCLE,
        "system" | "hard-drives" => FILL_HARD_DRIVES,
        "tls" | "lock" => FILL_LOCK,
        _ => FILL_QUESTION,
    }
}

/// The icon of somebody who acts, by the actor's name in queries.
pub fn actor(name: &str) -> char {
    match name {
        "sender_admin" => PAPER_PLANE_TILT,
        "dns_owner" => GLOBE,
        "sender" => USER_CIRCLE,
        "recipient_admin" => USERS_THREE,
        "recipient" => USER,
        _ => BUILDINGS,
    }
}
