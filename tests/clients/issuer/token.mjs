// Prints a token with the scope `mcp` alone, for clients that are handed one.

const { MCP_ISSUER: issuer, MCP_URL: resource } = process.env;
const body = new URLSearchParams({ grant_type: 'client_credentials', scope: 'mcp', resource });
const response = await fetch(`${issuer}/token`, { method: 'POST', body });
console.log((await response.json()).access_token);
