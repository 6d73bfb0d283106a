#include "model/operations.hpp"

#include <algorithm>

namespace foldback::model {
namespace {

constexpr std::uint64_t path_count = 18;

std::string describe_messages(const Messages& messages) {
    return std::to_string(messages.count()) + (messages.framing() == Framing::json ? " json" : " bytes") + ", " +
           std::to_string(messages.joined().size()) + " B";
}

std::string describe_append(const AppendRequest& request) {
    std::string text = request.stream.text() + ": " + describe_messages(request.messages);
    if (request.expected) text += ", expected " + std::to_string(request.expected->value);
    if (request.producer) {
        text += ", producer " + request.producer->id + " " + std::to_string(request.producer->epoch) + "/" +
                std::to_string(request.producer->seq);
    }
    if (request.stream_seq) text += ", seq " + *request.stream_seq;
    if (request.create_with) text += ", creates";
    if (request.close) text += ", closes";
    return text;
}

struct Describer {
    std::string operator()(const CreateRequest& request) const {
        std::string text = "create " + request.stream.text() + " " + request.config.content_type;
        if (request.config.ttl) text += ", ttl " + std::to_string(request.config.ttl->count());
        if (request.config.expires_at) text += ", expires";
        if (request.fork) {
            text += ", fork of " + request.fork->source.text();
            if (request.fork->at) text += " at " + std::to_string(request.fork->at->offset.value);
            text += "+" + std::to_string(request.fork->sub_offset);
        }
        return text + ", " + describe_messages(request.initial) + (request.closed ? ", closed" : "");
    }
    std::string operator()(const AppendRequest& request) const { return "append " + describe_append(request); }
    std::string operator()(const std::vector<AppendRequest>& requests) const {
        std::string text = "append to several";
        for (const auto& request : requests) text += " | " + describe_append(request);
        return text;
    }
    std::string operator()(const Remove& request) const { return "remove " + request.stream.text(); }
    std::string operator()(const Truncate& request) const {
        return "truncate " + request.stream.text() + " before " + std::to_string(request.before.value);
    }
};

}  // namespace

void submit(StreamStore& store, Operation operation, std::function<void(Outcome)> done) {
    const auto tell = [done = std::move(done)](auto result) { done(Outcome(std::move(result))); };
    if (auto* create = std::get_if<CreateRequest>(&operation)) store.create(std::move(*create), tell);
    if (auto* append = std::get_if<AppendRequest>(&operation)) store.append(std::move(*append), tell);
    if (auto* several = std::get_if<std::vector<AppendRequest>>(&operation))
        store.append_all(std::move(*several), tell);
    if (auto* remove = std::get_if<Remove>(&operation)) store.remove(remove->stream, tell);
    if (auto* truncate = std::get_if<Truncate>(&operation))
        store.truncate_before(truncate->stream, truncate->before, tell);
}

std::string describe(const Operation& operation) { return std::visit(Describer{}, operation); }

std::string Generator::any_path() {
    const auto number = below(random_, path_count);
    return (number % 3 == 0 ? "a/" : "b/") + std::to_string(number);
}

std::string Generator::existing_path() {
    const auto& streams = model_.streams();
    if (streams.empty() || chance(random_, 5)) return any_path();
    auto at = streams.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(below(random_, streams.size())));
    return at->second.path;
}

Operation Generator::next() {
    const auto dice = below(random_, 100);
    if (model_.streams().size() < 4 || dice < 8) return create();
    if (dice < 15) return fork();
    if (dice < 80) return append();
    if (dice < 88) return append_all();
    if (dice < 94) return Remove{existing_path()};
    return truncate();
}

StreamConfig Generator::config() {
    StreamConfig config{.content_type = chance(random_, 60) ? "application/json" : "text/plain"};
    const auto dice = below(random_, 10);
    if (dice == 0) config.ttl = std::chrono::seconds{10 + below(random_, 200)};
    if (dice == 1) config.expires_at = clock_.now() + std::chrono::seconds{10 + below(random_, 400)};
    return config;
}

CreateRequest Generator::create() {
    CreateRequest request{.stream = chance(random_, 80) ? any_path() : existing_path(), .config = config()};
    if (const auto* stream = model_.find(request.stream.text()); stream != nullptr && chance(random_, 50)) {
        request.config = stream->config;
        request.closed = stream->closed;
    }
    if (chance(random_, 30)) request.initial = messages(framing_of(request.config.content_type));
    if (chance(random_, 4)) request.closed = true;
    return request;
}

