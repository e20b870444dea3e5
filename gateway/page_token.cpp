#include "gateway/page_token.hpp"

#include "actors/domain/base64.hpp"
#include "actors/domain/sha256.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace ib {

namespace {

constexpr std::string_view version = "1";
constexpr size_t seal_length = 16;
constexpr size_t longest_token = 1024;

std::string number(const std::optional<int64_t>& value) { return value ? std::to_string(*value) : ""; }

std::string seal(const std::string& place, const build_filter& filter) {
  auto states = filter.states;
  std::sort(states.begin(), states.end());
  states.erase(std::unique(states.begin(), states.end()), states.end());
  std::string text;
  for (auto state : states)
    text += std::to_string(static_cast<int>(state)) + ",";
  for (const auto& part : {place, filter.reference, filter.triggered_by, number(filter.created_from_ms),
                           number(filter.created_before_ms)})
    text += '\0' + part;
  return sha256_hex(text).substr(0, seal_length);
}

/// The next part of a token, up to the separator.
std::string take_part(std::string_view& rest) {
  auto end = rest.find(':');
  std::string part(rest.substr(0, end));
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}

} // namespace

std::string make_page_token(const listing_place& place, const build_filter& filter) {
  auto where = std::to_string(place.created_ms) + ":" + place.build_id;
  return base64_encode(std::string(version) + ":" + seal(where, filter) + ":" + where);
}

result<listing_place> read_page_token(const std::string& token, const build_filter& filter) {
  auto wrong =
      bad_field("page_token", "is not one that ListBuilds gave for these filters; begin with an empty one");
  auto text = token.size() > longest_token ? std::nullopt : base64_decode(token);
  if (!text) return wrong;
  std::string_view rest = *text;
  if (take_part(rest) != version) return wrong;
  auto given_seal = take_part(rest);
  std::string where(rest);
  listing_place place;
  auto created = take_part(rest);
  auto [end, failure] = std::from_chars(created.data(), created.data() + created.size(), place.created_ms);
  place.build_id = rest;
  if (failure != std::errc() || given_seal != seal(where, filter)) return wrong;
  return place;
}

} // namespace ib
