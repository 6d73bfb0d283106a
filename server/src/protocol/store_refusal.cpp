#include "protocol/store_refusal.hpp"

#include <string>

#include "protocol/offset_token.hpp"
#include "protocol/refusal_response.hpp"

namespace foldback::server::protocol {

Response to_store_response(const Refused& refused) {
    auto response = to_response(refused);
    auto& text = response.text;
    text.pop_back();
    text.append(R"(,"refused":{"tail":")").append(offset_token(refused.tail));
    text.append(R"(","first":)").append(std::to_string(refused.first.value));
    text.append(R"(,"closed":)").append(refused.closed ? "true" : "false");
    text.append(R"(,"producer_epoch":)").append(std::to_string(refused.producer_epoch));
    text.append(R"(,"expected_seq":)").append(std::to_string(refused.expected_seq));
    text.append(R"(,"received_seq":)").append(std::to_string(refused.received_seq)).append("}}");
    return response;
}

}  // namespace foldback::server::protocol