CreateRequest Generator::fork() {
    CreateRequest request{
        .stream = any_path(), .config = {.content_type = {}}, .fork = ForkFrom{.source = existing_path()}};
    if (chance(random_, 15)) request.config = config();
    const auto* source = model_.find(request.fork->source.text());
    if (source != nullptr && chance(random_, 70)) {
        const auto span = source->tail - source->first + 1;
        const auto offset = chance(random_, 4) ? source->tail + 1 : source->first + below(random_, span);
        request.fork->at = model_.point(*source, offset);
        if (chance(random_, 40) && offset <= source->tail)
            request.fork->sub_offset = below(random_, source->tail - offset + 1);
        if (chance(random_, 3)) ++request.fork->at->incarnation.value;
    }
    if (source != nullptr && chance(random_, 20)) request.initial = messages(source->framing());
    return request;
}

AppendRequest Generator::append() { return append_to(existing_path()); }

AppendRequest Generator::append_to(const std::string& path) {
    AppendRequest request{.stream = path};
    const auto* stream = model_.find(path);
    const auto framing = stream != nullptr ? stream->framing() : Framing::json;
    if (!chance(random_, 3)) request.messages = messages(chance(random_, 98) ? framing : Framing::bytes);
    if (chance(random_, 20)) request.content_type = stream != nullptr ? stream->config.content_type : "text/plain";
    if (chance(random_, 25))
        request.expected = Offset{stream != nullptr && chance(random_, 85) ? stream->tail : below(random_, 8)};
    if (chance(random_, 45)) request.producer = producer(path);
    if (chance(random_, 12))
        request.stream_seq = std::to_string(1000 + counter_ - (chance(random_, 25) ? below(random_, 40) : 0));
    if (chance(random_, 2) || request.messages.empty()) request.close = true;
    if (chance(random_, 15))
        request.create_with =
            StreamConfig{.content_type = framing == Framing::json ? "application/json" : "text/plain"};
    return request;
}

std::vector<AppendRequest> Generator::append_all() {
    std::vector<AppendRequest> requests;
    const auto count = 1 + below(random_, 4);
    for (std::uint64_t i = 0; i < count; ++i) {
        auto request = append();
        const bool again = std::any_of(requests.begin(), requests.end(),
                                       [&](const auto& other) { return other.stream == request.stream; });
        if (!again || chance(random_, 5)) requests.push_back(std::move(request));
    }
    return requests;
}

Truncate Generator::truncate() {
    const auto path = existing_path();
    const auto* stream = model_.find(path);
    if (stream == nullptr) return {path, {0}};
    return {path, {below(random_, stream->tail + (chance(random_, 10) ? 3 : 1))}};
}

Producer Generator::producer(const std::string& path) {
    const auto id = "producer-" + std::to_string(below(random_, 5));
    ProducerState last{.epoch = 0, .seq = UINT64_MAX};
    if (const auto* stream = model_.find(path); stream != nullptr && stream->producers.contains(id))
        last = stream->producers.at(id);
    if (const auto made_up = producers_.find(path + " " + id); made_up != producers_.end() && chance(random_, 70))
        last = made_up->second;
    const auto dice = below(random_, 100);
    if (dice < 62) ++last.seq;
    if (dice >= 75 && dice < 80) last.seq += 2 + below(random_, 3);
    if (dice >= 80 && dice < 90) last = {last.epoch + 1, 0};
    if (dice >= 90 && dice < 95 && last.epoch > 0) --last.epoch;
    if (dice >= 95) last = {last.epoch + 1, 1};
    if (last.seq == UINT64_MAX) last.seq = 0;
    producers_[path + " " + id] = last;
    return {id, last.epoch, last.seq};
}

std::size_t Generator::size() {
    const auto dice = below(random_, 100);
    if (dice < 78) return below(random_, 60);
    if (dice < 93) return below(random_, 2'000);
    if (dice < 99) return below(random_, 20'000);
    return 60'000 + below(random_, 90'000);
}

std::string Generator::filled(std::string text, std::size_t size) {
    text.append(size, static_cast<char>('a' + counter_ % 26));
    return text;
}

Messages Generator::messages(Framing framing) {
    ++counter_;
    if (framing == Framing::bytes) return Messages::bytes(filled(std::to_string(counter_) + ":", size()) + ";");
    std::vector<std::string> values;
    const auto count = chance(random_, 60) ? 1 : 1 + below(random_, 8);
    for (std::uint64_t i = 0; i < count; ++i) {
        values.push_back(
            filled("{\"n\":" + std::to_string(counter_) + ",\"i\":" + std::to_string(i) + ",\"pad\":\"", size()) +
            "\"}");
    }
    return Messages::trusted_json(values);
}

}  // namespace foldback::model
