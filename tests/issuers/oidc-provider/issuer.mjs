// An issuer on loopback for tests. It says "ready ISSUER ADDRESS" when it answers: its issuer URL, and the address
// of plain HTTP at which the test asks for tokens and controls it.
//   node issuer.mjs --resource URL --opaque-resource URL [--port N] [--cert FILE --key FILE]
// With a certificate the issuer is at https://localhost:N, without at http://127.0.0.1:N.

import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { parseArgs } from 'node:util';

import { Keys } from './keys.mjs';
import { Misbehaviour } from './misbehaviour.mjs';
import { makeProvider } from './provider.mjs';

const { values: flags } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    resource: { type: 'string' },
    'opaque-resource': { type: 'string' },
    cert: { type: 'string' },
    key: { type: 'string' },
  },
});

const documents = {
  '/.well-known/openid-configuration': 'discovery',
  '/.well-known/oauth-authorization-server': 'discovery',
  '/jwks': 'jwks',
  '/token/introspection': 'introspection',
  '/elsewhere': 'elsewhere',
};
const keys = new Keys();
const misbehaviour = new Misbehaviour();
const hits = { discovery: 0, jwks: 0, introspection: 0, elsewhere: 0, refused: 0 };
let issuer;
let answer;

function remake() {
  answer = makeProvider(issuer, keys, flags).callback();
}

function control(name, query) {
  switch (name) {
    case 'announce': keys.announce(); break;
    case 'rotate': keys.rotate(); break;
    case 'withdraw': keys.withdraw(); break;
    case 'misbehave': misbehaviour.set(query.get('document'), query.get('mode')); return {};
    case 'hits': return hits;
    default: throw new Error(`no such control: ${name}`);
  }
  remake();
  return { kids: keys.published().map(({ kid }) => kid) };
}

function serve(request, response) {
  const url = new URL(request.url, 'http://127.0.0.1');
  if (url.pathname.startsWith('/control/') && request.method === 'POST') {
    try {
      response.end(JSON.stringify(control(url.pathname.slice('/control/'.length), url.searchParams)));
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
    return;
  }
  const document = documents[url.pathname];
  if (document) hits[document] += 1;
  if (misbehaviour.answers(document, issuer, response)) return;
  answer(request, response);
}

function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server.address().port));
  });
}

const plainPort = await listen(http.createServer(serve), flags.cert ? 0 : Number(flags.port));
if (flags.cert) {
  const certificate = { cert: readFileSync(flags.cert), key: readFileSync(flags.key) };
  const server = https.createServer(certificate, serve).on('tlsClientError', () => { hits.refused += 1; });
  issuer = `https://localhost:${await listen(server, Number(flags.port))}`;
} else {
  issuer = `http://127.0.0.1:${plainPort}`;
}
remake();
console.log(`ready ${issuer} 127.0.0.1:${plainPort}`);
// Whoever started the issuer holds the other end; without them it has nothing to live for.
process.stdin.resume().on('end', () => process.exit(0));
