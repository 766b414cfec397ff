//! Notes which compiler made the figures.

use std::{env, error::Error, process::Command};

fn main() -> Result<(), Box<dyn Error>> {
    let compiler = env::var("RUSTC")?;
    let version = String::from_utf8(Command::new(compiler).arg("--version").output()?.stdout)?;
    println!("cargo:rustc-env=BENCH_RUSTC={}", version.trim());
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}
