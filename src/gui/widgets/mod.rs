//! Small things that panels are made of. They know the theme and no mail.

pub mod button;
pub mod icons;
pub mod reply;
pub mod text;
