// What a framework holds on all agents together, kept up to date as holdings come and go.
//
// Model resources treat ranges and sets as sets of numbers and names, so ports 31000-32000 of two
// agents are one range and taking one away would take both. Here each number and name is counted,
// without listing them: a range costs two entries, however wide and however often it is held. Pure;
// on the master core's thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "actors/messages/v1.h"
#include "state/model/resources.h"

namespace meseta::master {

class HoldingSum {
 public:
  void Add(const model::Resources& resources) { Change(resources, 1); }
  // REQUIRES: they were added.
  void Subtract(const model::Resources& resources) { Change(resources, -1); }

  [[nodiscard]] bool empty() const { return scalars_.empty() && counted_.empty(); }
  [[nodiscard]] model::Resources Total() const;

 private:
  // A place between two numbers: just before `first`, or, for the greatest number only, just after
  // it.
  using Border = std::pair<uint64_t, bool>;
  // Ranges or items of one kind: name, role, reservations and so on.
  struct Counted {
    v1::Resource kind;                // Without value.
    std::map<Border, int64_t> steps;  // By how much the count of holders changes there; never 0.
    std::map<std::string, int64_t> items;
  };

  void Change(const model::Resources& resources, int sign);
  void Count(const v1::Resource& resource, int sign);

  model::Resources scalars_;
  std::map<std::string, Counted> counted_;  // By the serialized kind.
};

}  // namespace meseta::master
