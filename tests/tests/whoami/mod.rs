//! The example `whoami` as an operator uses it: started with flags and files, on a free port.

mod api_keys;
mod config;
mod documentation;
mod files;
mod flags;
mod issuer;
mod program;
mod proof;
mod refusals;
mod tls;
