#include "frameworks/services/view/json_values.h"

#include "frameworks/services/model/types.h"

namespace meseta::services {

void WriteTime(std::string_view key, int64_t ms, JsonWriter& writer) {
  WriteText(key, ShowTime(ms), writer);
}

}  // namespace meseta::services
