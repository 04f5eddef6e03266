//! The resources, and the template of more.

use std::future::ready;

use mcp_driver::{Catalog, Interrupt, ReadRequest, Resource, ResourceContents, ResourceTemplate};
use serde_json::json;

use crate::conformance::{media, world::World};

const TEXT_TYPE: &str = "text/plain";
const JSON_TYPE: &str = "application/json";

/// The resource that changes.
pub(crate) const WATCHED: &str = "test://watched-resource";

pub(crate) fn add_to(catalog: Catalog, world: &World) -> Catalog {
    catalog.resource(static_text()).resource(static_binary()).resource(watched(world)).template(numbered())
}

fn static_text() -> Resource {
    let text = "This is the content of the static text resource.";
    Resource::text("test://static-text", "Static text", TEXT_TYPE, text)
}

fn static_binary() -> Resource {
    Resource::new("test://static-binary", "Static binary")
        .description("An image")
        .mime_type(media::PNG_TYPE)
        .handler(async |request: ReadRequest| {
            let contents = ResourceContents::blob(request.uri, media::PNG);
            Ok::<_, Interrupt>(contents.mime_type(media::PNG_TYPE))
        })
}

fn watched(world: &World) -> Resource {
    let world = world.clone();
    Resource::new(WATCHED, "Watched resource")
        .description("A text that changes")
        .mime_type(TEXT_TYPE)
        .handler(move |request: ReadRequest| {
            let text = format!("This is version {} of the watched resource.", world.version());
            ready(Ok::<_, Interrupt>(ResourceContents::text(request.uri, text).mime_type(TEXT_TYPE)))
        })
}

fn numbered() -> ResourceTemplate {
    ResourceTemplate::new("test://template/{id}/data", "Data by number")
        .description("The data with this number")
        .mime_type(JSON_TYPE)
        .handler(async |request: ReadRequest| {
            let id = request.variables.get("id").ok_or_else(Interrupt::not_found)?;
            let data = json!({ "id": id, "templateTest": true, "data": format!("Data for {id}") });
            let contents = ResourceContents::text(request.uri, data.to_string());
            Ok::<_, Interrupt>(contents.mime_type(JSON_TYPE))
        })
}
