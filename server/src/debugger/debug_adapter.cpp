#include "foldback/server/debug_adapter.hpp"

#include <istream>
#include <memory>
#include <optional>
#include <ostream>
#include <vector>

#include "debugger/redaction.hpp"
#include "foldback/history/json.hpp"

namespace foldback::server {

using debugger::Json;
using debugger::Redaction;

namespace {

constexpr std::size_t max_question_bytes = 64 << 20;

/// One stream through its lens, some events at a time.
class Folding {
public:
    explicit Folding(const Lens& lens) : redaction_(lens.redact), fold_(lens.start()), before_(fold_->clone()) {}

    /// What became of the next events.
    Json fold(std::vector<std::string> events) {
        before_ = fold_->clone();
        events_ = std::move(events);
        readable_.assign(events_.size(), true);
        Json digests = Json::array();
        Json problems = Json::array();
        for (std::size_t index = 0; index < events_.size(); ++index) {
            std::string problem;
            const auto outcome = fold_->apply(events_[index], problem);
            if (outcome != Folded::yes) {
                readable_[index] = false;
                problems.push_back({{"index", index}, {"problem", problem}});
            }
            if (outcome == Folded::torn) fold_ = replay(index + 1);
            digests.push_back(digest());
        }
        return {{"type", "fold"}, {"digests", std::move(digests)}, {"problems", std::move(problems)}};
    }

    /// The state after some of the events of the last `fold`.
    [[nodiscard]] Json state_after(std::size_t count) const {
        std::string text;
        replay(count)->write_state(text);
        return {{"type", "state"}, {"state", redaction_.state(text)}};
    }
    [[nodiscard]] std::size_t events() const noexcept { return events_.size(); }

private:
    [[nodiscard]] std::unique_ptr<Fold> replay(std::size_t count) const {
        auto fold = before_->clone();
        std::string problem;
        for (std::size_t index = 0; index < count; ++index) {
            if (readable_[index])
                (void)fold->apply(events_[index], problem);
            else
                fold->pass_over();
        }
        return fold;
    }

    std::string digest() {
        text_.clear();
        fold_->write_state(text_);
        return detail::hexadecimal(json_digest(text_));
    }

    Redaction redaction_;
    std::unique_ptr<Fold> fold_;
    std::unique_ptr<Fold> before_;  ///< the events
    std::vector<std::string> events_;
    std::vector<bool> readable_;
    std::string text_;
};

class Adapter {
public:
    Adapter(const Registry& registry, const std::string& build) : registry_(registry), build_(build) {}

    Json answer(const std::string& line) {
        try {
            const auto question = Json::parse(line);
            const auto type = question.at("type").get<std::string>();
            if (type == "hello") return hello();
            if (type == "begin") return begin(question.at("stream").get<std::string>());
            if (type == "fold") return folding().fold(question.at("events").get<std::vector<std::string>>());
            if (type == "state") return state(question.at("after").get<std::size_t>());
            return error("there is no question of the type " + type);
        } catch (const std::exception& problem) {
            return error(problem.what());
        }
    }

private:
    static Json error(const std::string& message) { return {{"type", "error"}, {"message", message}}; }

    [[nodiscard]] Json hello() const {
        Json lenses = Json::array();
        for (const auto& entry : registry_.entries())
            lenses.push_back({{"name", entry.lens.name}, {"build", entry.lens.build}});
        return {{"type", "hello"}, {"protocol", 1}, {"build", build_}, {"lenses", std::move(lenses)}};
    }

    Json begin(const std::string& stream) {
        folding_.reset();
        if (const auto problem = StreamPath::problem_with(stream); !problem.empty()) return error(problem);
        const auto* lens = registry_.lens_for(StreamPath(stream));
        if (lens == nullptr) return {{"type", "begin"}, {"lens", nullptr}};
        folding_.emplace(*lens);
        Json identity = Json::array();
        for (const auto& field : lens->identity) identity.push_back({{"array", field.array}, {"member", field.member}});
        return {{"type", "begin"}, {"lens", lens->name}, {"identity", std::move(identity)}};
    }

    Folding& folding() {
        if (!folding_) throw std::invalid_argument("no stream has begun that there is a lens for");
        return *folding_;
    }

    [[nodiscard]] Json state(std::size_t after) {
        if (after > folding().events()) return error("the last events were only " + std::to_string(folding().events()));
        return folding().state_after(after);
    }

    const Registry& registry_;
    const std::string& build_;
    std::optional<Folding> folding_;
};

/// The next line; absent at the end. `whole` is false when it was cut off or is too long.
std::optional<std::string> read_line(std::istream& in, bool& whole) {
    using Traits = std::istream::traits_type;
    std::string line;
    auto& buffer = *in.rdbuf();
    for (auto c = buffer.sbumpc(); line.size() <= max_question_bytes; c = buffer.sbumpc()) {
        if (Traits::eq_int_type(c, Traits::eof())) {
            whole = line.empty();
            return std::nullopt;
        }
        if (Traits::to_char_type(c) == '\n') return line;
        line += Traits::to_char_type(c);
    }
    whole = false;
    return std::nullopt;
}

}  // namespace

int run_debug_adapter(const Registry& registry, const std::string& build, std::istream& in, std::ostream& out) {
    Adapter adapter(registry, build);
    bool whole = true;
    while (const auto line = read_line(in, whole)) {
        out << adapter.answer(*line).dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
        if (!out) return 1;
    }
    return whole ? 0 : 1;
}

}  // namespace foldback::server
