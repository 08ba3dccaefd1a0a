// A table for people: aligned columns, a header in capitals, cells cut only when they must be.
// Pure.
#pragma once

#include <string>
#include <vector>

namespace meseta::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> header);
  // REQUIRES: as many cells as the header has.
  void AddRow(std::vector<std::string> cells);
  // Lines ended by '\n'. Control characters in cells show as '?', so that a task's name cannot
  // write on the terminal.
  [[nodiscard]] std::string ToString() const;

 private:
  std::vector<std::vector<std::string>> rows_;  // The header first.
};

// "12s", "3m", "5h", "2d": how long ago `seconds` were.
std::string ShortAge(double seconds);
// A number without a needless fraction: 4, 0.5, 1.25.
std::string ShortNumber(double value);

}  // namespace meseta::cli
