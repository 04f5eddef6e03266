// An authorization server on loopback whose user agrees to everything: what an MCP client needs to get a token by
// itself, and no more. It says "ready ISSUER" when it answers. `/granted?client_id=ID` tells which scopes a client
// was granted, in order.

import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import http from 'node:http';

const SECONDS = 300;
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = { ...publicKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'key-1' };
const clients = new Map();
const codes = new Map();
let issuer;

class Refusal extends Error {}

// OAuth has a way to refuse whatever is wrong with a request.
function demand(condition, error) {
  if (!condition) throw new Refusal(error);
}

const encoded = (json) => Buffer.from(JSON.stringify(json)).toString('base64url');

// An access token: RFC 9068.
function token({ client_id, scope, resource }, subject) {
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    iss: issuer, aud: resource, sub: subject, client_id, scope, iat, exp: iat + SECONDS, jti: randomUUID(),
  };
  const input = `${encoded({ alg: 'ES256', typ: 'at+jwt', kid: jwk.kid })}.${encoded(claims)}`;
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const access_token = `${input}.${signature.toString('base64url')}`;
  return { access_token, token_type: 'Bearer', expires_in: SECONDS, scope };
}

// RFC 8414, RFC 9207.
const metadata = () => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  registration_endpoint: `${issuer}/register`,
  jwks_uri: `${issuer}/jwks`,
  response_types_supported: ['code'],
  grant_types_supported: ['authorization_code', 'client_credentials'],
  code_challenge_methods_supported: ['S256'],
  token_endpoint_auth_methods_supported: ['none'],
  authorization_response_iss_parameter_supported: true,
});

// RFC 7591.
function register(body) {
  const asked = JSON.parse(body);
  demand(Array.isArray(asked.redirect_uris) && asked.redirect_uris.length > 0, 'invalid_redirect_uri');
  const client = { ...asked, client_id: randomUUID(), token_endpoint_auth_method: 'none' };
  clients.set(client.client_id, { redirects: asked.redirect_uris, granted: [] });
  return client;
}

// The user's browser arrives, and is sent back with a code at once.
function authorize(query) {
  const asked = Object.fromEntries(query);
  const client = clients.get(asked.client_id);
  demand(client?.redirects.includes(asked.redirect_uri), 'invalid_request');
  demand(asked.response_type === 'code', 'unsupported_response_type');
  demand(asked.code_challenge_method === 'S256' && asked.code_challenge, 'invalid_request');
  demand(asked.resource, 'invalid_target');
  demand(asked.scope, 'invalid_scope');
  const code = randomUUID();
  codes.set(code, asked);
  const back = new URL(asked.redirect_uri);
  for (const [name, value] of Object.entries({ code, state: asked.state, iss: issuer })) {
    if (value !== undefined) back.searchParams.set(name, value);
  }
  return back.href;
}

function exchange(form) {
  if (form.grant_type === 'client_credentials') return token(form, form.client_id);
  demand(form.grant_type === 'authorization_code', 'unsupported_grant_type');
  const asked = codes.get(form.code);
  codes.delete(form.code);
  const challenge = createHash('sha256').update(form.code_verifier ?? '').digest('base64url');
  demand(asked?.code_challenge === challenge && asked.client_id === form.client_id, 'invalid_grant');
  demand(asked.redirect_uri === form.redirect_uri, 'invalid_grant');
  demand(asked.resource === form.resource, 'invalid_target');
  clients.get(asked.client_id).granted.push(asked.scope);
  return token(asked, 'alice');
}

function answer(request, url, body) {
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /.well-known/oauth-authorization-server': return [200, metadata()];
    case 'GET /jwks': return [200, { keys: [jwk] }];
    case 'POST /register': return [201, register(body)];
    case 'GET /authorize': return [302, {}, { Location: authorize(url.searchParams) }];
    case 'POST /token': return [200, exchange(Object.fromEntries(new URLSearchParams(body)))];
    case 'GET /granted': return [200, clients.get(url.searchParams.get('client_id'))?.granted ?? []];
    default: return [404, {}];
  }
}

const server = http.createServer(async (request, response) => {
  let body = '';
  for await (const piece of request) body += piece;
  let status, json, headers;
  try {
    [status, json, headers] = answer(request, new URL(request.url, issuer), body);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    [status, json] = [400, { error: error.message }];
  }
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers });
  response.end(JSON.stringify(json));
});
server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  console.log(`ready ${issuer}`);
});
// Whoever started the issuer holds the other end; without them it has nothing to live for.
process.stdin.resume().on('end', () => process.exit(0));
