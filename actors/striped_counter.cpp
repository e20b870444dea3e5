#include "actors/striped_counter.hpp"

#include <prometheus/counter.h>

namespace ib {

void striped_counter::tell() {
  counted_.each([this](auto& counted) { metric_.Increment(static_cast<double>(counted.exchange(0))); });
}

} // namespace ib
