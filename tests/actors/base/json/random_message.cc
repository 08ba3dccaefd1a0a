#include "tests/actors/base/json/random_message.h"

#include <google/protobuf/descriptor.h>

#include <bit>
#include <cmath>
#include <limits>
#include <set>
#include <string>

namespace meseta::test {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kMaxDepth = 6;

std::string RandomText(Rng* rng) {
  static const char* const kPieces[] = {"a",  "Z9", "\"", "\\", "\n", "\x01", "/",
                                        "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", " "};
  std::string text;
  for (uint64_t n = rng->Below(6); n > 0; --n) text += kPieces[rng->Below(std::size(kPieces))];
  return text;
}

std::string RandomBytes(Rng* rng) {
  std::string bytes;
  for (uint64_t n = rng->Below(9); n > 0; --n) bytes += static_cast<char>(rng->Below(256));
  return bytes;
}

double RandomDouble(Rng* rng) {
  switch (rng->Below(6)) {
    case 0: return std::numeric_limits<double>::infinity();
    case 1: return -std::numeric_limits<double>::infinity();
    case 2: return static_cast<double>(rng->Below(100));
    default: break;
  }
  const double value = std::bit_cast<double>(rng->Next());
  return std::isnan(value) ? 0.5 : value;
}

uint64_t RandomInteger(Rng* rng) {  // Small, huge or at the edges.
  static constexpr uint64_t kEdges[] = {0, 1, UINT64_MAX, uint64_t{1} << 63, INT64_MAX, INT32_MAX};
  switch (rng->Below(3)) {
    case 0: return rng->Below(1000);
    case 1: return kEdges[rng->Below(std::size(kEdges))];
    default: return rng->Next();
  }
}

// Sets `field`, or adds to it.
void Put(Message* m, const FieldDescriptor* f, Rng* rng, int depth) {
  const Reflection& r = *m->GetReflection();
  const bool add = f->is_repeated();
  switch (f->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: {
      const auto v = static_cast<int32_t>(RandomInteger(rng));
      return add ? r.AddInt32(m, f, v) : r.SetInt32(m, f, v);
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      const auto v = static_cast<int64_t>(RandomInteger(rng));
      return add ? r.AddInt64(m, f, v) : r.SetInt64(m, f, v);
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      const auto v = static_cast<uint32_t>(RandomInteger(rng));
      return add ? r.AddUInt32(m, f, v) : r.SetUInt32(m, f, v);
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      const auto v = RandomInteger(rng);
      return add ? r.AddUInt64(m, f, v) : r.SetUInt64(m, f, v);
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      const double v = RandomDouble(rng);
      return add ? r.AddDouble(m, f, v) : r.SetDouble(m, f, v);
    }
    case FieldDescriptor::CPPTYPE_FLOAT: {
      const auto v = static_cast<float>(rng->Uniform());
      return add ? r.AddFloat(m, f, v) : r.SetFloat(m, f, v);
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      const bool v = rng->Below(2) == 0;
      return add ? r.AddBool(m, f, v) : r.SetBool(m, f, v);
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto count = static_cast<uint64_t>(f->enum_type()->value_count());
      const auto* v = f->enum_type()->value(static_cast<int>(rng->Below(count)));
      return add ? r.AddEnum(m, f, v) : r.SetEnum(m, f, v);
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string v = f->type() == FieldDescriptor::TYPE_BYTES ? RandomBytes(rng) : RandomText(rng);
      return add ? r.AddString(m, f, std::move(v)) : r.SetString(m, f, std::move(v));
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return FillRandomly(add ? r.AddMessage(m, f) : r.MutableMessage(m, f), rng, depth + 1);
  }
}

void PutMap(Message* m, const FieldDescriptor* f, Rng* rng, int depth) {
  const Reflection& r = *m->GetReflection();
  std::set<std::string> keys;
  for (uint64_t n = rng->Below(4); n > 0; --n) keys.insert(RandomText(rng));
  for (const std::string& key : keys) {  // Every map of the API has string keys.
    Message* entry = r.AddMessage(m, f);
    entry->GetReflection()->SetString(entry, f->message_type()->map_key(), key);
    Put(entry, f->message_type()->map_value(), rng, depth);
  }
}

}  // namespace

void FillRandomly(Message* message, Rng* rng, int depth) {
  const auto* type = message->GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    const bool wanted = depth < kMaxDepth && rng->Below(static_cast<uint64_t>(depth) + 2) == 0;
    if (!field->is_required() && !wanted) continue;
    if (field->is_map()) {
      PutMap(message, field, rng, depth);
      continue;
    }
    const uint64_t count = field->is_repeated() ? rng->Below(3) : 1;
    for (uint64_t n = 0; n < count; ++n) Put(message, field, rng, depth);
  }
}

}  // namespace meseta::test
