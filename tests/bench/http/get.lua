-- wrk script: GETs the URL as it is and reports the counts as one line of JSON.

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format('\nRESULT {"requests":%d,"microseconds":%d,"errors":%d,"p99_us":%d}\n',
        summary.requests, summary.duration,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout, latency:percentile(99)))
end
