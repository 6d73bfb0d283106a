#include "foldback/history/any_timeline.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include "foldback/core/check.hpp"
#include "foldback/history/json.hpp"
#include "history/engine.hpp"

namespace foldback {

namespace {

std::shared_ptr<const Fold> start_of(const Lens& lens) {
    FOLDBACK_CHECK(lens.start, "a lens has a fold");
    return lens.start();
}

}  // namespace

AnyTimeline::AnyTimeline(StreamStore& store, const StreamPath& stream, Lens lens, TimelineOptions options) {
    auto source = history::open_stream(store, stream);
    const Offset first = source->first();
    if (lens.needs_whole_stream && first > Offset{})
        throw RefusedError({.reason = Refusal::truncated,
                            .detail = "the first messages of " + stream.text() +
                                      " are given up: its states cannot be folded without a snapshot",
                            .first = first});
    auto start = start_of(lens);
    engine_ = std::make_unique<Engine>(std::move(source), std::move(lens), options, std::move(start), first);
}

AnyTimeline::AnyTimeline(StreamStore& store, const StreamPath& stream, Lens lens, std::unique_ptr<Fold> base,
                         Offset from, TimelineOptions options) {
    auto source = history::open_stream(store, stream);
    if (from < source->first() || from > source->tail())
        throw RefusedError({.reason = from < source->first() ? Refusal::truncated : Refusal::bad_offset,
                            .detail = "the state at offset " + std::to_string(from.value) +
                                      " is none of the retained history of " + stream.text(),
                            .first = source->first()});
    engine_ = std::make_unique<Engine>(std::move(source), std::move(lens), options, std::move(base), from);
}

AnyTimeline::AnyTimeline(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
AnyTimeline::AnyTimeline(AnyTimeline&&) noexcept = default;
AnyTimeline& AnyTimeline::operator=(AnyTimeline&&) noexcept = default;
AnyTimeline::~AnyTimeline() = default;

const StreamPath& AnyTimeline::stream() const noexcept { return engine_->source().stream(); }
const Lens& AnyTimeline::lens() const noexcept { return engine_->lens(); }
Offset AnyTimeline::first() const noexcept { return engine_->first(); }
Offset AnyTimeline::tail() const noexcept { return engine_->tail(); }
bool AnyTimeline::refresh() { return engine_->source().refresh(); }
Offset AnyTimeline::offset() const noexcept { return engine_->stand; }

void AnyTimeline::go_to(Offset moment) {
    engine_->check_moment(moment);
    engine_->stand = moment;
}

bool AnyTimeline::step_forward() {
    if (engine_->stand == tail()) return false;
    ++engine_->stand.value;
    return true;
}

bool AnyTimeline::step_back() {
    if (engine_->stand == first()) return false;
    --engine_->stand.value;
    return true;
}

Offset AnyTimeline::moment_at(Timestamp time) {
    require(engine_->source().store(), {Capability::commit_times}, "the moment at a time");
    Offset low = first();
    Offset high = tail();
    while (low < high) {
        const Offset middle{low.value + (high.value - low.value) / 2};
        if (engine_->message(middle, 1).committed_at <= time) {
            low = {middle.value + 1};
        } else {
            high = middle;
        }
    }
    return low;
}

const Fold& AnyTimeline::fold() { return engine_->seek(engine_->stand); }

std::string AnyTimeline::state() { return state_at(engine_->stand); }

std::string AnyTimeline::state_at(Offset moment) {
    engine_->seek(moment);
    return engine_->state();
}

std::string AnyTimeline::diff(Offset from, Offset to) {
    const auto before = state_at(from);
    return json_diff(before, state_at(to));
}

Comparison AnyTimeline::compare(Offset from, Offset to) {
    Comparison both{.from = from, .to = to, .before = state_at(from), .after = state_at(to)};
    both.patch = json_diff(both.before, both.after);
    return both;
}

AnyTimeline AnyTimeline::what_if(const Edits& edits) const {
    auto source = history::edit(engine_->shared_source(), edits);
    if (const auto first_edit = edits.first(); first_edit && *first_edit < first())
        throw std::out_of_range("an edit before the first moment of this timeline, " + std::to_string(first().value));
    const Offset shared = edits.first().value_or(tail());
    return AnyTimeline(std::make_unique<Engine>(*engine_, std::move(source), shared));
}

std::optional<Offset> AnyTimeline::origin_of(Offset event) const {
    engine_->check_event(event);
    return engine_->source().origin_of(event);
}

Result<Created> AnyTimeline::save_as(const StreamPath& path, std::optional<std::chrono::seconds> ttl) const {
    return history::save(engine_->source(), path, ttl);
}

}  // namespace foldback
