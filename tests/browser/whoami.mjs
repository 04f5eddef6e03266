// The server under test: the example `whoami`, which trusts a key that was made here and tells of each decision.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { SignJWT, exportJWK, generateKeyPair } from 'jose';

import { call } from './messages.mjs';

export const ISSUER = 'https://issuer.example';

export class Whoami {
  #folder = mkdtempSync(join(tmpdir(), 'whoami-'));
  #key;
  #process;
  #log = [];
  #read = 0;
  #heard = () => {};

  // Serves the pages of one origin, none else. Its keys can be looked for where there are none.
  static async start(program, origin, { keys, others = [] } = {}) {
    const server = new Whoami();
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    server.#key = privateKey;
    const jwk = { ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig', kid: 'key' };
    const file = join(server.#folder, 'jwk.json');
    writeFileSync(file, JSON.stringify(jwk));
    const trusting = ['--issuer', ISSUER, ...(keys ? ['--jwks-url', keys] : ['--jwk', file])];
    const flags = ['--listen', '127.0.0.1:0', '--allow-origin', origin, ...trusting, ...others];
    const env = { ...process.env, RUST_LOG: 'info,mcp_driver::running=debug' };
    server.#process = spawn(program, flags, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    process.on('exit', () => server.#process.kill());
    createInterface({ input: server.#process.stderr }).on('line', (line) => {
      server.#log.push(line);
      server.#heard();
    });
    for await (const line of createInterface({ input: server.#process.stdout })) {
      const [name, url] = line.split(/ +/);
      if (name === 'endpoint') {
        server.url = url;
        server.metadata = url.replace(/\/mcp$/, '/.well-known/oauth-protected-resource/mcp');
        return server;
      }
    }
    throw new Error(`the server ended: ${server.#log.join('\n')}`);
  }

  stop() {
    this.#process.kill('SIGINT');
    rmSync(this.#folder, { recursive: true });
  }

  // A token of `alice` for this server, bound to a key if its thumbprint is given.
  token(scope, thumbprint) {
    return new SignJWT({ client_id: 'page', scope, ...(thumbprint && { cnf: { jkt: thumbprint } }) })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'key' })
      .setIssuer(ISSUER)
      .setSubject('alice')
      .setAudience(this.url)
      .setIssuedAt()
      .setExpirationTime('10 minutes')
      .setJti(randomUUID())
      .sign(this.#key);
  }

  // A line of the log that has these words; waits for it.
  async logged(words) {
    for (;;) {
      const line = this.#log.find((line) => line.includes(words));
      if (line) return line;
      await new Promise((resolve) => { this.#heard = resolve; });
    }
  }

  // What was decided since the last time this was asked: the target of what was allowed, the rule of what was not.
  // A request of our own, by a name that nobody else uses, tells when all of it has been read.
  async decisions() {
    const marker = `marker-${randomUUID()}`;
    await fetch(this.url, { method: 'POST', ...call(marker, {}, await this.token('mcp')) });
    const last = await this.logged(marker);
    const end = this.#log.indexOf(last);
    const news = this.#log.slice(this.#read, end).filter((line) => line.startsWith('{'));
    this.#read = end + 1;
    const decision = ({ allowed, target, rule }) => (allowed ? `allowed ${target}` : rule);
    return news.map((line) => decision(JSON.parse(line)));
  }
}
