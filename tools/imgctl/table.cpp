#include "tools/imgctl/table.hpp"

#include "tools/imgctl/text.hpp"

#include <algorithm>
#include <array>

namespace ib::imgctl {
namespace {

using row = std::array<std::string, 4>;
constexpr size_t gap = 2;
constexpr size_t least_reference = 16;

row row_of(const builder::BuildInfo& build, int64_t now) {
  const auto& status = builder::BuildStatus_Name(build.status());
  return {one_line(build.build_id()), status.empty() ? std::to_string(build.status()) : status,
          format_age(build.started_at(), now), one_line(build.ref())};
}

std::string padded(const std::string& text, size_t columns) {
  return text + std::string(columns - std::min(columns, display_width(text)) + gap, ' ');
}

} // namespace

std::string format_age(int64_t started_at, int64_t now) {
  if (started_at <= 0) return "-";
  const auto age = std::max<int64_t>(now - started_at, 0);
  if (age < 60) return std::to_string(age) + "s";
  if (age < 3600) return std::to_string(age / 60) + "m";
  const auto minutes = age / 60 % 60;
  if (age < 86400)
    return std::to_string(age / 3600) + "h" + (minutes < 10 ? "0" : "") + std::to_string(minutes) + "m";
  return std::to_string(age / 86400) + "d";
}

namespace {

std::string render(const std::vector<row>& rows, std::optional<size_t> width) {
  std::array<size_t, 3> columns{};
  for (const auto& r : rows)
    for (size_t i = 0; i < columns.size(); ++i)
      columns[i] = std::max(columns[i], display_width(r[i]));
  size_t before = 0;
  for (const auto c : columns)
    before += c + gap;
  std::string out;
  for (const auto& r : rows) {
    for (size_t i = 0; i < columns.size(); ++i)
      out += padded(r[i], columns[i]);
    const size_t room = width ? std::max(*width - std::min(*width, before), least_reference) : r[3].size();
    out += shorten_reference(r[3], room) + "\n";
  }
  return out;
}

row row_of(const imagebuilder::v1::Build& build, int64_t now) {
  return {one_line(build.build_id()), imagebuilder::v1::Build::State_Name(build.state()),
          format_age(build.create_time().seconds(), now), one_line(build.workspace_ref())};
}

template <class List>
std::string render_list(const List& builds, int64_t now, std::optional<size_t> width) {
  std::vector<row> rows{{"BUILD ID", "STATUS", "AGE", "REFERENCE"}};
  for (const auto& build : builds.builds())
    rows.push_back(row_of(build, now));
  return render(rows, width);
}

} // namespace

std::string render_table(const builder::ListBuildsResponse& builds, int64_t now,
                         std::optional<size_t> width) {
  return render_list(builds, now, width);
}

std::string render_table(const imagebuilder::v1::ListBuildsResponse& builds, int64_t now,
                         std::optional<size_t> width) {
  return render_list(builds, now, width);
}

} // namespace ib::imgctl
