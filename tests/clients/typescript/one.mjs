// The client of the TypeScript SDK 1.x.

import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { play } from './scenario.mjs';

await play('typescript 1', {
  revision: '2025-11-25',
  make: ({ fetch, headers, authProvider }) => ({
    client: new Client({ name: 'test', version: '1' }),
    transport: new StreamableHTTPClientTransport(new URL(process.env.MCP_URL), {
      fetch, requestInit: { headers }, authProvider,
    }),
  }),
  revisionOf: (_, transport) => transport.protocolVersion,
  call: (client, params, options) => client.callTool(params, undefined, options),
  finish: (transport, parameters) => transport.finishAuth(parameters.get('code')),
  UnauthorizedError,
  isUnauthorized: (error) => error.code === 401,
  isForbidden: (error) => error.code === 403,
  isCancelledByClosing: false,
});
