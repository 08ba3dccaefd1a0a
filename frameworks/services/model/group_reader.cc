#include <set>
#include <utility>

#include "frameworks/services/model/app_reader.h"
#include "frameworks/services/model/app_validation.h"
#include "frameworks/services/model/paths.h"

namespace meseta::services {
namespace {

bool IsTopLevel(const Path& path) { return path != "/" && ParentOf(path) == "/"; }

// The group's own members but for those that hold others.
void ReadOwn(const Fields& fields, const Path& base, bool nested, GroupDraft* draft) {
  Path path = base;
  if (nested || fields.Has("id")) {
    const std::string id = fields.RequiredString("id");
    if (const std::string why = WhyBadPath(id, true); !why.empty() && fields.Has("id")) {
      fields.Broken("id", why);
    }
    path = Canonical(id, base);
    if (nested && (path == "/" || ParentOf(path) != base)) {
      fields.Broken("id", "Identifier is not child of '" + base + "'");
    }
  }
  draft->group.set_id(path);
  const auto dependencies = fields.StringList("dependencies");
  std::set<Path> seen;
  for (size_t i = 0; dependencies && i < dependencies->size(); ++i) {
    const std::string why = WhyBadPath((*dependencies)[i], true);
    if (!why.empty()) fields.errors()->rules.Add(Indexed(fields.PathOf("dependencies"), i), why);
    Path dependency = Canonical((*dependencies)[i], path);
    if (seen.insert(dependency).second) draft->group.add_dependencies(std::move(dependency));
  }
  const auto enforce = fields.Bool("enforceRole");
  if (!enforce) return;
  if (!IsTopLevel(path)) {
    if (!*enforce) return;  // As it is anyway.
    return fields.Broken("enforceRole", "enforceRole can only be set for top-level groups, and " +
                                            path + " is not top-level");
  }
  draft->enforce_role_given = true;
  draft->group.set_enforce_role(*enforce);
}

void ReadApps(const Fields& fields, const Defaults& defaults, GroupDraft* draft) {
  std::set<Path> seen;
  fields.ForEachObject("apps", [&](const Fields& one) {
    AppSpec app = ReadAppFields(one, draft->group.id(), defaults);
    if (fields.errors()->types.empty()) {
      for (const ApiError::Detail& detail : ValidateApp(app, defaults)) {
        const std::string at = detail.path == "/" ? one.path() : one.path() + detail.path;
        for (const std::string& error : detail.errors) fields.errors()->rules.Add(at, error);
      }
    }
    if (ParentOf(app.id()) != draft->group.id() && app.id() != "/") {
      one.Broken("id", "Identifier is not child of '" + draft->group.id() + "'");
    }
    if (!seen.insert(app.id()).second) {
      fields.Broken("apps", "Applications may not have the same identifier.");
    }
    draft->apps.push_back(std::move(app));
  });
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the document, which the parser has bounded.
GroupDraft Read(const Fields& fields, const Path& base, bool nested, Defaults defaults) {
  GroupDraft draft;
  ReadOwn(fields, base, nested, &draft);
  const Path& path = draft.group.id();
  if (draft.group.enforce_role()) defaults.role = path.substr(1);
  ReadApps(fields, defaults, &draft);
  std::set<Path> seen;
  for (const AppSpec& app : draft.apps) seen.insert(app.id());
  fields.ForEachObject("groups", [&](const Fields& one) {
    draft.groups.push_back(Read(one, path, true, defaults));
    if (!seen.insert(draft.groups.back().group.id()).second) {
      fields.Broken("groups", "Groups and Applications may not have the same identifier.");
    }
  });
  const boost::json::array* pods = fields.Array("pods");
  if (pods != nullptr && !pods->empty()) {
    fields.Broken("pods", "pods are not supported: agents of this release cannot run them");
  }
  return draft;
}

}  // namespace

Answer<GroupDraft> ReadGroup(const boost::json::object& json, const Path& base,
                             const Defaults& defaults) {
  ReadErrors errors;
  GroupDraft draft = Read(Fields(json, "", &errors), base, false, defaults);
  if (!errors.empty()) return errors.ToApiError();
  return draft;
}

}  // namespace meseta::services
