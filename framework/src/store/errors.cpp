#include "foldback/store/errors.hpp"

#include <utility>

namespace foldback {

namespace {

std::string sentence_of(const Refused& refused) {
    std::string sentence = name_of(refused.reason);
    if (!refused.detail.empty()) sentence.append(": ").append(refused.detail);
    return sentence;
}

}  // namespace

RefusedError::RefusedError(Refused why) : std::runtime_error(sentence_of(why)), refused(std::move(why)) {}

const char* name_of(Refusal reason) noexcept {
    switch (reason) {
        case Refusal::not_found: return "not_found";
        case Refusal::gone: return "gone";
        case Refusal::exists: return "exists";
        case Refusal::closed: return "closed";
        case Refusal::content_type: return "content_type";
        case Refusal::offset_mismatch: return "offset_mismatch";
        case Refusal::stream_seq: return "stream_seq";
        case Refusal::stale_epoch: return "stale_epoch";
        case Refusal::epoch_start: return "epoch_start";
        case Refusal::sequence_gap: return "sequence_gap";
        case Refusal::too_many_producers: return "too_many_producers";
        case Refusal::bad_offset: return "bad_offset";
        case Refusal::truncated: return "truncated";
        case Refusal::source_not_found: return "source_not_found";
        case Refusal::source_gone: return "source_gone";
        case Refusal::bad_request: return "bad_request";
        case Refusal::across_partitions: return "across_partitions";
        case Refusal::full: return "full";
        case Refusal::busy: return "busy";
        case Refusal::stopped: return "stopped";
        case Refusal::broken: return "broken";
        case Refusal::unavailable: return "unavailable";
        case Refusal::outcome_unknown: return "outcome_unknown";
    }
    return "unknown";
}

void throw_exception_from_error(const Refused& refused, const boost::source_location& /*where*/) {
    throw RefusedError(refused);
}

}  // namespace foldback
