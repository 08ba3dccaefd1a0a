// Part of every test under the thread sanitizer. The distribution's CAF library is not instrumented, so
// that the sanitizer does not see that it synchronizes and reports races inside it. Reports with a
// frame of that library are dropped; those in our code alone stay.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "race:libcaf_core.so\n"; }
