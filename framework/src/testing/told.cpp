#include "foldback/testing/given.hpp"

namespace foldback::testing::detail {

namespace {

void add(std::string& text, const char* title, const std::vector<std::string>& lines) {
    text += title;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        text += (i == 0 ? "" : std::string(10, ' ')) + lines[i] + "\n";
    }
    if (lines.empty()) text += "nothing\n";
}

}  // namespace

std::string told(const Story& story, const std::vector<std::string>& expected, const std::vector<std::string>& got) {
    std::string text;
    add(text, "given     ", story.given);
    if (!story.when.empty()) add(text, "when      ", {story.when});
    add(text, "expected  ", expected);
    add(text, "but got   ", got);
    text.pop_back();
    return text;
}

}  // namespace foldback::testing::detail
