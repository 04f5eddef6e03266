// The client of the TypeScript SDK 1.x.
//   one.mjs SCENARIOS

import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import * as types from '@modelcontextprotocol/sdk/types.js';

const { play } = await import(`./${process.argv[2]}.mjs`);
const client = (capabilities) => new Client({ name: 'test', version: '1' }, { capabilities });
const schemas = {
  'elicitation/create': types.ElicitRequestSchema,
  'sampling/createMessage': types.CreateMessageRequestSchema,
  'roots/list': types.ListRootsRequestSchema,
  'notifications/tools/list_changed': types.ToolListChangedNotificationSchema,
  'notifications/resources/updated': types.ResourceUpdatedNotificationSchema,
  'notifications/message': types.LoggingMessageNotificationSchema,
};

await play('typescript 1', {
  revision: '2025-11-25',
  make: ({ fetch, headers, authProvider, sessionId, capabilities }) => ({
    client: client(capabilities),
    transport: new StreamableHTTPClientTransport(new URL(process.env.MCP_URL), {
      fetch, requestInit: { headers }, authProvider, sessionId,
    }),
  }),
  makeOverSse: ({ fetch, headers, capabilities }) => ({
    client: client(capabilities),
    transport: new SSEClientTransport(new URL(process.env.MCP_URL), { fetch, requestInit: { headers } }),
  }),
  revisionOf: (_, transport) => transport.protocolVersion,
  call: (client, params, options) => client.callTool(params, undefined, options),
  answer: (client, method, handler) => client.setRequestHandler(schemas[method], handler),
  listen: (client, method, handler) => client.setNotificationHandler(schemas[method], handler),
  finish: (transport, parameters) => transport.finishAuth(parameters.get('code')),
  UnauthorizedError,
  statusOf: (error) => error.code,
  sseStatusOf: (error) => error.code,
  isForbidden: (error) => error.code === 403,
  isCancelledByClosing: false,
});
