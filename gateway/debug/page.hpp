#pragma once

#include <string_view>

namespace ib {

// The debug page's files, from the folder page/, as they were when the program was built.
extern const std::string_view page_html;
extern const std::string_view page_css;
extern const std::string_view page_js;
extern const std::string_view feed_js;
extern const std::string_view list_js;
extern const std::string_view words_js;
extern const std::string_view log_js;
extern const std::string_view builds_js;
extern const std::string_view machine_js;
extern const std::string_view actors_js;

} // namespace ib
