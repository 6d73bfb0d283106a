// The shop floor: a list of orders and one order's history, both live. What comes from events is text, never markup.
import {ownHistory, ownOrders} from '/own_orders.js';
import {ask, follow, keep, token} from '/session.js';

const $ = id => document.getElementById(id);

/// An element with properties and children; strings become text.
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter(child => child !== null));
  return element;
}

const time = ms => new Date(ms).toLocaleString([], {dateStyle: 'medium', timeStyle: 'short'});
const plain = text => { try { return decodeURIComponent(text); } catch { return text; } };
const chosen = () => location.hash.startsWith('#/orders/') ? plain(location.hash.slice(9)) : null;

let position = null; // what a command or the feed told us: queries show at least this
let nextPage = null;
let isCustomer = false; // the shop's API is not for this token, but its own orders' streams are

let hideMessage;
function say(text) {
  $('message').textContent = text;
  $('message').hidden = false;
  clearTimeout(hideMessage);
  hideMessage = setTimeout(() => { $('message').hidden = true; }, 5000);
}

async function get(address) {
  const at = position === null ? '' : `${address.includes('?') ? '&' : '?'}at_least=${position}`;
  const response = await ask(address + at);
  const body = await response.json();
  if (!response.ok) throw Object.assign(new Error(body.detail), {status: response.status});
  return body;
}

async function command(target, body) {
  // One key for one wish: trying again after a lost connection does nothing twice.
  const key = crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random()}`;
  for (let attempt = 1; ; ++attempt) {
    try {
      const response = await ask(target, {
        method: 'POST', body: JSON.stringify(body),
        headers: {'content-type': 'application/json', 'idempotency-key': key, 'x-actor': 'shop floor'},
      });
      const answer = await response.json();
      if (response.status === 409 && attempt < 4) continue;
      if (!response.ok) { say(answer.detail); return false; }
      if (answer.position) position = Math.max(position ?? 0, answer.position);
      await refresh();
      return true;
    } catch (error) {
      if (attempt >= 4) { say(`No answer from the service: ${error.message}`); return false; }
    }
  }
}

// The list.

function row(order, fresh) {
  const link = make('a', {href: `#/orders/${encodeURIComponent(order.id)}`, className: fresh ? 'fresh' : ''},
    make('b', {}, order.customer), make('span', {className: 'money'}, order.total),
    make('span', {className: 'quiet'}, `${order.id} · ${time(order.placed_at_ms)}`), make('span', {className: `state ${order.status}`}, order.status));
  if (order.id === chosen()) link.setAttribute('aria-current', 'true');
  const item = make('li', {}, link);
  item.dataset.mark = `${order.id}@${order.offset}`;
  return item;
}

async function showOwnList() {
  const ids = await ownOrders();
  $('orders').replaceChildren(...ids.map(id => make('li', {}, make('a', {href: `#/orders/${encodeURIComponent(id)}`}, make('b', {}, decodeURIComponent(id))))));
  if (ids.length === 0) $('orders').append(make('li', {className: 'quiet'}, 'You have no orders.'));
}

async function showList() {
  if (isCustomer) return showOwnList();
  const query = new URLSearchParams({limit: '40', sort: $('sort').value});
  if ($('status').value) query.set('status', $('status').value);
  const list = await get(`/api/orders?${query}`);
  const before = new Set([...$('orders').children].map(item => item.dataset.mark));
  const focused = document.activeElement?.closest?.('#orders a')?.getAttribute('href');
  $('orders').replaceChildren(...list.orders.map(order => row(order, before.size > 0 && !before.has(`${order.id}@${order.offset}`))));
  if (list.orders.length === 0) $('orders').append(make('li', {className: 'quiet'}, 'No orders here.'));
  if (focused) [...$('orders').querySelectorAll('a')].find(link => link.getAttribute('href') === focused)?.focus();
  nextPage = list.next ?? null;
  $('more').hidden = nextPage === null;
}

// One order.

