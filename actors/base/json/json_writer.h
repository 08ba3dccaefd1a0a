// JsonWriter: writes JSON text straight into a string, without building a tree.
//
//   std::string out;
//   JsonWriter writer(&out);
//   writer.BeginObject();
//   writer.Key("cpus");
//   writer.Double(1);        // {"cpus":1.0}
//   writer.EndObject();
//
// The writer places commas and colons; the caller pairs Begin and End and gives every value of an
// object a Key. The text is compact and always valid UTF-8: bytes that are not become U+FFFD.
// Not thread-safe; the string must outlive the writer and not be touched between calls other than
// by appending whole values through the writer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace meseta {

class JsonWriter {
 public:
  explicit JsonWriter(std::string* out) : out_(out) {}

  void BeginObject() { Open('{'); }
  void EndObject() { Close('}'); }
  void BeginArray() { Open('['); }
  void EndArray() { Close(']'); }

  void Key(std::string_view name);
  void String(std::string_view text);
  void Int(int64_t value);
  void UInt(uint64_t value);
  // The shortest text that reads back as the same double; whole numbers keep a fraction ("1.0"), as
  // Mesos prints them. What JSON numbers cannot say is a string: "Infinity", "-Infinity", "NaN".
  void Double(double value);
  void Bool(bool value);
  void Null();
  // One finished JSON value, taken as it is. REQUIRES: `json` is valid JSON.
  void Raw(std::string_view json);

 private:
  void Separate() {
    if (needs_comma_) out_->push_back(',');
    needs_comma_ = true;
  }
  void Open(char bracket) {
    Separate();
    out_->push_back(bracket);
    needs_comma_ = false;
  }
  void Close(char bracket) {
    out_->push_back(bracket);
    needs_comma_ = true;
  }

  std::string* out_;
  bool needs_comma_ = false;  // A value ended here: the next key or element needs a comma first.
};

// Appends `text` as a JSON string with its quotes.
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace meseta
