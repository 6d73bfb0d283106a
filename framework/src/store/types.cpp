#include "foldback/store/types.hpp"

#include <stdexcept>

#include "codec/utf8.hpp"

namespace foldback {

namespace {

bool is_forbidden(char byte) noexcept {
    return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F || byte == '\\';
}

const char* problem_with_segment(std::string_view segment) noexcept {
    if (segment.empty()) return "the path has an empty segment";
    if (segment == "." || segment == "..") return "the path has a '.' or '..' segment";
    return nullptr;
}

}  // namespace

StreamPath::StreamPath(std::string_view text) : text_(text) {
    if (auto problem = problem_with(text); !problem.empty()) throw std::invalid_argument(problem);
}

boost::system::result<StreamPath, std::string> StreamPath::parse(std::string_view text) {
    using Parsed = boost::system::result<StreamPath, std::string>;
    if (auto problem = problem_with(text); !problem.empty()) return Parsed(boost::system::in_place_error, problem);
    return Parsed(boost::system::in_place_value, StreamPath(Valid{}, text));
}

std::string StreamPath::problem_with(std::string_view text) {
    if (text.empty()) return "the path is empty";
    if (text.size() > max_bytes) return "the path is longer than " + std::to_string(max_bytes) + " bytes";
    for (const char byte : text) {
        if (is_forbidden(byte)) return "the path has a control character or a backslash";
    }
    if (!is_utf8(text)) return "the path is not valid UTF-8";
    for (std::size_t begin = 0;;) {
        const auto slash = text.find('/', begin);
        if (const auto* problem = problem_with_segment(text.substr(begin, slash - begin))) return problem;
        if (slash == std::string_view::npos) return {};
        begin = slash + 1;
    }
}

}  // namespace foldback
