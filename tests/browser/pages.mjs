// Where the pages come from, and what they do. The functions run inside a page, so each stands alone.

import { readFileSync } from 'node:fs';
import http from 'node:http';

// How a page finds the official client and what that imports.
const IMPORTS = {
  '@modelcontextprotocol/client': 'dist/index.mjs',
  '@modelcontextprotocol/client/_shims': 'dist/shimsBrowser.mjs',
  '@modelcontextprotocol/core/internal': 'dist/internal.mjs',
  eventsource: 'dist/index.js',
  'eventsource-parser': 'dist/index.js',
  'eventsource-parser/stream': 'dist/stream.js',
  jose: 'dist/webapi/index.js',
  'pkce-challenge': 'dist/index.browser.js',
  'zod/v4': 'v4/index.js',
};
const MODULES = new URL('node_modules/', import.meta.url);

function place([name, file]) {
  const [folder] = name.match(/^(@[^/]+\/)?[^/]+/);
  return [name, `/${folder}/${file}`];
}

const imports = Object.fromEntries(Object.entries(IMPORTS).map(place));

const PAGE = `<!doctype html>
<title>page</title>
<link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports })}</script>`;

function answer(request, response) {
  if (request.url === '/') {
    response.setHeader('Content-Type', 'text/html').end(PAGE);
    return;
  }
  const file = new URL(`.${request.url}`, MODULES);
  if (!file.href.startsWith(MODULES.href)) {
    response.writeHead(404).end();
    return;
  }
  response.setHeader('Content-Type', 'text/javascript').end(readFileSync(file));
}

// Serves pages on 127.0.0.1; returns the server and its port.
export async function servePages() {
  const server = http.createServer(answer);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: server.address().port };
}

// A request, and what the page gets to see of the answer.
export async function ask({ url, ...options }) {
  try {
    const response = await fetch(url, { method: 'POST', ...options });
    const { type, status, headers } = response;
    const [challenge, again] = ['WWW-Authenticate', 'Retry-After'].map((name) => headers.get(name));
    return { type, status, challenge, again, body: await response.text() };
  } catch (error) {
    return error.name;
  }
}

// Reads an event stream to its end.
export async function readStream({ url, ...options }) {
  const response = await fetch(url, { method: 'POST', ...options });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  const events = text.split('\n\n').slice(0, -1).map((event) => JSON.parse(event.replace(/^data: /, '')));
  return { type: response.headers.get('Content-Type'), events };
}

// Reads the first event of a stream, then leaves.
export async function readFirstEvent({ url, ...options }) {
  const leaving = new AbortController();
  const response = await fetch(url, { method: 'POST', ...options, signal: leaving.signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('\n\n')) text += (await reader.read()).value;
  leaving.abort();
  const end = await reader.read().catch((error) => error.name);
  return { first: JSON.parse(text.split('\n\n')[0].replace(/^data: /, '')), end };
}

// A form whose text looks like a message, sent to a frame; answers when the frame shows what came back.
export async function submitForm({ url, body }) {
  const frame = document.createElement('iframe');
  frame.name = 'answer';
  const form = document.createElement('form');
  Object.assign(form, { method: 'POST', action: url, enctype: 'text/plain', target: 'answer' });
  const field = document.createElement('input');
  [field.name, field.value] = [body.slice(0, -2), body.slice(-2)];
  form.append(field);
  document.body.append(frame, form);
  const shown = new Promise((resolve) => { frame.onload = () => resolve('shown'); });
  form.submit();
  return shown;
}

// What a page that wants events on its own, without a message, hears first.
export function openEventSource({ url }) {
  return new Promise((resolve) => {
    const source = new EventSource(url);
    source.onopen = source.onerror = ({ type }) => {
      source.close();
      resolve(type);
    };
  });
}

// A frame whose origin is `null`: without rights in its page, or of no server at all.
export function openFrame(attributes) {
  const frame = Object.assign(document.createElement('iframe'), attributes);
  const loaded = new Promise((resolve) => { frame.onload = () => resolve(); });
  document.body.append(frame);
  return loaded;
}

// The official client: what it takes from a challenge, and a call that tells how far it has come.
export async function useClient({ url, token, mode }) {
  const sdk = await import('@modelcontextprotocol/client');
  const refusal = await fetch(url, { method: 'POST' });
  const { resourceMetadataUrl, scope } = sdk.extractWWWAuthenticateParams(refusal);
  const metadata = await sdk.discoverOAuthProtectedResourceMetadata(url, { resourceMetadataUrl });
  const client = new sdk.Client({ name: 'page', version: '1' }, { versionNegotiation: { mode } });
  const headers = { Authorization: `Bearer ${token}` };
  await client.connect(new sdk.StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  const { tools } = await client.listTools();
  const progress = [];
  const result = await client.callTool(
    { name: 'slow', arguments: { seconds: 1 } },
    { onprogress: (notification) => progress.push(notification.progress) },
  );
  const negotiated = client.getNegotiatedProtocolVersion();
  await client.close();
  return {
    scope,
    issuers: metadata.authorization_servers,
    negotiated,
    tools: tools.map(({ name }) => name),
    progress,
    text: result.content[0].text,
  };
}

// Makes a key that stays in the page; returns its thumbprint.
export async function makeKey() {
  const jose = await import('jose');
  window.key = await jose.generateKeyPair('ES256', { extractable: false });
  window.jwk = await jose.exportJWK(window.key.publicKey);
  return jose.calculateJwkThumbprint(window.jwk);
}

// Makes a request with a proof of that key, and repeats it with the nonce that the refusal tells.
export async function askWithProof({ url, token, headers, body }) {
  const jose = await import('jose');
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token));
  const ath = jose.base64url.encode(new Uint8Array(hash));
  const once = async (nonce) => {
    const proof = await new jose.SignJWT({ htm: 'POST', htu: url, ath, ...(nonce && { nonce }) })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: window.jwk })
      .setIssuedAt()
      .setJti(crypto.randomUUID())
      .sign(window.key.privateKey);
    const credentials = { Authorization: `DPoP ${token}`, DPoP: proof };
    return fetch(url, { method: 'POST', headers: { ...headers, ...credentials }, body });
  };
  const refusal = await once();
  const answer = await once(refusal.headers.get('DPoP-Nonce'));
  const challenge = refusal.headers.get('WWW-Authenticate');
  return { refused: refusal.status, challenge, status: answer.status, body: await answer.text() };
}
