// Pages in Chromium that use the server, some of an origin that it serves, some of others.
//   node browser.mjs WHOAMI CHROMIUM

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { chromium } from 'playwright-core';

import { call, initialize, legacy } from './messages.mjs';
import {
  ask, askWithProof, makeKey, openEventSource, openFrame, readFirstEvent, readStream, servePages, submitForm, useClient,
} from './pages.mjs';
import { ISSUER, Whoami } from './whoami.mjs';

const [program, executablePath] = process.argv.slice(2);
const [one, another] = [await servePages(), await servePages()];
const SERVED = `http://127.0.0.1:${one.port}`;
const REBOUND = 'rebound.example';

const server = await Whoami.start(program, SERVED, { others: ['--audit'] });
const proving = await Whoami.start(program, SERVED, { others: ['--dpop', 'required', '--dpop-nonces'] });
const keyless = await Whoami.start(program, SERVED, { keys: 'http://127.0.0.1:1/jwks' });
const browser = await chromium.launch({
  executablePath,
  // A name of somebody else's that leads here, as after DNS rebinding.
  args: [`--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`],
});
after(async () => {
  await browser.close();
  for (const whoami of [server, proving, keyless]) whoami.stop();
  for (const pages of [one, another]) {
    pages.server.close();
    pages.server.closeAllConnections();
  }
});

const url = server.url;
const [token, writer] = [await server.token('mcp'), await server.token('mcp mcp:write')];
const hello = (token) => ({ url, ...call('echo', { text: 'hello' }, token) });

const TOOLS = ['whoami', 'echo', 'write', 'slow'];
const PLACE = `resource_metadata="${server.metadata}"`;
const METADATA = {
  resource: url,
  authorization_servers: [ISSUER],
  scopes_supported: ['mcp'],
  bearer_methods_supported: ['header'],
  resource_name: 'whoami',
};

async function open(address) {
  // Each with a context of its own, so that no page profits from what another asked before.
  const page = await (await browser.newContext()).newPage();
  await page.goto(address);
  return page;
}

async function assertMetadataIsReadable(frame) {
  for (const headers of [{}, { 'MCP-Protocol-Version': '2026-07-28' }]) {
    const { type, status, body } = await frame.evaluate(ask, { url: server.metadata, method: 'GET', headers });
    assert.deepEqual([type, status, JSON.parse(body)], ['cors', 200, METADATA]);
  }
}

