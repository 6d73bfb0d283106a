#include "foldback/history/registry.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace foldback {

std::string detail::hexadecimal(std::uint64_t number) {
    std::string text(16, '0');
    for (auto digit = text.rbegin(); digit != text.rend(); ++digit, number >>= 4) {
        *digit = "0123456789abcdef"[number & 15];
    }
    return text;
}

void Registry::add(std::string category, Lens lens) {
    if (const auto problem = StreamPath::problem_with(category); !problem.empty())
        throw std::invalid_argument("the category '" + category + "': " + problem);
    const auto same = [&](const Entry& entry) { return entry.category == category; };
    if (std::any_of(entries_.begin(), entries_.end(), same))
        throw std::invalid_argument("the category '" + category + "' is registered twice");
    std::set<std::string> names;
    for (const auto& invariant : lens.invariants) {
        if (!names.insert(invariant.name).second)
            throw std::invalid_argument("two invariants of '" + category + "' are named '" + invariant.name + "'");
    }
    entries_.push_back({std::move(category), std::move(lens)});
}

const Lens* Registry::lens_for(const StreamPath& stream) const {
    const Entry* best = nullptr;
    for (const auto& entry : entries_) {
        const bool inside = stream.text().starts_with(entry.category + "/");
        if (inside && (best == nullptr || entry.category.size() > best->category.size())) best = &entry;
    }
    return best == nullptr ? nullptr : &best->lens;
}

Lens Registry::lens_named(std::string_view name) const {
    std::string known;
    for (const auto& entry : entries_) {
        if (entry.category == name) return entry.lens;
        known += (known.empty() ? "" : ", ") + entry.category;
    }
    for (auto& lens : builtin_lenses()) {
        if (lens.name == name) return lens;
        known += (known.empty() ? "" : ", ") + lens.name;
    }
    throw std::invalid_argument("there is no lens '" + std::string(name) + "'; there are: " + known);
}

AnyTimeline Registry::open(StreamStore& store, const StreamPath& stream, TimelineOptions options) const {
    const auto* lens = lens_for(stream);
    return {store, stream, lens == nullptr ? raw_lens() : *lens, options};
}

AnyTimeline Registry::open(StreamStore& store, const StreamPath& stream, std::string_view lens,
                           TimelineOptions options) const {
    return {store, stream, lens_named(lens), options};
}

}  // namespace foldback
