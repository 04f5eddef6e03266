// The MCP Inspector as a command, in both eras of the protocol, at the example whoami, or in sessions at the
// example conformance.
//   check.mjs whoami|session

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { MCP_URL: url, MCP_TOKEN: token } = process.env;
const program = join(import.meta.dirname, 'node_modules/.bin/mcp-inspector');
// Where it would look for what an earlier run has left.
const home = mkdtempSync(join(tmpdir(), 'inspector-'));
process.on('exit', () => rmSync(home, { recursive: true }));

function inspect(era, ...flags) {
  const all = ['--cli', url, '--transport', 'http', '--protocol-era', era, '--format', 'json', '--quiet',
    '--stored-auth-only', ...flags];
  const { error, status, stdout, stderr } = spawnSync(program, all, {
    env: { ...process.env, HOME: home }, encoding: 'utf8', timeout: 60_000,
  });
  if (error) throw error;
  return { status, result: stdout && JSON.parse(stdout).result, told: stderr };
}

const bearer = ['--header', `Authorization: Bearer ${token}`];
const call = (name, ...words) => ['--method', 'tools/call', '--tool-name', name, '--tool-arg', ...words];

function whoami(era) {
  const list = inspect(era, '--method', 'tools/list', '--strict', ...bearer);
  assert.equal(list.status, 0, list.told);
  assert.deepEqual(list.result.tools.map(({ name }) => name).sort(), ['echo', 'slow', 'whoami', 'write']);

  const echo = inspect(era, ...call('echo', 'text=hello'), ...bearer);
  assert.equal(echo.status, 0, echo.told);
  assert.deepEqual(echo.result.content, [{ type: 'text', text: 'hello' }]);

  const write = inspect(era, ...call('write', 'text=secret'), ...bearer);
  assert.notEqual(write.status, 0);
  assert.match(write.told, /mcp mcp:write|lacks a scope/);

  const stranger = inspect(era, '--method', 'tools/list');
  assert.equal(stranger.status, 3, stranger.told);
  assert.match(stranger.told, /auth_required/);
}

function session(era) {
  const list = inspect(era, '--method', 'tools/list', '--strict', ...bearer);
  assert.equal(list.status, 0, list.told);
  assert.equal(list.result.tools[0].name, 'test_simple_text');

  const slow = inspect(era, ...call('test_slow', 'seconds=1'), ...bearer);
  assert.equal(slow.status, 0, slow.told);
  assert.deepEqual(slow.result.content, [{ type: 'text', text: 'done' }]);

  const stranger = inspect(era, '--method', 'tools/list');
  assert.equal(stranger.status, 3, stranger.told);
  assert.match(stranger.told, /auth_required/);
}

const [, , scenarios] = process.argv;
for (const era of ['legacy', 'modern']) {
  ({ whoami, session })[scenarios](era);
  console.log(`inspector, ${era}, ${scenarios}: lists, calls, is refused`);
}
