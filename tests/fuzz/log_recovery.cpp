// A log whose bytes were changed opens with a beginning of what was written, or says what is wrong: never with anything else.
#include <memory>

#include "fuzz/fuzz.hpp"
#include "unit/log/log_fixture.hpp"

namespace {

using namespace foldback;
using namespace foldback::log;
using namespace foldback::log::test;

struct Original {
    std::shared_ptr<LogDevice> device = make_memory_device();
    std::vector<std::string> payloads;

    Original() {
        auto options = small_segments();
        options.next_epoch = [epoch = std::uint64_t{1}]() mutable { return epoch++; };
        const auto opened = open_log(device, std::move(options));
        for (int i = 0; i < 60; ++i) {
            payloads.push_back("message " + std::to_string(i) + std::string(static_cast<std::size_t>(i) * 7, 'x'));
            append(*opened.log, payloads.back());
        }
    }
};

void change(LogDevice& device, fuzz::Numbers& numbers) {
    const auto names = device.list();
    const auto& name = names[numbers.next(1) % names.size()];
    const auto what = numbers.next(1) % 4;
    if (what == 3) return device.remove(name);
    auto contents = read_file(device, name);
    if (contents.empty()) return;
    const auto at = numbers.next(3) % contents.size();
    if (what == 0) contents[at] = static_cast<char>(numbers.next(1));
    if (what == 1) contents.resize(at);
    if (what == 2)
        contents.replace(at, std::min<std::size_t>(numbers.next(2), contents.size() - at),
                         std::string(numbers.next(1), '\0'));
    write_file(device, name, contents);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Original original;
    fuzz::Numbers numbers(fuzz::text_of(data, size));
    const auto device = copy_of(*original.device);
    for (int changes = 0; changes < 8 && !numbers.done() && !device->list().empty(); ++changes)
        change(*device, numbers);
    try {
        auto opened = open_log(device);
        fuzz::require(opened.payloads.size() <= original.payloads.size(), "there are messages that nobody wrote");
        for (std::size_t i = 0; i < opened.payloads.size(); ++i) {
            fuzz::require(opened.payloads[i] == original.payloads[i], "a message is another one");
        }
        append(*opened.log, "one more");
        fuzz::require(scan_payloads(*opened.log).back() == "one more", "an append to an opened log is not there");
    } catch (const StorageError&) {
        // It said so.
    }
    return 0;
}
