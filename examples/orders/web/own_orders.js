// What a customer sees: the streams of his own orders, as the protocol has them. The shop's own API is not for him.
import {ask} from '/session.js';

async function json(address) {
  const response = await ask(address);
  const body = await response.json();
  if (!response.ok) throw Object.assign(new Error(body.detail), {status: response.status});
  return body;
}

/// The orders that the token may read, by the last part of their streams' names; the service leaves out all others.
export async function ownOrders() {
  const {streams} = await json('/v1/streams?prefix=orders/');
  return streams.map(({stream}) => stream.slice('orders/'.length));
}

/// What happened to one of them.
export const ownHistory = order => json(`/v1/stream/orders/${encodeURIComponent(order)}?offset=-1`);
