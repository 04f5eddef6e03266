// The client of the TypeScript SDK 2.x, in each way in which it agrees on a revision.
//   two.mjs SCENARIOS

import {
  Client, InsufficientScopeError, SSEClientTransport, StreamableHTTPClientTransport, UnauthorizedError,
} from '@modelcontextprotocol/client';

const { play, hasModern } = await import(`./${process.argv[2]}.mjs`);
const MODERN = [['auto', '2026-07-28'], [{ pin: '2026-07-28' }, '2026-07-28']];
const LEGACY = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'].map((revision) => ['legacy', revision]);

for (const [mode, revision] of [...(hasModern ? MODERN : []), ...LEGACY]) {
  const agreement = mode === 'legacy' ? { supportedProtocolVersions: [revision] } : { versionNegotiation: { mode } };
  const client = (capabilities) => new Client({ name: 'test', version: '1' }, { ...agreement, capabilities });
  await play(`typescript 2, ${mode.pin ? 'pin' : mode} ${revision}`, {
    revision,
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
    revisionOf: (client) => client.getNegotiatedProtocolVersion(),
    call: (client, params, options) => client.callTool(params, options),
    answer: (client, method, handler) => client.setRequestHandler(method, handler),
    listen: (client, method, handler) => client.setNotificationHandler(method, handler),
    finish: (transport, parameters) => transport.finishAuth(parameters),
    UnauthorizedError,
    statusOf: (error) => error.data?.status,
    sseStatusOf: (error) => error.code,
    isForbidden: (error) => error instanceof InsufficientScopeError && error.requiredScope === 'mcp mcp:write',
    isCancelledByClosing: revision === '2026-07-28',
  });
}
