// A hundred and more malformed or hostile requests, for the parser and for the server.
#pragma once

#include <string>
#include <vector>

namespace meseta::http {

struct BadRequest {
  std::string bytes;
  int status = 0;  // Of the answer; 0: the request is incomplete, more is awaited.
};

std::vector<BadRequest> BadRequests();

}  // namespace meseta::http
