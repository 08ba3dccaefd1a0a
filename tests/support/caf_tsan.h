// For tests labelled `threads` that run CAF: the distribution's CAF library is not instrumented, so
// the thread sanitizer does not see that it synchronizes and reports races inside it. Reports with
// a frame of that library are dropped; those in our code alone stay.
#pragma once

#if defined(__SANITIZE_THREAD__)
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "race:libcaf_core.so\n"; }
#endif
