//! Which routes there are, as the server itself mounts them.

use actix_web::introspection::{IntrospectionNode, IntrospectionTree, ResourceType};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::Data;
use tokendesk::app;

use super::App;

/// Method and path of each, such as `GET /settings/members/{id}`; `ANY` where all methods are
/// taken.
pub async fn mounted(app: &App) -> Vec<String> {
    let state = app.state.clone();
    let house = actix_web::App::new().configure(|config| app::mount(config, &state));
    let service = init_service(house).await;
    let answer = call_service(&service, TestRequest::get().to_request()).await;
    let tree = answer.request().app_data::<Data<IntrospectionTree>>();
    let mut routes = Vec::new();
    collect(&tree.unwrap().root, &mut routes);
    routes.sort();
    routes
}

fn collect(node: &IntrospectionNode, routes: &mut Vec<String>) {
    if matches!(node.kind, ResourceType::Resource) {
        let methods = node
            .methods
            .iter()
            .map(|method| format!("{method} {}", node.full_path));
        routes.extend(methods);
        if node.methods.is_empty() {
            routes.push(format!("ANY {}", node.full_path));
        }
    }
    for child in &node.children {
        collect(child, routes);
    }
}
