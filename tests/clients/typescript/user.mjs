// What an application adds to the SDK to get tokens: a memory, and a browser whose user agrees to everything.

// Nobody listens there: the code is read from the redirection.
const REDIRECT = 'http://127.0.0.1:9/callback';

export class User {
  redirectUrl = REDIRECT;
  clientMetadata = {
    client_name: 'test',
    redirect_uris: [REDIRECT],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
  #client;
  #tokens;
  #verifier;
  #discovery;
  // The parameters with which the user came back last.
  came;

  clientInformation() { return this.#client; }
  saveClientInformation(client) { this.#client = client; }
  tokens() { return this.#tokens; }
  saveTokens(tokens) { this.#tokens = tokens; }
  codeVerifier() { return this.#verifier; }
  saveCodeVerifier(verifier) { this.#verifier = verifier; }
  discoveryState() { return this.#discovery; }
  saveDiscoveryState(discovery) { this.#discovery = discovery; }

  async redirectToAuthorization(url) {
    const response = await fetch(url, { redirect: 'manual' });
    if (response.status !== 302) throw new Error(`the authorization server: ${await response.text()}`);
    this.came = new URL(response.headers.get('location')).searchParams;
  }

  // The scopes that were granted, authorization by authorization.
  async granted(issuer) {
    const response = await fetch(`${issuer}/granted?client_id=${this.#client.client_id}`);
    return response.json();
  }
}
