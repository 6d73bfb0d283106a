// What the suite is told of a server. It lets a test that long-polls take a second more than the time-out it is told of: with the 500 ms
// that the servers here have, any pause of the machine would be a fault. So such tests have 5 s, as all others.
export const suiteOptions = (baseUrl) => ({ baseUrl, longPollTimeoutMs: 4_000, subscriptions: true })
