// LOG(INFO|WARNING|ERROR) and VLOG for shells and adapters, by glog. Cores and values do not log:
// their shells log the effects.
#pragma once

#include <glog/logging.h>

#include "actors/base/check.h"  // After glog: our CHECK replaces glog's.