function actions(id, order) {
  const send = (verb, body) => () => command(`/api/orders/${encodeURIComponent(id)}/${verb}`, body);
  const button = (text, act) => make('button', {type: 'button', onclick: act}, text);
  const number = order.shipments.length + 1;
  const parcel = order.shipments.find(shipment => !shipment.delivered);
  const all = [];
  if (order.status === 'placed') all.push(button(`Pay ${order.total}`, send('pay', {payment_id: `pay-${id}`, amount: order.total})));
  if (order.status === 'paid') all.push(button('Ship what is left', send('ship', {shipment_id: `P${id}-${number}`, carrier: 'Post'})));
  if (parcel) all.push(button(`${parcel.id} arrived`, send('deliver', {shipment_id: parcel.id})));
  if (['placed', 'paid'].includes(order.status) && order.shipments.length === 0) all.push(button('Cancel', send('cancel', {reason: 'on the shop floor'})));
  return make('div', {className: 'actions'}, ...all);
}

/// What an event says, in a line.
function facts(data) {
  const said = value => Array.isArray(value) ? value.map(one => typeof one === 'object' ? `${one.quantity ?? ''} × ${one.name ?? one.sku ?? '…'}` : one).join(', ') : String(value);
  return Object.entries(data).filter(([, value]) => value !== '' && value !== null).map(([name, value]) => `${name.replaceAll('_', ' ')}: ${said(value)}`).join(' · ');
}

async function showOwnOrder(id) {
  const events = await ownHistory(id);
  if (id !== chosen()) return;
  $('order-title').textContent = `Order ${decodeURIComponent(id)}`;
  $('order-body').replaceChildren(make('h2', {}, 'What happened'), make('ol', {}, ...events.map(event => make('li', {},
    make('b', {}, event.type), make('span', {className: 'quiet'}, ` · ${time(event.timestamp)}`), make('p', {className: 'facts'}, facts(event.data))))));
}

async function showOrder() {
  const id = chosen();
  document.body.classList.toggle('chosen', id !== null);
  for (const link of $('orders').querySelectorAll('a')) {
    link.getAttribute('href') === location.hash ? link.setAttribute('aria-current', 'true') : link.removeAttribute('aria-current');
  }
  if (id === null) return;
  try {
    await (isCustomer ? showOwnOrder(id) : showWholeOrder(id));
  } catch (error) {
    // What stands here may be another order.
    if (id === chosen() && (error.status === 404 || $('order-body').dataset.id !== id)) {
      $('order-title').textContent = `Order ${id}`;
      delete $('order-body').dataset.id;
      $('order-body').replaceChildren(make('p', {className: 'quiet'}, error.message));
    }
    throw error;
  }
}

async function showWholeOrder(id) {
  const address = `/api/orders/${encodeURIComponent(id)}`;
  const [{order, summary}, history] = await Promise.all([get(address), get(`${address}/history?limit=500`)]);
  if (id !== chosen()) return;
  const cell = (tag, text, money) => make(tag, {className: money ? 'money' : ''}, String(text));
  const lines = order.lines.map(line => make('tr', {}, cell('td', line.name), cell('td', `${line.quantity}${line.shipped ? ` (${line.shipped} sent)` : ''}`), cell('td', line.unit_price, true)));
  const seen = $('order-body').dataset.id === id ? $('order-body').querySelectorAll('ol li').length : Infinity;
  const events = history.events.map((event, index) => make('li', {className: index >= seen ? 'fresh' : ''},
    make('b', {}, event.event), make('span', {className: 'quiet'}, ` · ${time(event.at_ms)}${event.stored_version === event.version ? '' : ` · stored as version ${event.stored_version}`}`),
    make('p', {className: 'facts'}, facts(event.data))));
  $('order-title').textContent = `Order ${id} · ${order.customer}`;
  $('order-body').dataset.id = id;
  $('order-body').replaceChildren(
    make('p', {}, make('span', {className: `state ${summary.status}`}, summary.status), ` · ${order.total}${order.refunded === '0.00' ? '' : `, ${order.refunded} refunded`} · by ${order.channel}`),
    make('table', {}, make('thead', {}, make('tr', {}, cell('th', 'Article'), cell('th', 'Pieces'), cell('th', 'Each', true))), make('tbody', {}, ...lines)),
    actions(id, order), make('h2', {}, 'What happened'), make('ol', {}, ...events),
    make('p', {}, make('a', {href: `/debug/#/${history.stream.split('/').map(encodeURIComponent).join('/')}`, id: 'debug'}, 'Open it in the debugger')));
}

// Who asks.

