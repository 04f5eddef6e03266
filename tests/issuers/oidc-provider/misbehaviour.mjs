// Answers that no issuer should give.

import { generateKeyPairSync } from 'node:crypto';

const json = { 'Content-Type': 'application/json' };

const modes = {
  // A head, and then nothing.
  slow: (response) => response.writeHead(200, json).write('{'),
  huge: (response) => response.writeHead(200, json).end(`{"keys":[${'{},'.repeat(4 << 20)}{}]}`),
  redirect: (response) => response.writeHead(302, { Location: '/elsewhere' }).end(),
  garbage: (response) => response.writeHead(200, json).end('{"keys":'),
  broken: (response) => response.writeHead(500).end(),
  empty: (response) => response.writeHead(200, json).end('{"keys":[]}'),
  // Metadata of somebody else, with the place of our keys.
  lie: (response, issuer) => response.writeHead(200, json).end(JSON.stringify({
    issuer: 'https://issuer.example', jwks_uri: `${issuer}/jwks`,
  })),
  // Our metadata, with keys at another host.
  foreign: (response, issuer) => response.writeHead(200, json).end(JSON.stringify({
    issuer, jwks_uri: 'https://issuer.example/jwks',
  })),
  // Well-formed keys that have signed nothing.
  strange: (response) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = { ...publicKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'strange' };
    response.writeHead(200, json).end(JSON.stringify({ keys: [key] }));
  },
};

export class Misbehaviour {
  #modes = new Map();
  #flaps = 0;

  // `mode` is one of the above, `flap`, which fails every other time, or `none`.
  set(document, mode) {
    if (mode !== 'none' && mode !== 'flap' && !modes[mode]) throw new Error(`no such mode: ${mode}`);
    this.#modes.set(document, mode);
    this.#flaps = 0;
  }

  // Whether a request for this document has been answered here.
  answers(document, issuer, response) {
    const mode = this.#modes.get(document) ?? 'none';
    if (mode === 'none') return false;
    if (mode === 'flap') {
      this.#flaps += 1;
      if (this.#flaps % 2 === 0) return false;
      modes.broken(response);
      return true;
    }
    modes[mode](response, issuer);
    return true;
  }
}
