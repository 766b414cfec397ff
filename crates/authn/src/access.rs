//! Who may call an RPC, as the contract states it.

use std::collections::HashMap;

use prost_reflect::{DescriptorPool, ExtensionDescriptor, MethodDescriptor, Value};

/// The rule of one RPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Anybody may call it.
    Public,
    /// A user whose token carries this scope may.
    Scope(String),
    /// Only other services may, on an internal port.
    Internal,
    /// The contract does not say: nobody may.
    Unstated,
}

/// The rules of every RPC of a descriptor set, by path (`/package.Service/Method`).
#[derive(Debug)]
pub struct AccessRules(HashMap<String, Rule>);

/// A descriptor set that says nothing about access.
#[derive(Debug, thiserror::Error)]
pub enum DescriptorError {
    /// It is no encoded `FileDescriptorSet`, or lacks an import.
    #[error("the descriptor set cannot be read")]
    Unreadable(#[from] prost_reflect::DescriptorError),
    /// None of its files imports `duet/access/v1/access.proto`.
    #[error("the descriptor set does not know the option duet.access.v1.access")]
    NoAccessOption,
}

impl AccessRules {
    const OPTION: &str = "duet.access.v1.access";

    /// Reads the rules from an encoded `FileDescriptorSet` that includes its imports.
    ///
    /// # Errors
    /// When it is not one, or does not know the access option.
    pub fn from_descriptors(descriptors: &[u8]) -> Result<Self, DescriptorError> {
        let pool = DescriptorPool::decode(descriptors)?;
        let option = pool.get_extension_by_name(Self::OPTION).ok_or(DescriptorError::NoAccessOption)?;
        let methods = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
        let rules = methods.map(|method| {
            let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
            (path, Self::rule(&option, &method))
        });
        Ok(Self(rules.collect()))
    }

    fn rule(option: &ExtensionDescriptor, method: &MethodDescriptor) -> Rule {
        let options = method.options();
        let value = options.get_extension(option);
        let Some(access) = value.as_message() else { return Rule::Unstated };
        let stated = |name: &str| access.has_field_by_name(name).then(|| access.get_field_by_name(name)).flatten();
        let is_true = |name: &str| stated(name).is_some_and(|value| matches!(*value, Value::Bool(true)));
        let scope =
            stated("scope").and_then(|scope| scope.as_str().map(str::to_owned)).filter(|scope| !scope.is_empty());
        match scope {
            Some(scope) => Rule::Scope(scope),
            None if is_true("public") => Rule::Public,
            None if is_true("internal") => Rule::Internal,
            None => Rule::Unstated,
        }
    }

    /// The rule of the RPC at `path`; none if the contract has no such RPC.
    pub fn get(&self, path: &str) -> Option<&Rule> {
        self.0.get(path)
    }

    /// Every RPC and its rule.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Rule)> {
        self.0.iter().map(|(path, rule)| (path.as_str(), rule))
    }
}
