#include "katune.h"

static const char *const how_names[] = {"exact", "near-shape", "near-device", "default"};

const char *select_how_name(enum select_how how) {
    return how_names[how];
}
