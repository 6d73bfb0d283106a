// Who asks, and what comes by itself. With an access file the service wants a token; it is kept for this tab only, where the
// debugger's page finds it, too.
const kept = 'foldback-token';

export const token = () => sessionStorage.getItem(kept);
export const keep = text => text ? sessionStorage.setItem(kept, text) : sessionStorage.removeItem(kept);

/// As fetch, with the token there is.
export function ask(address, options = {}) {
  const headers = token() === null ? options.headers : {...options.headers, authorization: `Bearer ${token()}`};
  return fetch(address, {...options, headers});
}

/// One server-sent event from its lines; none for a comment.
function eventOf(block) {
  const event = {type: 'message', data: []};
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) event.type = line.slice(6).trim();
    if (line.startsWith('data:')) event.data.push(line.slice(5).replace(/^ /, ''));
  }
  return event.data.length === 0 ? null : {type: event.type, data: event.data.join('\n')};
}

async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ''; ;) {
    const {value, done} = await reader.read();
    if (done) return;
    const blocks = (text + value).split('\n\n');
    text = blocks.pop();
    for (const event of blocks.map(eventOf)) if (event !== null) yield event;
  }
}

/// Follows server-sent events until it is stopped, also through lost connections. An EventSource would send no token.
export function follow(address, {open, event, lost, refused}) {
  const stop = new AbortController();
  const wait = ms => new Promise(resolve => { setTimeout(resolve, ms); });
  (async () => {
    while (!stop.signal.aborted) {
      try {
        const response = await ask(address, {signal: stop.signal, headers: {accept: 'text/event-stream'}});
        if (response.status === 401 || response.status === 403) return refused(response.status);
        if (!response.ok) throw new Error(`status ${response.status}`);
        open();
        for await (const one of eventsOf(response)) event(one);
      } catch (error) {
        if (stop.signal.aborted) return;
        lost(error);
        await wait(1000);
      }
    }
  })();
  return () => stop.abort();
}
