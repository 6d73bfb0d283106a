#include "foldback/testing/golden.hpp"

#include <algorithm>
#include <fstream>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

namespace foldback::testing::detail {

namespace {

/// One line of the file.
struct Sample {
    std::string name;
    unsigned version = 1;
    std::string data;
    std::optional<std::vector<std::string>> becomes;
};

Sample sample_from(std::string_view line) {
    Sample sample;
    JsonReader reader(line);
    reader.begin_object();
    std::string_view key;
    for (bool first = true; reader.next_member(first, key);) {
        if (key == "type") {
            sample.name = reader.string();
        } else if (key == "version") {
            sample.version = reader.integer<unsigned>();
        } else if (key == "data") {
            sample.data = reader.skip();
        } else if (key == "becomes") {
            sample.becomes.emplace();
            reader.begin_array();
            for (bool first_event = true; reader.next_element(first_event);)
                sample.becomes->emplace_back(reader.skip());
        } else {
            (void)reader.skip();
        }
    }
    reader.expect_end();
    if (sample.name.empty() || sample.data.empty()) reader.fail("a sample has a type and data");
    return sample;
}

std::string message_of(const Sample& sample) {
    std::string text = "{\"type\":";
    JsonWriter writer(text);
    writer.string(sample.name);
    writer.raw(",\"version\":" + std::to_string(sample.version) + ",\"data\":" + sample.data);
    return text + "}";
}

std::string line_of(const Sample& sample) {
    std::string line = message_of(sample);
    line.pop_back();
    line += ",\"becomes\":[";
    for (const auto& event : *sample.becomes) line += (line.back() == '[' ? "" : ",") + event;
    return line + "]}";
}

/// The events that a sample becomes, as samples: without id and time.
std::vector<std::string> outcome_of(const GoldenSubject& subject, const Sample& sample) {
    std::vector<std::string> events;
    for (const auto& envelope : subject.decode(message_of(sample))) events.push_back(message_of(sample_from(envelope)));
    return events;
}

/// Whether an event that a sample became is of another version by now.
bool is_outdated(const GoldenSubject& subject, const std::vector<std::string>& events) {
    return std::any_of(events.begin(), events.end(), [&](const std::string& event) {
        const auto sample = sample_from(event);
        return subject.version_of(sample.name) != sample.version;
    });
}

std::vector<std::string> read_lines(const std::filesystem::path& file) {
    std::vector<std::string> lines;
    if (!std::filesystem::exists(file)) return lines;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    if (in.bad() || !in.eof()) throw std::runtime_error("cannot read " + file.string());
    return lines;
}

void write_lines(const std::filesystem::path& file, const std::vector<std::string>& lines) {
    if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path());
    const auto beside = std::filesystem::path(file.string() + ".new");
    {
        std::ofstream out(beside, std::ios::trunc);
        for (const auto& line : lines) out << line << '\n';
        if (!out.flush()) throw std::runtime_error("cannot write " + beside.string());
    }
    std::filesystem::rename(beside, file);
}

class Check {
public:
    Check(std::filesystem::path file, const GoldenSubject& subject, MissingSample missing)
        : file_(std::move(file)), subject_(subject), missing_(missing), lines_(read_lines(file_)) {}

    GoldenReport run() {
        for (std::size_t i = 0; i < lines_.size(); ++i) check_line(i);
        for (const auto& form : subject_.forms) check_form(form);
        if (changed_) write_lines(file_, lines_);
        return std::move(report_);
    }

private:
    void check_line(std::size_t index) {
        if (lines_[index].empty()) return;
        try {
            auto sample = sample_from(lines_[index]);
            seen_.emplace(sample.name, sample.version);
            auto events = outcome_of(subject_, sample);
            if (sample.becomes == events) return;
            if (!sample.becomes || is_outdated(subject_, *sample.becomes)) {
                record(sample, std::move(events), index);
                return;
            }
            auto expected = sample;
            sample.becomes = std::move(events);
            report_.problems.push_back(place(index) + sample.name + " " + std::to_string(sample.version) +
                                       " is read differently: it became " + line_of(sample) + ", and was " +
                                       line_of(expected));
        } catch (const JsonError& error) {
            report_.problems.push_back(place(index) + "no longer read: " + error.what() + " in " + lines_[index]);
        }
    }

    void check_form(const StoredForm& form) {
        if (seen_.contains({form.name, form.version})) return;
        Sample sample{.name = form.name, .version = form.version, .data = form.sample, .becomes = {}};
        const auto title = form.name + " " + std::to_string(form.version);
        if (form.sample.empty()) {
            report_.problems.push_back(file_.string() + ": " + title +
                                       " is a document: add a sample of it by hand, as " +
                                       R"({"type":…,"version":…,"data":…})");
            return;
        }
        try {
            auto events = outcome_of(subject_, sample);
            lines_.emplace_back();
            record(sample, std::move(events), lines_.size() - 1);
        } catch (const JsonError& error) {
            report_.problems.push_back(file_.string() + ": a sample of " + title + " cannot be read: " + error.what());
        }
    }

    void record(Sample& sample, std::vector<std::string> events, std::size_t index) {
        const auto title = sample.name + " " + std::to_string(sample.version);
        if (missing_ == MissingSample::is_wrong) {
            report_.problems.push_back(
                file_.string() + ": " + title +
                " has no recorded outcome: run the test where it may record one, and commit the file");
            return;
        }
        sample.becomes = std::move(events);
        lines_[index] = line_of(sample);
        report_.recorded.push_back(title);
        changed_ = true;
    }

    [[nodiscard]] std::string place(std::size_t index) const {
        return file_.string() + ":" + std::to_string(index + 1) + ": ";
    }

    std::filesystem::path file_;
    const GoldenSubject& subject_;
    MissingSample missing_;
    std::vector<std::string> lines_;
    std::set<std::pair<std::string, unsigned>> seen_;
    GoldenReport report_;
    bool changed_ = false;
};

}  // namespace

GoldenReport check_golden(const std::filesystem::path& file, const GoldenSubject& subject, MissingSample missing) {
    return Check(file, subject, missing).run();
}

}  // namespace foldback::testing::detail
