// A line to the server on PORT of loopback that can be cut, as networks are. It says "ready HERE CONTROL" when it is up;
// `POST /cut` on the second port breaks every connection on it, and `GET /resumed` there tells how many requests have
// said which event they had last.
//   line.mjs PORT

import http from 'node:http';
import net from 'node:net';

const connections = new Set();
let resumed = 0;

const line = net.createServer((client) => {
  const server = net.connect(Number(process.argv[2]), '127.0.0.1');
  const ends = [client, server];
  connections.add(ends);
  client.on('data', (bytes) => { resumed += bytes.latin1Slice().split(/^last-event-id:/im).length - 1; });
  client.pipe(server).pipe(client);
  for (const end of ends) {
    end.on('error', () => {});
    end.on('close', () => {
      connections.delete(ends);
      for (const other of ends) other.destroy();
    });
  }
});

function cut() {
  const count = connections.size;
  for (const [client, server] of connections) {
    client.resetAndDestroy();
    server.resetAndDestroy();
  }
  return count;
}

const control = http.createServer((request, response) => {
  const told = request.method === 'POST' ? cut() : resumed;
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(told));
});

const listening = [line, control].map((server) => new Promise((resolve) => {
  server.listen(0, '127.0.0.1', () => resolve(server.address().port));
}));
console.log(`ready ${(await Promise.all(listening)).map((port) => `http://127.0.0.1:${port}`).join(' ')}`);
