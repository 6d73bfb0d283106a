#include "client/producer_state.hpp"

#include <doctest/doctest.h>

using namespace foldback::client;
using detail::ProducerState;
using detail::Response;
using Verdict = detail::ProducerState::Verdict;

namespace {

Result<Response> answer(unsigned status, unsigned unanswered = 0, detail::Headers headers = {}) {
    headers.emplace_back("stream-next-offset", "9");
    Response response;
    response.status = status;
    response.headers = std::move(headers);
    response.unanswered = unanswered;
    return response;
}

Result<Response> gap(std::uint64_t expected) {
    return Error{.code = ErrorCode::sequence_gap, .status = 409, .expected_seq = expected};
}

Result<Response> stale(std::uint64_t current) {
    return Error{.code = ErrorCode::stale_epoch, .status = 403, .current_epoch = current};
}

/// A state of which each message is a batch.
ProducerState small_batches(std::optional<std::uint64_t> epoch, Epoch how = GivenEpoch{}) {
    return {{.epoch = std::move(how), .max_batch_items = 1, .max_in_flight = 3}, epoch, true};
}

/// The same, with its first batch accepted.
ProducerState established() {
    auto state = small_batches(0);
    state.add("0", nullptr);
    const auto first = state.take_to_send();
    REQUIRE(state.judge(*first, answer(200)).verdict == Verdict::accepted);
    REQUIRE(state.take_settled().size() == 1);
    return state;
}

}  // namespace

TEST_CASE("messages become batches by count and by bytes, and a larger message goes alone") {
    ProducerState state({.max_batch_bytes = 10, .max_batch_items = 3, .max_in_flight = 9}, 0, true);
    for (const char* message : {"1", "2", "3", "44444", "55555", "\"66666666666666\""}) state.add(message, nullptr);
    state.seal();

    std::vector<std::string> bodies;
    while (const auto batch = state.take_to_send()) {
        bodies.push_back(batch->body);
        REQUIRE(state.judge(*batch, answer(200)).verdict == Verdict::accepted);
    }

    CHECK(bodies == std::vector<std::string>{"[1,2,3]", "[44444]", "[55555]", "[\"66666666666666\"]"});
}

TEST_CASE("messages of other streams are put together as they are") {
    ProducerState state({}, 0, false);
    state.add("Hello", nullptr);
    state.add(" World", nullptr);
    state.seal();

    CHECK(state.take_to_send()->body == "Hello World");
}

TEST_CASE("one batch goes alone until the server has accepted the epoch, then several at a time") {
    auto state = small_batches(0);
    for (const char* message : {"0", "1", "2", "3", "4"}) state.add(message, nullptr);

    const auto first = state.take_to_send();
    CHECK_FALSE(state.take_to_send());
    REQUIRE(state.judge(*first, answer(200)).verdict == Verdict::accepted);
    REQUIRE(state.take_settled().size() == 1);

    CHECK(state.take_to_send()->seq == 1);
    CHECK(state.take_to_send()->seq == 2);
    CHECK(state.take_to_send()->seq == 3);
    CHECK_FALSE(state.take_to_send());
}

TEST_CASE("a batch that overtook another is sent again when its turn is there") {
    auto state = established();
    state.add("1", nullptr);
    state.add("2", nullptr);
    const auto first = state.take_to_send();
    const auto second = state.take_to_send();

    CHECK(state.judge(*second, gap(1)).verdict == Verdict::wait);
    CHECK_FALSE(state.take_to_send());
    CHECK(state.judge(*first, answer(200)).verdict == Verdict::accepted);
    CHECK(state.take_settled().size() == 1);

    CHECK(state.take_to_send() == second);
    CHECK(state.judge(*second, answer(200)).verdict == Verdict::accepted);
    CHECK(state.take_settled().size() == 1);
    CHECK(state.progress().pending_messages == 0);
    CHECK(state.progress().pending_bytes == 0);
}

TEST_CASE("an answer that overtook another waits to be told in order") {
    auto state = established();
    state.add("1", nullptr);
    state.add("2", nullptr);
    const auto first = state.take_to_send();
    const auto second = state.take_to_send();

    CHECK(state.judge(*second, answer(200)).verdict == Verdict::accepted);
    CHECK(state.take_settled().empty());
    CHECK(state.judge(*first, answer(200)).verdict == Verdict::accepted);

    const auto settled = state.take_settled();
    REQUIRE(settled.size() == 2);
    CHECK(settled[0] == first);
}

TEST_CASE("a gap before a batch whose turn it was means that the server forgot what it had") {
    auto state = established();
    state.add("1", nullptr);
    const auto batch = state.take_to_send();

    const auto judgement = state.judge(*batch, gap(0));

    CHECK(judgement.verdict == Verdict::failed);
    CHECK(judgement.error.code == ErrorCode::sequence_gap);
}

TEST_CASE("a given epoch that was used before is refused instead of losing the first batch") {
    auto state = small_batches(7);
    state.add("0", nullptr);
    const auto batch = state.take_to_send();

    SUBCASE("the first attempt is called a duplicate") {
        const auto judgement = state.judge(*batch, answer(204));
        CHECK(judgement.verdict == Verdict::failed);
        CHECK(judgement.error.code == ErrorCode::epoch_in_use);
    }
    SUBCASE("the server has come further than a first batch") {
        const auto judgement = state.judge(*batch, answer(204, 1, {{"producer-seq", "3"}}));
        CHECK(judgement.verdict == Verdict::failed);
        CHECK(judgement.error.code == ErrorCode::epoch_in_use);
    }
    SUBCASE("an answer was lost and the server has one batch, which may be anybody's") {
        const auto judgement = state.judge(*batch, answer(204, 1, {{"producer-seq", "0"}}));
        CHECK(judgement.verdict == Verdict::failed);
        CHECK(judgement.error.code == ErrorCode::outcome_unknown);
    }
    CHECK(state.take_settled().empty());
}

