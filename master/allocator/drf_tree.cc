#include "master/allocator/drf_tree.h"

#include <algorithm>

#include "actors/base/check.h"

namespace meseta::master {

struct DrfTree::Node {
  Node* parent = nullptr;
  std::string name;             // Among its siblings.
  std::string role_path;        // "eng/web"; empty for leaves and "." nodes, whose weight is 1.
  double weight = 1;
  double share = 0;             // Already divided by the weight.
  std::vector<int64_t> amounts;  // Thousandths held by it and all below, by DrfTree::indexes_.
  int active_leaves = 0;        // At or below it; in its parent's `order` iff > 0.
  bool is_leaf = false;
  Leaf leaf;
  std::map<std::string, std::unique_ptr<Node>> children;
  std::set<Node*, ByShare> order;  // Children with active leaves.
};

bool DrfTree::ByShare::operator()(const Node* a, const Node* b) const {
  if (a->share != b->share) return a->share < b->share;
  return a->name < b->name;
}

DrfTree::DrfTree() : root_(std::make_unique<Node>()) {}
DrfTree::~DrfTree() = default;

void DrfTree::ExcludeNames(std::set<std::string> names) {
  excluded_ = std::move(names);
  stale_ = true;
}

void DrfTree::SetWeights(std::map<std::string, double> weights) {
  for (const auto& [role, weight] : weights) CHECK(weight > 0) << "weight of role " << role;
  weights_ = std::move(weights);
  stale_ = true;
}

void DrfTree::SetTotals(const model::Quantities& totals) {
  total_quantities_ = totals;
  stale_ = true;
}

void DrfTree::Refresh() {
  if (!stale_) return;
  stale_ = false;
  std::fill(totals_.begin(), totals_.end(), 0);
  for (const auto& [name, total] : total_quantities_) {
    const size_t index = IndexOf(name);
    if (!excluded_.contains(name)) totals_[index] = total.thousandths();
  }
  RefreshBelow(root_.get());
}

void DrfTree::RefreshBelow(Node* node) {
  node->order.clear();
  for (auto& [name, child] : node->children) {
    const auto weight = weights_.find(child->role_path);
    child->weight = child->role_path.empty() || weight == weights_.end() ? 1 : weight->second;
    UpdateShare(child.get());
    if (child->active_leaves > 0) node->order.insert(child.get());
    RefreshBelow(child.get());
  }
}

size_t DrfTree::IndexOf(const std::string& name) {
  const auto [it, added] = indexes_.emplace(name, totals_.size());
  if (added) totals_.push_back(0);
  return it->second;
}

DrfTree::Node* DrfTree::EnsureChild(Node* parent, const std::string& name,
                                    const std::string& role_path) {
  std::unique_ptr<Node>& child = parent->children[name];
  if (child == nullptr) {
    child = std::make_unique<Node>();
    child->parent = parent;
    child->name = name;
    child->role_path = role_path;
    const auto weight = weights_.find(role_path);
    if (!role_path.empty() && weight != weights_.end()) child->weight = weight->second;
  }
  return child.get();
}

DrfTree::LeafId DrfTree::Ensure(const std::string& role, const FrameworkId& framework) {
  const auto known = by_name_.find({role, framework});
  if (known != by_name_.end()) return known->second->leaf.id;
  Node* node = root_.get();
  for (size_t begin = 0; begin <= role.size();) {
    const size_t end = std::min(role.find('/', begin), role.size());
    node = EnsureChild(node, role.substr(begin, end - begin), role.substr(0, end));
    begin = end + 1;
  }
  Node* leaf = EnsureChild(EnsureChild(node, ".", ""), framework.value(), "");
  leaf->is_leaf = true;
  leaf->leaf = Leaf{next_id_++, role, framework};
  leaves_[leaf->leaf.id] = leaf;
  by_name_[{role, framework}] = leaf;
  return leaf->leaf.id;
}

const DrfTree::Leaf* DrfTree::Find(const std::string& role, const FrameworkId& framework) const {
  const auto known = by_name_.find({role, framework});
  return known == by_name_.end() ? nullptr : &known->second->leaf;
}

const DrfTree::Node& DrfTree::NodeOf(LeafId leaf) const {
  const auto it = leaves_.find(leaf);
  CHECK(it != leaves_.end()) << "leaf " << leaf;
  return *it->second;
}

const DrfTree::Leaf& DrfTree::At(LeafId leaf) const { return NodeOf(leaf).leaf; }

bool DrfTree::IsActive(LeafId leaf) const { return NodeOf(leaf).active_leaves > 0; }

void DrfTree::SetActive(LeafId leaf, bool active) {
  const auto it = leaves_.find(leaf);
  CHECK(it != leaves_.end()) << "leaf " << leaf;
  if ((it->second->active_leaves > 0) == active) return;
  for (Node* node = it->second; node->parent != nullptr; node = node->parent) {
    const bool was = node->active_leaves > 0;
    node->active_leaves += active ? 1 : -1;
    const bool is = node->active_leaves > 0;
    if (was && !is) node->parent->order.erase(node);
    if (!was && is) node->parent->order.insert(node);
  }
}

bool DrfTree::HoldsNothing(LeafId leaf) const {
  const std::vector<int64_t>& amounts = NodeOf(leaf).amounts;
  return std::all_of(amounts.begin(), amounts.end(), [](int64_t n) { return n == 0; });
}

void DrfTree::Remove(LeafId leaf) {
  CHECK(!IsActive(leaf) && HoldsNothing(leaf)) << "leaf " << leaf;
  Node* node = leaves_.at(leaf);
  by_name_.erase({node->leaf.role, node->leaf.framework});
  leaves_.erase(leaf);
  // Roles without frameworks vanish with the last of them; they hold nothing either.
  while (node->parent != nullptr && node->children.empty()) {
    Node* parent = node->parent;
    parent->children.erase(std::string(node->name));
    node = parent;
  }
}

void DrfTree::UpdateShare(Node* node) const {
  double share = 0;
  const size_t count = std::min(node->amounts.size(), totals_.size());
  for (size_t i = 0; i < count; ++i) {
    if (totals_[i] <= 0) continue;
    share = std::max(share, static_cast<double>(node->amounts[i]) / static_cast<double>(totals_[i]));
  }
  node->share = share / node->weight;
}

void DrfTree::Add(LeafId leaf, const model::Quantities& amounts, int64_t sign) {
  const auto it = leaves_.find(leaf);
  CHECK(it != leaves_.end()) << "leaf " << leaf;
  std::vector<std::pair<size_t, int64_t>> changes;
  for (const auto& [name, amount] : amounts) {
    changes.emplace_back(IndexOf(name), sign * amount.thousandths());
  }
  for (Node* node = it->second; node->parent != nullptr; node = node->parent) {
    const bool ordered = node->active_leaves > 0;
    if (ordered) node->parent->order.erase(node);
    node->amounts.resize(totals_.size(), 0);
    for (const auto& [index, amount] : changes) {
      node->amounts[index] += amount;
      CHECK(node->amounts[index] >= 0) << "role node " << node->name << " holds less than nothing";
    }
    UpdateShare(node);
    if (ordered) node->parent->order.insert(node);
  }
}

void DrfTree::Charge(LeafId leaf, const model::Quantities& amounts) { Add(leaf, amounts, 1); }

void DrfTree::Refund(LeafId leaf, const model::Quantities& amounts) { Add(leaf, amounts, -1); }

bool DrfTree::VisitBelow(const Node& node, const std::function<bool(const Leaf&)>& visit) {
  if (node.is_leaf) return visit(node.leaf);
  return std::any_of(node.order.begin(), node.order.end(),
                     [&](const Node* child) { return VisitBelow(*child, visit); });
}

bool DrfTree::Visit(const std::function<bool(const Leaf&)>& visit) const {
  CHECK(!stale_) << "Refresh before visiting";
  return VisitBelow(*root_, visit);
}

bool DrfTree::ComesBefore(LeafId a, LeafId b) const {
  CHECK(!stale_) << "Refresh before comparing";
  const auto path = [](const Node* node) {
    std::vector<const Node*> nodes;
    for (; node->parent != nullptr; node = node->parent) nodes.push_back(node);
    std::reverse(nodes.begin(), nodes.end());
    return nodes;
  };
  const auto left = path(&NodeOf(a));
  const auto right = path(&NodeOf(b));
  // Leaves are never above one another, so the paths part before either ends.
  size_t i = 0;
  while (left[i] == right[i]) ++i;
  return ByShare()(left[i], right[i]);
}

const DrfTree::Node* DrfTree::FindRoleNode(const std::string& role) const {
  const Node* node = root_.get();
  for (size_t begin = 0; begin <= role.size();) {
    const size_t end = std::min(role.find('/', begin), role.size());
    const auto child = node->children.find(role.substr(begin, end - begin));
    if (child == node->children.end()) return nullptr;
    node = child->second.get();
    begin = end + 1;
  }
  return node;
}

double DrfTree::ShareOfRole(const std::string& role) const {
  const Node* node = FindRoleNode(role);
  return node == nullptr ? 0 : node->share;
}

double DrfTree::ShareOf(LeafId leaf) const { return NodeOf(leaf).share; }

}  // namespace meseta::master
