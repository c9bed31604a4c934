//! The server that the SDK asks: made for one request, on behalf of one token.

use std::sync::{Arc, LazyLock};

use actix_web::HttpRequest;
use chrono::{DateTime, Utc};
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::tool::{IntoCallToolResult, ToolCallContext};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData,
    Implementation, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig,
};
use rmcp::service::{NotificationContext, RequestContext};
use rmcp::{RoleServer, ServerHandler};

use super::tool::Tool;
use crate::access::{Admin, Bearer, Credential};
use crate::config::{Config, PublicUrl};
use crate::db::{Connection, Database};
use crate::fleet::Fleet;
use crate::gate::View;
use crate::web::{Error, format, now, state};

const INSTRUCTIONS: &str = "Tokendesk keeps API tokens. These tools list and explain the user's \
     own MCP tokens and, for administrators, the organisation's API tokens and audit log. No tool \
     makes or shows a secret: for that, send the user to their profile page. Ask the user before \
     you revoke a token: it cannot be undone.";

static TOOLS: LazyLock<ToolRouter<Server>> =
    LazyLock::new(|| Server::own_tools() + Server::organization_tools());

#[derive(Clone)]
pub struct Server {
    pub view: Arc<View>,
    credential: Credential,
    pub database: Database,
    pub fleet: Fleet,
    pub public_url: PublicUrl,
    pub now: DateTime<Utc>,
}

/// Why a tool did not do what it was asked for. The assistant reads it.
pub enum Failure {
    Told(String),
    Failed(Error),
}

impl From<String> for Failure {
    fn from(what: String) -> Self {
        Self::Told(what)
    }
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl IntoCallToolResult for Failure {
    fn into_call_tool_result(self) -> Result<CallToolResponse, ErrorData> {
        let what = match self {
            Self::Told(what) => what,
            Self::Failed(Error::Forbidden) => {
                "The token, or its owner, may not do this any more.".to_owned()
            }
            Self::Failed(Error::NotFound) => "There is no such token, or it is not the user's. \
                                              list_my_tokens lists theirs."
                .to_owned(),
            Self::Failed(Error::Conflict(why)) => why.to_owned(),
            Self::Failed(Error::Stale(why)) => why,
            Self::Failed(error) => {
                tracing::error!(%error, "a tool failed");
                "Something went wrong on the side of Tokendesk. Try again in a moment.".to_owned()
            }
        };
        Ok(CallToolResult::error(vec![ContentBlock::text(what)]).into())
    }
}

impl Server {
    pub fn new(request: &HttpRequest, view: Arc<View>, credential: Credential) -> Self {
        Self {
            view,
            credential,
            database: state::<Database>(request).clone(),
            fleet: state::<Fleet>(request).clone(),
            public_url: state::<Config>(request).public_url.clone(),
            now: now(request),
        }
    }

    /// The token's owner.
    pub async fn owner(&self, connection: &mut Connection) -> Result<Bearer, Error> {
        let owner = self.view.owner.as_ref().ok_or(Error::Forbidden)?;
        Bearer::load(connection, owner.user, self.view.tenant.id, self.credential).await
    }

    /// The token's owner, if they are an administrator.
    pub async fn admin(&self, connection: &mut Connection) -> Result<Admin, Failure> {
        let admin = self.owner(connection).await?.admin();
        let organization = &self.view.tenant.name;
        admin.ok_or_else(|| format!("Only administrators of {organization} may use this.").into())
    }

    async fn tools(&self) -> Result<Vec<rmcp::model::Tool>, Error> {
        let connection = &mut *self.database.get().await?;
        let is_admin = self.owner(connection).await?.is_admin();
        let scopes = self.view.effective_scopes();
        let is_open = |tool: &rmcp::model::Tool| {
            let tool = tool.name.parse::<Tool>();
            tool.is_ok_and(|tool| tool.is_open_to(scopes, is_admin))
        };
        Ok(TOOLS.list_all().into_iter().filter(is_open).collect())
    }

    /// What every answer says of a token that will not work for long.
    fn warning(&self) -> Option<String> {
        let at = self.view.near_end(self.now)?;
        Some(format!(
            "Note for the user: the token “{}”, with which you are connected, expires on {}. \
             A new one can be generated at {}",
            self.view.name,
            format::date_time(&at),
            self.public_url.join("/profile")
        ))
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let implementation = Implementation::new("tokendesk", env!("CARGO_PKG_VERSION"));
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(implementation.with_title("Tokendesk"))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        match self.tools().await {
            Ok(tools) => Ok(ListToolsResult::with_all_items(tools)),
            Err(error) => {
                tracing::error!(%error, "tools cannot be listed");
                Err(ErrorData::internal_error("Try again in a moment.", None))
            }
        }
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        // The gate was asked by what the door had read: a body may have one meaning only.
        let scopes = self.view.effective_scopes();
        let tool = request.name.parse::<Tool>();
        if tool.is_ok_and(|tool| !tool.is_within(scopes)) {
            return Err(ErrorData::invalid_request(
                "The token does not have the scopes of the tool.",
                None,
            ));
        }
        let call = ToolCallContext::new(self, request, context);
        let mut response = TOOLS.call(call).await?;
        if let (CallToolResponse::Complete(result), Some(warning)) = (&mut response, self.warning())
        {
            result.content.push(ContentBlock::text(warning));
        }
        Ok(response)
    }

    fn get_tool(&self, name: &str) -> Option<rmcp::model::Tool> {
        TOOLS.get(name).cloned()
    }

    /// What it does by default is a line in the log, for each client.
    async fn on_initialized(&self, _: NotificationContext<RoleServer>) {}
}
