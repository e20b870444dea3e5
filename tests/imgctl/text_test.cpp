#include "tools/imgctl/json_lines.hpp"
#include "tools/imgctl/text.hpp"

#include "image-builder-api/imgbuilder.pb.h"

#include <catch2/catch.hpp>

using namespace ib::imgctl;
using std::chrono::milliseconds;

TEST_CASE("width counts columns, not bytes") {
  CHECK(display_width("abc") == 3);
  CHECK(display_width("é") == 1);
  CHECK(display_width("世界") == 4);
  CHECK(display_width("e\u0301") == 1);
  CHECK(display_width("\x1b[31mred\x1b[0m") == 3);
  CHECK(display_width("\xff\xfe") == 2);
  CHECK(display_width("") == 0);
}

TEST_CASE("a cut text fits its columns whatever it is made of") {
  CHECK(cut("abcdef", 6) == "abcdef");
  CHECK(cut("abcdef", 5) == "abcd…");
  CHECK(cut("世界世界", 6) == "世界…");
  CHECK(cut("世界世界", 5) == "世界…");
  CHECK(cut("世界世界", 4) == "世…");
  CHECK(cut("abc", 0) == "");
  CHECK(cut("\x1b[31mabcdef\x1b[0m", 3) == "\x1b[31mab…\x1b[0m");
}

TEST_CASE("log text cannot command the terminal") {
  CHECK(sanitize("a\x1b[2Jb\x1b]0;title\x07"
                 "c\x07\x08",
                 true) == "abc");
  CHECK(sanitize("\x1b[1;31mred\x1b[0m", true) == "\x1b[1;31mred\x1b[0m\x1b[0m");
  CHECK(sanitize("\x1b[31mred\x1b[0m", false) == "red");
  CHECK(sanitize("\x1b]8;;http://h\x1b\\link\x1b]8;;\x1b\\", true) == "link");
  CHECK(sanitize("a\u009b2Jb", true) == "a2Jb");
  CHECK(sanitize("ab\tc", true) == "ab      c");
  CHECK(sanitize("end \x1b", true) == "end ");
  CHECK(sanitize("end \x1b[3", true) == "end ");
}

TEST_CASE("several lines become one, without empty ones") {
  CHECK(one_line("a\n\nb\r\n") == "a; b");
  CHECK(one_line("") == "");
}

TEST_CASE("elapsed times grow coarser") {
  CHECK(format_elapsed(milliseconds(0)) == "0.0s");
  CHECK(format_elapsed(milliseconds(12'499)) == "12.4s");
  CHECK(format_elapsed(milliseconds(59'999)) == "59.9s");
  CHECK(format_elapsed(milliseconds(185'000)) == "3m05s");
  CHECK(format_elapsed(milliseconds(3'720'000)) == "1h02m");
  CHECK(format_elapsed(milliseconds(-5)) == "0.0s");
}

TEST_CASE("a reference loses first the end of its hash, then its beginning") {
  const std::string hash(64, 'a');
  CHECK(shorten_reference("reg/ws:" + hash, 100) == "reg/ws:" + hash);
  CHECK(shorten_reference("reg/ws:" + hash, 40) == "reg/ws:aaaaaaaaaaaa…");
  CHECK(shorten_reference("registry.example.com/ws:" + hash, 20) == "…om/ws:aaaaaaaaaaaa…");
  CHECK(display_width(shorten_reference(std::string(300, 'x'), 20)) == 20);
}

TEST_CASE("lines are put together across reads") {
  line_splitter lines;
  CHECK(lines.feed("a") == std::vector<std::string>{});
  CHECK(lines.feed("b\nc\n\nd") == std::vector<std::string>{"ab", "c", ""});
  CHECK(lines.take_rest() == "d");
  CHECK(lines.take_rest() == "");
}

TEST_CASE("a carriage return begins a line anew, one before the line end does not") {
  line_splitter lines;
  CHECK(lines.feed("10%\r50%\r100%\r\n") == std::vector<std::string>{"100%"});
}

TEST_CASE("a line without end is given out in pieces") {
  line_splitter lines;
  const auto pieces = lines.feed(std::string(100'000, 'x'));
  REQUIRE(pieces.size() == 1);
  CHECK(pieces[0].size() == 100'000);
}

TEST_CASE("a character that straddles two chunks of a JSON log stays whole") {
  json_log log;
  CHECK(log.feed("a\xe4\xb8") == "{\"log\":\"a\"}\n");
  CHECK(log.feed("\x96") == "{\"log\":\"世\"}\n");
  CHECK(log.feed("\xe4") == "");
  CHECK(log.take_rest() == "{\"log\":\"\xef\xbf\xbd\"}\n");
  CHECK(log.take_rest() == "");
  CHECK(log.feed("x\xffy") == "{\"log\":\"x\xef\xbf\xbdy\"}\n");
}

TEST_CASE("the headers of a log address are left out of JSON output") {
  builder::BuildResponse response;
  response.set_status(builder::running);
  response.mutable_info()->mutable_log_info()->set_url("http://h");
  (*response.mutable_info()->mutable_log_info()->mutable_headers())["authorization"] = "s3cret";
  const auto line = to_json_line(response);
  CHECK(line == "{\"status\":\"running\",\"info\":{\"logInfo\":{\"url\":\"http://h\"}}}\n");
}
