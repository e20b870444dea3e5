#include "actors/io/ecr_host.hpp"

#include <catch2/catch.hpp>

using namespace ib::io;

TEST_CASE("an ECR host names the endpoints of its region and partition") {
  struct row {
    std::string host;
    std::string region;
    std::string ecr;
    std::string sts;
  };
  const std::vector<row> rows{
      {"123456789012.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1",
       "https://api.ecr.eu-west-1.amazonaws.com/", "https://sts.eu-west-1.amazonaws.com/"},
      {"123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1",
       "https://ecr-fips.us-east-1.amazonaws.com/", "https://sts.us-east-1.amazonaws.com/"},
      {"123456789012.dkr.ecr.us-gov-west-1.amazonaws.com", "us-gov-west-1",
       "https://api.ecr.us-gov-west-1.amazonaws.com/", "https://sts.us-gov-west-1.amazonaws.com/"},
      {"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1",
       "https://api.ecr.cn-north-1.amazonaws.com.cn/", "https://sts.cn-north-1.amazonaws.com.cn/"},
  };
  for (const auto& [host, region, ecr, sts] : rows) {
    CAPTURE(host);
    auto parsed = parse_ecr_host(host);
    REQUIRE(parsed);
    CHECK(parsed->region == region);
    CHECK(ecr_endpoint(*parsed) == ecr);
    CHECK(sts_endpoint(*parsed) == sts);
  }
}

TEST_CASE("a host that is not wholly an ECR host has no region") {
  for (const char* host :
       {"", "docker.io", "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.com",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com:443", "12345678901.dkr.ecr.eu-west-1.amazonaws.com"}) {
    CAPTURE(host);
    CHECK_FALSE(parse_ecr_host(host));
  }
}
