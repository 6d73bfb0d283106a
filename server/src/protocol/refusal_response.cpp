#include "protocol/refusal_response.hpp"

#include <string>

#include "protocol/entity_tag.hpp"
#include "protocol/offset_token.hpp"

namespace foldback::server::protocol {

namespace {

struct Meaning {
    unsigned status;
    std::string_view code;
    std::string_view detail;  ///< when the store gives none, or one that is not for strangers
};

Meaning meaning_of(Refusal reason) {
    switch (reason) {
        case Refusal::not_found: return {404, "not-found", "There is no such stream."};
        case Refusal::gone: return {410, "gone", "The stream is deleted."};
        case Refusal::exists: return {409, "exists", "The stream exists with another configuration."};
        case Refusal::closed: return {409, "closed", "The stream is closed."};
        case Refusal::content_type: return {409, "content-type", "The stream has another content type."};
        case Refusal::offset_mismatch: return {412, "offset-mismatch", "The stream's tail is at another offset."};
        case Refusal::stream_seq: return {409, "stream-seq", "Stream-Seq must be greater than the last one."};
        case Refusal::stale_epoch: return {403, "stale-epoch", "The producer has a newer epoch."};
        case Refusal::epoch_start: return {400, "epoch-start", "A new epoch starts at sequence 0."};
        case Refusal::sequence_gap: return {409, "sequence-gap", "An earlier sequence number is due."};
        case Refusal::too_many_producers:
            return {429, "too-many-producers", "The stream has no room for another producer."};
        case Refusal::bad_offset: return {400, "bad-offset", "The offset is not one of this stream's."};
        case Refusal::truncated: return {410, "truncated", "The data before the earliest retained offset is gone."};
        case Refusal::source_not_found: return {404, "source-not-found", "There is no such stream to fork from."};
        case Refusal::source_gone: return {409, "source-gone", "The stream to fork from is deleted."};
        case Refusal::bad_request: return {400, "bad-request", "The request contradicts itself."};
        case Refusal::across_partitions:
            return {400, "across-partitions", "The streams are kept in partitions, which have no order among them."};
        case Refusal::full: return {507, "full", "There is no space left to store data. Reads go on."};
        case Refusal::busy: return {503, "busy", "Too many writes are waiting. Try again later."};
        case Refusal::stopped: return {503, "stopped", "The store is being closed."};
        case Refusal::broken: return {503, "broken", "The store accepts no writes until it is reopened."};
        case Refusal::unavailable: return {503, "unavailable", "The store behind this server cannot be reached."};
        case Refusal::outcome_unknown:
            return {504, "outcome-unknown",
                    "The store behind this server gave no answer: this may have been done or not."};
    }
    return {500, "internal", "The request failed."};
}

/// Whether the store's own sentence may be shown: not that of a failing device.
bool is_for_strangers(Refusal reason) {
    switch (reason) {
        case Refusal::full:
        case Refusal::broken:
        case Refusal::stopped:
        case Refusal::unavailable:
        case Refusal::outcome_unknown: return false;
        default: return true;
    }
}

}  // namespace

Problem to_problem(const Refused& refused) {
    const auto meaning = meaning_of(refused.reason);
    const bool shows_detail = is_for_strangers(refused.reason) && !refused.detail.empty();
    return {meaning.status, meaning.code, shows_detail ? refused.detail : std::string(meaning.detail)};
}

Response to_response(const Refused& refused) {
    auto response = to_response(to_problem(refused));
    if (refused.reason == Refusal::closed) {
        response.set("stream-closed", "true");
        response.set("stream-next-offset", offset_token(refused.tail));
    }
    if (refused.reason == Refusal::offset_mismatch) {
        response.set("etag", tail_tag(refused.tail));
        response.set("stream-next-offset", offset_token(refused.tail));
    }
    if (refused.reason == Refusal::stale_epoch) {
        response.set("producer-epoch", std::to_string(refused.producer_epoch));
    }
    if (refused.reason == Refusal::sequence_gap) {
        response.set("producer-expected-seq", std::to_string(refused.expected_seq));
        response.set("producer-received-seq", std::to_string(refused.received_seq));
    }
    return response;
}

}  // namespace foldback::server::protocol
