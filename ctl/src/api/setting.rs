//! Changes of a configuration, one by one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /v1/set`: changes that are in force until the configuration is read again, and in no file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetRequest {
    /// The changes, made one after the other; all of them or none.
    pub changes: Vec<Setting>,
}

/// One change of a configuration. Values are written as in the file; what is no TOML value is taken as a string, so
/// that `backup` and `"backup"` are the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Setting {
    /// The value of a key.
    #[serde(rename_all = "kebab-case")]
    Key {
        /// Sections, then the key, as in `["link", "wwan0", "tier"]`.
        path: Vec<String>,
        /// The value; null takes the key out, which leaves its default.
        value: Option<String>,
    },
    /// The class of certain traffic: a `[[rule]]`.
    #[serde(rename_all = "kebab-case")]
    Rule {
        /// The class; null takes the rule out.
        class: Option<String>,
        /// What the traffic looks like, as in `{"protocol": "udp", "remote_port": "5060"}`.
        flows: BTreeMap<String, String>,
    },
}
