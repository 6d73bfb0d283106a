// Clients place, pay and ship orders while the service is killed again and again. Each command has a key and is sent until it
// is answered. At the end: every answer is in the streams, nothing is there twice, every unpaid order was cancelled, no piece of
// stock got lost, and the read models say what the streams say.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import http from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Server} from '../harness/server.mjs';

const [program, killsText, storeProgram] = process.argv.slice(2);
const kills = Number(killsText);
const clients = 6;
const deadline = Date.now() + 55_000;
const data = mkdtempSync(join(tmpdir(), 'orders-kill-'));
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
console.log(`seed ${seed}`);

let state = BigInt(seed) * 2654435761n + 1n;
const random = end => {
  state ^= (state << 13n) & 0xffffffffffffffffn;
  state ^= state >> 7n;
  state ^= (state << 17n) & 0xffffffffffffffffn;
  return Number(state % BigInt(end));
};

let service;
let store;
let port = 0;
let ready = Promise.resolve();

function start() {
  const elsewhere = store ? ['--store', store.url] : [];
  ready = new Promise((resolve, reject) => {
    service = spawn(program, ['serve', '--listen', `127.0.0.1:${port}`, '--data', data, ...elsewhere], {stdio: ['ignore', 'pipe', 'inherit']});
    let text = '';
    service.stdout.on('data', chunk => {
      text += chunk;
      const found = /http:\/\/127\.0\.0\.1:(\d+)\/\n/.exec(text);
      if (found) {
        port = Number(found[1]);
        resolve();
      }
    });
    service.once('exit', (code, signal) => { if (signal !== 'SIGKILL') reject(new Error(`the service ended: ${code} ${signal}`)); });
  });
  ready.catch(() => {});
  return ready;
}

const exited = process_ => new Promise(resolve => process_.exitCode !== null || process_.signalCode ? resolve() : process_.once('exit', resolve));

/// Kills what keeps the events: the service, or the store when that is a process of its own.
async function kill() {
  if (store) {
    await store.kill();
    await store.start();
    return;
  }
  const killed = service;
  killed.kill('SIGKILL');
  await exited(killed);
  await start();
}

function request(method, target, {key, body, agent} = {}) {
  return new Promise((resolve, reject) => {
    const headers = {};
    if (key) headers['idempotency-key'] = key;
    if (body) headers['content-type'] = 'application/json';
    const call = http.request({host: '127.0.0.1', port, method, path: target, headers, agent, timeout: 10_000}, response => {
      let text = '';
      response.on('data', chunk => { text += chunk; });
      response.on('end', () => resolve({status: response.statusCode, replayed: response.headers['idempotent-replayed'] === 'true', body: text ? JSON.parse(text) : null}));
      response.on('error', reject);
    });
    call.on('timeout', () => call.destroy(new Error('no answer in 10 s')));
    call.on('error', reject);
    call.end(body ? JSON.stringify(body) : undefined);
  });
}

const counts = {commands: 0, unanswered: 0, replayed: 0};

/// Sends a command until it is answered.
async function command(target, key, body, agent) {
  for (;;) {
    assert(Date.now() < deadline, 'the commands are not answered in time');
    try {
      await ready;
      const answer = await request('POST', target, {key, body, agent});
      if (answer.status === 504) throw new Error('what became of the command is unknown');
      if (answer.status === 409 || answer.status === 503) continue;
      assert(answer.status < 500, `${target}: ${answer.status} ${JSON.stringify(answer.body)}`);
      counts.commands += 1;
      if (answer.replayed) counts.replayed += 1;
      return answer;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      counts.unanswered += 1;
      await new Promise(resolve => setImmediate(resolve));
    }
  }
}

const orders = new Map(); // id -> {paid, shipped, answers}
let stopping = false;

async function client(number) {
  const agent = new http.Agent({keepAlive: true, maxSockets: 1});
  for (let i = 0; !stopping; ++i) {
    const id = `${number}-${i}`;
    const quantity = 1 + random(3);
    const sku = `S${random(3)}`;
    const send = (verb, body) => command(`/api/orders/${id}/${verb}`, `${id}-${verb}`, body, agent);
    const placed = await send('place', {customer: `c${number}`, lines: [{sku, name: sku, quantity, unit_price: '2.50'}], pay_within_s: 1});
    assert.equal(placed.status, 201, JSON.stringify(placed.body));
    const order = {sku, quantity, answers: [placed.body], paid: false, shipped: false};
    orders.set(id, order);
    if (random(3) === 0) continue; // never paid: the workflow cancels it
    const paid = await send('pay', {payment_id: `p-${id}`, amount: (quantity * 2.5).toFixed(2)});
    order.paid = paid.status === 200;
    order.answers.push(paid.body);
    if (!order.paid) {
      assert.equal(paid.body.code, 'order-not-open'); // too late
      continue;
    }
    if (random(2) === 0) continue;
    const shipped = await send('ship', {shipment_id: `s-${id}`, carrier: 'Post'});
    assert.equal(shipped.status, 200, JSON.stringify(shipped.body));
    order.shipped = true;
    order.answers.push(shipped.body);
  }
  agent.destroy();
}

async function pages(target, list) {
  const all = [];
  for (let next = target; next;) {
    const {status, body} = await request('GET', next);
    assert.equal(status, 200, JSON.stringify(body));
    all.push(...body[list]);
    next = body.next;
  }
  return all;
}

