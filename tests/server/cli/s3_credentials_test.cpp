#include "cli/s3_credentials.hpp"

#include <fstream>
#include <map>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "cli/failure.hpp"
#include "support/temporary_directory.hpp"

using namespace foldback;
using namespace foldback::cli;

namespace {

struct Files {
    test::TemporaryDirectory directory;

    [[nodiscard]] std::string file(const std::string& text) const {
        const auto path = directory.path() / "credentials";
        std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
        return path.string();
    }
};

std::function<S3Credentials()> source(const std::map<std::string, std::string>& variables,
                                      const std::string& file = {}) {
    ServeSettings settings;
    settings.archive = "s3://bucket";
    settings.archive_credentials = file;
    return s3_credentials_of(settings, [&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
    });
}

}  // namespace

TEST_CASE("credentials come from the environment") {
    const auto got =
        source({{"AWS_ACCESS_KEY_ID", "key"}, {"AWS_SECRET_ACCESS_KEY", "secret"}, {"AWS_SESSION_TOKEN", "token"}})();

    CHECK(got.access_key == "key");
    CHECK(got.secret_key == "secret");
    CHECK(got.session_token == "token");
}

TEST_CASE("a file of credentials is read for the profile, and again each time") {
    const Files files;
    const auto file = files.file(
        "# of the tests\n[other]\naws_access_key_id = a\naws_secret_access_key = b\n\n"
        "[ default ]\r\naws_access_key_id=key\r\n  aws_secret_access_key =  se=cret/+  \r\n;aws_session_token = c\n");
    const auto of_default = source({}, file);

    CHECK(of_default().access_key == "key");
    CHECK(of_default().secret_key == "se=cret/+");
    CHECK(of_default().session_token.empty());
    CHECK(source({{"AWS_PROFILE", "other"}, {"AWS_SHARED_CREDENTIALS_FILE", file}})().access_key == "a");

    (void)files.file("[default]\naws_access_key_id = new\naws_secret_access_key = b\naws_session_token = c");
    CHECK(of_default().access_key == "new");
    CHECK(of_default().session_token == "c");
    (void)files.file("");
    CHECK_THROWS_AS((void)of_default(), std::runtime_error);
}

TEST_CASE("a named file counts more than the environment, and that more than a file that the environment names") {
    const Files files;
    const auto file = files.file("[default]\naws_access_key_id = file\naws_secret_access_key = b\n");
    const std::map<std::string, std::string> variables{{"AWS_ACCESS_KEY_ID", "environment"},
                                                       {"AWS_SECRET_ACCESS_KEY", "secret"},
                                                       {"AWS_SHARED_CREDENTIALS_FILE", file}};

    CHECK(source(variables, file)().access_key == "file");
    CHECK(source(variables)().access_key == "environment");
}

TEST_CASE("credentials that are missing are refused at the start, without a word of what is in the file") {
    const Files files;
    CHECK_THROWS_WITH_AS((void)source({}), doctest::Contains("no credentials for s3://bucket"), Failure);
    CHECK_THROWS_AS((void)source({{"AWS_ACCESS_KEY_ID", "key"}}), Failure);
    CHECK_THROWS_AS((void)source({}, "/no/such/file"), Failure);
    for (const auto& text : {std::string("[default]\naws_access_key_id = topsecret\n"), std::string("topsecret"),
                             std::string(70'000, 'x')}) {
        try {
            (void)source({}, files.file(text));
            FAIL("it was taken");
        } catch (const Failure& failure) {
            CHECK(failure.code() == ExitCode::refused);
            CHECK(std::string(failure.what()).find("topsecret") == std::string::npos);
        }
    }
}
