// A session, from its beginning to its end, as a client of either SDK sees it.

import assert from 'node:assert/strict';

import { Asked, ROOTS } from './ask.mjs';
import { bearer, cancellations, connected, playAll, text, thrown, tool, until } from './play.mjs';
import { Wire } from './wire.mjs';

const {
  MCP_LINE_CONTROL: control, MCP_TOKEN: token, MCP_FRESH_TOKEN: freshToken, MCP_OTHER_TOKEN: otherToken,
} = process.env;
const SESSION_ID = /^[0-9a-f]{32}$/;
// The first revisions with forms, and with streams that a client can come back to from their beginning.
const FORMS = '2025-06-18';
const PRIMED = '2025-11-25';
const WATCHED = 'test://watched-resource';

const cut = async () => (await fetch(`${control}/cut`, { method: 'POST' })).json();
const resumed = async () => (await fetch(`${control}/resumed`)).json();

// A client with a session of its own, which listens.
async function opened(sdk) {
  const wire = new Wire();
  const asked = new Asked();
  const { client, transport } = sdk.make({
    headers: bearer(token), fetch: wire.fetch, capabilities: asked.capabilities,
  });
  asked.watch(sdk, client);
  await client.connect(transport);
  await until(() => wire.others.length > 0);
  return { client, transport, wire, asked };
}

async function opensASession(sdk) {
  const { client, transport, wire } = await opened(sdk);
  assert.equal(sdk.revisionOf(client, transport), sdk.revision);
  assert.match(transport.sessionId, SESSION_ID);
  assert.deepEqual(wire.others, [
    { method: 'GET', resumedAfter: undefined, status: 200, type: 'text/event-stream' },
  ]);
  const { tools } = await client.listTools();
  assert.equal(tools[0].name, 'test_simple_text');
  const result = await sdk.call(client, tool('test_simple_text'));
  assert.deepEqual(text(result), ['This is a simple text response for testing.']);
  await client.close();
}

async function isAskedInTheMiddleOfACall(sdk) {
  const { client, asked } = await opened(sdk);
  const form = tool('test_elicitation', { message: 'Who are you?' });
  if (sdk.revision >= FORMS) {
    const ends = { accept: 'The user is alice, alice@example.com', decline: 'The user declined', cancel: 'The user cancelled' };
    for (const [action, end] of Object.entries(ends)) {
      asked.action = action;
      assert.deepEqual(text(await sdk.call(client, form)), [end]);
    }
    const [{ message, requestedSchema }] = asked.questions['elicitation/create'];
    assert.equal(message, 'Who are you?');
    assert.deepEqual(Object.keys(requestedSchema.properties).sort(), ['email', 'username']);
    assert.equal(asked.questions['elicitation/create'].length, 3);
  } else {
    assert.equal((await sdk.call(client, form)).isError, true);
    assert.deepEqual(asked.questions['elicitation/create'], []);
  }
  assert.deepEqual(text(await sdk.call(client, tool('test_sampling', { prompt: 'Say it louder' }))), [
    'The model says: SAY IT LOUDER',
  ]);
  assert.equal(asked.questions['sampling/createMessage'][0].maxTokens, 100);
  assert.deepEqual(text(await sdk.call(client, tool('test_list_roots'))), [ROOTS.join('\n')]);
  await client.close();
}

// The network breaks in the middle of calls: nothing is lost, and nothing comes twice.
async function resumesWhatWasCut(sdk) {
  const { client, wire, asked } = await opened(sdk);
  const before = await resumed();
  let cutting;
  const slow = async (isCutting) => {
    const heard = [];
    const result = await sdk.call(client, tool('test_slow', { seconds: 2 }), {
      onprogress: ({ progress }) => {
        heard.push(progress);
        if (isCutting && progress === 3) cutting = cut();
      },
    });
    assert.deepEqual(text(result), ['done']);
    assert.deepEqual(heard, Array.from({ length: 20 }, (_, at) => at + 1));
  };
  await Promise.all([slow(true), slow(false)]);
  // The calls' streams and the one for everything else.
  assert.ok(await cutting >= 3);
  assert.ok(await resumed() >= before + 2);
  assert.equal(wire.of('tools/call').length, 2);
  // And what belongs to no call finds its way again.
  await sdk.call(client, tool('test_trigger_tool_change'));
  await asked.hears('notifications/tools/list_changed');
  await client.close();
}

// The network breaks while the client thinks about a question: it answers all the same, and is not asked twice.
async function answersAfterACut(sdk) {
  const { client, asked } = await opened(sdk);
  const before = await resumed();
  asked.thinks = cut;
  const result = await sdk.call(client, tool('test_sampling', { prompt: 'Say it louder' }));
  assert.deepEqual(text(result), ['The model says: SAY IT LOUDER']);
  assert.equal(asked.questions['sampling/createMessage'].length, 1);
  assert.ok(await resumed() > before);
  await client.close();
}

