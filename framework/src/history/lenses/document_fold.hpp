#pragma once

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "foldback/history/lens.hpp"
#include "history/json_document.hpp"

namespace foldback::history {

/// A fold whose state is a JSON document. `step` is a function `void(Json& state, Json message)`, or one that reads the
/// message itself, `void(Json& state, std::string_view message)`. It throws for a message that it cannot fold, before it
/// changed anything.
template <auto step>
class DocumentFold final : public Fold {
public:
    explicit DocumentFold(Json state) : state_(std::move(state)) {}

    [[nodiscard]] std::unique_ptr<Fold> clone() const override { return std::make_unique<DocumentFold>(*this); }

    [[nodiscard]] Folded apply(std::string_view message, std::string& problem) override {
        try {
            if constexpr (std::is_same_v<decltype(step), void (*)(Json&, std::string_view)>) {
                step(state_, message);
            } else {
                step(state_, parse_json(message));
            }
            return Folded::yes;
        } catch (const std::exception& error) {
            problem = error.what();
            return Folded::refused;
        }
    }

    void write_state(std::string& out) const override { out += to_text(state_); }

    [[nodiscard]] std::size_t bytes() const override { return size_of(state_); }

private:
    [[nodiscard]] static std::size_t size_of(const Json& value) {
        std::size_t bytes = sizeof(Json);
        if (value.is_string()) bytes += value.get_ref<const std::string&>().size() + sizeof(std::string);
        for (auto child = value.begin(); value.is_structured() && child != value.end(); ++child) {
            bytes += size_of(*child);
            if (value.is_object()) bytes += child.key().size() + 6 * sizeof(void*);
        }
        return bytes;
    }

    Json state_;
};

template <auto step>
[[nodiscard]] Lens document_lens(std::string name, Json start) {
    return {.name = std::move(name),
            .start = [start = std::move(start)] { return std::make_unique<DocumentFold<step>>(start); }};
}

/// The member `data` of a message in our envelope; any other message as it is.
[[nodiscard]] inline Json content_of(Json message) {
    const bool is_envelope =
        message.is_object() && message.contains("data") && message.contains("type") && message["type"].is_string();
    return is_envelope ? Json(std::move(message["data"])) : message;
}

}  // namespace foldback::history
