// Who comes next: dominant resource fairness over a tree of roles with frameworks as leaves.
//
// A node's share is the largest fraction that it holds of any scalar of the cluster, divided by its
// weight. Among siblings the smallest share comes first, then the name. Role "eng/web" is a child of
// "eng"; frameworks of "eng" itself hang below "eng/.", a sibling of "eng/web". Inactive leaves
// count in the shares but are not visited. Pure; orders are kept sorted, so that a charge costs
// O(depth x log siblings) and a visit only what it looks at.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/ids.h"
#include "state/model/resources.h"

namespace meseta::master {

class DrfTree {
 public:
  using LeafId = uint32_t;  // Never reused within a tree.

  struct Leaf {
    LeafId id = 0;
    std::string role;
    FrameworkId framework;
  };

  DrfTree();
  ~DrfTree();
  DrfTree(const DrfTree&) = delete;
  DrfTree& operator=(const DrfTree&) = delete;

  // Scalars that do not count in shares.
  void ExcludeNames(std::set<std::string> names);
  // Absent: 1. REQUIRES: all > 0.
  void SetWeights(std::map<std::string, double> weights);
  // The whole cluster. Shares follow at the next Refresh.
  void SetTotals(const model::Quantities& totals);
  // Recomputes every share if totals or weights changed. REQUIRED before visits and comparisons.
  void Refresh();

  // The leaf, made (inactive, holding nothing) when there is none.
  LeafId Ensure(const std::string& role, const FrameworkId& framework);
  [[nodiscard]] const Leaf* Find(const std::string& role, const FrameworkId& framework) const;
  [[nodiscard]] bool Contains(LeafId leaf) const { return leaves_.contains(leaf); }
  [[nodiscard]] const Leaf& At(LeafId leaf) const;
  void SetActive(LeafId leaf, bool active);
  [[nodiscard]] bool IsActive(LeafId leaf) const;
  // REQUIRES: inactive and holding nothing.
  void Remove(LeafId leaf);
  [[nodiscard]] bool HoldsNothing(LeafId leaf) const;

  // What the leaf holds grows or shrinks.
  void Charge(LeafId leaf, const model::Quantities& amounts);
  void Refund(LeafId leaf, const model::Quantities& amounts);

  // Active leaves in order of fairness, until `visit` returns true. It may not change the tree.
  bool Visit(const std::function<bool(const Leaf&)>& visit) const;
  // Whether a comes before b in that order. REQUIRES: a != b.
  [[nodiscard]] bool ComesBefore(LeafId a, LeafId b) const;
  // Dominant share of the role (with its subroles), divided by its weight. Zero when unknown.
  [[nodiscard]] double ShareOfRole(const std::string& role) const;
  [[nodiscard]] double ShareOf(LeafId leaf) const;

 private:
  struct Node;
  struct ByShare {
    bool operator()(const Node* a, const Node* b) const;
  };

  Node* EnsureChild(Node* parent, const std::string& name, const std::string& role_path);
  [[nodiscard]] const Node* FindRoleNode(const std::string& role) const;
  [[nodiscard]] const Node& NodeOf(LeafId leaf) const;
  void Add(LeafId leaf, const model::Quantities& amounts, int64_t sign);
  void UpdateShare(Node* node) const;
  void RefreshBelow(Node* node);
  static bool VisitBelow(const Node& node, const std::function<bool(const Leaf&)>& visit);
  size_t IndexOf(const std::string& name);

  std::unique_ptr<Node> root_;
  std::map<LeafId, Node*> leaves_;
  std::map<std::pair<std::string, FrameworkId>, Node*> by_name_;
  LeafId next_id_ = 1;
  std::map<std::string, size_t> indexes_;  // Scalar name -> position in Node::amounts, totals_.
  std::vector<int64_t> totals_;            // Thousandths of the whole cluster; 0: does not count.
  std::set<std::string> excluded_;
  std::map<std::string, double> weights_;
  model::Quantities total_quantities_;
  bool stale_ = false;
};

}  // namespace meseta::master
