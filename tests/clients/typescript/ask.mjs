// A client that can be asked, and that remembers what it was asked and told.

import assert from 'node:assert/strict';

export const ROOTS = ['file:///home/alice/letters', 'file:///home/alice/notes'];
const ALICE = { username: 'alice', email: 'alice@example.com' };

export class Asked {
  capabilities = { elicitation: {}, sampling: {}, roots: { listChanged: true } };
  // The parameters of each question, under its method.
  questions = { 'elicitation/create': [], 'sampling/createMessage': [], 'roots/list': [] };
  // The parameters of each notification, under its method.
  told = {
    'notifications/tools/list_changed': [],
    'notifications/resources/updated': [],
    'notifications/message': [],
  };
  // What the user does next with a form.
  action = 'accept';
  // What happens before it answers.
  thinks = async () => {};
  #waiting = [];

  // Has this client answer and listen; how, `sdk` knows.
  watch(sdk, client) {
    const answers = {
      'elicitation/create': () => (
        this.action === 'accept' ? { action: 'accept', content: ALICE } : { action: this.action }
      ),
      'sampling/createMessage': ({ messages }) => ({
        role: 'assistant', model: 'echo', content: { type: 'text', text: messages[0].content.text.toUpperCase() },
      }),
      'roots/list': () => ({ roots: ROOTS.map((uri) => ({ uri })) }),
    };
    for (const [method, answer] of Object.entries(answers)) {
      sdk.answer(client, method, async ({ params }) => {
        this.questions[method].push(params);
        await this.thinks();
        return answer(params);
      });
    }
    for (const method of Object.keys(this.told)) {
      sdk.listen(client, method, async ({ params }) => {
        this.told[method].push(params);
        for (const look of this.#waiting) look();
      });
    }
  }

  // Waits until it has been told this so often.
  async hears(method, count = 1) {
    await new Promise((resolve, reject) => {
      const given = setTimeout(() => reject(new Error(`${method} was not heard`)), 10_000);
      const look = () => {
        if (this.told[method].length < count) return;
        clearTimeout(given);
        resolve();
      };
      this.#waiting.push(look);
      look();
    });
    assert.equal(this.told[method].length, count);
  }
}
