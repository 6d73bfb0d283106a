// What tests/bench/http/client.mjs measures of the client, against a server that it has started.
//   client_bench produce <url> <events>          appends events of 200 bytes by a producer; prints {"seconds":…}
//   client_bench catch_up <url> <events>         reads the stream from its beginning into structs; prints {"seconds":…}

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include <boost/describe/class.hpp>

#include "foldback/client/client.hpp"
#include "foldback/client/idempotent_producer.hpp"

namespace {

namespace client = foldback::client;

struct Event {
    std::uint64_t id = 0;
    std::string type;
    std::string data;
};
BOOST_DESCRIBE_STRUCT(Event, (), (id, type, data))

constexpr std::size_t event_bytes = 200;

/// The event of this number, whose JSON is of `event_bytes`: the same as event() of measure.mjs.
void become(Event& event, std::uint64_t number) {
    event.id = number;
    event.type = "item_added";
    const auto head = R"({"id":)" + std::to_string(number) + R"(,"type":"item_added","data":")";
    event.data.assign(event_bytes - head.size() - 2, 'x');
}

void produce(const client::DurableStream& stream, std::uint64_t events) {
    client::IdempotentProducer producer(stream, "bench",
                                        {.max_in_flight = 1, .on_error = [](const client::Undelivered& undelivered) {
                                             std::fprintf(stderr, "%s\n", undelivered.error.message.c_str());
                                         }});
    Event event;
    for (std::uint64_t number = 0; number < events; ++number) {
        become(event, number);
        producer.append(event).value();
    }
    producer.flush().value();
}

void catch_up(const client::DurableStream& stream, std::uint64_t events) {
    std::uint64_t next = 0;
    for (const auto& batch : stream.read()) {
        batch.for_each<Event>([&next](const Event& event) {
            if (event.id != next++) throw std::runtime_error("an event is missing");
        });
    }
    if (next != events) throw std::runtime_error("events are missing");
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 4) throw std::invalid_argument("write: client_bench produce|catch_up <url> <events>");
        // Raw bytes, as the peer gets them: between two programs of one machine compression only costs.
        const client::Client one({.accepts_compression = false});
        const auto stream = one.stream(argv[2], {.content_type = "application/json"});
        const auto events = std::strtoull(argv[3], nullptr, 10);
        const auto begun = std::chrono::steady_clock::now();
        if (std::string_view(argv[1]) == "produce") {
            produce(stream, events);
        } else {
            catch_up(stream, events);
        }
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begun;
        std::printf("{\"seconds\":%.6f}\n", time.count());
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
