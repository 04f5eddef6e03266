//! What is not mounted, and what a mount refuses before the server sees it.

use axum::Router;
use http::Method;
use mcp_tests::asking::Ask;
use mcp_tokio::{
    ApiKeys, Auth, NoArguments, Server, ServerBuilder, ServerError, ServerLimits, StartError, Tool,
};

use crate::application::{Mounted, ask};

fn open() -> ServerBuilder {
    Server::builder("open", "1", Auth::none()).tool(Tool::new("done").typed(async |_: NoArguments| "done"))
}

#[tokio::test]
async fn a_server_without_authentication_is_mounted_only_when_somebody_said_so() {
    let refused = mcp_tokio::mount(open().build().expect("a server"));
    assert!(matches!(refused, Err(StartError::Server(ServerError::OpenMount))), "{refused:?}");
    let allowed = open().allow_open_beyond_loopback().build().expect("a server");
    let mount = mcp_tokio::mount(allowed).expect("a mount");
    let application = Router::new().route_service("/mcp", mount.endpoint());
    assert_eq!(ask(&application, Ask::call("done")).await.text(), "done");
}

#[tokio::test]
async fn without_metadata_there_is_no_path_for_it_and_nothing_to_serve() {
    let keys = Server::builder("keys", "1", Auth::api_keys(ApiKeys::new())).build().expect("a server");
    let open = open().allow_open_beyond_loopback().build().expect("a server");
    for server in [keys, open] {
        assert_eq!(server.metadata_paths(), [""; 0]);
        let mount = mcp_tokio::mount(server).expect("a mount");
        let application = Router::new().route_service("/metadata", mount.metadata());
        assert_eq!(ask(&application, Ask::bare(Method::GET, "/metadata")).await.status, 404);
    }
}

#[tokio::test]
async fn a_head_with_too_many_fields_is_refused() {
    let mut limits = ServerLimits::default();
    limits.header_fields = 20;
    let mounted = Mounted::at("http://localhost/mcp", |server| server.limits(limits));
    let application = mounted.application();
    for (more, status) in [(0, 200), (1, 431)] {
        let mut call = Ask::call("whoami").bearer(&mounted.token());
        let sent = call.clone().request().headers().len();
        for number in sent..20 + more {
            call = call.field(&format!("x-{number}"), "1");
        }
        assert_eq!(ask(&application, call).await.status, status, "{more} beyond the limit");
    }
}
