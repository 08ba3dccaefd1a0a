#include "tests/actors/http/bad_requests.h"

#include <initializer_list>

namespace meseta::http {
namespace {

using std::string;
using Table = std::vector<BadRequest>;

void Add(Table* table, int status, string bytes) {
  BadRequest bad;
  bad.bytes = std::move(bytes);
  bad.status = status;
  table->push_back(std::move(bad));
}

void RequestLines(Table* table) {
  for (const char* line : {"GET",
                           "GET ",
                           "GET /",
                           "GET / ",
                           "GET  / HTTP/1.1",
                           " GET / HTTP/1.1",
                           "GET / HTTP",
                           "GET / HTTP/",
                           "GET / HTTP/1",
                           "GET / HTTP/1.",
                           "GET / HTTP/x.1",
                           "GET / HTTP/1.1 ",
                           "GET / http/1.1",
                           "GET / HTTPS/1.1",
                           "GET / HTTP/1.1\n",
                           "GET /\tHTTP/1.1",
                           "G\x01T / HTTP/1.1",
                           "G@T / HTTP/1.1",
                           "GET x HTTP/1.1",
                           "GET host:80 HTTP/1.1",
                           "GET /%zz HTTP/1.1",
                           "GET /% HTTP/1.1",
                           "GET /%1 HTTP/1.1",
                           "GET /%00 HTTP/1.1",
                           "GET /?a=%zz HTTP/1.1",
                           "GET /a b HTTP/1.1",
                           "GET /\x01 HTTP/1.1",
                           "GET /\x7f HTTP/1.1",
                           "CONNECT a:1 HTTP/1.1",
                           "\x16\x03\x01\x02\x01\x01\xfc",
                           "SSH-2.0-OpenSSH_9",
                           "{\"json\":1}",
                           "/ HTTP/1.1",
                           "HTTP/1.1 200 OK",
                           "GET / HTTP/11",
                           "GET / HTTP/1.1x",
                           "\xff\xfe\xfd",
                           "POST"}) {
    Add(table, 400, string(line) + "\r\nHost: x\r\n\r\n");
  }
  for (const char* version : {"0.9", "1.2", "1.9", "2.0", "3.0", "9.9"}) {
    Add(table, 400, string("GET / HTTP/") + version + "\r\nHost: x\r\n\r\n");
  }
  Add(table, 400, string("GET /\0 HTTP/1.1\r\n\r\n", 19));
  Add(table, 431, "GET /" + string(100'000, 'a') + " HTTP/1.1\r\n\r\n");
  Add(table, 431, string(100'000, 'G'));
}

void HeaderLines(Table* table) {
  for (const char* header :
       {"NoColon", ": empty", " : space", "A : b", "A\t: b", "A b: c", "A\x01: b", "A: b\x01",
        "A: \x7f", "A(): b", "A=: b", "\"A\": b", "A: b\nB: c", "A: b\n", "\nA: b", "A@b: c",
        "\xff: x", "Host: x\r\nHost: y", "Host: x\r\nhost: x"}) {
    Add(table, 400, string("GET / HTTP/1.1\r\n") + header + "\r\n\r\n");
  }
  Add(table, 400, string("GET / HTTP/1.1\r\nA: \0b\r\n\r\n", 25));
  Add(table, 417, "POST / HTTP/1.1\r\nExpect: the-moon\r\nContent-Length: 0\r\n\r\n");
  Add(table, 431, "GET / HTTP/1.1\r\nA: " + string(100'000, 'b') + "\r\n\r\n");
  Add(table, 431, "GET / HTTP/1.1\r\n" + string(100'000, 'b') + ": x\r\n\r\n");
  string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 1000; ++i) many += "A: b\r\n";
  Add(table, 431, many + "\r\n");
  for (const char* connection : {"\x01", "a b", "close;", "@"}) {
    Add(table, 400, string("GET / HTTP/1.1\r\nConnection: ") + connection + "\r\n\r\n");
  }
}

void Lengths(Table* table) {
  for (const char* length :
       {"-1", "+1", "x", "1x", "0x10", "1 1", "1,2", "1, 2", "", " ", ",", "1,", "1e3", "1.0",
        "18446744073709551616", "99999999999999999999999999"}) {
    Add(table, 400, string("POST / HTTP/1.1\r\nContent-Length: ") + length + "\r\n\r\n");
  }
  Add(table, 400, "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab");
  Add(table, 413, "POST / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n");
  Add(table, 413, "POST / HTTP/1.1\r\nContent-Length: 9223372036854775807\r\n\r\n");
  Add(table, 413, "POST / HTTP/1.1\r\nContent-Length: 1000001\r\n\r\n");
}

// Two ideas of where a body ends let one request hide in another.
void Smuggling(Table* table) {
  Add(table, 400,
      "POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  Add(table, 400,
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n");
  Add(table, 400,
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
      "chunked\r\n\r\n0\r\n\r\n");
  for (const char* encoding : {"gzip", "gzip, chunked", "chunked, identity", "identity", "xchunked",
                               "chunked;q=1", "\"chunked\""}) {
    Add(table, 501,
        string("POST / HTTP/1.1\r\nTransfer-Encoding: ") + encoding + "\r\n\r\n0\r\n\r\n");
  }
  Add(table, 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  Add(table, 400, "POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n");
}

void Chunks(Table* table) {
  const string head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char* body :
       {"x\r\n", "\r\n", "-1\r\n", "0x1\r\na\r\n", " 1\r\na\r\n", "1\na\n", "1\r\nab\r\n",
        "1\r\na\rb", "1 \r\na\r\n0\r\n\r\n@", "fffffffffffffffff\r\n", "1;\x01\r\na\r\n", "g\r\n",
        "1\r\naX\r\n0\r\n\r\n", "0\r\nbad trailer\r\n\r\n"}) {
    Add(table, 400, head + body + "\r\n\r\n");
  }
  // A line that never ends must not be held without bound.
  Add(table, 400, head + "1;" + string(100'000, 'e'));
  Add(table, 400, head + "1\r\na" + string(100'000, 'e'));
  Add(table, 400, head + "0\r\nTrailer: " + string(100'000, 'e'));
  Add(table, 413, head + "ffffffff\r\n" + string(1'100'000, 'x'));
}

}  // namespace

std::vector<BadRequest> BadRequests() {
  Table table;
  RequestLines(&table);
  HeaderLines(&table);
  Lengths(&table);
  Smuggling(&table);
  Chunks(&table);
  return table;
}

}  // namespace meseta::http
