// The client of the TypeScript SDK 2.x, in each way in which it agrees on a revision.

import {
  Client, InsufficientScopeError, StreamableHTTPClientTransport, UnauthorizedError,
} from '@modelcontextprotocol/client';

import { play } from './scenario.mjs';

const MODES = [
  ['auto', '2026-07-28'],
  [{ pin: '2026-07-28' }, '2026-07-28'],
  ...['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'].map((revision) => ['legacy', revision]),
];

for (const [mode, revision] of MODES) {
  const agreement = mode === 'legacy' ? { supportedProtocolVersions: [revision] } : { versionNegotiation: { mode } };
  await play(`typescript 2, ${mode.pin ? 'pin' : mode} ${revision}`, {
    revision,
    make: ({ fetch, headers, authProvider }) => ({
      client: new Client({ name: 'test', version: '1' }, agreement),
      transport: new StreamableHTTPClientTransport(new URL(process.env.MCP_URL), {
        fetch, requestInit: { headers }, authProvider,
      }),
    }),
    revisionOf: (client) => client.getNegotiatedProtocolVersion(),
    call: (client, params, options) => client.callTool(params, options),
    finish: (transport, parameters) => transport.finishAuth(parameters),
    UnauthorizedError,
    isUnauthorized: (error) => error.data?.status === 401,
    isForbidden: (error) => error instanceof InsufficientScopeError && error.requiredScope === 'mcp mcp:write',
    isCancelledByClosing: revision === '2026-07-28',
  });
}
