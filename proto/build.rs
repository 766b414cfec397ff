//! Compiles the contract with protox: no protoc is needed.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;
use protox::Compiler;

/// What a public port serves and may describe.
const PUBLIC: [&str; 6] = [
    "duet/access/v1/access.proto",
    "duet/auth/v1/auth_service.proto",
    "duet/auth/v1/error_reason.proto",
    "duet/task/v1/error_reason.proto",
    "duet/task/v1/task_list_service.proto",
    "duet/task/v1/task_service.proto",
];
/// What only an internal port describes, beside the public files.
const INTERNAL: [&str; 1] = ["duet/auth/v1/token_service.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=duet");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let all: Vec<&str> = PUBLIC.into_iter().chain(INTERNAL).collect();

    fs::write(out.join("public.bin"), compile(&PUBLIC)?.encode_file_descriptor_set())?;
    let compiler = compile(&all)?;
    fs::write(out.join("all.bin"), compiler.encode_file_descriptor_set())?;
    let services = prost_types::FileDescriptorSet::decode(&*compiler.encode_file_descriptor_set())?;
    // Ordered maps: one message has one encoding, by which a repeated request is recognised.
    tonic_prost_build::configure().btree_map(".").compile_fds(services)?;
    Ok(())
}

/// Options and source comments are kept: `grpcurl describe` shows the access rules.
fn compile(files: &[&str]) -> Result<Compiler, protox::Error> {
    let mut compiler = Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(true).open_files(files)?;
    Ok(compiler)
}
