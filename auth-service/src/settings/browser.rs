//! Which pages people log in with.

use clap::Args;

use crate::browser::BrowserOrigins;

/// Which pages may have refresh tokens in a cookie.
#[derive(Args, Clone, Debug)]
pub struct BrowserSettings {
    /// Origins of pages that may have their refresh token in a cookie, separated by commas:
    /// https://duet.example.org. Default: that of AUTH_ISSUER and, while that is on loopback, the same port of 127.0.0.1
    /// and localhost. Empty: none
    #[arg(long = "auth-browser-origins", env = "AUTH_BROWSER_ORIGINS", global = true)]
    pub browser_origins: Option<BrowserOrigins>,
}
