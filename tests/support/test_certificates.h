// Certificates for tests, made on the spot: a CA and what it signs, as PEM files in a directory.
#pragma once

#include <string>
#include <vector>

namespace meseta {

class TestCa {
 public:
  // Files go to `directory`, which must exist.
  explicit TestCa(std::string directory, const std::string& name = "Test CA");
  ~TestCa();
  TestCa(const TestCa&) = delete;
  TestCa& operator=(const TestCa&) = delete;

  struct Files {
    std::string certificate;
    std::string key;
  };
  // `alternative_names` as OpenSSL writes them: "IP:127.0.0.1,DNS:localhost"; may be empty.
  Files Sign(const std::string& common_name, const std::string& alternative_names);
  // The CA's own certificate.
  [[nodiscard]] const std::string& ca_file() const { return ca_file_; }

 private:
  struct State;
  State* state_;
  std::string directory_;
  std::string ca_file_;
};

}  // namespace meseta
