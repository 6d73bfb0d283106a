-- wrk script: POSTs one body, or a batch of events, to a number of streams in turn.
-- wrk … -s append.lua URL -- <streams> <events per request>

local event_bytes = 200

local function event(number)
    local head = string.format('{"id":%d,"type":"item_added","data":"', number)
    return head .. string.rep("x", event_bytes - #head - 2) .. '"}'
end

local threads = 0

function setup(thread)
    thread:set("first", threads)
    threads = threads + 1
end

function init(args)
    local streams, events = tonumber(args[1]), tonumber(args[2])
    local body = event(1)
    if events > 1 then
        local batch = {}
        for number = 1, events do batch[number] = event(number) end
        body = "[" .. table.concat(batch, ",") .. "]"
    end
    local headers = { ["Content-Type"] = "application/json" }
    requests = {}
    for stream = 0, streams - 1 do
        requests[stream] = wrk.format("POST", "/v1/stream/bench/append-" .. stream, headers, body)
    end
    count = streams
    turn = first * math.floor(streams / 2)
end

function request()
    turn = turn + 1
    return requests[turn % count]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format('\nRESULT {"requests":%d,"microseconds":%d,"errors":%d,"p99_us":%d}\n',
        summary.requests, summary.duration,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout, latency:percentile(99)))
end
