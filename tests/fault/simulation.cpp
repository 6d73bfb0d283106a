#include "fault/simulation.hpp"

#include <utility>

#include "fault/answers.hpp"

namespace foldback::fault {
namespace {

using server::Method;
using server::Response;

constexpr std::size_t journal_lines = 60;

}  // namespace

Simulation::Simulation(std::uint64_t seed) : random_(seed), device_(std::make_shared<FaultyDevice>(seed)) {
    options_.clock = &clock_;
    options_.background_threads = false;
    options_.segment_bytes = (8U << 10) << below(4);
    options_.checkpoint_bytes = 1U << (9 + below(6));
    options_.rewrite_dead_fraction = 0.1;
    options_.max_resident_streams = 1 + below(6);
    for (int i = 0; i < 3; ++i) streams_.push_back("s" + std::to_string(i));
    for (std::size_t i = 0; i < 5; ++i)
        writers_.push_back({.name = "w" + std::to_string(i), .stream = streams_[i % streams_.size()]});
    for (std::size_t i = 0; i < 4; ++i) readers_.push_back({.stream = streams_[i % streams_.size()]});
}

// What is still queued is answered while the store is destroyed, before the clients go.
Simulation::~Simulation() {
    for (auto& reader : readers_) leave(reader);
    api_.reset();
    store_.reset();
}

void Simulation::note(std::string line) {
    journal_.push_back(std::to_string(now_) + " " + std::move(line));
    if (journal_.size() > journal_lines) journal_.pop_front();
}

std::string Simulation::journal() const {
    std::string text;
    for (const auto& line : journal_) text += "    " + line + "\n";
    return text;
}

void Simulation::mix(std::string_view text) {
    for (const char byte : text) fingerprint_ = (fingerprint_ ^ static_cast<unsigned char>(byte)) * 1099511628211U;
}

void Simulation::open() {
    store_ = LogStore::over(device_, options_);
    api_ = std::make_unique<server::Api>(*store_, server::ApiOptions{.read_threads = 1}, clock_);
    for (const auto& stream : streams_) {
        const auto created = call(Method::put, url(stream), {{"content-type", "application/json"}});
        // A stream that was closed before is there with another configuration.
        require_history(created.status == 201 || created.status == 200 || created.status == 409,
                        "creating " + stream + " answered " + std::to_string(created.status));
    }
}

void Simulation::run(unsigned generations, unsigned steps) {
    for (unsigned i = 0; i < generations; ++i) {
        open();
        check_everything();
        if (below(4) == 0) device_->set_faults({.sync_fails = 0.01, .short_write = 0.1});
        for (unsigned at = 0; at < steps && !store_->stats().broken; ++at) {
            ++now_;
            step();
        }
        end_generation();
    }
    open();
    check_everything();
}

void Simulation::end_generation() {
    const auto how = below(3);
    note(how == 0 ? "==== the power fails" : how == 1 ? "==== the process is killed" : "==== the store is closed");
    if (how == 0) device_->crash();
    if (how == 1) device_->kill();
    for (auto& reader : readers_) leave(reader);
    ++generation_;  // answers that come from now on reach nobody
    api_.reset();
    store_.reset();
    device_->set_faults({});
    for (auto& writer : writers_) writer.may_be_there |= std::exchange(writer.in_flight, false);
}

void Simulation::step() {
    const auto dice = below(100);
    if (dice < 30) return write(writers_[below(writers_.size())]);
    if (dice < 60) return read(readers_[below(readers_.size())]);
    if (dice < 85) return (void)store_->run_one(LogStore::Work::commit);
    if (dice < 89) return (void)store_->run_one(LogStore::Work::checkpoint);
    if (dice < 92) return rewrite();
    if (dice < 93) return clock_.advance(std::chrono::milliseconds{below(5'000)});
    if (dice < 95) return look_at_tail();
    if (dice < 97) return remove_stream();
    if (dice < 98) return look_at_removed();
    if (dice < 99) return write_fenced_off(writers_[below(writers_.size())]);
    if (below(8) == 0) close_stream();
}

void Simulation::rewrite() {
    try {
        (void)store_->run_one(LogStore::Work::rewrite);
    } catch (const StorageError& error) {
        note(std::string("rewriting fails: ") + error.what());
        require_history(device_->faults_injected() > 0, "rewriting failed, but the disk did not");
    }
}

Response Simulation::call(Method method, const std::string& target,
                          std::vector<std::pair<std::string, std::string>> headers, std::string text) {
    server::Request request;
    request.method = method;
    request.target = target;
    request.headers = std::move(headers);
    request.body = std::move(text);
    ++requests_;
    auto reply = api_->handle(std::move(request));
    if (auto* response = std::get_if<Response>(&reply)) return std::move(*response);
    auto* pending = std::get_if<server::Pending>(&reply);
    require_history(pending != nullptr, "a plain request is answered later: " + target);
    const auto got = std::make_shared<std::optional<Response>>();
    pending->start([got](Response response) { *got = std::move(response); });
    while (!*got && store_->run_one(LogStore::Work::commit)) {
    }
    require_history(got->has_value(), "a write was not answered: " + target);
    mix(std::to_string((*got)->status));
    return std::move(**got);
}

std::vector<std::uint64_t> Simulation::whole(const std::string& stream) {
    std::vector<std::uint64_t> log;
    std::string offset = "-1";
    for (bool more = true; more;) {
        const auto response = call(Method::get, url(stream) + "?offset=" + offset);
        require_history(response.status == 200, stream + " cannot be read: " + std::to_string(response.status));
        const auto messages = messages_of(body(response));
        log.insert(log.end(), messages.begin(), messages.end());
        offset = header(response, "stream-next-offset");
        more = header(response, "stream-up-to-date") != "true";
    }
    return log;
}

void Simulation::check_everything() {
    for (const auto& stream : streams_) {
        auto seen = seen_[stream];
        for (const auto& writer : writers_) {
            // What was under way may be there.
            if (writer.stream == stream && writer.unanswered) seen.appends.push_back(*writer.unanswered);
        }
        for (const auto& reader : readers_) {
            if (reader.stream == stream) seen.readers.push_back(reader.seen);
        }
        check_history(stream, seen, whole(stream));
        const auto head = call(Method::head, url(stream));
        require_history(!seen.closed_at || header(head, "stream-closed") == "true", stream + " is open again");
    }
    for (const auto& stream : removed_)
        require_history(call(Method::head, url(stream)).status == 404, stream + " came back");
}

}  // namespace foldback::fault
