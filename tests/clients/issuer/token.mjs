// Prints a token with the scope `mcp` alone, for clients that are handed one. It is for the server that MCP_URL names,
// and says that NAME is who uses it, by software of that name.
//   token.mjs NAME

const { MCP_ISSUER: issuer, MCP_URL: resource } = process.env;
const [, , client_id] = process.argv;
const body = new URLSearchParams({ grant_type: 'client_credentials', client_id, scope: 'mcp', resource });
const response = await fetch(`${issuer}/token`, { method: 'POST', body });
console.log((await response.json()).access_token);