/// Reads the streams from the store itself: no event id twice, and as many events as the service shows.
async function storeHoldsEachEventOnce() {
  for (const [id, order] of orders) {
    const response = await fetch(store.streamUrl(`orders/${id}`));
    const events = await response.json();
    assert.equal(new Set(events.map(event => event.id)).size, events.length, id);
    assert.equal(events.length, 2 + (order.shipped ? 1 : 0), id);
  }
}

/// The debugger of the service tells the same from the store elsewhere: states, what broke, causes and effects.
async function debuggerTellsTheSame() {
  const ask = async query => {
    const {status, body} = await request('GET', `/debug/api/${query}`);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  for (const [id, order] of [...orders].slice(0, 40)) {
    const stream = `stream=orders/${id}`;
    assert.equal((await ask(`state?${stream}&at=1`)).state.status, 'placed', id);
    const last = await ask(`state?${stream}`);
    assert.equal(last.state.status, order.shipped ? 'shipped' : order.paid ? 'paid' : 'cancelled', id);
    assert.equal(last.tail, 2 + (order.shipped ? 1 : 0), id);
    assert((await ask(`invariants?${stream}`)).invariants.every(({broken, complete}) => complete && broken.length === 0), id);
  }
  const [placed] = orders.keys();
  const {nodes} = await ask(`trace?stream=orders/${placed}&event=1`);
  for (const type of ['CommandHandled', 'OrderPlaced']) assert(nodes.some(node => node.type === type), JSON.stringify(nodes));
}

let passed = 0;
let failed = 0;
async function check(name, body) {
  try {
    await body();
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(`FAILED: ${name}\n${error.stack}`);
  }
}

const until = async (what, done) => {
  for (;;) {
    if (await done()) return;
    assert(Date.now() < deadline, `waited in vain: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
};

try {
  if (storeProgram) store = await Server.start({binary: storeProgram, dataDir: join(data, 'store')});
  await start();
  for (let i = 0; i < 3; ++i) await command(`/api/stock/S${i}/receive`, `receive-${i}`, {quantity: 100_000});
  const running = Array.from({length: clients}, (_, number) => client(number));
  const broken = Promise.all(running);
  for (let i = 0; i < kills; ++i) {
    // Another moment of the work each time: after some more answers.
    const goal = counts.commands + 20 + random(200);
    await Promise.race([broken, until('answers between two kills', () => counts.commands >= goal)]);
    await kill();
  }
  stopping = true;
  await broken;
  console.log(`${kills} kills, ${orders.size} orders, ${counts.commands} answers, ${counts.unanswered} attempts without, ${counts.replayed} replayed`);

  const shown = new Map();
  await until('every unpaid order is cancelled', async () => {
    shown.clear();
    for (const order of await pages('/api/orders?limit=500&sort=placed', 'orders')) shown.set(order.id, order);
    return [...orders].every(([id, order]) => order.paid || shown.get(id)?.status === 'cancelled');
  });

  if (!storeProgram) {
    await check('some answers were lost, and given again', () => assert(counts.unanswered > 0 && counts.replayed > 0));
  }
  await check('each order has each of its events once, as answered', async () => {
    for (const [id, order] of orders) {
      const {body} = await request('GET', `/api/orders/${id}/history`);
      const types = body.events.map(event => event.type);
      const expected = ['OrderPlaced', order.paid ? 'OrderPaid' : 'OrderCancelled'];
      if (order.shipped) expected.push('ShipmentSent');
      assert.deepEqual(types, expected, id);
      for (const answer of order.answers) {
        if (!answer.events) continue;
        assert.equal(body.events[answer.offset - 1].type, answer.events.at(-1), id);
      }
    }
  });
  await check('no order is there that nobody placed', () => assert.equal(shown.size, orders.size));
  await check('the list says what the streams say', () => {
    for (const [id, order] of orders) {
      assert.equal(shown.get(id).status, order.shipped ? 'shipped' : order.paid ? 'paid' : 'cancelled', id);
    }
  });
  await check('no piece of stock is lost or promised twice', async () => {
    const stock = await pages('/api/stock', 'stock');
    for (const {sku, on_hand, reserved} of stock) {
      const those = [...orders.values()].filter(order => order.sku === sku);
      const sum = list => list.reduce((total, order) => total + order.quantity, 0);
      assert.equal(on_hand, 100_000 - sum(those.filter(order => order.shipped)), sku);
      assert.equal(reserved, sum(those.filter(order => order.paid && !order.shipped)), sku);
    }
  });
  await check('revenue is what was paid', async () => {
    const {body} = await request('GET', '/api/revenue');
    const paid = [...orders.values()].filter(order => order.paid).reduce((total, order) => total + order.quantity * 2.5, 0);
    assert.equal(body.paid, paid.toFixed(2));
  });
  await check('no projection is stuck, and none left an event out', async () => {
    const {body} = await request('GET', '/api/projections');
    for (const projection of body.projections) {
      assert.equal(projection.error, '', projection.name);
      assert.equal(projection.skipped + projection.parked_events, 0, projection.name);
    }
  });
  if (storeProgram) await check('the store holds each event once, whoever asks it', storeHoldsEachEventOnce);
  if (storeProgram) await check('the debugger of the service runs over the store elsewhere', debuggerTellsTheSame);
  await check('SIGTERM ends it with 0', async () => {
    const ending = service;
    ending.kill('SIGTERM');
    await exited(ending);
    assert.equal(ending.exitCode, 0);
  });
} catch (error) {
  failed += 1;
  console.log(`FAILED: ${error.stack}`);
} finally {
  if (service && service.exitCode === null) service.kill('SIGKILL');
  await store?.kill();
  rmSync(data, {recursive: true, force: true});
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
