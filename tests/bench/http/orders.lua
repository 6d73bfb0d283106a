-- wrk script: places orders with the order service, or appends what is posted there as plain messages.
-- wrk … -s orders.lua URL -- place|append <articles or streams> <name of the run>

local threads = 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init(args)
    places = args[1] == "place"
    count = tonumber(args[2])
    name = string.format("%s-%d", args[3], number)
    turn = 0
end

function request()
    turn = turn + 1
    local body = string.format(
        '{"customer":"Ada Lovelace","lines":[{"sku":"BENCH-%04d","name":"Assam tea","quantity":1,"unit_price":"8.90"}]}',
        turn * 7 % count)
    local headers = { ["Content-Type"] = "application/json" }
    if not places then return wrk.format("POST", "/v1/stream/bench/" .. turn % count, headers, body) end
    local id = string.format("%s-%d", name, turn)
    headers["Idempotency-Key"] = id
    return wrk.format("POST", "/api/orders/" .. id .. "/place", headers, body)
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format('\nRESULT {"requests":%d,"microseconds":%d,"errors":%d,"p99_us":%d}\n',
        summary.requests, summary.duration,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout, latency:percentile(99)))
end
