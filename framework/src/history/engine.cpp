#include "history/engine.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "foldback/core/check.hpp"

namespace foldback {

AnyTimeline::Engine::Engine(std::shared_ptr<history::MessageSource> source, Lens lens, TimelineOptions options,
                            std::shared_ptr<const Fold> base, Offset first)
    : stand(source->tail()),
      source_(std::move(source)),
      lens_(std::move(lens)),
      options_(options),
      first_(first),
      checkpoints_(options.checkpoint_every, options.max_bytes, first, base),
      fold_(base->clone()),
      at_(first) {}

AnyTimeline::Engine::Engine(const Engine& original, std::shared_ptr<history::MessageSource> source, Offset shared)
    : stand(source->tail()),
      source_(std::move(source)),
      lens_(original.lens_),
      options_(original.options_),
      first_(original.first_),
      checkpoints_(original.checkpoints_.up_to(shared)),
      problems_(original.problems_.begin(), original.problems_.lower_bound(shared)),
      fold_(checkpoints_.entries().back().fold->clone()),
      at_(checkpoints_.entries().back().at) {}

void AnyTimeline::Engine::check_moment(Offset moment) const {
    if (moment >= first_ && moment <= tail()) return;
    throw std::out_of_range("moment " + std::to_string(moment.value) + " of " + source_->stream().text() +
                            ", which has the moments " + std::to_string(first_.value) + " to " +
                            std::to_string(tail().value));
}

void AnyTimeline::Engine::check_event(Offset event) const {
    if (event >= first_ && event < tail()) return;
    throw std::out_of_range(
        "event " + std::to_string(event.value) + " of " + source_->stream().text() + ", which has " +
        (first_ == tail() ? "none"
                          : "the events " + std::to_string(first_.value) + " to " + std::to_string(tail().value - 1)));
}

const Message& AnyTimeline::Engine::message(Offset offset, std::size_t wanted) {
    const auto* found = page_.find(offset);
    if (found == nullptr) {
        page_ = source_->page(offset, std::max<std::size_t>(wanted, 64));
        found = page_.find(offset);
        FOLDBACK_CHECK(found != nullptr, "a page that begins where it was asked to");
    }
    return *found;
}

const Fold& AnyTimeline::Engine::seek(Offset moment) {
    check_moment(moment);
    if (moment < at_ || checkpoints_.before(moment).at > at_) restart_before(moment);
    read_ahead_to(moment);
    while (at_ < moment) (void)step();
    return *fold_;
}

void AnyTimeline::Engine::restart_before(Offset moment) {
    const auto& entry = checkpoints_.before(moment);
    fold_ = entry.fold->clone();
    at_ = entry.at;
}

bool AnyTimeline::Engine::step() {
    if (!problems_.empty() && problems_.contains(at_)) {
        fold_->pass_over();
        ++at_.value;
        return false;
    }
    std::string problem;
    const auto& next = message(at_, std::max<std::uint64_t>(ahead_, 64));
    const Folded outcome = fold_->apply(next.data, problem);
    if (outcome != Folded::yes) problems_.emplace(at_, std::move(problem));
    ++at_.value;
    if (outcome == Folded::torn) {
        rebuild_after_torn();
    } else if (checkpoints_.wants(at_)) {
        checkpoints_.keep(at_, *fold_);
    }
    return outcome == Folded::yes;
}

void AnyTimeline::Engine::rebuild_after_torn() {
    const Offset target = at_;
    restart_before({target.value - 1});
    if (after_torn_ && after_torn_->at > at_ && after_torn_->at < target) {
        fold_ = after_torn_->fold->clone();
        at_ = after_torn_->at;
    }
    while (at_ < target) (void)step();  // passes over the message that tore it
    after_torn_ = {at_, fold_->clone(), 0};
}

const std::string* AnyTimeline::Engine::problem_at(Offset event) const {
    const auto found = problems_.find(event);
    return found == problems_.end() ? nullptr : &found->second;
}

Offset AnyTimeline::Engine::end_of(const Scan& scan) const {
    const Offset end = scan.to.value_or(tail());
    check_moment(end);
    return end;
}

}  // namespace foldback
