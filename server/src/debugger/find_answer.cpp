#include "debugger/answers.hpp"
#include "debugger/expression.hpp"
#include "debugger/question.hpp"

namespace foldback::server::debugger {

namespace {

/// The first moment of one stream, with the event that led there; null when there is none.
Json first_in(const Context& context, const Borrowed& timeline, const std::string& question, UnseenPointers& unseen) {
    const auto predicate = predicate_of(question, timeline->lens(), timeline.redaction(), &unseen);
    const auto first = timeline->first_where(predicate, {.from = timeline->first()}).moment;
    if (!first) return nullptr;
    auto found = stamp(context, *timeline);
    found["moment"] = first->value;
    found["event"] = nullptr;
    if (*first > timeline->first())
        found["event"] = brief_event(timeline->event({first->value - 1}), timeline.redaction());
    return found;
}

/// Over the streams of a prefix, as many as one answer holds.
class PrefixSearch {
public:
    PrefixSearch(Context& context, const Parameters& parameters)
        : context_(context),
          question_(parameters.required("first")),
          lens_(parameters.text("lens")),
          prefix_(parameters.text("prefix", "")),
          after_(parameters.text("after", "")),
          limit_(parameters.number("limit", 1000, 1, 10'000)) {}

    Json run() {
        constexpr std::size_t page_streams = 100;
        // An answer for no lens at all is a mistake and not "found nothing".
        if (!is_invariant_somewhere())
            (void)expression_of(question_, known_invariants());
        else if (lens_ && !lens_->empty())
            refuse_another_lens();
        bool complete = false;
        while (!complete && !is_full()) {
            const auto page = context_.store.list({.prefix = prefix_, .after = after_, .limit = page_streams});
            for (const auto& info : page.streams) {
                if (is_full()) break;
                after_ = info.stream.text();
                look_at(info);
            }
            complete = page.complete && (page.streams.empty() || after_ == page.streams.back().stream.text());
        }
        return {{"build", context_.options.build}, {"first", question_},   {"prefix", prefix_},
                {"found", std::move(found_)},      {"streams", streams_},  {"events", events_},
                {"skipped", std::move(skipped_)},  {"complete", complete}, {"after", after_},
                {"missing", unseen_.texts()}};
    }

private:
    [[nodiscard]] bool is_full() const {
        return events_ >= context_.options.max_events_per_answer || found_.size() >= limit_ || visited_ >= max_streams;
    }

    [[nodiscard]] std::vector<std::string> known_invariants() const {
        std::vector<std::string> names;
        for (const auto& entry : context_.registry.entries()) {
            for (const auto& invariant : entry.lens.invariants) names.push_back(invariant.name);
        }
        return names;
    }
    [[nodiscard]] bool is_known(std::string_view name) const {
        for (const auto& entry : context_.registry.entries()) {
            if (invariant_named(entry.lens, name) != nullptr) return true;
        }
        return false;
    }
    [[nodiscard]] bool is_invariant_somewhere() const { return is_known(question_); }

    void skip(const StreamInfo& info, const std::string& why) {
        constexpr std::size_t most = 100;
        if (skipped_.size() < most) skipped_.push_back({{"stream", info.stream.text()}, {"because", why}});
    }

    void refuse_another_lens() const {
        const auto lens = context_.lens_named(*lens_);
        if (invariant_named(lens, question_) == nullptr)
            throw RequestError(400, "bad-expression", "The lens " + lens.name + " has no invariant " + question_ + ".");
    }

    void look_at(const StreamInfo& info) {
        ++visited_;
        if (framing_of(info.config.content_type) != Framing::json) return;
        const bool by_name = is_invariant_somewhere();
        const auto lens = context_.lens_for(info.stream, lens_);
        if (by_name && invariant_named(lens, question_) == nullptr) return;
        try {
            const auto timeline = context_.borrow(info.stream, lens_);
            auto found = first_in(context_, timeline, question_, unseen_);
            ++streams_;
            events_ += timeline->tail().value - timeline->first().value;
            if (!found.is_null()) found_.push_back(std::move(found));
        } catch (const ExpressionError&) {
            // It names an invariant of another lens.
        } catch (const StorageError&) {
            throw;
        } catch (const std::runtime_error& error) {
            skip(info, error.what());
        }
    }

    static constexpr std::uint64_t max_streams = 5000;

    Context& context_;
    std::string question_;
    std::optional<std::string> lens_;
    std::string prefix_;
    std::string after_;
    std::uint64_t limit_;
    Json found_ = Json::array();
    Json skipped_ = Json::array();
    UnseenPointers unseen_;
    std::uint64_t visited_ = 0;
    std::uint64_t streams_ = 0;
    std::uint64_t events_ = 0;
};

}  // namespace

Json answer_find(Context& context, const Parameters& parameters) {
    if (!parameters.text("stream")) return PrefixSearch(context, parameters).run();
    const auto question = parameters.required("first");
    const auto timeline = context.borrow(parameters);
    auto document = stamp(context, *timeline);
    document["first"] = question;
    Json found = Json::array();
    UnseenPointers unseen;
    if (auto first = first_in(context, timeline, question, unseen); !first.is_null()) found.push_back(std::move(first));
    document["found"] = std::move(found);
    document["streams"] = 1;
    document["complete"] = true;
    document["missing"] = unseen.texts();
    return document;
}

}  // namespace foldback::server::debugger
