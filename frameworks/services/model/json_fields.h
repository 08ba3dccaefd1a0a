// Reading members of JSON objects, with errors that say where (reference: Marathon surface 1.3).
//
// Two sorts of errors are told apart, as Marathon's API does: values of a wrong type ("Invalid
// JSON") and rules that are broken ("Object is not valid"). Reading goes on after an error, so that
// one answer tells all of them. A null is as if the member were not there.
//
// Pure.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/json/json_writer.h"
#include "frameworks/services/model/types.h"

namespace meseta::services {

// Errors in the order in which their places were first found wanting.
class ErrorList {
 public:
  void Add(const std::string& path, std::string error);
  void Add(std::vector<ApiError::Detail> details);
  [[nodiscard]] bool empty() const { return details_.empty(); }
  [[nodiscard]] const std::vector<ApiError::Detail>& details() const { return details_; }

 private:
  std::vector<ApiError::Detail> details_;
};

struct ReadErrors {
  ErrorList types;
  ErrorList rules;

  [[nodiscard]] bool empty() const { return types.empty() && rules.empty(); }
  // REQUIRES: !empty(). Types come first: rules of what could not be read say little.
  [[nodiscard]] ApiError ToApiError() const;
};

// The members of one object. The object and the errors must outlive it.
class Fields {
 public:
  // `path`: of the object, "" is the root.
  Fields(const boost::json::object& json, std::string path, ReadErrors* errors)
      : json_(json), path_(std::move(path)), errors_(errors) {}

  [[nodiscard]] const boost::json::object& json() const { return json_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] ReadErrors* errors() const { return errors_; }
  [[nodiscard]] std::string PathOf(std::string_view name) const;
  void TypeError(std::string_view name, std::string error) const;
  void Broken(std::string_view name, std::string rule) const;

  // Null: not there.
  [[nodiscard]] const boost::json::value* Find(std::string_view name) const;
  [[nodiscard]] bool Has(std::string_view name) const { return Find(name) != nullptr; }

  // nullopt or null: not there, or not of that type, which is then an error.
  [[nodiscard]] std::optional<std::string> String(std::string_view name) const;
  [[nodiscard]] std::optional<bool> Bool(std::string_view name) const;
  [[nodiscard]] std::optional<double> Number(std::string_view name) const;
  [[nodiscard]] std::optional<int64_t> Int(std::string_view name) const;
  [[nodiscard]] const boost::json::array* Array(std::string_view name) const;
  [[nodiscard]] const boost::json::object* Object(std::string_view name) const;
  [[nodiscard]] std::optional<std::map<std::string, std::string>> Strings(
      std::string_view name) const;
  [[nodiscard]] std::optional<std::vector<std::string>> StringList(std::string_view name) const;

  // As above, and within bounds, else the rule is broken.
  [[nodiscard]] std::optional<int64_t> IntIn(std::string_view name, int64_t min, int64_t max) const;
  [[nodiscard]] std::optional<double> NumberIn(std::string_view name, double min, double max) const;
  // One of `words`.
  [[nodiscard]] std::optional<std::string> Word(std::string_view name,
                                                const std::vector<std::string>& words) const;

  // Missing, it is a wrong type.
  [[nodiscard]] std::string RequiredString(std::string_view name) const;

  // Calls f(fields) for each object of the array.
  void ForEachObject(std::string_view name, const std::function<void(const Fields&)>& f) const;

 private:
  const boost::json::object& json_;
  std::string path_;
  ReadErrors* errors_;
};

// "/a" and 3 give "/a(3)".
[[nodiscard]] std::string Indexed(std::string_view path, size_t index);

// The shortest form, as Marathon writes numbers: 1, 0.5.
void WriteNumber(double value, JsonWriter& writer);
[[nodiscard]] std::string ShowNumber(double value);
void WriteValue(const boost::json::value& value, JsonWriter& writer);
[[nodiscard]] std::string ShowValue(const boost::json::value& value);

}  // namespace meseta::services