describe('a page of an origin that is served', () => {
  let page;
  const preflights = [];
  before(async () => {
    page = await open(SERVED);
    const network = await page.context().newCDPSession(page);
    await network.send('Network.enable');
    network.on('Network.requestWillBeSent', ({ initiator, request }) => {
      if (initiator.type !== 'preflight') return;
      preflights.push([request.url, request.headers['Access-Control-Request-Headers']]);
    });
    await server.decisions();
  });

  test('calls a tool behind a preflight, and the preflight serves for what follows', async () => {
    for (const text of ['hello', 'again']) {
      const answer = await page.evaluate(ask, { url, ...call('echo', { text }, token) });
      const { id, result } = JSON.parse(answer.body);
      assert.deepEqual([answer.type, answer.status, answer.challenge, id], ['cors', 200, null, 1]);
      assert.deepEqual(result.content, [{ type: 'text', text }]);
    }
    const fields = 'authorization,content-type,mcp-method,mcp-name,mcp-protocol-version';
    assert.deepEqual(preflights, [[url, fields]]);
    assert.deepEqual(await server.decisions(), ['allowed echo', 'allowed echo']);
  });

  test('reads a challenge, and the metadata it leads to', async () => {
    const { type, status, challenge } = await page.evaluate(ask, hello());
    assert.deepEqual([type, status, challenge], ['cors', 401, `Bearer scope="mcp", ${PLACE}`]);
    await assertMetadataIsReadable(page);
    assert.deepEqual(await server.decisions(), ['unauthenticated']);
  });

  test('reads why a token is not good', async () => {
    const { status, challenge } = await page.evaluate(ask, hello('nonsense'));
    assert.equal(status, 401);
    assert.match(challenge, /^Bearer error="invalid_token", error_description="[^"]+", scope="mcp", /);
    assert.ok(challenge.endsWith(PLACE), challenge);
  });

  test('reads which scope a tool needs, and calls it with a token that has it', async () => {
    const write = (token) => ({ url, ...call('write', { text: 'hello' }, token) });
    const { status, challenge } = await page.evaluate(ask, write(token));
    assert.equal(status, 403);
    assert.match(challenge, /^Bearer error="insufficient_scope", error_description="[^"]+", scope="mcp mcp:write", /);
    assert.ok(challenge.endsWith(PLACE), challenge);
    const { result } = JSON.parse((await page.evaluate(ask, write(writer))).body);
    assert.deepEqual(result.content, [{ type: 'text', text: 'wrote 5 bytes' }]);
  });

  test('reads a refusal that comes before it has sent everything', async () => {
    const text = 'h'.repeat(5 << 20);
    const stranger = await page.evaluate(ask, { url, ...call('echo', { text }) });
    assert.deepEqual([stranger.status, stranger.challenge], [401, `Bearer scope="mcp", ${PLACE}`]);
    const { status, challenge } = await page.evaluate(ask, { url, ...call('echo', { text }, token) });
    assert.deepEqual([status, challenge], [413, null]);
  });

  test('reads when to come again', async () => {
    const attempt = { url: keyless.url, ...call('echo', { text: 'hello' }, await keyless.token('mcp')) };
    const { status, again } = await page.evaluate(ask, attempt);
    assert.deepEqual([status, again], [503, '5']);
  });

  test('proves that it has a key, with a nonce that it reads', async () => {
    const thumbprint = await page.evaluate(makeKey);
    const token = await proving.token('mcp', thumbprint);
    const attempt = { url: proving.url, token, ...call('echo', { text: 'hello' }) };
    const { refused, challenge, status, body } = await page.evaluate(askWithProof, attempt);
    assert.equal(refused, 401);
    assert.match(challenge, /^DPoP error="use_dpop_nonce", /);
    assert.deepEqual([status, JSON.parse(body).result.content], [200, [{ type: 'text', text: 'hello' }]]);
  });

  test('reads a stream, and gives the events of it in order', async () => {
    const { type, events } = await page.evaluate(readStream, {
      url,
      ...call('slow', { seconds: 1 }, token, { progressToken: 'p' }),
    });
    assert.equal(type, 'text/event-stream');
    const result = events.pop();
    assert.deepEqual([result.id, result.result.content], [1, [{ type: 'text', text: 'done' }]]);
    const progress = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((progress) => ({
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { progressToken: 'p', progress, total: 10 },
    }));
    assert.deepEqual(events, progress);
  });

  test('reads an event while the call goes on, and cancels it by leaving', async () => {
    const { first, end } = await page.evaluate(readFirstEvent, {
      url,
      ...call('slow', { seconds: 60 }, token, { progressToken: 'p' }),
    });
    assert.deepEqual([first.params, end], [{ progressToken: 'p', progress: 1, total: 600 }, 'AbortError']);
    await server.logged('call cancelled: its client has left');
  });

  test('is told that there is nothing to get', async () => {
    const { headers: { Authorization } } = hello(token);
    const headers = { Authorization, Accept: 'text/event-stream', 'MCP-Protocol-Version': '2025-11-25' };
    await server.decisions();
    const { type, status } = await page.evaluate(ask, { url, method: 'GET', headers });
    assert.deepEqual([type, status], ['cors', 405]);
    assert.deepEqual(await server.decisions(), ['verb_not_allowed']);
  });

  test('gets nothing with what the preflight does not grant', async () => {
    const good = hello(token);
    const attempts = {
      'cookies and the like': { ...good, credentials: 'include' },
      'another header field': { ...good, headers: { ...good.headers, 'X-Other': '1' } },
      'another method': { ...good, method: 'PUT' },
    };
    for (const [name, attempt] of Object.entries(attempts)) {
      assert.equal(await page.evaluate(ask, attempt), 'TypeError', name);
    }
    assert.deepEqual(await server.decisions(), []);
  });

  for (const revision of ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05']) {
    test(`uses the server as of revision ${revision}`, async () => {
      const greeting = await page.evaluate(ask, { url, ...initialize(revision, token) });
      assert.deepEqual([greeting.status, JSON.parse(greeting.body).result.protocolVersion], [200, revision]);
      const list = await page.evaluate(ask, { url, ...legacy(revision, 'tools/list', {}, token) });
      assert.deepEqual([list.status, JSON.parse(list.body).result.tools.map(({ name }) => name)], [200, TOOLS]);
      const params = { name: 'slow', arguments: { seconds: 1 }, _meta: { progressToken: 1 } };
      const stream = await page.evaluate(readStream, { url, ...legacy(revision, 'tools/call', params, token) });
      const [first, last] = [stream.events.at(0), stream.events.at(-1)];
      assert.deepEqual(first.params, { progressToken: 1, progress: 1, total: 10 });
      assert.deepEqual([stream.events.length, last.result.content], [11, [{ type: 'text', text: 'done' }]]);
    });
  }

  for (const [mode, negotiated] of [['auto', '2026-07-28'], ['legacy', '2025-11-25']]) {
    test(`uses the server through the official client in mode ${mode}`, async () => {
      assert.deepEqual(await page.evaluate(useClient, { url, token, mode }), {
        scope: 'mcp',
        issuers: [ISSUER],
        negotiated,
        tools: TOOLS,
        progress: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        text: 'done',
      });
    });
  }
});

