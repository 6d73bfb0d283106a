#include "model/comparison.hpp"

#include <algorithm>

namespace foldback::model {
namespace {

std::string text(const StreamPoint& point) {
    return std::to_string(point.incarnation.value) + "_" + std::to_string(point.offset.value);
}

template <class Value>
std::string name(const Result<Value>& result) {
    return result.has_value() ? "accepted" : name_of(result.error().reason);
}

void same(std::uint64_t actual, std::uint64_t expected, const std::string& what) {
    require(actual == expected, what + " is " + std::to_string(actual) + ", not " + std::to_string(expected));
}

void same(const StreamPoint& actual, const StreamPoint& expected, const std::string& what) {
    require(actual == expected, what + " is " + text(actual) + ", not " + text(expected));
}

/// The answer and, of a refusal, what a caller acts on. False: both were refused.
template <class Value>
bool both_accepted(const Result<Value>& actual, const Result<Value>& expected) {
    require(name(actual) == name(expected), "the answer is " + name(actual) + ", not " + name(expected));
    if (expected.has_value()) return true;
    const auto& refused = actual.error();
    const auto& wanted = expected.error();
    same(refused.tail, wanted.tail, "the refusal's tail");
    same(refused.first.value, wanted.first.value, "the refusal's first offset");
    require(refused.closed == wanted.closed, "the refusal is wrong about closure");
    same(refused.producer_epoch, wanted.producer_epoch, "the refusal's epoch");
    same(refused.expected_seq, wanted.expected_seq, "the refusal's expected sequence");
    same(refused.received_seq, wanted.received_seq, "the refusal's received sequence");
    return false;
}

void same_info(const StreamInfo& actual, const StreamInfo& expected) {
    const auto what = expected.stream.text() + ": ";
    require(actual.stream == expected.stream, what + "the path differs");
    same(actual.incarnation.value, expected.incarnation.value, what + "the incarnation");
    require(actual.config == expected.config, what + "the configuration differs");
    same(actual.tail, expected.tail, what + "the tail");
    same(actual.first.value, expected.first.value, what + "the first offset");
    require(actual.closed == expected.closed, what + "the closure differs");
    require(actual.created_at == expected.created_at, what + "the time of creation differs");
    require(actual.forked_from == expected.forked_from, what + "the source differs");
    require(actual.fork_point == expected.fork_point, what + "the fork point differs");
}

void same_appended(const Appended& actual, const Appended& expected) {
    same(actual.first, expected.first, "the tail before");
    same(actual.next, expected.next, "the tail after");
    same(actual.first_position.value, expected.first_position.value, "the first position");
    same(actual.next_position.value, expected.next_position.value, "the next position");
    require(actual.duplicate == expected.duplicate, "one of them is a duplicate");
    require(actual.closed == expected.closed, "the closure differs");
    same(actual.producer_seq, expected.producer_seq, "the producer's sequence");
}

}  // namespace

void compare(const Result<Created>& actual, const Result<Created>& expected) {
    if (!both_accepted(actual, expected)) return;
    require(actual->created == expected->created, "one of them was there already");
    same_info(actual->info, expected->info);
}

void compare(const Result<Appended>& actual, const Result<Appended>& expected) {
    if (both_accepted(actual, expected)) same_appended(*actual, *expected);
}

void compare(const Result<std::vector<Appended>>& actual, const Result<std::vector<Appended>>& expected) {
    if (!both_accepted(actual, expected)) return;
    same(actual->size(), expected->size(), "the number of outcomes");
    for (std::size_t i = 0; i < expected->size(); ++i) same_appended((*actual)[i], (*expected)[i]);
}

void compare(const Result<std::monostate>& actual, const Result<std::monostate>& expected) {
    (void)both_accepted(actual, expected);
}

void compare(const Result<Offset>& actual, const Result<Offset>& expected) {
    if (both_accepted(actual, expected)) same(actual->value, expected->value, "the first offset");
}

void compare_head(LogStore& store, const Model& model, const std::string& path) {
    const auto actual = store.head(path);
    const auto* stream = model.find(path);
    const auto expected = stream != nullptr ? Result<StreamInfo>(model.info(*stream))
                                            : Result<StreamInfo>(Refused{.reason = model.missing(path)});
    require(name(actual) == name(expected), path + ": the head is " + name(actual) + ", not " + name(expected));
    if (expected) same_info(*actual, *expected);
}

void compare_list(LogStore& store, const Model& model, const std::string& prefix, Random& random) {
    std::vector<const Stream*> expected;
    for (const auto& [incarnation, stream] : model.streams()) {
        if (stream.path.starts_with(prefix) && model.find(stream.path) == &stream) expected.push_back(&stream);
    }
    std::sort(expected.begin(), expected.end(),
              [](const auto* left, const auto* right) { return left->path < right->path; });
    std::size_t at = 0;
    std::string after;
    for (bool more = true; more;) {
        const auto page = store.list({.prefix = prefix, .after = after, .limit = 1 + below(random, 12)});
        for (const auto& info : page.streams) {
            require(at < expected.size(), "the list goes on with " + info.stream.text());
            same_info(info, model.info(*expected[at++]));
            after = info.stream.text();
        }
        require(page.complete || !page.streams.empty(), "a page of the list is empty, but there is more");
        more = !page.complete;
    }
    require(at == expected.size(),
            "the list ends before " + (at < expected.size() ? expected[at]->path : std::string()));
}

void compare_feed(LogStore& store, const Model& model, const std::string& prefix, Random& random) {
    struct Expected {
        const Stream* stream;
        Slice slice;
    };
    std::map<std::uint64_t, Expected> expected;
    for (const auto& [incarnation, stream] : model.streams()) {
        if (!stream.path.starts_with(prefix) || model.find(stream.path) != &stream) continue;
        for (const auto& slice : model.own_contents(stream)) expected.emplace(slice.position, Expected{&stream, slice});
    }
    Position from{below(random, 4) == 0 ? below(random, model.tail() + 1) : 0};
    auto next = expected.lower_bound(from.value);
    for (bool more = true; more;) {
        const auto page = store.read_feed({.from = from,
                                           .prefix = prefix,
                                           .max_bytes = below(random, 200'000),
                                           .max_messages = 1 + below(random, 60)});
        same(page.tail.value, model.tail(), "the feed's tail");
        for (const auto& message : page.messages) {
            const auto what = "the feed at position " + std::to_string(message.position.value);
            require(next != expected.end(), what + " holds a message too many, of " + std::string(message.stream));
            const auto& [stream, slice] = next->second;
            same(message.position.value, next->first,
                 "the feed's next position, a message of " + std::string(message.stream) + "," + "");
            require(message.stream == stream->path,
                    what + " is of " + std::string(message.stream) + ", not " + stream->path);
            same(message.offset, model.point(*stream, slice.offset), what + ": the offset");
            require(message.committed_at == slice.at, what + ": the time differs");
            require(message.data == slice.data, what + ": the data differs");
            ++next;
        }
        require(page.up_to_date || page.next > from, "the feed does not get on");
        from = page.next;
        more = !page.up_to_date;
    }
    require(next == expected.end(),
            "the feed ends without position " + (next == expected.end() ? "" : std::to_string(next->first)));
}

void compare_all(LogStore& store, const Model& model, Random& random) {
    same(store.tail().value, model.tail(), "the store's tail");
    compare_list(store, model, "", random);
    for (const auto& [incarnation, stream] : model.streams()) {
        compare_head(store, model, stream.path);
        if (model.find(stream.path) == nullptr) continue;
        for (int i = 0; i < 2; ++i) compare_read(store, model, stream.path, random);
    }
    compare_feed(store, model, "", random);
    same(store.stats().streams, model.streams().size(), "the number of streams");
}

void compare_memory(LogStore& store, const Model& model) {
    auto asked = model;
    for (const auto& [incarnation, stream] : model.streams()) {
        if (model.find(stream.path) != &stream || stream.config.ttl) continue;
        AppendRequest request{.stream = stream.path,
                              .messages = stream.framing() == Framing::json
                                              ? Messages::trusted_json(std::vector<std::string>{"0"})
                                              : Messages::bytes("0")};
        for (const auto& [id, state] : stream.producers) {
            request.producer = Producer{id, state.epoch, state.seq};
            compare(store.append(request), asked.apply(request));
        }
        request.producer.reset();
        if (!stream.stream_seq) continue;
        request.stream_seq = stream.stream_seq;
        compare(store.append(request), asked.apply(request));
    }
}

void apply_and_compare(const Outcome& actual, Model& model, const Operation& operation) {
    const auto apply = [&](const auto& request) -> Outcome { return model.apply(request); };
    const auto expected = std::visit(apply, operation);
    const auto of_one_kind = [&](const auto& result) {
        compare(result, std::get<std::decay_t<decltype(result)>>(expected));
    };
    std::visit(of_one_kind, actual);
}

}  // namespace foldback::model
