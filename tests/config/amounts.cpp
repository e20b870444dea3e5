#include "config/addresses.hpp"
#include "config/sizes.hpp"
#include "config/suggestion.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <vector>

using namespace ib::config;

TEST_CASE("sizes are whole numbers with a unit") {
  struct row {
    std::string text;
    int64_t bytes;
  };
  const std::vector<row> rows{{"0B", 0},
                              {"512B", 512},
                              {"1KiB", 1024},
                              {"64MiB", 64 << 20},
                              {"20GiB", 20LL << 30},
                              {"1TiB", 1LL << 40},
                              {"5kB", 5000},
                              {"5KB", 5000},
                              {"3MB", 3'000'000},
                              {"2GB", 2'000'000'000},
                              {"1TB", 1'000'000'000'000}};
  for (const auto& r : rows) {
    CAPTURE(r.text);
    auto parsed = parse_size(r.text);
    REQUIRE(parsed.has_value());
    CHECK(*parsed == r.bytes);
  }
}

TEST_CASE("what is no size is refused") {
  for (const std::string text : {"", "GiB", "20", "20 GiB", "-1B", "1.5GiB", "20gib", "20GiBs", "0x10B",
                                 "8388608TiB", "99999999999999999999B"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_size(text).has_value());
  }
  CHECK(parse_size("8388607TiB").has_value());
}

TEST_CASE("sizes are printed in the largest unit that fits and read back") {
  CHECK(format_size(0) == "0B");
  CHECK(format_size(1000) == "1000B");
  CHECK(format_size(20ULL << 30) == "20GiB");
  CHECK(format_size((1ULL << 30) + 1024) == "1048577KiB");
  for (uint64_t bytes : {1ULL, 1024ULL, 1025ULL, 5ULL << 40, 123'456'789ULL}) {
    auto back = parse_size(format_size(bytes));
    REQUIRE(back.has_value());
    CHECK(static_cast<uint64_t>(*back) == bytes);
  }
}

TEST_CASE("addresses are accepted for what they are used for") {
  struct row {
    std::string text;
    bool listen;
    bool connect;
  };
  const std::vector<row> rows{{"127.0.0.1:8080", true, true},
                              {"ws-manager:8080", true, true},
                              {"ws-manager.default.svc.cluster.local:65535", true, true},
                              {"host.example.com.:1", true, true},
                              {"[::1]:8080", true, true},
                              {"[2001:db8::7]:443", true, true},
                              {":8080", true, false},
                              {":0", true, false},
                              {"127.0.0.1:0", true, false},
                              {"", false, false},
                              {"8080", false, false},
                              {"localhost", false, false},
                              {"localhost:", false, false},
                              {"localhost:http", false, false},
                              {"localhost:65536", false, false},
                              {"localhost:-1", false, false},
                              {"localhost:+80", false, false},
                              {"localhost:80 ", false, false},
                              {" localhost:80", false, false},
                              {"::1:8080", false, false},
                              {"[::1]", false, false},
                              {"[]:80", false, false},
                              {"[::1:80", false, false},
                              {"[127.0.0.1]:80", false, false},
                              {"[::1]x:80", false, false},
                              {"300.1.1.1:80", false, false},
                              {"1.2.3:80", false, false},
                              {"-host:80", false, false},
                              {"a..b:80", false, false},
                              {"http://localhost:80", false, false},
                              {"localhost:80/path", false, false}};
  for (const auto& r : rows) {
    CAPTURE(r.text);
    CHECK(check_address(r.text, address_use::listen).has_value() == r.listen);
    CHECK(check_address(r.text, address_use::connect).has_value() == r.connect);
  }
}

TEST_CASE("an address that ends in a zero byte is refused") {
  CHECK_FALSE(check_address(std::string("127.0.0.1\0:80", 13), address_use::listen).has_value());
}

TEST_CASE("misspelt words find the word that was meant") {
  const std::vector<std::string> words{"baseImageRepository", "workspaceImageRepository", "engine", "wsman",
                                       "refs"};
  struct row {
    std::string word;
    std::string meant;
  };
  const std::vector<row> rows{{"baseImageRepositry", "baseImageRepository"},
                              {"baseimagerepository", "baseImageRepository"},
                              {"base_image_repository", "baseImageRepository"},
                              {"workspaceRepository", "workspaceImageRepository"},
                              {"enigne", "engine"},
                              {"wsmna", "wsman"},
                              {"ref", "refs"},
                              {"x", ""},
                              {"", ""},
                              {"somethingElse", ""},
                              {std::string(100'000, 'e'), ""}};
  for (const auto& r : rows) {
    CAPTURE(r.word.substr(0, 40));
    CHECK(nearest(r.word, words) == r.meant);
  }
  CHECK(nearest("word", {}).empty());
}

TEST_CASE("a base URL is one that paths can be put behind") {
  for (const std::string url : {"http://host", "https://host:8443", "http://[::1]", "http://[::1]:80/a/b",
                                "https://builder.example.com/logs/"})
    CHECK(check_base_url(url));
  for (const std::string url :
       {"", "host", "ftp://host", "http://", "http:///a", "http://host:", "http://host:0", "http://user@host",
        "http://host?a", "http://host/#b", "http://ho st", "https://::1"}) {
    CAPTURE(url);
    CHECK_FALSE(check_base_url(url));
  }
}

TEST_CASE("an address of the loopback is told from one that others reach") {
  for (const std::string text : {"127.0.0.1:1", "127.1.2.3:1", "localhost:1", "[::1]:0"})
    CHECK(is_loopback_address(text));
  for (const std::string text :
       {":1", "0.0.0.0:1", "[::]:1", "127.example.com:1", "10.0.0.1:1", "localhost.example:1"})
    CHECK_FALSE(is_loopback_address(text));
}