function mustEnter(why) {
  stopListening?.();
  stopListening = null;
  $('live').textContent = 'signed out';
  $('live').className = '';
  $('enter').hidden = false;
  $('leave').hidden = true;
  document.querySelector('main').hidden = true;
  $('enter').elements.token.focus();
  if (why) say(why);
}

function show() {
  $('enter').hidden = true;
  $('leave').hidden = token() === null;
  // A link sends no token; the debugger's page asks with the one that is kept.
  for (const link of document.querySelectorAll('nav a')) {
    link.hidden = token() !== null && (isCustomer || link.getAttribute('href') !== '/debug/');
  }
  document.querySelector('main').hidden = false;
  document.querySelector('#list .bar').hidden = isCustomer;
}

const failed = error => error.status === 401 ? mustEnter(token() === null ? '' : 'This token is not valid any more.') : say(error.message);
const refresh = () => Promise.all([showList(), showOrder()]).catch(failed);

async function begin() {
  try {
    isCustomer = false;
    await get('/api/orders?limit=1');
  } catch (error) {
    if (error.status === 401) return failed(error);
    isCustomer = error.status === 403;
  }
  show();
  listen();
}

$('enter').onsubmit = event => {
  event.preventDefault();
  keep($('enter').elements.token.value.trim());
  $('enter').reset();
  begin();
};
$('leave').onclick = () => { keep(null); location.hash = '#/'; location.reload(); };

// Live: one connection for the whole page, closed while nobody looks.

let stopListening = null;
let due = false;
function listen() {
  stopListening?.();
  stopListening = follow('/v1/feed?prefix=orders/&position=now&live=sse', {
    open() { $('live').textContent = 'live'; $('live').className = 'on'; refresh(); },
    lost() { $('live').textContent = 'reconnecting'; $('live').className = ''; },
    refused() { mustEnter('This token is not valid any more.'); },
    event({type, data}) {
      if (type !== 'data') return;
      for (const message of JSON.parse(data)) position = Math.max(position ?? 0, Number(message.position) + 1);
      if (due) return;
      due = true; // many events, one look
      setTimeout(() => { due = false; refresh(); }, 150);
    },
  });
}
document.addEventListener('visibilitychange', () => {
  if (!$('enter').hidden) return;
  if (document.hidden) { stopListening?.(); stopListening = null; $('live').textContent = 'asleep'; $('live').className = ''; }
  else if (stopListening === null) listen();
});

// Hands.

$('status').onchange = $('sort').onchange = () => showList().catch(failed);
$('more').onclick = async () => {
  try {
    const list = await get(nextPage);
    $('orders').append(...list.orders.map(order => row(order, false)));
    nextPage = list.next ?? null;
    $('more').hidden = nextPage === null;
  } catch (error) { failed(error); }
};
$('new').onclick = async () => {
  if (isCustomer) return;
  $('place').hidden = !$('place').hidden;
  if ($('place').hidden) return;
  try {
    const {stock} = await get('/api/stock?limit=500');
    $('place').elements.sku.replaceChildren(...stock.map(one => make('option', {value: one.sku}, `${one.sku} (${one.available})`)));
  } catch (error) { failed(error); }
  $('place').elements.customer.focus();
};
$('place').onsubmit = async event => {
  event.preventDefault();
  const {customer, sku, quantity, price} = $('place').elements;
  const id = `W${Date.now().toString(36).toUpperCase()}`;
  const line = {sku: sku.value, name: sku.value, quantity: Number(quantity.value), unit_price: price.value};
  if (!await command(`/api/orders/${id}/place`, {customer: customer.value, lines: [line]})) return;
  $('place').hidden = true;
  location.hash = `#/orders/${id}`;
};
document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape') { $('place').hidden = true; location.hash = '#/'; return; }
  if (/^(INPUT|SELECT)$/.test(event.target.tagName)) return;
  if (event.key === 'n') { event.preventDefault(); $('new').click(); return; }
  const step = {ArrowDown: 1, j: 1, ArrowUp: -1, k: -1}[event.key];
  if (!step) return;
  const links = [...$('orders').querySelectorAll('a')];
  const at = links.findIndex(link => link.getAttribute('href') === location.hash);
  const link = links[at < 0 ? 0 : Math.min(Math.max(at + step, 0), links.length - 1)];
  if (link) { event.preventDefault(); location.hash = link.getAttribute('href'); link.focus(); }
});
window.addEventListener('hashchange', () => showOrder().catch(failed));
begin();
