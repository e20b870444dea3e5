#include "actors/io/tls_material.hpp"

#include "tests/support/captured_stderr.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <ctime>
#include <filesystem>
#include <fstream>

using namespace ib;
using namespace ib::io;
using namespace ib::test;
using Catch::Contains;

namespace {

/// Certificate and key of a name, which is its own CA.
struct papers {
  papers() { make("mine"); }
  void make(const std::string& name) const {
    make_certificate("IP:127.0.0.1", folder / (name + ".key"), folder / (name + ".crt"));
  }
  std::string file(const std::string& name) const { return (folder / name).string(); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder / name) << text; }
  void move(const std::string& from, const std::string& to) const {
    std::filesystem::rename(folder / from, folder / to);
  }
  tls_paths paths() const { return {file("mine.crt"), file("mine.crt"), file("mine.key")}; }
  std::string fault(const tls_paths& paths) const {
    auto material = read_tls_material(paths);
    REQUIRE_FALSE(material);
    CHECK(material.error().code == error_code::failed_precondition);
    return material.error().message;
  }

  temp_dir folder;
};

} // namespace

TEST_CASE("TLS files that fit are read, with the end of the certificate", "[tls]") {
  papers p;
  auto material = read_tls_material(p.paths());
  REQUIRE(material);
  CHECK_THAT(material->certificate, Contains("BEGIN CERTIFICATE"));
  CHECK(material->ca == material->certificate);
  CHECK_THAT(material->key, Contains("PRIVATE KEY"));
  auto rest = material->ends_at - std::time(nullptr);
  CHECK(rest > 47 * 3600);
  CHECK(rest <= 48 * 3600);
}

TEST_CASE("a TLS file that cannot be used is named", "[tls]") {
  papers p;
  p.make("other");
  p.write("text", "this is no PEM\n");
  run_program({"openssl", "pkcs8", "-topk8", "-in", p.file("mine.key"), "-passout", "pass:secret", "-out",
               p.file("locked.key")});
  CHECK(p.fault({p.file("none"), p.file("mine.crt"), p.file("mine.key")}) ==
        "cannot use " + p.file("none") + ": it cannot be read");
  CHECK(p.fault({p.file("text"), p.file("mine.crt"), p.file("mine.key")}) ==
        "cannot use " + p.file("text") + ": it holds no PEM certificate");
  CHECK(p.fault({p.file("mine.crt"), p.file("text"), p.file("mine.key")}) ==
        "cannot use " + p.file("text") + ": it holds no PEM certificate");
  CHECK(p.fault({p.file("mine.crt"), p.file("mine.crt"), p.file("mine.crt")}) ==
        "cannot use " + p.file("mine.crt") + ": it holds no PEM key without a password");
  CHECK(p.fault({p.file("mine.crt"), p.file("mine.crt"), p.file("locked.key")}) ==
        "cannot use " + p.file("locked.key") + ": it holds no PEM key without a password");
  CHECK(p.fault({p.file("mine.crt"), p.file("mine.crt"), p.file("other.key")}) ==
        "cannot use " + p.file("other.key") + ": it is not the key of " + p.file("mine.crt"));
}

TEST_CASE("files that change are followed, and half a change is not", "[tls]") {
  papers p;
  auto watch = tls_watch::begin(p.paths(), "test");
  REQUIRE(watch);
  auto first = (*watch)->current();
  CHECK((*watch)->current() == first);
  p.make("next");
  p.move("next.crt", "mine.crt");
  captured_stderr log;
  CHECK((*watch)->current() == first);
  CHECK((*watch)->current() == first);
  p.move("next.key", "mine.key");
  auto second = (*watch)->current();
  CHECK(second->certificate != first->certificate);
  CHECK((*watch)->current() == second);
  auto said = log.text();
  CHECK_THAT(said, Contains("the last ones stay in force") && Contains("read certificates again"));
  CHECK(said.find("stay in force") == said.rfind("stay in force"));
}

TEST_CASE("a certificate that has ended is used, and the log says so", "[tls]") {
  papers p;
  expire_certificate(p.file("mine.key"), p.file("mine.crt"));
  captured_stderr log;
  auto watch = tls_watch::begin(p.paths(), "test");
  REQUIRE(watch);
  CHECK((*watch)->current()->ends_at < std::time(nullptr));
  CHECK_THAT(log.text(), Contains("the certificate has ended"));
}
