#include "frameworks/services/model/dependencies.h"

#include <algorithm>
#include <utility>

#include "frameworks/services/model/paths.h"

namespace meseta::services {
namespace {

// A depth-first walk with a stack of its own: chains may be as long as there are apps. A group is a
// node that weighs nothing and leads to the apps beneath it.
class Walk {
 public:
  explicit Walk(const Catalog& catalog) : catalog_(catalog) {}

  // False: there is a cycle.
  bool Visit(const Path& start) {
    if (!Enter(start)) return true;
    while (!stack_.empty()) {
      Frame& top = stack_.back();
      if (top.next == top.targets.size()) {
        Leave();
        continue;
      }
      const Path target = top.targets[top.next++];
      const auto known = nodes_.find(target);
      if (known == nodes_.end()) {
        Enter(target);
      } else if (!known->second.left) {
        return false;
      } else {
        Raise(top.path, known->second);
      }
    }
    return true;
  }

  [[nodiscard]] uint32_t RankOf(const Path& app) const { return nodes_.at(app).rank; }

 private:
  struct Node {
    bool is_app = false;
    bool left = false;      // All that it leads to is known.
    bool leads = false;     // To an app.
    uint32_t rank = 0;      // Of a group: the highest of its apps.
  };
  struct Frame {
    Path path;
    std::vector<Path> targets;
    size_t next = 0;
  };

  bool Enter(const Path& path) {
    if (nodes_.count(path) > 0) return false;
    const AppPtr app = catalog_.FindApp(path);
    Node node;
    node.is_app = app != nullptr;
    nodes_.emplace(path, node);
    stack_.push_back({path, app ? TargetsOfApp(*app) : TargetsOfGroup(path), 0});
    return true;
  }

  void Leave() {
    const Path path = std::move(stack_.back().path);
    stack_.pop_back();
    Node& node = nodes_.at(path);
    node.left = true;
    if (!stack_.empty()) Raise(stack_.back().path, node);
  }

  void Raise(const Path& above, const Node& below) {
    if (!below.is_app && !below.leads) return;  // An empty group.
    Node& node = nodes_.at(above);
    node.leads = true;
    node.rank = std::max(node.rank, node.is_app ? below.rank + 1 : below.rank);
  }

  void Add(const std::string& dependency, std::vector<Path>* targets) const {
    if (catalog_.FindApp(dependency) || catalog_.FindGroup(dependency)) {
      targets->push_back(dependency);
    }
  }

  std::vector<Path> TargetsOfApp(const AppSpec& app) const {
    std::vector<Path> targets;
    for (const std::string& dependency : app.dependencies()) Add(dependency, &targets);
    for (Path path = app.id(); path != "/";) {
      path = ParentOf(path);
      const GroupPtr group = catalog_.FindGroup(path);
      if (!group) continue;
      for (const std::string& dependency : group->dependencies()) Add(dependency, &targets);
    }
    return targets;
  }

  std::vector<Path> TargetsOfGroup(const Path& path) const {
    std::vector<Path> targets;
    catalog_.ForEachAppBeneath(path, [&](const AppPtr& app) { targets.push_back(app->id()); });
    return targets;
  }

  const Catalog& catalog_;
  std::map<Path, Node> nodes_;
  std::vector<Frame> stack_;
};

}  // namespace

DependencyRanks RankDependencies(const Catalog& catalog, const std::vector<Path>& apps) {
  DependencyRanks ranks;
  Walk walk(catalog);
  for (const Path& app : apps) {
    if (!catalog.FindApp(app)) continue;
    if (!walk.Visit(app)) {
      ranks.cyclic = true;
      ranks.rank.clear();
      return ranks;
    }
    ranks.rank[app] = walk.RankOf(app);
  }
  return ranks;
}

}  // namespace meseta::services
