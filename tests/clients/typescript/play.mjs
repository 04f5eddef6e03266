// What the scenarios of either SDK are made of. They are told apart only by what `sdk` says:
//   revision                           what has to be agreed on
//   make({ fetch, headers, authProvider, sessionId, capabilities })  a client and its transport
//   makeOverSse({ fetch, headers, capabilities })  the same for the transport of 2024-11-05
//   revisionOf(client, transport)      what was agreed on
//   call(client, params, options)      a tool call
//   answer(client, method, handler)    has requests of the server answered
//   listen(client, method, handler)    has its notifications heard
//   finish(transport, parameters)      hands over what the user came back with
//   UnauthorizedError                  what is thrown when the user has to be asked first
//   statusOf(error), sseStatusOf(error)  the HTTP status that an error of either transport tells of
//   isForbidden(error)                 whether an error tells of a scope that is missing
//   isCancelledByClosing               whether to close the stream is to cancel, or a notification

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const { MCP_LOG: log } = process.env;
const CANCELLED = /call cancelled/g;

export const bearer = (token) => ({ Authorization: `Bearer ${token}` });
export const tool = (name, args = {}) => ({ name, arguments: args });
export const text = (result) => result.content.map((block) => block.text);

// How many calls the server has seen cancelled.
export const cancellations = () => readFileSync(log, 'utf8').match(CANCELLED)?.length ?? 0;

export async function thrown(promise) {
  return promise.then(
    (value) => assert.fail(`succeeded: ${JSON.stringify(value)}`),
    (error) => error,
  );
}

export async function until(condition) {
  for (let tries = 0; !condition(); tries += 1) {
    assert.ok(tries < 200, `never: ${condition}`);
    await sleep(50);
  }
}

export async function connected(sdk, options) {
  const { client, transport } = sdk.make(options);
  await client.connect(transport);
  return { client, transport };
}

// Plays scenarios in turn, and says which it is that fails.
export async function playAll(name, scenarios, sdk) {
  for (const scenario of scenarios) {
    const words = scenario.name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    try {
      await scenario(sdk);
    } catch (error) {
      console.error(`${name}: ${words} failed`);
      throw error;
    }
    console.log(`${name}: ${words}`);
  }
}
