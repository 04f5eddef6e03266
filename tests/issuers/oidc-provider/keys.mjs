// The keys of the issuer, in the order in which they are published. The provider signs with the first that fits.

import { generateKeyPairSync } from 'node:crypto';

export class Keys {
  #generation = 0;
  #keys = [this.#make()];

  #make() {
    this.#generation += 1;
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: `key-${this.#generation}` };
  }

  // Publishes a further key, which does not sign yet.
  announce() {
    this.#keys.push(this.#make());
  }

  // The youngest key signs from here on; without one that was announced, a new one.
  rotate() {
    if (this.#keys[0].kid === `key-${this.#generation}`) this.announce();
    this.#keys.unshift(this.#keys.pop());
  }

  // Only the key that signs stays.
  withdraw() {
    this.#keys.length = 1;
  }

  all() {
    return this.#keys;
  }

  published() {
    return this.#keys.map(({ d, ...jwk }) => jwk);
  }
}
