// The transport of 2024-11-05: one stream for everything that the server says, and a URL for what the client says.

import assert from 'node:assert/strict';

import { Asked, ROOTS } from './ask.mjs';
import { bearer, cancellations, playAll, text, thrown, tool, until } from './play.mjs';
import { Wire } from './wire.mjs';

const { MCP_TOKEN: token, MCP_OTHER_TOKEN: otherToken } = process.env;
const FORMS = '2025-06-18';
// Nothing that is answered.
const NOTIFICATION = { jsonrpc: '2.0', method: 'notifications/roots/list_changed' };

async function opened(sdk) {
  const wire = new Wire();
  const asked = new Asked();
  const { client, transport } = sdk.makeOverSse({
    headers: bearer(token), fetch: wire.fetch, capabilities: asked.capabilities,
  });
  asked.watch(sdk, client);
  await client.connect(transport);
  return { client, wire, asked };
}

async function opensAStream(sdk) {
  const { client, wire } = await opened(sdk);
  assert.deepEqual(wire.others, [
    { method: 'GET', resumedAfter: undefined, status: 200, type: 'text/event-stream' },
  ]);
  assert.equal((await client.listTools()).tools[0].name, 'test_simple_text');
  const result = await sdk.call(client, tool('test_simple_text'));
  assert.deepEqual(text(result), ['This is a simple text response for testing.']);
  assert.deepEqual([...new Set(wire.posts.map(({ status }) => status))], [202]);
  assert.deepEqual([...new Set(wire.posts.map(({ url }) => url.pathname))], ['/messages']);
  await client.close();
}

async function isAskedAndTold(sdk) {
  const { client, asked } = await opened(sdk);
  const form = await sdk.call(client, tool('test_elicitation', { message: 'Who are you?' }));
  if (sdk.revision >= FORMS) assert.deepEqual(text(form), ['The user is alice, alice@example.com']);
  else assert.equal(form.isError, true);
  const louder = await sdk.call(client, tool('test_sampling', { prompt: 'Say it louder' }));
  assert.deepEqual(text(louder), ['The model says: SAY IT LOUDER']);
  assert.deepEqual(text(await sdk.call(client, tool('test_list_roots'))), [ROOTS.join('\n')]);

  const heard = [];
  const slow = tool('test_slow', { seconds: 1 });
  await sdk.call(client, slow, { onprogress: ({ progress }) => heard.push(progress) });
  assert.deepEqual(heard, Array.from({ length: 10 }, (_, at) => at + 1));
  await sdk.call(client, tool('test_tool_with_logging'));
  await asked.hears('notifications/message', 3);
  await sdk.call(client, tool('test_trigger_tool_change'));
  await asked.hears('notifications/tools/list_changed');
  await client.close();
}

async function cancels(sdk) {
  const { client } = await opened(sdk);
  const before = cancellations();
  const abort = new AbortController();
  let heard;
  const running = new Promise((resolve) => { heard = resolve; });
  const slow = tool('test_slow', { seconds: 30 });
  const ended = thrown(sdk.call(client, slow, { signal: abort.signal, onprogress: heard }));
  await running;
  abort.abort('enough');
  assert.match(String(await ended), /enough/);
  await until(() => cancellations() > before);
  await client.ping();
  await client.close();
}

// A token is needed on both URLs, and on the second one the right one: its address alone is worth nothing.
async function keepsItToItself(sdk) {
  const stranger = sdk.makeOverSse({ headers: {} });
  assert.equal(sdk.sseStatusOf(await thrown(stranger.client.connect(stranger.transport))), 401);
  const { client, wire } = await opened(sdk);
  const [{ url }] = wire.posts;
  const status = async (headers) => {
    const body = JSON.stringify(NOTIFICATION);
    const init = { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body };
    return (await fetch(url, init)).status;
  };
  assert.deepEqual(await Promise.all([{}, bearer(otherToken), bearer(token)].map(status)), [401, 404, 202]);
  await client.close();
  for (let tries = 0; await status(bearer(token)) !== 404; tries += 1) assert.ok(tries < 100, 'it outlives its stream');
}

const SCENARIOS = [opensAStream, isAskedAndTold, cancels, keepsItToItself];

export const play = (name, sdk) => playAll(`${name}, HTTP+SSE`, SCENARIOS, sdk);