// A message that is text for a browser, so that it asks nobody before it sends it.
const simple = (options) => ({ url, body: call('echo', { text: 'hello' }).body, ...options });

const OPAQUE = { type: 'opaque', status: 0, challenge: null, again: null, body: '' };

// What a page does, what it gets for it, and what the server refused.
const ATTEMPTS = [
  ['a call with a token', ask, hello(token), 'TypeError', 'origin_not_allowed'],
  ['a call without', ask, hello(), 'TypeError', 'origin_not_allowed'],
  ['a handshake', ask, { url, ...initialize('2025-11-25', token) }, 'TypeError', 'origin_not_allowed'],
  ['a call without a preflight', ask, simple(), 'TypeError', 'origin_not_allowed'],
  ['a call with cookies and the like', ask, simple({ credentials: 'include' }), 'TypeError', 'origin_not_allowed'],
  ['a call past CORS', ask, { ...hello(token), mode: 'no-cors' }, OPAQUE, 'origin_not_allowed'],
  [
    'a call past CORS that hides where it is from', ask,
    simple({ mode: 'no-cors', referrerPolicy: 'no-referrer' }), OPAQUE, 'origin_not_allowed',
  ],
  ['a look', ask, { url, method: 'GET' }, 'TypeError', 'origin_not_allowed'],
  // The one request without a body for which a browser does not say where it is from.
  ['a look past CORS', ask, { url, method: 'GET', mode: 'no-cors' }, OPAQUE, 'verb_not_allowed'],
  ['a wish for events', openEventSource, { url }, 'error', 'origin_not_allowed'],
];

const FOREIGN = {
  'under another name': () => open(`http://localhost:${one.port}`),
  'at another port': () => open(`http://127.0.0.1:${another.port}`),
  'without rights': () => openFrameOf({ sandbox: 'allow-scripts', srcdoc: '<!doctype html>' }),
  'of no server': () => openFrameOf({ src: 'data:text/html,<!doctype html>' }),
};

// Inside of a page that is served.
async function openFrameOf(attributes) {
  const page = await open(SERVED);
  await page.evaluate(openFrame, attributes);
  return page.frames()[1];
}

for (const [where, openIt] of Object.entries(FOREIGN)) {
  describe(`a page ${where}`, () => {
    let frame;
    before(async () => {
      frame = await openIt();
      await server.decisions();
    });

    for (const [what, act, attempt, outcome, rule] of ATTEMPTS) {
      test(`gets nothing for ${what}`, async () => {
        assert.deepEqual(await frame.evaluate(act, attempt), outcome);
        assert.deepEqual(await server.decisions(), [rule]);
      });
    }

    test('reads the metadata, which is for everybody', () => assertMetadataIsReadable(frame));
  });
}

test('a form of another page gets nothing', async () => {
  const page = await open(`http://127.0.0.1:${another.port}`);
  await server.decisions();
  assert.equal(await page.evaluate(submitForm, simple()), 'shown');
  assert.deepEqual(await server.decisions(), ['origin_not_allowed']);
});

test('a page whose name was made to lead to the server gets nothing, though it may read the answers', async () => {
  const rebound = new URL(url);
  rebound.hostname = REBOUND;
  const page = await open(new URL('/health', rebound).href);
  await server.decisions();
  const { body, headers } = hello(token);
  for (const [options, rule] of [
    [{ body, headers }, 'host_not_allowed'],
    [{ body }, 'host_not_allowed'],
    [{ method: 'GET' }, 'host_not_allowed'],
  ]) {
    const answer = await page.evaluate(ask, { url: rebound.href, ...options });
    assert.deepEqual([answer.type, answer.status, answer.challenge], ['basic', 403, null]);
    assert.deepEqual(await server.decisions(), [rule]);
  }
  const metadata = new URL(server.metadata);
  metadata.hostname = REBOUND;
  const { status } = await page.evaluate(ask, { url: metadata.href, method: 'GET' });
  assert.equal(status, 403);
});
