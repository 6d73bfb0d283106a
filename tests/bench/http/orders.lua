-- wrk script: places orders with the order service, or appends as plain messages what is posted there, or the events that an
-- order comes to: three, to three streams in one commit, of which two are new.
-- wrk … -s orders.lua URL -- place|append|events <articles or streams> <name of the run>

local threads = 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init(args)
    mode = args[1]
    count = tonumber(args[2])
    name = string.format("%s-%d", args[3], number)
    turn = 0
end

local headers = { ["Content-Type"] = "application/json" }

local function event(type, version, id, number, data)
    return string.format(
        '{"type":"%s","version":%d,"id":"http:%s%s","timestamp":1795898567386,"data":%s,"meta":{"correlation":"orders/%s",' ..
        '"causation":"place orders/%s 26fa84b7bc457344","command":"http:%s","actor":"anonymous"}}',
        type, version, id, number, data, id, id, id)
end

local function part(stream, is_new, message)
    local creation = is_new and '"expected":0,"create":{"content_type":"application/json"},' or ""
    return string.format('{"stream":"bench/%s",%s"messages":[%s]}', stream, creation, message)
end

-- Byte for byte what the service writes, but that the streams are none that its projections follow.
local function events_of_order(id, article)
    local placed = string.format(
        '{"customer":"Ada Lovelace","lines":[{"sku":"BENCH-%04d","name":"Assam tea","quantity":1,"unit_price":"8.90"}],' ..
        '"channel":"web","pay_within_s":1800}', article)
    local handled = string.format(
        '{"answer":"appended","streams":[{"stream":"orders/%s","first":0,"next":1},{"stream":"stock/BENCH-%04d","first":2,"next":3}]}',
        id, article)
    local reserved = string.format('{"order":"%s","quantity":1}', id)
    return string.format('{"appends":[%s,%s,%s]}',
        part("orders/" .. id, true, event("OrderPlaced", 3, id, ".0", placed)),
        part(string.format("stock/BENCH-%04d", article), false, event("StockReserved", 1, id, ".1", reserved)),
        part("commands/" .. id, true, event("CommandHandled", 1, id, "", handled)))
end

function request()
    turn = turn + 1
    local id = string.format("%s-%d", name, turn)
    local article = turn * 7 % count
    if mode == "events" then return wrk.format("POST", "/v1/append", headers, events_of_order(id, article)) end
    local body = string.format(
        '{"customer":"Ada Lovelace","lines":[{"sku":"BENCH-%04d","name":"Assam tea","quantity":1,"unit_price":"8.90"}]}', article)
    if mode == "append" then return wrk.format("POST", "/v1/stream/bench/" .. turn % count, headers, body) end
    local command = { ["Content-Type"] = "application/json", ["Idempotency-Key"] = id }
    return wrk.format("POST", "/api/orders/" .. id .. "/place", command, body)
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format('\nRESULT {"requests":%d,"microseconds":%d,"errors":%d,"p99_us":%d}\n',
        summary.requests, summary.duration,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout, latency:percentile(99)))
end
