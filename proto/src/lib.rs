//! The contract of Duet as Rust: the messages, clients and servers made from the files beside this crate, and their
//! descriptor sets. Nothing else lives here.

/// `duet.access.v1`: who may call an RPC.
pub mod access {
    /// Version 1.
    pub mod v1 {
        #![allow(missing_docs, clippy::all, unused_qualifications, reason = "generated")]
        tonic::include_proto!("duet.access.v1");
    }
}

/// `duet.auth.v1`: accounts, sessions, tokens.
pub mod auth {
    /// Version 1.
    pub mod v1 {
        #![allow(missing_docs, clippy::all, unused_qualifications, reason = "generated")]
        tonic::include_proto!("duet.auth.v1");
    }
}

/// `duet.task.v1`: tasks.
pub mod task {
    /// Version 1.
    pub mod v1 {
        #![allow(missing_docs, clippy::all, unused_qualifications, reason = "generated")]
        tonic::include_proto!("duet.task.v1");
    }
}

macro_rules! reason {
    ($reason:ty) => {
        impl $reason {
            /// The reason as `google.rpc.ErrorInfo` carries it: the value's name without its prefix.
            pub fn reason(self) -> &'static str {
                let name = self.as_str_name();
                name.strip_prefix("ERROR_REASON_").unwrap_or(name)
            }
        }
    };
}

reason!(auth::v1::ErrorReason);
reason!(task::v1::ErrorReason);

/// The descriptor set of what the public ports serve, imports included: `AuthService`, `TaskService` and `TaskListService`.
pub const PUBLIC_DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/public.bin"));

/// The descriptor set of every service, the internal ones included.
pub const ALL_DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/all.bin"));
