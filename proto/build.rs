//! Generates the wire types from our own `.proto`, without a protoc on the machine.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let source = "protos/orchestrator.proto";
    println!("cargo::rerun-if-changed={source}");
    let descriptors = protox::compile([source], ["protos"])?;
    tonic_prost_build::configure()
        .bytes(".")
        // Echoed verbatim, also what this version does not know: prost would drop that.
        .extern_path(".net.AuthToken", "crate::auth_token::AuthToken")
        .build_transport(false)
        .compile_fds(descriptors)?;
    Ok(())
}
