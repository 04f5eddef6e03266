// A `fetch` that remembers what went over the wire.

export class Wire {
  // What was posted, as `{ url, rpc, status, challenge }`; the status is that of the answer.
  posts = [];
  // What was asked for without a body, as `{ method, resumedAfter, status, type }`.
  others = [];

  fetch = async (url, init) => {
    const response = await fetch(url, init);
    const sent = new Headers(init?.headers);
    const { status, headers } = response;
    if (init?.method === 'POST' && sent.get('content-type') === 'application/json') {
      const challenge = headers.get('www-authenticate');
      this.posts.push({ url: new URL(url), rpc: JSON.parse(init.body), status, challenge });
    } else {
      const resumedAfter = sent.get('last-event-id') ?? undefined;
      this.others.push({ method: init?.method ?? 'GET', resumedAfter, status, type: headers.get('content-type') });
    }
    return response;
  };

  // The posts with this method.
  of(method) {
    return this.posts.filter(({ rpc }) => rpc.method === method);
  }

  // The statuses of the requests without a body with this verb.
  statuses(verb) {
    return this.others.filter(({ method }) => method === verb).map(({ status }) => status);
  }
}
