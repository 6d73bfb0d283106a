#include "store/json_split.hpp"

#include <limits>
#include <utility>

#include "codec/json_scanner.hpp"
#include "codec/utf8.hpp"

namespace foldback {

namespace {

/// Collects slices of one text. Neighbours that only a comma parts are copied together.
class SliceCollector {
public:
    explicit SliceCollector(JsonSlices& slices) : slices_(slices) {}

    void add(const char* begin, const char* end) {
        slices_.sizes.push_back(static_cast<std::uint32_t>(end - begin));
        if (end_ != nullptr && begin == end_ + 1) {
            end_ = end;
            return;
        }
        flush();
        begin_ = begin;
        end_ = end;
    }

    void flush() {
        if (end_ == nullptr) return;
        if (!slices_.joined.empty()) slices_.joined.push_back(',');
        slices_.joined.append(begin_, end_);
        end_ = nullptr;
    }

private:
    JsonSlices& slices_;
    const char* begin_ = nullptr;
    const char* end_ = nullptr;
};

constexpr const char* too_many_messages = "there are too many messages in one body";

bool split_array(JsonScanner& scanner, SliceCollector& collector, std::size_t max_messages) {
    scanner.skip_blanks();
    if (scanner.take(']')) return true;
    for (std::size_t count = 1;; ++count) {
        scanner.skip_blanks();
        if (count > max_messages) return scanner.fail(too_many_messages);
        const auto* begin = scanner.at();
        if (!scanner.take_value()) return false;
        collector.add(begin, scanner.at());
        scanner.skip_blanks();
        if (scanner.take(']')) return true;
        if (!scanner.take(',')) return scanner.fail("',' or ']' is expected");
    }
}

bool split_value(JsonScanner& scanner, SliceCollector& collector, std::size_t max_messages) {
    scanner.skip_blanks();
    if (scanner.take('[')) return split_array(scanner, collector, max_messages);
    if (max_messages == 0) return scanner.fail(too_many_messages);
    const auto* begin = scanner.at();
    if (!scanner.take_value()) return false;
    collector.add(begin, scanner.at());
    return true;
}

std::string problem_before_parsing(std::string_view body) {
    if (body.size() > std::numeric_limits<std::uint32_t>::max()) return "the JSON text is larger than 4 GiB";
    if (body.starts_with("\xEF\xBB\xBF")) return "the JSON text begins with a byte order mark";
    if (!is_utf8(body)) return "the JSON text is not valid UTF-8 at byte " + std::to_string(valid_utf8_prefix(body));
    return {};
}

}  // namespace

boost::system::result<JsonSlices, InvalidJson> split_json(std::string_view body, const JsonLimits& limits) {
    if (auto problem = problem_before_parsing(body); !problem.empty()) {
        return InvalidJson{.problem = std::move(problem)};
    }

    JsonSlices slices;
    JsonScanner scanner(body, limits.max_depth);
    SliceCollector collector(slices);
    bool valid = split_value(scanner, collector, limits.max_messages);
    if (valid) {
        scanner.skip_blanks();
        valid = scanner.at_end() || scanner.fail("nothing more is expected");
    }
    if (!valid) {
        const bool too_many = scanner.what() == too_many_messages;
        return InvalidJson{.problem = scanner.problem(),
                           .kind = too_many ? InvalidJson::Kind::too_many_messages : InvalidJson::Kind::malformed};
    }
    collector.flush();
    return slices;
}

}  // namespace foldback
