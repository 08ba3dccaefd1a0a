#include <functional>
#include <map>

#include "frameworks/services/model/app_json.h"
#include "frameworks/services/model/paths.h"
#include "frameworks/services/view/json_values.h"
#include "frameworks/services/view/render.h"

namespace meseta::services {
namespace {

// A tree of what is to be written, by path: children of a group in order.
struct Tree {
  std::map<Path, std::vector<AppPtr>> apps;       // By parent.
  std::map<Path, std::vector<GroupPtr>> groups;   // By parent.
};

using WriteApp = std::function<void(const AppSpec&, JsonWriter&)>;

void WriteGroup(const GroupSpec& group, const Tree& tree, bool apps, bool groups,
                const WriteApp& write_app, JsonWriter& writer) {
  writer.BeginObject();
  WriteText("id", group.id(), writer);
  if (apps) {
    writer.Key("apps");
    writer.BeginArray();
    if (const auto found = tree.apps.find(group.id()); found != tree.apps.end()) {
      for (const AppPtr& app : found->second) write_app(*app, writer);
    }
    writer.EndArray();
  }
  if (groups) {
    writer.Key("groups");
    writer.BeginArray();
    if (const auto found = tree.groups.find(group.id()); found != tree.groups.end()) {
      for (const GroupPtr& child : found->second) {
        WriteGroup(*child, tree, apps, groups, write_app, writer);
      }
    }
    writer.EndArray();
  }
  writer.Key("pods");
  writer.BeginArray();
  writer.EndArray();
  writer.Key("dependencies");
  writer.BeginArray();
  for (const std::string& dependency : group.dependencies()) writer.String(dependency);
  writer.EndArray();
  WriteTime("version", group.version(), writer);
  if (group.has_enforce_role()) WriteBool("enforceRole", group.enforce_role(), writer);
  writer.EndObject();
}

// The groups and apps of one side of a deployment, with the groups above them.
Tree SideOf(const internal::DeploymentRecord& deployment, bool after, GroupSpec* root) {
  Tree tree;
  std::map<Path, GroupPtr> groups;
  const auto add_group = [&](const Path& path, const auto& self) -> void {
    if (groups.count(path)) return;
    auto group = std::make_shared<GroupSpec>();
    group->set_id(path);
    group->set_version(deployment.version());
    groups[path] = group;
    if (path != "/") self(ParentOf(path), self);
  };
  for (const GroupSpec& group : after ? deployment.groups_after() : deployment.groups_before()) {
    groups[group.id()] = std::make_shared<const GroupSpec>(group);
    if (group.id() != "/") add_group(ParentOf(group.id()), add_group);
  }
  add_group("/", add_group);
  for (const internal::DeploymentChange& change : deployment.changes()) {
    if (after ? !change.has_after() : !change.has_before()) continue;
    const AppSpec& app = after ? change.after() : change.before();
    const Path parent = ParentOf(app.id());
    add_group(parent, add_group);
    tree.apps[parent].push_back(std::make_shared<const AppSpec>(app));
  }
  for (const auto& [path, group] : groups) {
    if (path != "/") tree.groups[ParentOf(path)].push_back(group);
  }
  *root = *groups["/"];
  return tree;
}

void WriteSide(const internal::DeploymentRecord& deployment, bool after, JsonWriter& writer) {
  GroupSpec root;
  const Tree tree = SideOf(deployment, after, &root);
  WriteGroup(root, tree, true, true,
             [](const AppSpec& app, JsonWriter& out) {
               out.BeginObject();
               WriteAppMembers(app, out);
               out.EndObject();
             },
             writer);
}

}  // namespace

void RenderGroup(const Snapshot& snapshot, const Path& group, const GroupEmbed& embed,
                 int64_t now_ms, JsonWriter& writer) {
  Tree tree;
  if (embed.apps) {
    snapshot.catalog.ForEachAppBeneath(
        group, [&](const AppPtr& app) { tree.apps[ParentOf(app->id())].push_back(app); });
  }
  if (embed.groups) {
    snapshot.catalog.ForEachGroupBeneath(group, [&](const GroupPtr& child) {
      if (child->id() != group) tree.groups[ParentOf(child->id())].push_back(child);
    });
  }
  WriteGroup(*snapshot.catalog.FindGroup(group), tree, embed.apps, embed.groups,
             [&](const AppSpec& app, JsonWriter& out) {
               RenderApp(snapshot, app, embed.app, now_ms, out);
             },
             writer);
}

void RenderPlan(const internal::DeploymentRecord& deployment, bool full, JsonWriter& writer) {
  writer.BeginObject();
  WriteText("id", deployment.id(), writer);
  if (full) {
    writer.Key("original");
    WriteSide(deployment, false, writer);
    writer.Key("target");
    WriteSide(deployment, true, writer);
  }
  writer.Key("steps");
  RenderSteps(deployment, writer);
  WriteTime("version", deployment.version(), writer);
  writer.EndObject();
}

}  // namespace meseta::services
