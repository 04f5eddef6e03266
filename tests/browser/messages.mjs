// What `fetch` needs to send a message.

function message(method, params, headers, token) {
  const credentials = token && { Authorization: `Bearer ${token}` };
  return {
    headers: {
      Accept: 'application/json, text/event-stream',
      'Content-Type': 'application/json',
      ...headers,
      ...credentials,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  };
}

// A call of a tool as of revision 2026-07-28.
export function call(name, args, token, meta) {
  const headers = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': name };
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    ...meta,
  };
  return message('tools/call', { name, arguments: args, _meta }, headers, token);
}

// The handshake of the revisions before it, which names one.
export function initialize(revision, token) {
  const clientInfo = { name: 'page', version: '1' };
  return message('initialize', { protocolVersion: revision, capabilities: {}, clientInfo }, {}, token);
}

// A request behind that handshake.
export function legacy(revision, method, params, token) {
  return message(method, params, { 'MCP-Protocol-Version': revision }, token);
}
