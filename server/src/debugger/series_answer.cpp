#include <simdjson.h>

#include "debugger/amount.hpp"
#include "debugger/answers.hpp"
#include "foldback/history/json.hpp"

namespace foldback::server::debugger {

namespace {

/// Reads the number at a pointer out of one state after the other, without looking at the rest of them. One that is written
/// in a string counts as well, as amounts of money are: "23.40".
class NumberReader {
public:
    explicit NumberReader(std::string pointer) : pointer_(std::move(pointer)) {}

    /// Null when there is no number.
    Json read(std::string_view state) {
        padded_.assign(state);
        padded_.reserve(state.size() + simdjson::SIMDJSON_PADDING);
        simdjson::ondemand::document document;
        if (parser_.iterate(padded_).get(document) != simdjson::SUCCESS) return nullptr;
        simdjson::ondemand::value value;
        if (document.at_pointer(pointer_).get(value) != simdjson::SUCCESS) return nullptr;
        simdjson::ondemand::json_type type{};
        if (value.type().get(type) != simdjson::SUCCESS) return nullptr;
        if (type == simdjson::ondemand::json_type::number) return number(value);
        std::string_view text;
        if (type != simdjson::ondemand::json_type::string || value.get_string().get(text) != simdjson::SUCCESS)
            return nullptr;
        const auto amount = amount_in(text);
        return amount ? amount->number() : Json(nullptr);
    }

private:
    static Json number(simdjson::ondemand::value value) {
        simdjson::ondemand::number found;
        if (value.get_number().get(found) != simdjson::SUCCESS) return nullptr;
        if (found.is_int64()) return found.get_int64();
        if (found.is_uint64()) return found.get_uint64();
        return found.get_double();
    }

    std::string pointer_;
    std::string padded_;
    simdjson::ondemand::parser parser_;
};

/// The smallest, greatest and last number of each group of moments.
class Series {
public:
    Series(std::uint64_t moments, std::size_t points) : per_point_(std::max<std::uint64_t>(1, moments / points + 1)) {}

    void add(Offset moment, const Json& value) {
        if (count_ == 0) point_ = {{"moment", moment.value}, {"last", nullptr}, {"min", nullptr}, {"max", nullptr}};
        point_["last"] = value;
        if (!value.is_null()) {
            if (point_["min"].is_null() || value < point_["min"]) point_["min"] = value;
            if (point_["max"].is_null() || value > point_["max"]) point_["max"] = value;
        }
        if (++count_ == per_point_) flush();
    }

    Json take() {
        if (count_ > 0) flush();
        return std::move(points_);
    }

    [[nodiscard]] std::uint64_t per_point() const noexcept { return per_point_; }

private:
    void flush() {
        points_.push_back(std::move(point_));
        count_ = 0;
    }

    std::uint64_t per_point_;
    std::uint64_t count_ = 0;
    Json point_;
    Json points_ = Json::array();
};

}  // namespace

Json answer_series(Context& context, const Parameters& parameters) {
    const auto timeline = context.borrow(parameters);
    const auto pointer = parameters.required("pointer");
    const bool hidden = timeline.redaction().hides(pointer_segments(pointer));
    const auto points = static_cast<std::size_t>(parameters.number("points", 300, 1, 2000));
    Series series(timeline->tail().value - timeline->first().value + 1, points);
    NumberReader reader(pointer);
    Offset moment = timeline->first();
    const auto look = [&](std::string_view state) {
        series.add(moment, hidden ? Json(nullptr) : reader.read(state));
        ++moment.value;
        return false;
    };
    (void)timeline->first_where_json(look, {.from = timeline->first()});
    auto document = stamp(context, *timeline);
    document["pointer"] = pointer;
    document["moments_per_point"] = series.per_point();
    document["points"] = series.take();
    return document;
}

}  // namespace foldback::server::debugger
