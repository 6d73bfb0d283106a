#include "client_conformance/adapter_text.hpp"

#include <stdexcept>

#include "client/base64.hpp"

namespace adapter {

using foldback::client::Live;
using nlohmann::json;

std::string decode_base64(std::string_view text) {
    auto bytes = foldback::client::detail::decode_base64(text);
    if (!bytes) throw std::invalid_argument("data is no base64");
    return *bytes;
}

std::string in_camel_case(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool joins = text[at] == '_' && at + 1 < text.size() && text[at + 1] >= 'a' && text[at + 1] <= 'z';
        if (joins) ++at;
        result += joins ? static_cast<char>(text[at] - 'a' + 'A') : text[at];
    }
    for (const std::string name : {"initialDelay", "maxDelay"}) {
        for (auto at = result.find(name); at != std::string::npos; at = result.find(name, at + name.size() + 2)) {
            result.insert(at + name.size(), "Ms");
        }
    }
    return result;
}

Live live_of(const json& command) {
    const auto live = command.value("live", json(false));
    if (live == "long-poll") return Live::long_poll;
    if (live == "sse") return Live::sse;
    return live == true ? Live::automatic : Live::off;
}

std::string data_of(const foldback::client::Batch& batch) {
    return batch.is_json() ? nlohmann::ordered_json::parse(batch.data()).dump() : batch.data();
}

void join(json& chunks) {
    if (chunks.size() < 2) return;
    std::string data;
    for (const auto& chunk : chunks) data += chunk.at("data").get<std::string>();
    chunks = json::array({{{"data", data}, {"offset", chunks.back().at("offset")}}});
}

}  // namespace adapter
