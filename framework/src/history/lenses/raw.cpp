#include "foldback/history/lens.hpp"

namespace foldback {

namespace {

class RawFold final : public Fold {
public:
    [[nodiscard]] std::unique_ptr<Fold> clone() const override { return std::make_unique<RawFold>(*this); }
    [[nodiscard]] Folded apply(std::string_view, std::string&) override { return Folded::yes; }
    void write_state(std::string& out) const override { out += "null"; }
    [[nodiscard]] std::size_t bytes() const override { return sizeof(RawFold); }
};

}  // namespace

Lens raw_lens() {
    return {.name = "raw", .start = [] { return std::make_unique<RawFold>(); }};
}

std::vector<Lens> builtin_lenses() {
    return {raw_lens(), last_lens(), count_by_type_lens(), merge_lens(), json_patch_lens(), state_protocol_lens()};
}

}  // namespace foldback