async function comesBackWhenTheServerHangsUp(sdk) {
  const { client } = await opened(sdk);
  const before = await resumed();
  const result = await sdk.call(client, tool('test_reconnection'));
  assert.deepEqual(text(result), ['Reconnected']);
  assert.equal(await resumed() - before, sdk.revision >= PRIMED ? 1 : 0);
  await client.close();
}

async function hearsOfChanges(sdk) {
  const { client, asked } = await opened(sdk);
  const change = tool('test_trigger_resource_change');
  await sdk.call(client, change);
  await client.subscribeResource({ uri: WATCHED });
  const read = async () => (await client.readResource({ uri: WATCHED })).contents[0].text;
  const first = await read();
  await sdk.call(client, change);
  await asked.hears('notifications/resources/updated');
  assert.deepEqual(asked.told['notifications/resources/updated'], [{ uri: WATCHED }]);
  assert.notEqual(await read(), first);
  await client.unsubscribeResource({ uri: WATCHED });
  await sdk.call(client, change);

  const names = async () => (await client.listTools()).tools.map(({ name }) => name);
  await sdk.call(client, tool('test_trigger_tool_change', { added: 'newcomer' }));
  await asked.hears('notifications/tools/list_changed');
  assert.equal((await names()).at(-1), 'newcomer');
  await sdk.call(client, tool('test_trigger_tool_change'));
  await asked.hears('notifications/tools/list_changed', 2);
  assert.ok(!(await names()).includes('newcomer'));
  // Of what came before it subscribed and after it unsubscribed, nothing was told.
  assert.equal(asked.told['notifications/resources/updated'].length, 1);
  await client.close();
}

async function setsHowMuchIsLogged(sdk) {
  const { client, asked } = await opened(sdk);
  const logs = tool('test_tool_with_logging');
  await client.setLoggingLevel('warning');
  await sdk.call(client, logs);
  assert.deepEqual(asked.told['notifications/message'], []);
  await client.setLoggingLevel('info');
  await sdk.call(client, logs);
  await asked.hears('notifications/message', 3);
  assert.deepEqual(asked.told['notifications/message'].map(({ data }) => data), [
    'Tool execution started', 'Tool processing data', 'Tool execution completed',
  ]);
  await client.close();
}

async function cancels(sdk) {
  const { client, wire } = await opened(sdk);
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
  assert.equal(cancellations(), before + 1);
  assert.deepEqual(wire.of('notifications/cancelled').map(({ status }) => status), [202]);
  // The client comes back for an answer, and learns that there will be none.
  const again = () => wire.others.filter(({ resumedAfter }) => resumedAfter !== undefined);
  await until(() => again().length > 0);
  assert.equal(again()[0].status, 400);
  assert.equal(text(await sdk.call(client, tool('test_simple_text'))).length, 1);
  await client.close();
}

// Somebody else has a good token, and has come by the session's id. Whoever opened it goes on with another token.
async function keepsItToItself(sdk) {
  const owner = await opened(sdk);
  const { sessionId } = owner.transport;
  const wire = new Wire();
  const thief = await connected(sdk, { headers: bearer(otherToken), fetch: wire.fetch, sessionId });
  assert.equal(sdk.statusOf(await thrown(thief.client.ping())), 404);
  assert.deepEqual(wire.posts.map(({ status, challenge }) => [status, challenge]), [[404, null]]);
  await thrown(thief.transport.resumeStream('0-0'));
  await thrown(thief.transport.terminateSession());
  assert.deepEqual(wire.others.map(({ method, status }) => [method, status]), [['GET', 404], ['DELETE', 404]]);
  await thief.client.close();
  const later = await connected(sdk, { headers: bearer(freshToken), sessionId });
  await later.client.ping();
  await later.client.close();
  await owner.client.ping();
  await owner.client.close();
}

async function endsItAndBeginsAnew(sdk) {
  const { client, transport, wire } = await opened(sdk);
  const { sessionId } = transport;
  await transport.terminateSession();
  assert.deepEqual(wire.statuses('DELETE'), [200]);
  assert.equal(transport.sessionId, undefined);
  await client.close();
  const late = await connected(sdk, { headers: bearer(token), sessionId });
  assert.equal(sdk.statusOf(await thrown(late.client.ping())), 404);
  await late.client.close();
  const next = await opened(sdk);
  assert.match(next.transport.sessionId, SESSION_ID);
  assert.notEqual(next.transport.sessionId, sessionId);
  await next.client.ping();
  await next.client.close();
}

const SCENARIOS = [
  opensASession, isAskedInTheMiddleOfACall, resumesWhatWasCut, answersAfterACut, comesBackWhenTheServerHangsUp, hearsOfChanges,
  setsHowMuchIsLogged, cancels, keepsItToItself, endsItAndBeginsAnew,
];

export const play = (name, sdk) => playAll(`${name}, session`, SCENARIOS, sdk);
