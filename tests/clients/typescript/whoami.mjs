// What a client of either SDK has to see at the example whoami, with sessions or without them.

import assert from 'node:assert/strict';

import { bearer, cancellations, connected, playAll, text, thrown, until } from './play.mjs';
import { User } from './user.mjs';
import { Wire } from './wire.mjs';

const { MCP_URL: url, MCP_TOKEN: token, MCP_ISSUER: issuer } = process.env;
const metadata = `resource_metadata="${new URL(url).origin}/.well-known/oauth-protected-resource/mcp"`;
const WRITE = { name: 'write', arguments: { text: 'secret' } };
// The first revisions with structured results, and with arguments that do not fit told to the model.
const STRUCTURED = '2025-06-18';
const MISFITS_ARE_RESULTS = '2025-11-25';
const TOOLS = ['echo', 'slow', 'whoami', 'write'];

// Who the tool `whoami` says that the caller is.
const whom = (result) => JSON.parse(text(result)[0]);

async function negotiates(sdk) {
  const { client, transport } = await connected(sdk, { headers: bearer(token) });
  assert.equal(sdk.revisionOf(client, transport), sdk.revision);
  assert.equal(client.getServerVersion().name, 'whoami');
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map(({ name }) => name).sort(), TOOLS);
  assert.deepEqual(text(await sdk.call(client, { name: 'echo', arguments: { text: 'naïve ☃' } })), ['naïve ☃']);
  const result = await sdk.call(client, { name: 'whoami', arguments: {} });
  const me = whom(result);
  assert.deepEqual([me.issuer, me.subject, me.scopes], [issuer, 'static', ['mcp']]);
  assert.deepEqual(result.structuredContent, sdk.revision >= STRUCTURED ? me : undefined);
  const misfit = sdk.call(client, { name: 'echo', arguments: { text: 1 } });
  if (sdk.revision >= MISFITS_ARE_RESULTS) assert.equal((await misfit).isError, true);
  else assert.equal((await thrown(misfit)).code, -32602);
  await client.close();
}

async function hearsOfProgress(sdk) {
  const { client } = await connected(sdk, { headers: bearer(token) });
  const heard = [];
  const result = await sdk.call(
    client,
    { name: 'slow', arguments: { seconds: 1 } },
    { onprogress: ({ progress, total }) => heard.push([progress, total]) },
  );
  assert.deepEqual(text(result), ['done']);
  assert.ok(heard.length >= 2, `heard ${heard.length} times`);
  heard.forEach(([progress, total], at) => {
    assert.equal(total, 10);
    assert.ok(at === 0 || progress > heard[at - 1][0], `${progress} after ${heard[at - 1]}`);
  });
  await client.close();
}

async function cancels(sdk) {
  const wire = new Wire();
  const { client } = await connected(sdk, { headers: bearer(token), fetch: wire.fetch });
  const before = cancellations();
  const abort = new AbortController();
  let heard;
  const running = new Promise((resolve) => { heard = resolve; });
  const ended = thrown(
    sdk.call(client, { name: 'slow', arguments: { seconds: 30 } }, { signal: abort.signal, onprogress: heard }),
  );
  await running;
  const began = performance.now();
  abort.abort('enough');
  assert.match(String(await ended), /enough/);
  assert.ok(performance.now() - began < 5000, 'the call ended late');
  if (sdk.isCancelledByClosing) {
    await until(() => cancellations() > before);
    assert.equal(cancellations(), before + 1);
    assert.deepEqual(wire.of('notifications/cancelled'), []);
  } else {
    await until(() => wire.of('notifications/cancelled').length > 0);
    assert.deepEqual(wire.of('notifications/cancelled').map(({ status }) => status), [202]);
  }
  assert.deepEqual(text(await sdk.call(client, { name: 'echo', arguments: { text: 'on' } })), ['on']);
  await client.close();
}

async function learnsThatTokensAreNeeded(sdk) {
  for (const [headers, told] of [[{}, ''], [{ Authorization: 'Bearer no.such.token' }, 'error="invalid_token", ']]) {
    const wire = new Wire();
    const error = await thrown(connected(sdk, { headers, fetch: wire.fetch }));
    assert.equal(sdk.statusOf(error), 401, error);
    const [{ status, challenge }] = wire.posts;
    assert.equal(status, 401);
    assert.ok(challenge.startsWith(`Bearer ${told}`) && challenge.endsWith(`scope="mcp", ${metadata}`), challenge);
  }
}

async function learnsThatAScopeIsNeeded(sdk) {
  const wire = new Wire();
  const { client } = await connected(sdk, { headers: bearer(token), fetch: wire.fetch });
  const error = await thrown(sdk.call(client, WRITE));
  assert.ok(sdk.isForbidden(error), error);
  const { status, challenge } = wire.posts.at(-1);
  assert.equal(status, 403);
  assert.ok(challenge.startsWith('Bearer error="insufficient_scope", '), challenge);
  assert.ok(challenge.endsWith(`scope="mcp mcp:write", ${metadata}`), challenge);
  await client.close();
}

// From no token at all to one that may write, by what the server says alone.
async function stepsUp(sdk) {
  const user = new User();
  const stranger = sdk.make({ authProvider: user });
  assert.ok((await thrown(stranger.client.connect(stranger.transport))) instanceof sdk.UnauthorizedError);
  await sdk.finish(stranger.transport, user.came);
  assert.deepEqual(await user.granted(issuer), ['mcp']);

  const { client, transport } = await connected(sdk, { authProvider: user });
  const me = whom(await sdk.call(client, { name: 'whoami', arguments: {} }));
  assert.deepEqual([me.subject, me.scopes], ['alice', ['mcp']]);
  assert.ok((await thrown(sdk.call(client, WRITE))) instanceof sdk.UnauthorizedError);
  await sdk.finish(transport, user.came);
  assert.deepEqual(await user.granted(issuer), ['mcp', 'mcp mcp:write']);
  assert.deepEqual(text(await sdk.call(client, WRITE)), ['wrote 6 bytes']);
  await client.close();
}

const SCENARIOS = [
  negotiates, hearsOfProgress, cancels, learnsThatTokensAreNeeded, learnsThatAScopeIsNeeded, stepsUp,
];

// Revision 2026-07-28 is served there too, without sessions in any case.
export const hasModern = true;
export const play = (name, sdk) => playAll(name, SCENARIOS, sdk);
