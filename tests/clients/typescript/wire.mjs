// A `fetch` that remembers what went over the wire.

export class Wire {
  // What was posted, as `{ rpc, status, challenge }`; the status is that of the answer.
  posts = [];

  fetch = async (url, init) => {
    const response = await fetch(url, init);
    if (init?.method === 'POST' && init.headers.get?.('content-type') === 'application/json') {
      const { status, headers } = response;
      this.posts.push({ rpc: JSON.parse(init.body), status, challenge: headers.get('www-authenticate') });
    }
    return response;
  };

  // The posts with this method.
  of(method) {
    return this.posts.filter(({ rpc }) => rpc.method === method);
  }
}
