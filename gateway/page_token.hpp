#pragma once

#include "actors/build_listing.hpp"
#include "actors/domain/result.hpp"

#include <string>

namespace ib {

/// What a client brings back to get the next page of a list: the place where the page before ended, sealed
/// together with the filter, so that a token can neither be made up nor be used with another filter by
/// mistake. Opaque to clients; it holds nothing that they have not been told.
std::string make_page_token(const listing_place& place, const build_filter& filter);

/// invalid_argument where the token was not made for this filter. Only the filter's conditions count.
result<listing_place> read_page_token(const std::string& token, const build_filter& filter);

} // namespace ib
