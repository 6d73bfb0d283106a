#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/core/decode.hpp"
#include "foldback/core/envelope.hpp"
#include "foldback/testing/sample.hpp"

namespace foldback::testing {

/// What to do with a (name, version) that has no sample in the file yet.
enum class MissingSample : std::uint8_t {
    record,   ///< write one: on a developer's machine, whose file is then committed
    is_wrong  ///< a problem: in continuous integration
};

/// What a check of golden events found.
struct GoldenReport {
    std::vector<std::string> recorded;  ///< "OrderPlaced 2": samples that were written now
    std::vector<std::string> problems;  ///< one sentence each, with the line of the file
    [[nodiscard]] bool ok() const noexcept { return problems.empty(); }
};

namespace detail {

/// A stored form: its name and version, and the JSON of a sample; empty where none can be made (documents).
struct StoredForm {
    std::string name;
    unsigned version = 0;
    std::string sample;
};

/// What a program knows of its events, without their types.
struct GoldenSubject {
    std::vector<StoredForm> forms;
    /// Name and version of each event of today.
    std::function<unsigned(std::string_view)> version_of;
    /// The events that a message becomes, as envelopes. Throws JsonError.
    std::function<std::vector<std::string>(std::string_view)> decode;
};

[[nodiscard]] GoldenReport check_golden(const std::filesystem::path& file, const GoldenSubject& subject,
                                        MissingSample missing);

template <class Entry, class... Steps>
void add_older(std::vector<StoredForm>& forms, boost::mp11::mp_list<Steps...>) {
    [[maybe_unused]] const auto add = [&]<class Step>(const Step*) {
        using Old = typename foldback::detail::StepTraits<Step>::Type;
        StoredForm form{.name = std::string(foldback::detail::EntryTraits<Entry>::name),
                        .version = foldback::detail::StepTraits<Step>::version,
                        .sample = {}};
        if constexpr (!std::is_same_v<Old, JsonText>) form.sample = to_json(sample_of<Old>());
        forms.push_back(std::move(form));
    };
    (add(static_cast<const Steps*>(nullptr)), ...);
}

template <class... Entries>
[[nodiscard]] std::vector<StoredForm> forms_of(boost::mp11::mp_list<Entries...>) {
    std::vector<StoredForm> forms;
    [[maybe_unused]] const auto add = [&]<class Entry>(const Entry*) {
        using Traits = foldback::detail::EntryTraits<Entry>;
        add_older<Entry>(forms, foldback::detail::VersionsOf<Entry>{});
        if constexpr (Traits::version != 0) {
            forms.push_back({std::string(Traits::name), Traits::version, to_json(sample_of<typename Traits::Type>())});
        }
    };
    (add(static_cast<const Entries*>(nullptr)), ...);
    return forms;
}

template <class... Entries>
[[nodiscard]] unsigned version_today(std::string_view name, boost::mp11::mp_list<Entries...>) {
    unsigned version = 0;
    ((foldback::detail::EntryTraits<Entries>::name == name
          ? void(version = foldback::detail::EntryTraits<Entries>::version)
          : void()),
     ...);
    return version;
}

}  // namespace detail

/// Checks that every event that was ever stored is still read as it was.
///
/// The file holds one line per sample: the message, and the events that it became. A name and version of `Event` without a
/// sample gets one, made from the description. Each sample must still be read, and become the same events; only when an
/// event that it became has got a new version, the outcome is recorded anew (the file's diff shows it). Lines may be added
/// by hand: {"type":…,"version":…,"data":…}. Keep the file beside the tests, and under version control.
///
///     const auto report = foldback::testing::check_golden<OrderEvent>("tests/golden/orders.jsonl");
///     CHECK_MESSAGE(report.ok(), report.problems.front());
///
/// Events that wait in a merger become nothing by themselves; every sample begins with mergers that are idle. Throws
/// std::runtime_error when the file cannot be read or written.
template <class Event>
[[nodiscard]] GoldenReport check_golden(const std::filesystem::path& file,
                                        MissingSample missing = MissingSample::record, Reading reading = {}) {
    using Entries = typename Event::EntryList;
    detail::GoldenSubject subject;
    subject.forms = detail::forms_of(Entries{});
    subject.version_of = [](std::string_view name) { return detail::version_today(name, Entries{}); };
    subject.decode = [reading](std::string_view message) {
        EnvelopeReader envelope;
        envelope.open(message);
        MergersOf<Event> mergers;
        std::vector<std::string> events;
        decode_data<Event>(envelope, reading, mergers,
                           [&]<class Struct>(const Struct& event) { events.push_back(to_envelope(Event(event))); });
        return events;
    };
    return detail::check_golden(file, subject, missing);
}

}  // namespace foldback::testing