TEST_CASE("an epoch of a file is nobody else's: a duplicate after a lost answer is one's own") {
    auto state = small_batches(7, EpochFile{});
    state.add("0", nullptr);
    const auto batch = state.take_to_send();

    CHECK(state.judge(*batch, answer(204, 1, {{"producer-seq", "0"}})).verdict == Verdict::accepted);
}

TEST_CASE("an epoch is claimed above the stream's, and the batch sent again under it") {
    auto state = small_batches(std::nullopt, ClaimEpoch{});
    state.add("0", nullptr);
    const auto batch = state.take_to_send();

    CHECK(state.judge(*batch, stale(std::uint64_t{1} << 40)).verdict == Verdict::send_again);
    CHECK(state.epoch() > std::uint64_t{1} << 40);
    const auto met = state.epoch();
    CHECK(state.judge(*batch, answer(204)).verdict == Verdict::send_again);
    CHECK(state.epoch() > met);
    CHECK(state.judge(*batch, answer(200)).verdict == Verdict::accepted);
}

TEST_CASE("a producer that was fenced claims nothing back") {
    auto state = small_batches(std::nullopt, ClaimEpoch{});
    state.add("0", nullptr);
    const auto first = state.take_to_send();
    REQUIRE(state.judge(*first, answer(200)).verdict == Verdict::accepted);
    REQUIRE(state.take_settled().size() == 1);
    state.add("1", nullptr);
    const auto second = state.take_to_send();

    const auto judgement = state.judge(*second, stale(state.epoch() + 1));

    CHECK(judgement.verdict == Verdict::failed);
    CHECK(judgement.error.code == ErrorCode::stale_epoch);
    CHECK(state.take_all().size() == 1);
}

TEST_CASE("a claimed epoch that is stale after a lost answer is not claimed again, since the batch may be there") {
    auto state = small_batches(std::nullopt, ClaimEpoch{});
    state.add("0", nullptr);
    const auto batch = state.take_to_send();
    batch->unanswered = 1;

    const auto judgement = state.judge(*batch, stale(std::uint64_t{1} << 40));

    CHECK(judgement.verdict == Verdict::failed);
    CHECK(judgement.error.code == ErrorCode::outcome_unknown);
    CHECK(judgement.error.current_epoch == std::uint64_t{1} << 40);
}

TEST_CASE("a batch that is refused after a lost answer may be there") {
    auto state = established();
    state.add("1", nullptr);
    const auto batch = state.take_to_send();
    batch->unanswered = 1;

    const auto judgement = state.judge(*batch, Error{.code = ErrorCode::unauthorized, .status = 401});

    CHECK(judgement.verdict == Verdict::failed);
    CHECK(judgement.error.code == ErrorCode::outcome_unknown);
    CHECK(judgement.error.status == 401);
}

TEST_CASE("a batch that is refused is there all the same when one after it was accepted") {
    auto state = established();
    state.add("1", nullptr);
    state.add("2", nullptr);
    const auto first = state.take_to_send();
    const auto second = state.take_to_send();
    REQUIRE(state.judge(*second, answer(200)).verdict == Verdict::accepted);
    first->unanswered = 1;

    CHECK(state.judge(*first, Error{.code = ErrorCode::unauthorized, .status = 401}).verdict == Verdict::accepted);

    CHECK(first->outcome.tail.text() == "9");
    CHECK(state.take_settled().size() == 2);
}

TEST_CASE("what was accepted, and what lies before it, is delivered when the producer fails") {
    auto state = established();
    for (const char* message : {"1", "2", "3"}) state.add(message, nullptr);
    const auto first = state.take_to_send();
    const auto second = state.take_to_send();
    const auto third = state.take_to_send();
    REQUIRE(state.judge(*second, answer(200)).verdict == Verdict::accepted);

    CHECK(state.take_delivered() == std::vector{first, second});
    CHECK(state.take_all() == std::vector{third});
}

TEST_CASE("what does not say where the stream ends or whose it is acknowledges nothing") {
    auto state = established();
    state.add("1", nullptr);
    const auto batch = state.take_to_send();
    Response response;
    SUBCASE("no answer of the protocol") { response.status = 200; }
    SUBCASE("an offset that is none") {
        response.status = 200;
        response.headers = {{"stream-next-offset", "a, b"}, {"producer-epoch", "0"}};
    }
    SUBCASE("an answer to a read") {
        response.status = 304;
        response.headers = {{"stream-next-offset", "9"}};
    }

    const auto judgement = state.judge(*batch, response);

    CHECK(judgement.verdict == Verdict::failed);
    CHECK(judgement.error.code == ErrorCode::outcome_unknown);
    CHECK(state.take_settled().empty());
}

TEST_CASE("a duplicate's answer need not say where the stream ends") {
    auto state = established();
    state.add("1", nullptr);
    const auto batch = state.take_to_send();
    Response response;
    response.status = 204;
    response.headers = {{"producer-epoch", "0"}, {"producer-seq", "1"}};

    CHECK(state.judge(*batch, response).verdict == Verdict::accepted);
}

TEST_CASE("closing is the last batch, with or without a message") {
    auto state = established();
    state.seal_and_close(nullptr);
    const auto batch = state.take_to_send();

    CHECK(batch->closes);
    CHECK(batch->body.empty());
    CHECK(state.judge(*batch, answer(204)).verdict == Verdict::accepted);
}
